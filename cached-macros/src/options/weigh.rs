//! `weigh = |value| bytes`: what a value counts against the weight bound of a memory cache.

use syn::Expr;

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct Weigh;

impl Opt for Weigh {
    const NAME: &'static str = "weigh";
    const FORM: &'static str = "weigh = |value| value.len()";
    type Value = Expr;

    fn read(given: Given, faults: &mut Faults) -> Option<Expr> {
        match given.value {
            Value::Is(weigh @ (Expr::Closure(_) | Expr::Path(_))) => Some(weigh),
            _ => Self::malformed(&given, faults),
        }
    }
}
