//! serde's attributes: those that the codec honours, those that do not concern it, and the rest.
//!
//! A payload has the names of fields in it and no others. So what says how serde would write the
//! names of the type and of its variants is for a serde derive of the user's own.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, ExprPath, LitStr, Path, Token};

use super::Missing;
use crate::errors::Errors;
use crate::keys::skip_value;

/// What `#[serde(..)]` says on a field.
#[derive(Default)]
pub(super) struct FieldSettings {
    pub(super) rename: Option<LitStr>,
    pub(super) aliases: Vec<LitStr>,
    pub(super) missing: Option<Missing>,
    pub(super) with: Option<ExprPath>,
    pub(super) skip: bool,
    pub(super) skip_if: Option<ExprPath>,
}

/// What the attributes are on, if not on a field.
#[derive(Clone, Copy)]
pub(super) enum On {
    Enum,
    Variant,
    Struct,
    /// The one payload struct of a tuple variant.
    Payload,
}

impl On {
    /// The attributes that change no payload.
    fn passed_over(self) -> &'static [&'static str] {
        match self {
            Self::Enum => &[
                "rename",
                "rename_all",
                "tag",
                "content",
                "untagged",
                "crate",
                "expecting",
            ],
            Self::Variant => &["rename", "alias"],
            Self::Struct => &["rename", "crate", "expecting"],
            Self::Payload => &[],
        }
    }

    /// What to do instead.
    fn advice(self) -> &'static str {
        match self {
            Self::Enum | Self::Variant | Self::Struct => {
                "on the fields, `rename`, `alias`, `default`, `with`, `skip` and `skip_serializing_if` are honoured"
            }
            Self::Payload => "the payload struct has its own",
        }
    }
}

/// Refuses what would change a payload and is not honoured.
pub(super) fn check(attributes: &[Attribute], on: On, errors: &mut Errors) {
    each(attributes, errors, |meta, errors| {
        let name = name(&meta.path);
        skip_value(meta)?;
        if name == "deny_unknown_fields" {
            errors.add(
                &meta.path,
                "`#[serde(deny_unknown_fields)]` would refuse events written by newer code",
            );
        } else if !on.passed_over().contains(&name.as_str()) {
            let advice = on.advice();
            errors.add(
                &meta.path,
                format_args!("`#[serde({name})]` is not honoured here; {advice}"),
            );
        }
        Ok(())
    });
}

/// What serde's attributes say on a field.
pub(super) fn field(attributes: &[Attribute], errors: &mut Errors) -> FieldSettings {
    let mut found = FieldSettings::default();
    each(attributes, errors, |meta, errors| {
        match name(&meta.path).as_str() {
            "rename" => found.rename = Some(meta.value()?.parse()?),
            "alias" => found.aliases.push(meta.value()?.parse()?),
            "default" if meta.input.peek(Token![=]) => {
                found.missing = Some(Missing::Call(path(meta)?));
            }
            "default" => found.missing = Some(Missing::Default),
            "with" => found.with = Some(path(meta)?),
            "skip" => found.skip = true,
            "skip_serializing_if" => found.skip_if = Some(path(meta)?),
            other => {
                skip_value(meta)?;
                errors.add(
                    &meta.path,
                    format_args!(
                        "`#[serde({other})]` is not honoured in an event; `rename`, `alias`, `default`, \
                         `with`, `skip` and `skip_serializing_if` are"
                    ),
                );
            }
        }
        Ok(())
    });
    found
}

fn each(
    attributes: &[Attribute],
    errors: &mut Errors,
    mut setting: impl FnMut(&ParseNestedMeta<'_>, &mut Errors) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        let parsed = attribute.parse_nested_meta(|meta| setting(&meta, errors));
        errors.take(parsed);
    }
}

fn name(path: &Path) -> String {
    path.get_ident()
        .map_or_else(String::new, ToString::to_string)
}

/// The path in the text of `key = "path"`, with the text's span.
fn path(meta: &ParseNestedMeta<'_>) -> syn::Result<ExprPath> {
    let text: LitStr = meta.value()?.parse()?;
    text.parse()
}
