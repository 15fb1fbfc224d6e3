use super::*;

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

/// A file that is deleted when the test is over.
struct TempLog(PathBuf);

impl TempLog {
    fn new(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{}-{count}-{name}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn read(&self) -> Vec<Result<Case, LogError>> {
        LogReader::open(&self.0).unwrap().collect()
    }

    fn cases(&self) -> Vec<Case> {
        self.read().into_iter().map(Result::unwrap).collect()
    }

    /// How many cases precede the error, and its message without the file that it begins with.
    fn error(&self) -> (usize, String) {
        let mut items = self.read();
        let error = items.pop().unwrap().unwrap_err().to_string();
        assert!(items.iter().all(Result::is_ok), "an item follows an error");
        let rest = error.strip_prefix(&*self.0.to_string_lossy());
        (items.len(), rest.unwrap().to_owned())
    }
}

impl Drop for TempLog {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn cases(xml: impl AsRef<[u8]>) -> Vec<Case> {
    TempLog::new("log.xes", xml).cases()
}

fn error(xml: impl AsRef<[u8]>) -> String {
    TempLog::new("log.xes", xml).error().1
}

/// The problem of a log with one case, `A1`, with an event that has `children` on its third line.
fn problem(children: &str) -> String {
    let name = string(NAME, "A1");
    let event = format!("<event>\n{children}</event>");
    let error = error(log(&format!("<trace>{name}\n{event}</trace>")));
    let problem = error.strip_prefix(":3 (case \"A1\"): ");
    problem.unwrap_or_else(|| panic!("{error}")).to_owned()
}

fn string(key: &str, value: &str) -> String {
    format!(r#"<string key="{key}" value="{value}"/>"#)
}

fn event(activity: &str) -> String {
    format!("<event>{}</event>", string("concept:name", activity))
}

fn trace(id: &str, events: &str) -> String {
    format!("<trace>{}{events}</trace>", string("concept:name", id))
}

fn log(content: &str) -> String {
    format!("<log>{content}</log>")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn ids(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.id.as_str()).collect()
}

/// A log with a header and two cases.
const SMALL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- two
     cases -->
<log xes.version="1.0">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <classifier name="Event Name" keys="concept:name"/>
  <int key="meta_concept:named_events_total" value="3">
    <int key="Create Fine" value="2"/>
    <int key="Payment" value="1"/>
  </int>
  <trace>
    <string key="concept:name" value="A1"/>
    <event>
      <float key="amount" value="35.0"/><string key="concept:name" value="Create Fine"/>
    </event>
    <event>
      <string key="concept:name" value="Payment"/><float key="paymentAmount" value="35.0"/>
    </event>
  </trace>
  <trace>
    <event><string key="concept:name" value="Create Fine"/><int key="points" value="0"/></event>
    <string key="concept:name" value="A2"/>
  </trace>
</log>
"#;

#[test]
fn a_log_yields_its_cases_with_their_events_attributes_and_lines() {
    let cases = cases(SMALL);
    assert_eq!(ids(&cases), ["A1", "A2"]);
    assert_eq!([cases[0].line, cases[1].line], [13, 22]);
    let [create, payment] = &cases[0].events[..] else {
        panic!("{} events", cases[0].events.len());
    };
    assert_eq!((create.activity.as_str(), create.line), ("Create Fine", 15));
    assert_eq!((payment.activity.as_str(), payment.line), ("Payment", 18));
    assert_eq!(create.attribute("amount"), Some("35.0"));
    assert_eq!(create.attribute("concept:name"), Some("Create Fine"));
    assert_eq!(create.attribute("paymentAmount"), None);
    assert_eq!(payment.attribute("paymentAmount"), Some("35.0"));
    assert_eq!(payment.attribute("amount"), None);
}

#[test]
fn the_name_of_a_case_may_follow_its_events() {
    let cases = cases(SMALL);
    assert_eq!(cases[1].events.len(), 1);
    assert_eq!(cases[1].events[0].attribute("points"), Some("0"));
}

#[test]
fn declared_totals_are_known_after_the_first_case() {
    let file = TempLog::new("log.xes", SMALL);
    let mut reader = LogReader::open(&file.0).unwrap();
    assert_eq!(reader.declared_totals(), None);
    reader.next().unwrap().unwrap();
    let expected = BTreeMap::from([("Create Fine".to_owned(), 2), ("Payment".to_owned(), 1)]);
    assert_eq!(reader.declared_totals(), Some(&expected));
}

#[test]
fn a_log_without_totals_declares_none() {
    let file = TempLog::new("log.xes", log(&trace("A1", "")));
    let mut reader = LogReader::open(&file.0).unwrap();
    assert_eq!(reader.by_ref().count(), 1);
    assert_eq!(reader.declared_totals(), None);
}

#[test]
fn a_total_that_is_no_number_or_repeated_is_refused() {
    let totals = |children: &str| {
        let tag = format!("<int key='{NAMED_EVENTS_TOTAL}' value='1'>");
        error(log(&format!("{tag}\n{children}</int>")))
    };
    let negative = totals(&string("Payment", "-1"));
    assert_eq!(negative, ":2: \"-1\" is not a number of events");
    let repeated = totals(&string("Payment", "1").repeat(2));
    assert_eq!(repeated, ":2: the key \"Payment\" is repeated");
}

#[test]
fn a_compressed_log_reads_like_a_plain_one() {
    for name in ["log.xes.gz", "LOG.XES.GZ"] {
        let file = TempLog::new(name, gzip(SMALL));
        assert_eq!(ids(&file.cases()), ["A1", "A2"]);
    }
}

#[test]
fn gzip_of_several_members_is_read_to_its_end() {
    let (first, second) = SMALL.split_at(700);
    let file = TempLog::new("log.xes.gz", [gzip(first), gzip(second)].concat());
    assert_eq!(ids(&file.cases()), ["A1", "A2"]);
}

#[test]
fn the_bytes_read_add_up_to_the_size_of_the_file() {
    for (name, bytes) in [("log.xes", SMALL.into()), ("log.xes.gz", gzip(SMALL))] {
        let file = TempLog::new(name, &bytes);
        let mut reader = LogReader::open(&file.0).unwrap();
        assert_eq!(reader.bytes_total(), bytes.len() as u64);
        assert_eq!(reader.by_ref().count(), 2);
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
    }
}

#[test]
fn a_missing_file_is_named_and_has_an_io_error_as_its_source() {
    let error = LogReader::open(Path::new("no/such.xes")).err().unwrap();
    assert_eq!(error.to_string(), "no/such.xes: the file cannot be read");
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.kind(), ErrorKind::NotFound);
}

#[test]
fn an_empty_file_is_called_empty() {
    assert_eq!(error(""), ":1: the file is empty");
    for bytes in [Vec::new(), gzip("")] {
        let (_, error) = TempLog::new("log.xes.gz", bytes).error();
        assert_eq!(error, ":1: the file is empty");
    }
}

#[test]
fn a_truncated_gzip_names_the_file() {
    let bytes = gzip(SMALL);
    for length in 1..bytes.len() {
        let (_, error) = TempLog::new("log.xes.gz", &bytes[..length]).error();
        assert!(error.ends_with(": the gzip data is truncated"), "{error}");
    }
}

#[test]
fn a_corrupt_gzip_names_the_file() {
    let mut bytes = gzip(SMALL);
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    for bytes in [bytes, SMALL.into()] {
        let (_, error) = TempLog::new("log.xes.gz", bytes).error();
        assert!(error.ends_with(": the gzip data is corrupt"), "{error}");
    }
}

#[test]
fn a_log_cut_anywhere_before_its_end_is_an_error() {
    let end = SMALL.trim_end().len();
    for length in 0..end {
        let items = TempLog::new("log.xes", &SMALL[..length]).read();
        assert!(items.last().unwrap().is_err(), "{length} bytes");
    }
    assert_eq!(cases(&SMALL[..end]).len(), 2);
}

#[test]
fn a_log_that_ends_inside_an_element_is_truncated() {
    let place = |cut: &str| {
        let error = error(&SMALL[..SMALL.find(cut).unwrap() + cut.len()]);
        let place = error.strip_suffix(": the log is truncated: it ends before `</log>`");
        place.unwrap_or_else(|| panic!("{error}")).to_owned()
    };
    assert_eq!(place("<!-- two"), ":2");
    assert_eq!(place("-->\n"), ":4");
    assert_eq!(place("</global>\n  <class"), ":8");
    assert_eq!(place("<float key=\"amo"), ":16 (case \"A1\")");
    assert_eq!(place("</event>\n  </trace>"), ":21");
    assert_eq!(place("A2\"/>\n  </trace>\n"), ":26");
}

#[test]
fn malformed_xml_is_refused_where_it_stands() {
    for xml in [
        "<trace></log>",
        "<list/></list>",
        "<string key=a value='b'/>",
        "<string key='a' key='b' value='c'/>",
        "<string key='a' value='<'/>",
        "<string key='a' value='&'/>",
        "<string key='a' value='&#0;'/>",
        "<!element>",
    ] {
        let error = error(log(&format!("\n{xml}\n")));
        assert!(error.starts_with(":2: malformed XML: "), "{error}");
    }
}

#[test]
fn what_is_not_a_log_is_refused() {
    for (xml, found) in [
        ("<html></html>", "html"),
        ("date,amount\n", "text"),
        ("<![CDATA[<log/>]]>", "text"),
    ] {
        let expected = format!("not an XES log: it begins with {found}, not with `<log>`");
        assert_eq!(error(xml), format!(":1: {expected}"));
    }
}

#[test]
fn nothing_but_comments_may_follow_the_log() {
    assert_eq!(cases("<log/>\n<!-- end --><?end?>\n").len(), 0);
    for rest in ["x", "<log/>", "<![CDATA[]]>", "&amp;"] {
        let file = TempLog::new("log.xes", format!("{}{rest}", SMALL.trim_end()));
        let expected = ":26: content after `</log>`".to_owned();
        assert_eq!(file.error(), (2, expected));
    }
}

#[test]
fn after_an_error_there_is_nothing_more() {
    let file = TempLog::new("log.xes", log(&["<trace/>", &trace("A1", "")].concat()));
    let mut reader = LogReader::open(&file.0).unwrap();
    assert!(reader.next().unwrap().is_err());
    assert!(reader.next().is_none());
    assert!(reader.next().is_none());
}

#[test]
fn a_case_without_a_name_is_refused_at_its_line() {
    for xml in ["<log>\n<trace/></log>", "<log>\n<trace\n>\n</trace></log>"] {
        assert_eq!(error(xml), ":2: the trace has no `concept:name`");
    }
}

#[test]
fn a_name_inside_another_attribute_does_not_name_the_case() {
    let name = string(NAME, "A1");
    let log = log(&format!("<trace><list key='a'>{name}</list></trace>"));
    assert_eq!(error(log), ":1: the trace has no `concept:name`");
}

#[test]
fn an_event_without_a_name_is_refused_at_its_line_with_its_case() {
    let unnamed = format!("\n<event>\n{}\n</event>", string("amount", "1"));
    let error_with_case = error(log(&trace("A1", &unnamed)));
    let expected = ":2 (case \"A1\"): the event has no `concept:name`";
    assert_eq!(error_with_case, expected);
    let without = error(log("\n<trace><event/></trace>"));
    assert_eq!(without, ":2: the event has no `concept:name`");
}

#[test]
fn an_attribute_needs_a_key_and_a_value() {
    assert_eq!(problem("<int value='1'/>"), "a `<int>` without `key`");
    assert_eq!(problem("<date key='a'/>"), "a `<date>` without `value`");
}

#[test]
fn a_key_is_not_repeated_in_an_event() {
    let points = string("points", "0").repeat(2);
    assert_eq!(problem(&points), "the key \"points\" is repeated");
    let events = event("Payment").repeat(2);
    assert_eq!(cases(log(&trace("A1", &events)))[0].events.len(), 2);
}

#[test]
fn a_case_has_one_name() {
    let error = error(log(&trace("A1", &string(NAME, "A2"))));
    let expected = ":1 (case \"A2\"): the key \"concept:name\" is repeated";
    assert_eq!(error, expected);
}

#[test]
fn logs_traces_and_events_are_not_nested_in_events() {
    for element in ["log", "trace", "event"] {
        let expected = format!("a `<{element}>` where there can be none");
        assert_eq!(problem(&format!("<{element}/>")), expected);
    }
}

#[test]
fn a_case_has_no_more_events_than_the_limit() {
    let full = event("Payment").repeat(MAX_EVENTS_PER_CASE);
    let cases = cases(log(&trace("A1", &full)));
    assert_eq!(cases[0].events.len(), MAX_EVENTS_PER_CASE);
    let error = error(log(&trace("A1", &format!("{full}\n<event/>"))));
    let expected = ":2 (case \"A1\"): more than 4096 events in a case";
    assert_eq!(error, expected);
}

#[test]
fn a_case_has_no_more_attributes_than_the_limits() {
    let keys = 0..=MAX_ATTRIBUTES;
    let many: String = keys.map(|key| string(&key.to_string(), "")).collect();
    assert_eq!(problem(&many), "more than 256 attributes in an event");

    let long = string("a", &"x".repeat(MAX_TOKEN / 2));
    let event = event("Payment").replace("</event>", &format!("{long}</event>"));
    let count = 2 * MAX_CASE / MAX_TOKEN;
    let apart = trace("A1", &event.repeat(count - 1)).repeat(2);
    assert_eq!(cases(log(&apart)).len(), 2);
    let error = error(log(&trace("A1", &event.repeat(count))));
    let expected = "more than 16777216 bytes of attributes in a case";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn no_tag_or_text_is_endless_and_no_nesting_bottomless() {
    let endless = "x".repeat(2 * MAX_TOKEN);
    let expected = "more than 1048576 bytes in a tag, comment or text";
    for start in ["<string key='", "<!--", "<![CDATA["] {
        assert_eq!(problem(&format!("{start}{endless}")), expected);
    }
    let nested = string("a", "b").replace("/>", ">").repeat(MAX_DEPTH + 1);
    assert_eq!(problem(&nested), "more than 64 elements in one another");
}

#[test]
fn only_direct_children_with_one_value_are_attributes() {
    let nested = r#"<string key="outer" value="1">
            <int key="inner" value="2"/><string key="outer" value="3"/>
        </string>
        <list key="many"><values><string key="first" value="4"/></values></list>
        <container key="box"><event/><id key="second" value="5"/></container>
        <unheard-of/><date key="last" value="6"></date></event>"#;
    let events = event("Payment").replace("</event>", nested);
    let event = &cases(log(&trace("A1", &events)))[0].events[0];
    let keys = ["outer", "inner", "many", "first", "box", "second", "last"];
    let found = keys.map(|key| event.attribute(key));
    assert_eq!(found, [Some("1"), None, None, None, None, None, Some("6")]);
}

#[test]
fn an_event_outside_of_any_trace_is_refused_rather_than_dropped() {
    let error = error(log(&[event("Payment"), trace("A1", "")].concat()));
    assert!(error.contains("event"), "{error}");
}

#[test]
fn values_are_unescaped() {
    let value = "&lt;&gt;&amp;&apos;&quot;&#65;&#x42;&amp;lt; \u{e9}\t\n.";
    let case = &cases(log(&trace("S&amp;39", &event(value))))[0];
    assert_eq!(case.id, "S&39");
    assert_eq!(case.events[0].activity, "<>&'\"AB&lt; \u{e9}  .");
}

#[test]
fn entities_of_a_document_type_are_not_expanded() {
    let doctype = "<!DOCTYPE log [<!ENTITY lol 'lol'><!ENTITY file SYSTEM 'file:///dev/null'>]>";
    let unused = cases(format!("{doctype}{}", log(&trace("A1", ""))));
    assert_eq!(ids(&unused), ["A1"]);
    for entity in ["&lol;", "&file;", "&nbsp;"] {
        for xml in [log(&trace(entity, "")), log(entity)] {
            let error = error(format!("{doctype}\n{xml}"));
            assert!(error.starts_with(":2: malformed XML: "), "{error}");
        }
    }
}

#[test]
fn comments_instructions_and_text_are_passed_over() {
    let noise = "<!-- <trace> --><?a <event>?><![CDATA[</trace>]]> some text &amp; &#10;";
    let event = event("Payment").replace('<', &format!("{noise}<"));
    let log = log(&format!("{noise}{}{noise}", trace("A1", &event)));
    let cases = cases(format!("\u{feff}{log}"));
    assert_eq!(ids(&cases), ["A1"]);
    assert_eq!(cases[0].events[0].activity, "Payment");
}

#[test]
fn prefixes_of_elements_make_no_difference() {
    let log = log(&trace("A1", &event("Payment")));
    let xml = log.replace('<', "<xes:").replace("<xes:/", "</xes:");
    assert_eq!(cases(xml)[0].events[0].activity, "Payment");
}

#[test]
fn lines_are_counted_wherever_they_end() {
    let before = "<!--\r\n\r\n--><string key='a\r\n' value='b'/>\r\n";
    let events = format!("\r\n{}", event("Payment"));
    let case = &cases(log(&[before, &trace("A1", &events)].concat()))[0];
    assert_eq!((case.line, case.events[0].line), (5, 6));
}

#[test]
fn only_utf_8_is_read() {
    for name in ["UTF-8", "utf-8", "US-ASCII", "ascii"] {
        let xml = format!("<?xml version='1.0' encoding='{name}'?>{}", log(""));
        assert_eq!(cases(xml).len(), 0);
    }
    let declared = error("<?xml version='1.0' encoding='ISO-8859-1'?>\n<log/>");
    let expected = ":1: the encoding is \"ISO-8859-1\", and only UTF-8 can be read";
    assert_eq!(declared, expected);
    let utf_16 = SMALL.encode_utf16().flat_map(u16::to_le_bytes);
    let utf_16: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf_16).collect();
    let latin_1 = b"<log><string key='a' value='\xe9'/></log>";
    for bytes in [&utf_16, &latin_1[..], b"<log>\xff</log>"] {
        assert_eq!(error(bytes), ":1: text that is not UTF-8");
    }
}

#[test]
fn the_sample_has_the_events_that_its_header_declares() {
    let file = TempLog::new("sample.xes", include_str!("sample.xes"));
    let mut reader = LogReader::open(&file.0).unwrap();
    let cases: Vec<Case> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(cases.len(), 40);
    let mut totals = BTreeMap::new();
    for event in cases.iter().flat_map(|case| &case.events) {
        *totals.entry(event.activity.clone()).or_insert(0) += 1;
    }
    assert_eq!(reader.declared_totals(), Some(&totals));
}
