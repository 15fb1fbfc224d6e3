//! Lineages as text.

use proptest::prelude::*;

use super::*;

#[derive(Event)]
#[event(category = 0x1)]
enum Order {
    #[event(id = 0x001)]
    Placed,
    #[event(id = 0x002, name = "payment_requested")]
    Asked,
    #[event(id = 0x003, name = "odd \"]; <b>&amp; #9; %%{ \\n `\t!")]
    Odd,
}

/// An order that leads to a payment and a parcel, which together lead to something untyped; with the
/// ids of all four.
fn order() -> (Store, [EventId; 4]) {
    let store = store();
    let event = |entity, event| NewEvent::of(&coordinate(entity, "shop"), event);
    let placed = commit(&store, event("order:1", &Order::Placed));
    let asked = commit(&store, event("payment:7", &Order::Asked).cause(placed));
    let parcel = commit(
        &store,
        NewEvent::new(&coordinate("parcel \"9\"; #1", "depot\\north"), KIND, &0).cause(placed),
    );
    let odd = event("order:1", &Order::Odd).cause(asked).cause(parcel);
    let odd = commit(&store, odd);
    (store, [placed, asked, parcel, odd])
}

#[test]
fn graphviz_gets_boxes_from_causes_down_to_effects() {
    let (store, [_, asked, parcel, odd]) = order();
    assert_eq!(
        store.lineage(odd, 2).unwrap().to_dot(),
        r##"digraph lineage {
    node [shape=box, style=rounded];
    e1 [label="Placed\norder:1@shop\nposition 1, revision 1"];
    e2 [label="payment_requested\npayment:7@shop\nposition 2, revision 1"];
    e3 [label="0xF001\nparcel \"9\"; #1@depot\\north\nposition 3, revision 1"];
    e4 [label="odd \"]; <b>&amp;amp; #9; %%{ \\n ` !\norder:1@shop\nposition 4, revision 2", style="rounded,bold"];
    e1 -> e2;
    e1 -> e3;
    e2 -> e4;
    e3 -> e4;
}
"##
    );
    let alone = store.lineage(asked, 0).unwrap();
    assert_eq!(alone.to_dot().lines().count(), 4);
    assert_ne!(alone.to_dot(), store.lineage(parcel, 0).unwrap().to_dot());
}

#[test]
fn mermaid_gets_a_flowchart_from_causes_down_to_effects() {
    let (store, [placed, _, _, odd]) = order();
    assert_eq!(
        store.lineage(odd, 2).unwrap().to_mermaid(),
        r##"flowchart TD
    e1["Placed<br/>order:1@shop<br/>position 1, revision 1"];
    e2["payment_requested<br/>payment:7@shop<br/>position 2, revision 1"];
    e3["0xF001<br/>parcel #34;9#34;#59; #35;1@depot#92;#8203;north<br/>position 3, revision 1"];
    e4["odd #34;]#59; #60;b#62;#38;amp#59; #35;9#59; #37;#37;{ #92;#8203;n #96; !<br/>order:1@shop<br/>position 4, revision 2"];
    e1 --> e2;
    e1 --> e3;
    e2 --> e4;
    e3 --> e4;
    style e4 stroke-width:4px;
"##
    );
    let lineage = store.lineage(placed, 0).unwrap();
    assert_eq!(
        lineage.to_mermaid(),
        r#"flowchart TD
    e1["Placed<br/>order:1@shop<br/>position 1, revision 1"];
    style e1 stroke-width:4px;
"#
    );
}

#[test]
fn a_diagram_says_that_a_lineage_is_cut() {
    let (store, [placed, ..]) = order();
    let note = "there are more events than these";
    let mut lineage = store.lineage(placed, 1).unwrap();
    assert!(!lineage.to_dot().contains(note) && !lineage.to_mermaid().contains(note));
    lineage.is_cut = true;
    assert!(
        lineage
            .to_dot()
            .contains(&format!("\n    label=\"{note}\";\n"))
    );
    let node = format!("\n    more[\"{note}\"];\n");
    assert!(lineage.to_mermaid().contains(&node));
}

/// What stands between the quotes of the only label, if that is all that the line has.
fn label<'t>(text: &'t str, before: &str, behind: &str) -> &'t str {
    let line = text
        .lines()
        .find(|line| line.contains("position 1"))
        .unwrap();
    let label = line
        .strip_prefix(before)
        .and_then(|line| line.strip_suffix(behind));
    label.unwrap_or_else(|| panic!("{line}"))
}

/// A label as Graphviz shows it; a quote within ends the test.
fn shown_by_graphviz(label: &str) -> String {
    let (mut shown, mut chars) = (String::new(), label.chars());
    while let Some(c) = chars.next() {
        shown.push(match c {
            '"' => panic!("{label}"),
            '&' => {
                let entity: String = chars.by_ref().take(4).collect();
                assert_eq!(entity, "amp;", "{label}");
                '&'
            }
            '\\' => match chars.next().unwrap() {
                'n' => '\n',
                escaped @ ('"' | '\\') => escaped,
                other => panic!("{other} in {label}"),
            },
            c => c,
        });
    }
    shown
}

/// A label as Mermaid shows it, but for spaces that have no width; what it would take for something else ends the test.
fn shown_by_mermaid(label: &str) -> String {
    let mut shown = String::new();
    for (n, line) in label.split("<br/>").enumerate() {
        assert!(
            !line.contains(['"', '<', '>', '&', '%', '`', '\\']),
            "{line}"
        );
        shown.push_str(if n > 0 { "\n" } else { "" });
        let mut pieces = line.split('#');
        shown.push_str(pieces.next().unwrap());
        for piece in pieces {
            let (code, rest) = piece.split_once(';').unwrap();
            shown.push(char::from_u32(code.parse().unwrap()).unwrap());
            shown.push_str(rest);
        }
    }
    shown.replace('\u{200B}', "")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_name_ends_its_label_or_is_shown_as_another(
        entity in r##"([]\[\\"'`#;:<>/&%{}()| n@-]|br/|style:|--|é|34;|amp;){1,12}"##,
        scope in r##"["\\#;%{a]{1,6}"##,
    ) {
        let store = store();
        let at = coordinate(&entity, &scope);
        let id = commit(&store, NewEvent::new(&at, KIND, &0));
        let lineage = store.lineage(id, 0).unwrap();
        let lines = format!("0xF001\n{entity}@{scope}\nposition 1, revision 1");
        let dot = lineage.to_dot();
        let dot = label(&dot, "    e1 [label=\"", "\", style=\"rounded,bold\"];");
        prop_assert_eq!(shown_by_graphviz(dot), lines.clone());
        let mermaid = lineage.to_mermaid();
        let mermaid = label(&mermaid, "    e1[\"", "\"];");
        prop_assert_eq!(shown_by_mermaid(mermaid), lines);
    }
}
