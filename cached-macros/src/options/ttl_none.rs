//! `ttl_none = "30s"`: store `None` too, for this long.

use super::duration::{self, Duration};
use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct TtlNone;

impl Opt for TtlNone {
    const NAME: &'static str = "ttl_none";
    const FORM: &'static str = "ttl_none = \"30s\"` or `ttl_none = \"forever\"";
    type Value = Duration;

    fn read(given: Given, faults: &mut Faults) -> Option<Duration> {
        let Value::Is(value) = &given.value else {
            return Self::malformed(&given, faults);
        };
        match duration::read(Self::NAME, value, faults)? {
            Duration::Computed(_) => Self::malformed(&given, faults),
            literal => Some(literal),
        }
    }
}
