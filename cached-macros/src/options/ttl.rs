//! `ttl = 300`: how long a value stays fresh.

use super::duration::{self, Duration};
use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct Ttl;

impl Opt for Ttl {
    const NAME: &'static str = "ttl";
    const FORM: &'static str =
        "ttl = 300` (seconds), `ttl = \"5m\"`, `ttl = \"forever\"` or `ttl = expression";
    type Value = Duration;

    fn read(given: Given, faults: &mut Faults) -> Option<Duration> {
        match &given.value {
            Value::Is(value) => duration::read(Self::NAME, value, faults),
            Value::Nothing | Value::List(_) => Self::malformed(&given, faults),
        }
    }
}
