//! `l1 = "10s"`: how old what this process keeps in memory in front of a shared backend may be.

use syn::{Expr, ExprLit, Lit};

use super::duration::{self, Duration, Wrong};
use super::{Given, Opt, Value, span_of};
use crate::diagnostics::Faults;

pub(crate) struct L1;

/// What a function says of the first of two tiers, and where.
pub(crate) struct Near {
    pub(crate) kept: Kept,
    pub(crate) span: proc_macro2::Span,
}

pub(crate) enum Kept {
    Never,
    /// In milliseconds.
    AtMost(u64),
}

impl Opt for L1 {
    const NAME: &'static str = "l1";
    const FORM: &'static str = "l1 = \"10s\"` or `l1 = false";
    type Value = Near;

    fn read(given: Given, faults: &mut Faults) -> Option<Near> {
        let span = given.span;
        let kept = match &given.value {
            Value::Is(Expr::Lit(ExprLit {
                lit: Lit::Bool(kept),
                ..
            })) => match kept.value {
                false => Kept::Never,
                true => return says_nothing(kept.span, faults),
            },
            Value::Is(value) => Kept::AtMost(age(value, faults)?),
            Value::Nothing => return says_nothing(span, faults),
            Value::List(_) => return Self::malformed(&given, faults),
        };
        Some(Near { kept, span })
    }
}

/// The greatest age, in milliseconds.
fn age(value: &Expr, faults: &mut Faults) -> Option<u64> {
    let (wrong, write) = match duration::parse(value) {
        Ok(Duration::Millis(millis)) => return Some(millis),
        Ok(Duration::Forever) => (
            "`l1 = \"forever\"` is no age".to_owned(),
            "write the greatest age: `l1 = \"10s\"`",
        ),
        Ok(Duration::Computed(_)) => {
            let wrong = "`l1` takes a literal duration or `false`";
            faults.at(
                span_of(value),
                wrong,
                "write `l1 = \"10s\"` or `l1 = false`",
            );
            return None;
        }
        Err(Wrong::Zero) => (
            format!("{} is zero", duration::shown(L1::NAME, value)),
            "write `l1 = false` to keep nothing in memory in front of a shared backend",
        ),
        Err(Wrong::TooLong) => (
            format!(
                "{} is longer than 100 years",
                duration::shown(L1::NAME, value)
            ),
            "write the greatest age: `l1 = \"10s\"`",
        ),
        Err(wrong) => {
            wrong.report(L1::NAME, value, faults);
            return None;
        }
    };
    faults.over(value, wrong, write);
    None
}

fn says_nothing<T>(span: proc_macro2::Span, faults: &mut Faults) -> Option<T> {
    faults.at(
        span,
        "`l1` says nothing here: values are kept as the cache says without it",
        "state the greatest age, `l1 = \"10s\"`, or write `l1 = false`",
    );
    None
}
