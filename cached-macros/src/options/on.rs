//! `on = ok`: a mutator invalidates only when it returned `Ok`.

use syn::Expr;

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct On;

impl Opt for On {
    const NAME: &'static str = "on";
    const FORM: &'static str = "on = ok";
    type Value = ();

    fn read(given: Given, faults: &mut Faults) -> Option<()> {
        match &given.value {
            Value::Is(Expr::Path(path)) if path.path.is_ident("ok") => Some(()),
            _ => Self::malformed(&given, faults),
        }
    }
}
