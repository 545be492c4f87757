//! `companion = name` or `companion = none`: where `entry(..)` and its siblings go.

use proc_macro2::Ident;
use syn::Expr;

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct Companion;

pub(crate) enum Wanted {
    /// Under another name than the function's.
    Named(Ident),
    /// Nothing beside the function: its body stays inside of it.
    None,
}

impl Opt for Companion {
    const NAME: &'static str = "companion";
    const FORM: &'static str = "companion = name` or `companion = none";
    type Value = Wanted;

    fn read(given: Given, faults: &mut Faults) -> Option<Wanted> {
        let name = match &given.value {
            Value::Is(Expr::Path(path)) => path.path.get_ident().cloned(),
            _ => None,
        };
        match name {
            Some(name) if name == "none" => Some(Wanted::None),
            Some(name) => Some(Wanted::Named(name)),
            None => Self::malformed(&given, faults),
        }
    }
}
