//! `crate = path`: where `cached-core` is, if it has another name.

use syn::{Expr, Path};

use super::{Given, Opt, Value};
use crate::diagnostics::Faults;

pub(crate) struct CratePath;

impl Opt for CratePath {
    const NAME: &'static str = "crate";
    const FORM: &'static str = "crate = path::to::cached_core";
    type Value = Path;

    fn read(given: Given, faults: &mut Faults) -> Option<Path> {
        match given.value {
            Value::Is(Expr::Path(path)) if path.qself.is_none() => Some(path.path),
            _ => Self::malformed(&given, faults),
        }
    }
}
