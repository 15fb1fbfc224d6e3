//! A streaming reader of event logs in the XES format (IEEE 1849).
//!
//! A log is a list of cases, called traces, each a list of events. [`LogReader`] yields one
//! [`Case`] at a time and holds no more than that in memory: all that a file could use to grow a
//! case without end is limited. Of an event it keeps each attribute that is a direct child and has
//! one value. It passes over attributes of attributes, lists and containers, and what describes the
//! log rather than a case. Elements are told by their local names, whatever their prefixes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};
use std::iter::FusedIterator;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use quick_xml::escape::{resolve_xml_entity, unescape_with};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::{Error as XmlError, Reader, XmlVersion};
use thiserror::Error;

/// How many events a case may have.
pub(crate) const MAX_EVENTS_PER_CASE: usize = 4_096;
/// How many attributes an event may have.
const MAX_ATTRIBUTES: usize = 256;
/// How many bytes the attributes of a case may have, each counted for a little more than its text.
const MAX_CASE: usize = 16 << 20;
/// How many bytes a tag, comment or stretch of text may have, give or take a chunk.
const MAX_TOKEN: usize = 1 << 20;
/// How deep elements may be nested in one that is passed over.
const MAX_DEPTH: usize = 64;
/// How many bytes are read from the file, and decompressed, at once.
const CHUNK: usize = 64 << 10;

/// The key of the attribute that names a case or an event.
const NAME: &str = "concept:name";
/// The key of the log's attribute whose children count its events, by activity.
const NAMED_EVENTS_TOTAL: &str = "meta_concept:named_events_total";

/// One case of a log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    /// The name of the case, from its `concept:name`.
    pub id: String,
    /// The line of the case's `<trace>` tag.
    pub line: u64,
    /// The events, in the order of the log.
    pub events: Vec<LogEvent>,
}

/// One event of a case.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogEvent {
    /// What happened, from the event's `concept:name`.
    pub activity: String,
    /// The line of the event's `<event>` tag.
    pub line: u64,
    /// The keys and values of its attributes in one string, for they are many and short.
    text: String,
    /// Where in `text` each key ends, and where its value does.
    ends: Vec<(usize, usize)>,
}

impl LogEvent {
    /// The value of the attribute `key`, unescaped.
    pub(crate) fn attribute(&self, key: &str) -> Option<&str> {
        let mut start = 0;
        for &(key_end, value_end) in &self.ends {
            if &self.text[start..key_end] == key {
                return Some(&self.text[key_end..value_end]);
            }
            start = value_end;
        }
        None
    }

    /// Adds an attribute, and tells whether its key was there already.
    fn push(&mut self, key: &str, value: &str) -> bool {
        let repeated = self.attribute(key).is_some();
        self.text.push_str(key);
        let key_end = self.text.len();
        self.text.push_str(value);
        self.ends.push((key_end, self.text.len()));
        repeated
    }
}

/// Why a log cannot be read. The message tells the file, and the line and the case once known.
#[derive(Debug)]
pub(crate) struct LogError {
    place: String,
    problem: Problem,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}

