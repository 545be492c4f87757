//! `wait = "2s"`: how long a caller waits for another's computation before it runs its own.

use super::{Given, Opt, Value, duration};
use crate::diagnostics::Faults;

pub(crate) struct Wait;

impl Opt for Wait {
    const NAME: &'static str = "wait";
    const FORM: &'static str = "wait = \"2s\"";
    type Value = u64;

    fn read(given: Given, faults: &mut Faults) -> Option<u64> {
        match &given.value {
            Value::Is(value) => duration::read_millis(Self::NAME, value, faults),
            Value::Nothing | Value::List(_) => Self::malformed(&given, faults),
        }
    }
}
