//! `schema = "post-v2"`: the declared meaning of the value's type in shared backends. A change of
//! fields is noticed without it; this is for a change of what they mean.

use super::{Given, Opt};
use crate::diagnostics::Faults;

pub(crate) struct Schema;

impl Opt for Schema {
    const NAME: &'static str = "schema";
    const FORM: &'static str = "schema = \"post-v2\"";
    type Value = String;

    fn read(given: Given, faults: &mut Faults) -> Option<String> {
        let Some(text) = given.text() else {
            return Self::malformed(&given, faults);
        };
        let schema = text.value();
        if is_numbered(&schema) {
            return Some(schema);
        }
        faults.at(
            text.span(),
            format!("`{schema}` is no name with a version"),
            format!("write a name and a number, as in `{}`", Self::FORM),
        );
        None
    }
}

/// `name-v2`: so that everybody sees what to change next time.
fn is_numbered(schema: &str) -> bool {
    schema.rsplit_once("-v").is_some_and(|(name, version)| {
        let legal = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        !name.is_empty() && name.chars().all(legal) && version.parse::<u32>().is_ok()
    })
}
