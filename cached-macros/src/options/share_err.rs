//! `share_err = false`: callers that wait for a computation do not share its error.

use syn::{Expr, ExprLit, Lit};

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct ShareErr;

impl Opt for ShareErr {
    const NAME: &'static str = "share_err";
    const FORM: &'static str = "share_err = false";
    type Value = bool;

    fn read(given: Given, faults: &mut Faults) -> Option<bool> {
        match &given.value {
            Value::Is(Expr::Lit(ExprLit {
                lit: Lit::Bool(share),
                ..
            })) => Some(share.value),
            _ => Self::malformed(&given, faults),
        }
    }
}
