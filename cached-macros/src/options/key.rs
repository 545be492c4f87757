//! `key = "post:<id>"`: the template that every call renders its key from.

use super::{Given, Opt};
use crate::diagnostics::Faults;
use crate::template::Template;

pub(crate) struct Key;

impl Opt for Key {
    const NAME: &'static str = "key";
    const FORM: &'static str = "key = \"post:<id>\"";
    type Value = Template;

    fn read(given: Given, faults: &mut Faults) -> Option<Template> {
        match given.text() {
            Some(text) => Template::parse(text, faults),
            None => Self::malformed(&given, faults),
        }
    }
}
