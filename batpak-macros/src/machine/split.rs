//! Finds the pieces of the call by their delimiters alone, so that a piece that does not parse, such as
//! one that is just being typed, costs only itself.

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};

/// The same tokens without the invisible groups that a `macro_rules!` puts around what it was given,
/// where they mean the same without.
pub(super) fn visible(tokens: TokenStream) -> TokenStream {
    if !has_invisible(&tokens) {
        return tokens;
    }
    let mut seen = TokenStream::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if has_invisible(&token_of(&group)) => {
                let inner = visible(group.stream());
                if group.delimiter() == Delimiter::None && is_one_thing(&inner) {
                    seen.extend(inner);
                } else {
                    let mut rebuilt = Group::new(group.delimiter(), inner);
                    rebuilt.set_span(group.span());
                    seen.extend([TokenTree::Group(rebuilt)]);
                }
            }
            other => seen.extend([other]),
        }
    }
    seen
}

fn token_of(group: &Group) -> TokenStream {
    TokenTree::Group(group.clone()).into()
}

fn has_invisible(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => {
            group.delimiter() == Delimiter::None || has_invisible(&group.stream())
        }
        _ => false,
    })
}

/// Whether no operator beside the tokens could take them apart: a name or path, with or without one group
/// behind it, a literal, or a whole item.
fn is_one_thing(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is_of_path =
        |token: &TokenTree| matches!(token, TokenTree::Ident(_)) || is_punct(token, ':');
    match &tokens[..] {
        [] | [_] => true,
        [.., last] if is_punct(last, ';') => true,
        [path @ .., TokenTree::Group(_)] if path.iter().all(is_of_path) => true,
        [first, .., last] if is_group(last, Delimiter::Brace) && begins_item(first) => true,
        all => all.iter().all(is_of_path),
    }
}

fn begins_item(token: &TokenTree) -> bool {
    const KEYWORDS: &[&str] = &[
        "pub", "enum", "struct", "union", "fn", "impl", "trait", "mod", "const", "extern",
    ];
    match token {
        TokenTree::Ident(word) => KEYWORDS.iter().any(|keyword| word == keyword),
        other => is_punct(other, '#'),
    }
}

/// The tokens of each item: up to a `;`, or a block in braces.
pub(super) fn items(tokens: TokenStream) -> Vec<TokenStream> {
    let (mut items, mut item) = (Vec::new(), Vec::new());
    for token in tokens {
        let is_end = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => {
                group.delimiter() == Delimiter::Brace && !ends_with_semicolon(&item)
            }
            _ => false,
        };
        item.push(token);
        if is_end {
            items.push(std::mem::take(&mut item));
        }
    }
    items.push(item);
    let is_something = |item: &Vec<TokenTree>| !matches!(&item[..], [] | [TokenTree::Punct(_)]);
    items
        .into_iter()
        .filter(is_something)
        .map(TokenStream::from_iter)
        .collect()
}

/// Whether an item that begins so has no block of its own: braces in it are part of a value or path.
fn ends_with_semicolon(item: &[TokenTree]) -> bool {
    let words: Vec<String> = item
        .iter()
        .filter_map(|token| match token {
            TokenTree::Ident(word) => Some(word.to_string()),
            _ => None,
        })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let behind_visibility = match &words[..] {
        ["pub", rest @ ..] => rest,
        rest => rest,
    };
    match behind_visibility {
        ["const", next, ..] => !matches!(*next, "fn" | "unsafe" | "async" | "extern"),
        ["use" | "static" | "type", ..] => true,
        _ => false,
    }
}

/// The pieces between the commas that are in no group and no angle brackets.
pub(super) fn at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let (mut pieces, mut piece, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    let mut is_arrow = false;
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !is_arrow => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    pieces.push(TokenStream::from_iter(std::mem::take(&mut piece)));
                    continue;
                }
                _ => {}
            }
            is_arrow = matches!(punct.as_char(), '-' | '=') && punct.spacing() == Spacing::Joint;
        }
        piece.push(token);
    }
    if !piece.is_empty() {
        pieces.push(TokenStream::from_iter(piece));
    }
    pieces
}

/// The last block in braces, and what stands before it.
pub(super) fn before_block(tokens: &TokenStream) -> Option<(TokenStream, Group)> {
    let mut tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    match tokens.pop() {
        Some(TokenTree::Group(block)) if block.delimiter() == Delimiter::Brace => {
            Some((TokenStream::from_iter(tokens), block))
        }
        _ => None,
    }
}

/// The tokens of an arm of `evolve`.
#[derive(Default, Clone)]
pub(super) struct RawArm {
    pub(super) attributes: TokenStream,
    /// The pair of patterns.
    pub(super) pattern: TokenStream,
    pub(super) guard: Option<TokenStream>,
    /// Where the `=>` is, if there is one.
    pub(super) arrow: Option<Span>,
    pub(super) body: TokenStream,
    /// Whether another arm follows that no comma separates from this one.
    pub(super) runs_on: bool,
}

