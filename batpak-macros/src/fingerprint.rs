//! What code says as a number, so that a change of it can be told.

use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};

/// Attributes that say nothing of what code does.
const SILENT: &[&str] = &[
    "doc", "allow", "expect", "warn", "deny", "inline", "cold", "must_use",
];

/// The fingerprint of tokens: FNV-1a of them, without docs and the like, and without what formatting adds
/// and takes away between them. It is the same in every run and on every machine.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// The fingerprint as it stands in code: `0x8A1F_00C3_..`.
    pub(crate) fn literal(&self) -> Literal {
        let parts = [48, 32, 16, 0].map(|shift| format!("{:04X}", self.0 >> shift & 0xFFFF));
        let text = format!("0x{}", parts.join("_"));
        text.parse()
            .unwrap_or_else(|_| Literal::u64_unsuffixed(self.0))
    }

    /// Goes on with these tokens, and their end.
    pub(crate) fn tokens(&mut self, tokens: TokenStream) {
        self.all(tokens);
        self.text(";");
    }

    fn all(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct)
                    if punct.as_char() == '#' && tokens.peek().is_some_and(is_silent) =>
                {
                    tokens.next();
                }
                // rustfmt writes a comma behind the last of many.
                TokenTree::Punct(punct) if punct.as_char() == ',' && tokens.peek().is_none() => {}
                TokenTree::Punct(punct) => self.text(punct.as_char().encode_utf8(&mut [0; 4])),
                TokenTree::Ident(ident) => self.text(&ident.to_string()),
                TokenTree::Literal(literal) => self.text(&literal.to_string()),
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        // Of a `macro_rules!`, which nobody wrote.
                        Delimiter::None => ("", ""),
                    };
                    self.text(open);
                    self.all(group.stream());
                    self.text(close);
                }
            }
        }
    }

    /// A token; nothing for none.
    fn text(&mut self, text: &str) {
        // What is in no text ends each, so that `a b` is not `ab`.
        let end = (!text.is_empty()).then_some(0xFF);
        for byte in text.bytes().chain(end) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}

/// Whether it is the brackets of a silent attribute.
fn is_silent(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(name)) if SILENT.iter().any(|silent| name == silent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> String {
        let mut print = Fingerprint::new();
        print.tokens(code.parse().unwrap());
        print.literal().to_string()
    }

    #[test]
    fn docs_lints_and_formatting_are_not_in_a_fingerprint() {
        let plain = "impl A { fn a(&mut self, n: &u64) { self.n += n; } }";
        let dressed = "
            /// Docs.
            impl A {
                #[inline]
                fn a(
                    &mut self,
                    n: &u64,
                ) {
                    // Adds.
                    self.n += n;
                }
            }";
        assert_eq!(of(plain), of(dressed));
    }

    #[test]
    fn every_token_is_in_a_fingerprint() {
        let codes = [
            "a b",
            "ab",
            "(a) b",
            "(a b)",
            "{a b}",
            "a, b",
            "a + b",
            "#[on(a)] b",
            "\"a\" b",
            "",
        ];
        for (i, one) in codes.iter().enumerate() {
            for other in &codes[..i] {
                assert_ne!(of(one), of(other), "{one} / {other}");
            }
        }
    }

    #[test]
    fn a_fingerprint_is_the_same_on_every_machine() {
        assert_eq!(of("a"), "0xD3A5_7181_9366_2F2B");
    }
}
