//! `again_after = "10s"`: when a dropped mutator invalidates once more.

use super::{Given, Opt, Value, duration};
use crate::diagnostics::Faults;

pub(crate) struct AgainAfter;

impl Opt for AgainAfter {
    const NAME: &'static str = "again_after";
    const FORM: &'static str = "again_after = \"10s\"";
    type Value = u64;

    fn read(given: Given, faults: &mut Faults) -> Option<u64> {
        match &given.value {
            Value::Is(value) => duration::read_millis(Self::NAME, value, faults),
            Value::Nothing | Value::List(_) => Self::malformed(&given, faults),
        }
    }
}
