//! Whatever tokens come in, the answer is items that parse, errors among them, and never a panic.
//!
//! The calls of all UI tests are the seeds. `BATPAK_MUTATIONS=1000000 cargo test -p batpak-macros
//! mutat --release` tries more of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use super::sources::{Call, Macro, calls, directory, files};

/// A stream of random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) % limit.max(1) as u64) as usize
    }
}

/// A token that means something in one of the macros, or to Rust.
fn token(random: &mut Random) -> TokenTree {
    const WORDS: &[&str] = &[
        "enum",
        "struct",
        "fn",
        "match",
        "if",
        "evolve",
        "impl",
        "pub",
        "crate",
        "self",
        "Self",
        "mut",
        "ref",
        "unsafe",
        "async",
        "const",
        "where",
        "dyn",
        "_",
        "Open",
        "Closed",
        "Draft",
        "x",
        "machine",
        "event",
        "initial",
        "terminal",
        "group",
        "command",
        "gate",
        "on",
        "category",
        "id",
        "version",
        "from",
        "shape",
        "reserved",
        "tag",
        "entity",
        "data",
        "context",
        "ctx",
        "derive",
        "Event",
        "Clone",
        "serde",
        "r#type",
        "state_prefix",
        "must_finish",
        "typestate",
        "EventMeta",
        "bool",
        "Verdict",
    ];
    const PUNCTS: &[char] = &[
        '#', ',', ';', ':', '=', '>', '<', '|', '@', '.', '&', '!', '?', '-', '\'',
    ];
    const DELIMITERS: &[Delimiter] = &[
        Delimiter::Parenthesis,
        Delimiter::Brace,
        Delimiter::Bracket,
        Delimiter::None,
    ];
    match random.below(10) {
        0..=3 => {
            let word = WORDS[random.below(WORDS.len())];
            match word.strip_prefix("r#") {
                Some(raw) => TokenTree::Ident(Ident::new_raw(raw, Span::call_site())),
                None => TokenTree::Ident(Ident::new(word, Span::call_site())),
            }
        }
        4..=6 => {
            // A lone apostrophe is no token, but the start of a lifetime.
            let spacing = [Spacing::Alone, Spacing::Joint][random.below(2)];
            let punct = PUNCTS[random.below(PUNCTS.len() - 1)];
            TokenTree::Punct(Punct::new(punct, spacing))
        }
        7 => TokenTree::Literal(match random.below(5) {
            0 => Literal::u64_unsuffixed([0, 1, 5, 0xFFF, 0x1000, u64::MAX][random.below(6)]),
            1 => Literal::string(["", "a", "a:b", "\u{0}", "{x}"][random.below(5)]),
            2 => Literal::u8_suffixed(7),
            3 => Literal::f64_unsuffixed(1.5),
            _ => Literal::character('c'),
        }),
        _ => {
            let inner = (0..random.below(3)).map(|_| token(random)).collect();
            TokenTree::Group(Group::new(DELIMITERS[random.below(4)], inner))
        }
    }
}

/// Changes one place in the tokens, at any depth.
fn mutate(tokens: TokenStream, random: &mut Random) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let at = random.below(tokens.len());
    if let Some(TokenTree::Group(group)) = tokens.get(at)
        && random.below(8) > 0
    {
        let inner = mutate(group.stream(), random);
        tokens[at] = TokenTree::Group(Group::new(group.delimiter(), inner));
        return tokens.into_iter().collect();
    }
    match random.below(7) {
        0 | 1 if !tokens.is_empty() => drop(tokens.remove(at)),
        2 if !tokens.is_empty() => tokens.insert(at, tokens[at].clone()),
        3 if !tokens.is_empty() => tokens[at] = token(random),
        4 if tokens.len() > 1 => {
            let other = random.below(tokens.len());
            tokens.swap(at, other);
        }
        5 => tokens.truncate(at),
        _ => tokens.insert(at, token(random)),
    }
    tokens.into_iter().collect()
}

fn seeds() -> Vec<Call> {
    let programs = files(&directory("ui-tests"));
    let sources = programs
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    sources.flat_map(|source| calls(&source)).collect()
}

fn parses(tokens: &TokenStream) -> syn::Result<()> {
    syn::parse2::<syn::File>(tokens.clone()).map(|_| ())
}

/// Expands the call, and says what is wrong with the answer.
fn check(call: &Call) -> Result<(), String> {
    let expanded = catch_unwind(AssertUnwindSafe(|| call.expand()));
    let expanded = expanded.map_err(|_| "it panics".to_owned())?;
    // Rust gives an attribute or a derive only what parses.
    let is_given = matches!(call.which, Macro::Machine) || parses(&call.item).is_ok();
    match parses(&expanded) {
        Ok(()) => Ok(()),
        Err(_) if !is_given => Ok(()),
        Err(error) => Err(format!("the answer does not parse: {error}\n{expanded}")),
    }
}

#[test]
fn mutated_calls_are_answered_with_code_or_errors() {
    let seeds = seeds();
    assert!(seeds.len() > 200, "{} seeds", seeds.len());
    let count = std::env::var("BATPAK_MUTATIONS").map_or(20_000, |count| count.parse().unwrap());
    for n in 0..count {
        let mut random = Random(n);
        let mut call = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            if random.below(5) == 0 {
                call.attribute = mutate(call.attribute, &mut random);
            } else {
                call.item = mutate(call.item, &mut random);
            }
        }
        if let Err(problem) = check(&call) {
            let Call {
                which,
                attribute,
                item,
            } = call;
            panic!("mutation {n}: {problem}\n{which:?}({attribute})\n{item}");
        }
    }
}

#[test]
fn the_calls_of_the_ui_tests_are_answered_with_code_or_errors() {
    for call in seeds() {
        if let Err(problem) = check(&call) {
            panic!("{problem}\n{}", call.item);
        }
    }
}
