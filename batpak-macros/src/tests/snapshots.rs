//! What the macros make of the examples: code that a person would have written, the same every time.
//!
//! The expansions lie in `batpak-macros/snapshots`. After a change, `BATPAK_SNAPSHOTS=overwrite cargo test
//! -p batpak-macros snapshots` writes the new ones: read them before keeping them.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, File, Item, Meta};

use super::sources::{Call, Macro, directory};

const EXAMPLES: &[&str] = &["order", "account"];

/// What the macros make of an example's calls, by the macro that makes it.
fn expanded(example: &str) -> BTreeMap<&'static str, File> {
    let source = directory("examples").join(format!("{example}.rs"));
    let file = syn::parse_file(&std::fs::read_to_string(source).unwrap()).unwrap();
    let mut parts = BTreeMap::new();
    for (part, item) in file.items.into_iter().flat_map(expand) {
        let empty = || File {
            shebang: None,
            frontmatter: None,
            attrs: Vec::new(),
            items: Vec::new(),
        };
        parts.entry(part).or_insert_with(empty).items.push(item);
    }
    parts
}

/// What `cargo expand` shows of an item that calls one of our macros; of another, nothing.
fn expand(mut item: Item) -> Vec<(&'static str, Item)> {
    let (part, mut call) = match &mut item {
        Item::Macro(call) if call.mac.path.is_ident("state_machine") => {
            return machine(call.mac.tokens.clone());
        }
        Item::Fn(function) => ("gates", called(&mut function.attrs, "gate", Macro::Gate)),
        Item::Impl(block) => {
            let call = called(&mut block.attrs, "projection", Macro::Projection);
            ("projection", call)
        }
        _ => return Vec::new(),
    };
    if let Some(call) = &mut call {
        call.item = item.to_token_stream();
    }
    let items = call.map(|call| items(call.expand())).unwrap_or_default();
    items.into_iter().map(|item| (part, item)).collect()
}

/// What becomes of a machine, and of its events what their derive makes.
fn machine(tokens: TokenStream) -> Vec<(&'static str, Item)> {
    let mut parts = Vec::new();
    for item in items(crate::machine::expand(tokens)) {
        match item {
            Item::Enum(events) if derives_event(&events.attrs) => {
                let derived = crate::event::derive(events.to_token_stream());
                parts.push(("events", Item::Enum(without_event(events))));
                parts.extend(items(derived).into_iter().map(|item| ("events", item)));
            }
            item if is_compiled(&item) => parts.push(("machine", item)),
            _ => {}
        }
    }
    parts
}

fn items(expansion: TokenStream) -> Vec<Item> {
    syn::parse2::<File>(expansion).unwrap().items
}

/// Whether the item is more than what only an editor sees.
fn is_compiled(item: &Item) -> bool {
    !matches!(item, Item::Const(item) if item.to_token_stream().to_string().contains("rust_analyzer"))
}

/// Takes the attribute that calls the macro off an item.
fn called(attributes: &mut Vec<Attribute>, name: &str, which: Macro) -> Option<Call> {
    let at = attributes.iter().position(|a| a.path().is_ident(name))?;
    let attribute = match attributes.remove(at).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    Some(Call {
        which,
        attribute,
        item: TokenStream::new(),
    })
}

fn derives_event(attributes: &[Attribute]) -> bool {
    let mut derives = attributes.iter().filter(|a| a.path().is_ident("derive"));
    derives.any(|derive| derive.to_token_stream().to_string().contains("Event"))
}

/// The enum without what its derive has read.
fn without_event(mut events: syn::ItemEnum) -> syn::ItemEnum {
    let is_read = |attribute: &Attribute| attribute.path().is_ident("event");
    events.attrs.retain(|attribute| !is_read(attribute));
    for attribute in &mut events.attrs {
        if let Meta::List(derive) = &mut attribute.meta {
            let tokens = derive.tokens.to_string().replace("Event , ", "");
            derive.tokens = tokens.parse().unwrap();
        }
    }
    for variant in &mut events.variants {
        variant.attrs.retain(|attribute| !is_read(attribute));
    }
    events
}

#[test]
fn the_examples_expand_to_the_snapshots() {
    for example in EXAMPLES {
        let directory = directory("batpak-macros").join("snapshots").join(example);
        let parts = expanded(example);
        for (part, file) in &parts {
            let found = prettyplease::unparse(file);
            let path = directory.join(format!("{part}.rs"));
            if std::env::var("BATPAK_SNAPSHOTS").is_ok_and(|wish| wish == "overwrite") {
                std::fs::create_dir_all(&directory).unwrap();
                std::fs::write(&path, &found).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            let differs = kept.lines().zip(found.lines()).position(|(a, b)| a != b);
            assert!(
                kept == found,
                "the {part} of {example} differ from line {} on",
                differs.map_or(kept.lines().count(), |line| line) + 1
            );
        }
        let kept = std::fs::read_dir(&directory).unwrap().count();
        assert_eq!(
            kept,
            parts.len(),
            "a snapshot of {example} is of nothing any more"
        );
    }
}

#[test]
fn the_same_call_expands_to_the_same_code() {
    for example in EXAMPLES {
        let [first, second] = [(); 2].map(|()| {
            let files = expanded(example).into_values();
            files.map(|file| file.to_token_stream().to_string())
        });
        assert!(first.eq(second), "{example}");
    }
}