#[derive(Debug, Error)]
enum Problem {
    #[error("the file cannot be read")]
    Read(#[source] io::Error),
    #[error("the gzip data is {0}")]
    Gzip(&'static str, #[source] io::Error),
    #[error("the file is empty")]
    Empty,
    #[error("the log is truncated: it ends before `</log>`")]
    Truncated,
    #[error("malformed XML: {0}")]
    Malformed(String),
    #[error("text that is not UTF-8")]
    NotUtf8,
    #[error("the encoding is {0:?}, and only UTF-8 can be read")]
    Encoding(String),
    #[error("not an XES log: it begins with {0}, not with `<log>`")]
    NotXes(String),
    #[error("content after `</log>`")]
    Trailing,
    #[error("a `<{0}>` where there can be none")]
    Misplaced(String),
    #[error("a `<{0}>` without `{1}`")]
    Incomplete(String, &'static str),
    #[error("the key {0:?} is repeated")]
    Repeated(String),
    #[error("the {0} has no `{NAME}`")]
    Nameless(&'static str),
    #[error("{0:?} is not a number of events")]
    Total(String),
    #[error("more than {0} {1}")]
    TooMuch(usize, &'static str),
}

impl Problem {
    fn malformed(error: impl fmt::Display) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Reads a log one case at a time. After an error it yields nothing more.
pub(crate) struct LogReader {
    path: PathBuf,
    xml: Reader<Lines>,
    /// The line where the tag or text at hand begins.
    line: u64,
    place: Place,
    /// How many elements are open that are passed over.
    skipping: usize,
    totals: Option<BTreeMap<String, u64>>,
    /// The name of the case being read, which may come after its events.
    id: Option<String>,
    case: Case,
    event: LogEvent,
    /// The bytes of the attributes of the case so far.
    size: usize,
}

/// Where in the log the reader is, apart from elements it passes over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Prolog,
    Log,
    Totals,
    Trace,
    Event,
    Epilog,
    Done,
}

impl LogReader {
    /// Opens the log at `path`, which is decompressed if its name ends in `.gz`.
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let file = File::open(path).map_err(|error| LogError {
            place: path.display().to_string(),
            problem: Problem::Read(error),
        })?;
        let suffix = path.extension().unwrap_or_default();
        Ok(Self {
            path: path.to_path_buf(),
            xml: Reader::from_reader(Lines::new(file, suffix.eq_ignore_ascii_case("gz"))),
            line: 1,
            place: Place::Prolog,
            skipping: 0,
            totals: None,
            id: None,
            case: Case::default(),
            event: LogEvent::default(),
            size: 0,
        })
    }

    /// The size of the file in bytes, compressed if it is.
    pub(crate) fn bytes_total(&self) -> u64 {
        let metadata = self.xml.get_ref().file.metadata();
        metadata.map_or(0, |metadata| metadata.len())
    }

    /// How many of [`bytes_total`](Self::bytes_total) have been read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        let mut file: &File = &self.xml.get_ref().file;
        file.stream_position().unwrap_or(0)
    }

    /// How many events of each activity the log says it has, if it does, in its attribute
    /// `meta_concept:named_events_total`: all is known once the first case, or the end, was read.
    pub(crate) fn declared_totals(&self) -> Option<&BTreeMap<String, u64>> {
        self.totals.as_ref()
    }

    /// Reads to the end of the next case, or of the file.
    fn next_case(&mut self) -> Result<Option<Case>, Problem> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            self.line = self.xml.get_ref().line;
            self.xml.get_mut().token = 0;
            let event = match self.xml.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(error) => return Err(self.unreadable(error)),
            };
            let closes = matches!(event, Event::Empty(_) | Event::End(_));
            match event {
                Event::Start(tag) | Event::Empty(tag) => self.open_element(&tag)?,
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                Event::Text(_) | Event::CData(_) => self.check_inside("text")?,
                Event::GeneralRef(entity) => {
                    self.check_inside("text")?;
                    unescape_with(&format!("&{};", &*entity), resolve_xml_entity)
                        .map_err(Problem::malformed)?;
                }
                Event::Decl(declaration) => check_encoding(&declaration)?,
                Event::End(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => return self.check_end().map(|()| None),
            }
            if closes && let Some(case) = self.close_element()? {
                return Ok(Some(case));
            }
        }
    }

    fn open_element(&mut self, tag: &BytesStart<'_>) -> Result<(), Problem> {
        if self.skipping > 0 {
            self.skipping += 1;
            return within(self.skipping, MAX_DEPTH, "elements in one another");
        }
        let name = tag.local_name().into_inner();
        match (self.place, name) {
            (Place::Prolog, "log") => self.place = Place::Log,
            (Place::Prolog | Place::Epilog, _) => return self.check_inside(name),
            (Place::Log, "trace") => {
                self.place = Place::Trace;
                self.case.line = self.line;
                self.size = 0;
            }
            (Place::Trace, "event") => {
                let count = self.case.events.len() + 1;
                within(count, MAX_EVENTS_PER_CASE, "events in a case")?;
                self.place = Place::Event;
                self.event.line = self.line;
                self.event.text.clear();
                self.event.ends.clear();
            }
            (_, "log" | "trace") | (Place::Log | Place::Totals | Place::Event, "event") => {
                return Err(Problem::Misplaced(name.to_owned()));
            }
            (_, "string" | "date" | "int" | "float" | "boolean" | "id") => {
                let (key, value) = key_and_value(tag, name)?;
                self.skipping = 1;
                self.take_attribute(&key, &value)?;
            }
            // A list, a container, or something that only an extension knows.
            _ => self.skipping = 1,
        }
        Ok(())
    }

    /// Closes the innermost element, which is the next case if it is a trace.
    fn close_element(&mut self) -> Result<Option<Case>, Problem> {
        if self.skipping > 0 {
            self.skipping -= 1;
            return Ok(None);
        }
        match self.place {
            Place::Event => {
                self.place = Place::Trace;
                let event = self.event.clone();
                self.line = event.line;
                let activity = event.attribute(NAME).ok_or(Problem::Nameless("event"))?;
                let activity = activity.to_owned();
                self.case.events.push(LogEvent { activity, ..event });
            }
            Place::Trace => {
                self.place = Place::Log;
                let case = std::mem::take(&mut self.case);
                self.line = case.line;
                let id = self.id.take().ok_or(Problem::Nameless("trace"))?;
                return Ok(Some(Case { id, ..case }));
            }
            Place::Totals => self.place = Place::Log,
            Place::Log => self.place = Place::Epilog,
            Place::Prolog | Place::Epilog | Place::Done => {}
        }
        Ok(None)
    }

    /// Puts an attribute where it belongs, if anywhere.
    fn take_attribute(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        self.size += key.len() + value.len() + size_of::<(usize, usize)>();
        within(self.size, MAX_CASE, "bytes of attributes in a case")?;
        let repeated = match self.place {
            Place::Log if key == NAMED_EVENTS_TOTAL => {
                (self.place, self.skipping) = (Place::Totals, 0);
                self.totals.replace(BTreeMap::new()).is_some()
            }
            Place::Totals => {
                let Ok(total) = value.parse() else {
                    return Err(Problem::Total(value.to_owned()));
                };
                let totals = self.totals.get_or_insert_default();
                totals.insert(key.to_owned(), total).is_some()
            }
            Place::Trace if key == NAME => self.id.replace(value.to_owned()).is_some(),
            Place::Event => {
                let count = self.event.ends.len() + 1;
                within(count, MAX_ATTRIBUTES, "attributes in an event")?;
                self.event.push(key, value)
            }
            _ => false,
        };
        if repeated {
            return Err(Problem::Repeated(key.to_owned()));
        }
        Ok(())
    }

    fn check_inside(&self, found: &str) -> Result<(), Problem> {
        match self.place {
            Place::Prolog => Err(Problem::NotXes(found.to_owned())),
            Place::Epilog => Err(Problem::Trailing),
            _ => Ok(()),
        }
    }

    fn check_end(&mut self) -> Result<(), Problem> {
        self.line = self.xml.get_ref().line;
        match self.place {
            Place::Epilog => Ok(()),
            Place::Prolog if self.xml.buffer_position() == 0 => Err(Problem::Empty),
            _ => Err(Problem::Truncated),
        }
    }

    fn unreadable(&mut self, error: XmlError) -> Problem {
        let lines = self.xml.get_mut();
        match error {
            XmlError::Io(_) if lines.token > MAX_TOKEN => {
                Problem::TooMuch(MAX_TOKEN, "bytes in a tag, comment or text")
            }
            XmlError::Io(error) => {
                let error = Arc::try_unwrap(error).unwrap_or_else(|e| io::Error::new(e.kind(), e));
                match error.kind() {
                    _ if error.raw_os_error().is_some() => Problem::Read(error),
                    ErrorKind::UnexpectedEof if self.bytes_read() == 0 => Problem::Empty,
                    ErrorKind::UnexpectedEof => Problem::Gzip("truncated", error),
                    _ => Problem::Gzip("corrupt", error),
                }
            }
            XmlError::Encoding(_) => Problem::NotUtf8,
            XmlError::Syntax(_) if matches!(lines.fill_buf(), Ok([])) => Problem::Truncated,
            error => Problem::malformed(error),
        }
    }
}

impl Iterator for LogReader {
    type Item = Result<Case, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.place == Place::Done {
            return None;
        }
        let case = self.next_case().map_err(|problem| {
            let case = self.id.take();
            let case = case.map_or_else(String::new, |id| format!(" (case {id:?})"));
            let place = format!("{}:{}{case}", self.path.display(), self.line);
            LogError { place, problem }
        });
        if !matches!(case, Ok(Some(_))) {
            self.place = Place::Done;
        }
        case.transpose()
    }
}

