//! `version = 2`: a number in the identity of every key; a new one leaves the old values behind.

use syn::{Expr, ExprLit, Lit};

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct Version;

impl Opt for Version {
    const NAME: &'static str = "version";
    const FORM: &'static str = "version = 2";
    type Value = u32;

    fn read(given: Given, faults: &mut Faults) -> Option<u32> {
        let number = match &given.value {
            Value::Is(Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            })) => number.base10_parse().ok(),
            _ => None,
        };
        number.or_else(|| Self::malformed(&given, faults))
    }
}
