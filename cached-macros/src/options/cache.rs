//! `cache = "sessions"` or `cache = self.cache`: which cache holds the values.

use syn::{Expr, LitStr};

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct Cache;

pub(crate) enum Which {
    /// A cache installed under a name.
    Named(LitStr),
    /// An expression that leads to a handle, evaluated at each call.
    Computed(Box<Expr>),
}

impl Opt for Cache {
    const NAME: &'static str = "cache";
    const FORM: &'static str = "cache = \"name\"` or `cache = self.cache";
    type Value = Which;

    fn read(given: Given, faults: &mut Faults) -> Option<Which> {
        match &given.value {
            Value::Is(value) => match given.text() {
                Some(name) if name.value().is_empty() => Self::malformed(&given, faults),
                Some(name) => Some(Which::Named(name.clone())),
                None => Some(Which::Computed(Box::new(value.clone()))),
            },
            Value::Nothing | Value::List(_) => Self::malformed(&given, faults),
        }
    }
}
