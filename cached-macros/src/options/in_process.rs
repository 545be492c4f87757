//! `in_process`: values stay in memory and need no serde.

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct InProcess;

impl Opt for InProcess {
    const NAME: &'static str = "in_process";
    const FORM: &'static str = "in_process";
    type Value = ();

    fn read(given: Given, faults: &mut Faults) -> Option<()> {
        match &given.value {
            Value::Nothing => Some(()),
            Value::Is(_) | Value::List(_) => Self::malformed(&given, faults),
        }
    }
}