/// The arms of a `match`.
pub(super) fn arms(tokens: TokenStream) -> Vec<RawArm> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut arms = Vec::new();
    let mut rest = &tokens[..];
    loop {
        while let [first, after @ ..] = rest
            && is_punct(first, ',')
        {
            rest = after;
        }
        if rest.is_empty() {
            return arms;
        }
        // Every token is some arm's, so that the rest gets shorter.
        let (mut next, after) = arm(rest);
        rest = after;
        let swallowed = swallowed(&mut next);
        arms.push(next);
        arms.extend(self::arms(swallowed));
    }
}

/// Of a pair that is not closed yet, which an editor closes at the end of the `match`: the tokens of the
/// arms behind it.
fn swallowed(arm: &mut RawArm) -> TokenStream {
    let mut pattern = arm.pattern.clone().into_iter();
    let (Some(TokenTree::Group(pair)), None) = (pattern.next(), pattern.next()) else {
        return TokenStream::new();
    };
    let tokens: Vec<TokenTree> = pair.stream().into_iter().collect();
    let begin = (1..tokens.len()).find(|i| starts_arm(&tokens[*i..]));
    let Some(begin) = begin.filter(|_| arm.arrow.is_none()) else {
        return TokenStream::new();
    };
    let mut own = Group::new(pair.delimiter(), tokens[..begin].iter().cloned().collect());
    own.set_span(pair.span());
    arm.pattern = TokenTree::Group(own).into();
    tokens[begin..].iter().cloned().collect()
}

fn arm(tokens: &[TokenTree]) -> (RawArm, &[TokenTree]) {
    let mut arm = RawArm::default();
    let mut rest = tokens;
    while starts_attribute(rest) {
        arm.attributes.extend(rest[..2].iter().cloned());
        rest = &rest[2..];
    }
    let end = pattern_end(rest);
    let is_if = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "if");
    let pattern = &rest[..end];
    let before_if = pattern.iter().position(is_if).unwrap_or(end);
    arm.pattern = pattern[..before_if].iter().cloned().collect();
    arm.guard = pattern
        .get(before_if + 1..)
        .map(|guard| guard.iter().cloned().collect());
    rest = &rest[end..];
    if !starts_arrow(rest) {
        arm.runs_on = rest.first().is_some_and(|next| !is_punct(next, ','));
        return (arm, rest);
    }
    arm.arrow = Some(rest[0].span());
    rest = &rest[2..];
    let end = body_end(rest);
    let is_block = end == 1 && is_group(&rest[0], Delimiter::Brace);
    arm.body = rest[..end].iter().cloned().collect();
    rest = &rest[end..];
    arm.runs_on = !is_block && rest.first().is_some_and(|next| !is_punct(next, ','));
    (arm, rest)
}

/// How many tokens of `tokens` are the pattern and the guard of the arm that they begin with.
fn pattern_end(tokens: &[TokenTree]) -> usize {
    let mut guarded = false;
    for (i, token) in tokens.iter().enumerate() {
        let rest = &tokens[i..];
        // A guard may have commas of its own, between the arguments of a closure or a type.
        let ends =
            is_punct(token, ',') && (!guarded || i + 1 == tokens.len() || starts_arm(&rest[1..]));
        if ends || starts_arrow(rest) || (i > 0 && starts_attribute(rest)) {
            return i;
        }
        guarded |= matches!(token, TokenTree::Ident(word) if word == "if");
    }
    tokens.len()
}

/// How many tokens of `tokens` are the body that they begin with.
fn body_end(tokens: &[TokenTree]) -> usize {
    if let [first, after @ ..] = tokens
        && is_group(first, Delimiter::Brace)
        && !after
            .first()
            .is_some_and(|next| is_punct(next, '.') || is_punct(next, '?'))
    {
        return 1;
    }
    let ends = |i: &usize| is_punct(&tokens[*i], ',') || starts_arm(&tokens[*i..]);
    (0..tokens.len()).find(ends).unwrap_or(tokens.len())
}

/// Whether an arm begins here: its attributes, or its pattern with what must follow it.
fn starts_arm(tokens: &[TokenTree]) -> bool {
    let [pair, after @ ..] = tokens else {
        return false;
    };
    let goes_on = || {
        starts_arrow(after) || matches!(after.first(), Some(TokenTree::Ident(word)) if word == "if")
    };
    starts_attribute(tokens) || (is_group(pair, Delimiter::Parenthesis) && goes_on())
}

fn starts_attribute(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [hash, list, ..] if is_punct(hash, '#') && is_group(list, Delimiter::Bracket))
}

fn starts_arrow(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), second, ..]
        if first.as_char() == '=' && first.spacing() == Spacing::Joint && is_punct(second, '>'))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}
