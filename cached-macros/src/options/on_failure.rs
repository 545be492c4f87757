//! `on_failure = error`: a mutator whose invalidations could not be delivered fails before it
//! changes anything. `on_failure = queue`, the default, delivers them later.

use proc_macro2::Span;
use syn::Expr;

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct OnFailure;

/// Where `error` was written; `None` for `queue`.
pub(crate) type Refusing = Option<Span>;

impl Opt for OnFailure {
    const NAME: &'static str = "on_failure";
    const FORM: &'static str = "on_failure = error";
    type Value = Refusing;

    fn read(given: Given, faults: &mut Faults) -> Option<Refusing> {
        match &given.value {
            Value::Is(Expr::Path(path)) if path.path.is_ident("error") => Some(Some(given.span)),
            Value::Is(Expr::Path(path)) if path.path.is_ident("queue") => Some(None),
            _ => Self::malformed(&given, faults),
        }
    }
}
