//! `lock`: one computation across processes.
//!
//! Within a process computations are always shared, so in memory it is recorded and changes
//! nothing.

use syn::{Expr, ExprLit, Lit};

use super::{Given, Opt, Value, duration};
use crate::diagnostics::Faults;

pub(crate) struct Lock;

/// A lock, with the length of its lease where one is given.
pub(crate) struct Lease(pub(crate) Option<u64>);

impl Opt for Lock {
    const NAME: &'static str = "lock";
    const FORM: &'static str = "lock` or `lock = \"30s\"";
    type Value = Lease;

    fn read(given: Given, faults: &mut Faults) -> Option<Lease> {
        match &given.value {
            Value::Nothing => Some(Lease(None)),
            Value::Is(Expr::Lit(ExprLit {
                lit: Lit::Bool(_), ..
            })) => Self::malformed(&given, faults),
            Value::Is(value) => Some(Lease(Some(duration::read_millis(
                Self::NAME,
                value,
                faults,
            )?))),
            Value::List(_) => Self::malformed(&given, faults),
        }
    }
}