impl FusedIterator for LogReader {}

fn within(count: usize, limit: usize, what: &'static str) -> Result<(), Problem> {
    if count > limit {
        return Err(Problem::TooMuch(limit, what));
    }
    Ok(())
}

/// Reads an attribute, in which no entity but the predefined ones is known.
fn key_and_value<'a>(
    tag: &'a BytesStart<'_>,
    name: &str,
) -> Result<(Cow<'a, str>, Cow<'a, str>), Problem> {
    let (mut key, mut value) = (None, None);
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(Problem::malformed)?;
        if attribute.value.contains('<') {
            return Err(Problem::malformed("a `<` in a value"));
        }
        let text = attribute
            .normalized_value_with(XmlVersion::Implicit1_0, 1, resolve_xml_entity)
            .map_err(Problem::malformed)?;
        match attribute.key.into_inner() {
            "key" => key = Some(text),
            "value" => value = Some(text),
            _ => {}
        }
    }
    let missing = |missing| Problem::Incomplete(name.to_owned(), missing);
    let key = key.ok_or_else(|| missing("key"))?;
    Ok((key, value.ok_or_else(|| missing("value"))?))
}

/// Accepts no encoding but UTF-8 and ASCII, which is a part of it.
fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), Problem> {
    let encoding = declaration.encoding().unwrap_or(Ok("UTF-8".into()));
    let encoding = encoding.map_err(Problem::malformed)?;
    match encoding.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" | "ascii" => Ok(()),
        _ => Err(Problem::Encoding(encoding.into_owned())),
    }
}

/// A log's bytes, decompressed. Counts the lines consumed, and fails on a tag or text too long.
struct Lines {
    bytes: BufReader<Box<dyn Read + Send>>,
    file: Arc<File>,
    line: u64,
    /// How many bytes have been consumed of the tag or text at hand.
    token: usize,
}

impl Lines {
    fn new(file: File, gzip: bool) -> Self {
        let file = Arc::new(file);
        let mut bytes: Box<dyn Read + Send> = Box::new(Arc::clone(&file));
        if gzip {
            bytes = Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, bytes)));
        }
        Self {
            bytes: BufReader::with_capacity(CHUNK, bytes),
            file,
            line: 1,
            token: 0,
        }
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.token > MAX_TOKEN {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let read = &self.bytes.buffer()[..count];
        self.line += read.iter().fold(0, |n, &b| n + u64::from(b == b'\n'));
        self.token += count;
        self.bytes.consume(count);
    }
}

#[cfg(test)]
#[path = "xes_tests.rs"]
mod tests;
