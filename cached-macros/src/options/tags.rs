//! `tags("user:<author>")` on readers, `tag = "user:<author>"` on mutators.

use super::{Given, Opt, Value, texts};
use crate::diagnostics::Faults;
use crate::template::Template;

pub(crate) struct Tags;

impl Opt for Tags {
    const NAME: &'static str = "tags";
    const FORM: &'static str = "tags(\"user:<author>\")";
    type Value = Vec<Template>;

    fn read(given: Given, faults: &mut Faults) -> Option<Vec<Template>> {
        let texts = match &given.value {
            Value::List(list) => texts(list.clone()),
            Value::Is(_) | Value::Nothing => None,
        };
        match texts {
            Some(texts) => Some(
                texts
                    .iter()
                    .filter_map(|text| Template::parse(text, faults))
                    .collect(),
            ),
            None => Self::malformed(&given, faults),
        }
    }
}

pub(crate) struct Tag;

impl Opt for Tag {
    const NAME: &'static str = "tag";
    const FORM: &'static str = "tag = \"user:<author>\"";
    type Value = Template;

    fn read(given: Given, faults: &mut Faults) -> Option<Template> {
        match given.text() {
            Some(text) => Template::parse(text, faults),
            None => Self::malformed(&given, faults),
        }
    }
}
