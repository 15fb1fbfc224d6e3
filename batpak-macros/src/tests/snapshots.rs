//! What the macros make of the examples: code that a person would have written, the same every time.
//!
//! The expansions lie in `batpak-macros/snapshots`. After a change, `BATPAK_SNAPSHOTS=overwrite cargo test
//! -p batpak-macros snapshots` writes the new ones: read them before keeping them.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, File, Item, Meta};

use super::sources::{Call, Macro, directory};

const EXAMPLES: &[&str] = &["order", "account"];

/// The example's items, each call of our macros replaced by its expansion.
fn expanded(example: &str) -> File {
    let source = directory("examples").join(format!("{example}.rs"));
    let file = syn::parse_file(&std::fs::read_to_string(source).unwrap()).unwrap();
    let items = file.items.into_iter().filter(|item| !is_main(item));
    File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: items.flat_map(expand).collect(),
    }
}

fn is_main(item: &Item) -> bool {
    matches!(item, Item::Fn(function) if function.sig.ident == "main")
}

/// An item as `cargo expand` shows it, except for the macros of others.
fn expand(mut item: Item) -> Vec<Item> {
    let call = match &mut item {
        Item::Macro(call) if call.mac.path.is_ident("state_machine") => Some(Call {
            which: Macro::Machine,
            attribute: TokenStream::new(),
            item: call.mac.tokens.clone(),
        }),
        Item::Fn(function) => called(&mut function.attrs, "gate", Macro::Gate),
        Item::Impl(block) => called(&mut block.attrs, "projection", Macro::Projection),
        Item::Enum(events) if derives_event(&events.attrs) => {
            let expansion = crate::event::derive(events.to_token_stream());
            let mut items = vec![Item::Enum(without_event(events.clone()))];
            items.extend(syn::parse2::<File>(expansion).unwrap().items);
            return items;
        }
        _ => None,
    };
    match call {
        Some(mut call) => {
            if !matches!(call.which, Macro::Machine) {
                call.item = item.to_token_stream();
            }
            let expansion: File = syn::parse2(call.expand()).unwrap();
            let is_machine = matches!(call.which, Macro::Machine);
            let items = expansion.items.into_iter().filter(is_compiled);
            // What an attribute leaves of its item is no call any more.
            items
                .flat_map(|item| if is_machine { expand(item) } else { vec![item] })
                .collect()
        }
        None => vec![item],
    }
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
        let found = prettyplease::unparse(&expanded(example));
        let path = directory("batpak-macros")
            .join("snapshots")
            .join(format!("{example}.rs"));
        if std::env::var("BATPAK_SNAPSHOTS").is_ok_and(|wish| wish == "overwrite") {
            std::fs::write(&path, &found).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = kept.lines().zip(found.lines()).position(|(a, b)| a != b);
        assert!(
            kept == found,
            "the expansion of {example} differs from line {} on",
            differs.map_or(kept.lines().count(), |line| line) + 1
        );
    }
}

#[test]
fn the_same_call_expands_to_the_same_code() {
    for example in EXAMPLES {
        let [first, second] = [(); 2].map(|()| expanded(example).to_token_stream().to_string());
        assert!(first == second, "{example}");
    }
}
