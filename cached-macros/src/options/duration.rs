//! Durations as options write them: seconds (`300`, `5 * 60`), text (`"1h30m"`), `"forever"`.
//!
//! What is known while compiling is checked while compiling. Any other expression is left to the
//! runtime, which reports a zero or an overflow once and does not store.

use quote::ToTokens;
use syn::{BinOp, Expr, ExprLit, Lit, UnOp};

use super::span_of;
use crate::diagnostics::Faults;

/// A duration that an option states.
pub(crate) enum Duration {
    Millis(u64),
    Forever,
    Computed(Box<Expr>),
}

/// Longer than any value should be kept without saying `"forever"`.
const LONGEST_MS: i128 = 100 * 365 * 24 * 3600 * 1000;

/// Reads the value of the option `name`.
pub(crate) fn read(name: &str, value: &Expr, faults: &mut Faults) -> Option<Duration> {
    parse(value)
        .map_err(|wrong| wrong.report(name, value, faults))
        .ok()
}

/// Reads a value, for options that say in their own words what is wrong with it.
pub(crate) fn parse(value: &Expr) -> Result<Duration, Wrong> {
    let millis = match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if text.value() == "forever" => {
            return Ok(Duration::Forever);
        }
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text_millis(&text.value()),
        Expr::Lit(ExprLit {
            lit: Lit::Int(_) | Lit::Float(_),
            ..
        })
        | Expr::Unary(_)
        | Expr::Binary(_)
        | Expr::Paren(_) => match seconds(value) {
            Some(seconds) => {
                seconds.and_then(|seconds| seconds.checked_mul(1000).ok_or(Wrong::TooLong))
            }
            None => return Ok(Duration::Computed(Box::new(value.clone()))),
        },
        Expr::Lit(_) => Err(Wrong::Unreadable),
        _ => return Ok(Duration::Computed(Box::new(value.clone()))),
    };
    millis.and_then(bounded).map(Duration::Millis)
}

/// Like [`read`], for options where neither `"forever"` nor an expression makes sense.
pub(crate) fn read_millis(name: &str, value: &Expr, faults: &mut Faults) -> Option<u64> {
    match read(name, value, faults)? {
        Duration::Millis(millis) => Some(millis),
        Duration::Forever | Duration::Computed(_) => {
            let wrong = format!("`{name}` takes a literal duration");
            faults.at(
                span_of(value),
                wrong,
                format!("write `{name} = \"5s\"` or `{name} = 5`"),
            );
            None
        }
    }
}

/// Why a value is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Zero,
    Negative,
    TooLong,
    Fraction,
    Unreadable,
}

impl Wrong {
    pub(crate) fn report(self, name: &str, value: &Expr, faults: &mut Faults) {
        let (wrong, write) = match self {
            Self::Zero => (
                "zero: nothing would ever be stored",
                "give a time, `\"5m\"`, or remove the attribute",
            ),
            Self::Negative => (
                "negative",
                "write the time to keep the value: `300` or `\"5m\"`",
            ),
            Self::TooLong => (
                "longer than 100 years",
                "write `\"forever\"` if the value never expires",
            ),
            Self::Fraction => (
                "a fraction",
                "write whole seconds, or milliseconds: `\"500ms\"`",
            ),
            Self::Unreadable => (
                "not a duration",
                "write seconds (`300`) or units in falling order: `\"2d\"`, `\"1h30m\"`, `\"10s\"`, `\"500ms\"`",
            ),
        };
        faults.over(value, format!("{} is {wrong}", shown(name, value)), write);
    }
}

/// An option as it was written, for messages.
pub(crate) fn shown(name: &str, value: &Expr) -> String {
    let text = value.to_token_stream().to_string().replace("- ", "-");
    format!("`{name} = {text}`")
}

fn bounded(millis: i128) -> Result<u64, Wrong> {
    match millis {
        0 => Err(Wrong::Zero),
        i128::MIN..0 => Err(Wrong::Negative),
        millis if millis > LONGEST_MS => Err(Wrong::TooLong),
        millis => u64::try_from(millis).map_err(|_| Wrong::TooLong),
    }
}

/// The value of integer literals joined by `+`, `-` and `*`; `None` where anything else occurs.
fn seconds(value: &Expr) -> Option<Result<i128, Wrong>> {
    match value {
        Expr::Paren(inner) => seconds(&inner.expr),
        Expr::Lit(ExprLit {
            lit: Lit::Int(int), ..
        }) => Some(int.base10_parse().map_err(|_| Wrong::TooLong)),
        Expr::Lit(ExprLit {
            lit: Lit::Float(_), ..
        }) => Some(Err(Wrong::Fraction)),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            Some(seconds(&unary.expr)?.map(|seconds| -seconds))
        }
        Expr::Binary(binary) => {
            let (left, right) = (seconds(&binary.left)?, seconds(&binary.right)?);
            let joined = match binary.op {
                BinOp::Add(_) => i128::checked_add,
                BinOp::Sub(_) => i128::checked_sub,
                BinOp::Mul(_) => i128::checked_mul,
                _ => return None,
            };
            Some(left.and_then(|left| joined(left, right?).ok_or(Wrong::TooLong)))
        }
        _ => None,
    }
}

/// `1h30m` in milliseconds.
fn text_millis(text: &str) -> Result<i128, Wrong> {
    const UNITS: [(&str, i128); 5] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];
    let mut rest = text.trim();
    if rest.starts_with('-') {
        return Err(Wrong::Negative);
    }
    let mut total = 0_i128;
    let mut units = UNITS.as_slice();
    while !rest.is_empty() {
        let (digits, tail) = split(rest, |c| c.is_ascii_digit());
        let (unit, tail) = split(tail, |c| c.is_ascii_alphabetic());
        let at = units
            .iter()
            .position(|(name, _)| *name == unit)
            .ok_or(Wrong::Unreadable)?;
        if digits.is_empty() {
            return Err(Wrong::Unreadable);
        }
        let count: i128 = digits.parse().map_err(|_| Wrong::TooLong)?;
        let part = count.checked_mul(units[at].1).ok_or(Wrong::TooLong)?;
        total = total.checked_add(part).ok_or(Wrong::TooLong)?;
        (units, rest) = (&units[at + 1..], tail.trim_start());
    }
    if text.trim().is_empty() {
        Err(Wrong::Unreadable)
    } else {
        Ok(total)
    }
}

fn split(text: &str, belongs: fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str) -> Result<Option<u64>, String> {
        let value = syn::parse_str::<Expr>(text).expect("an expression");
        let mut faults = Faults::default();
        match read("ttl", &value, &mut faults) {
            Some(Duration::Millis(millis)) => Ok(Some(millis)),
            Some(Duration::Forever | Duration::Computed(_)) => Ok(None),
            None => Err(faults.texts().join("\n")),
        }
    }

    #[test]
    fn literals_become_milliseconds() {
        for (text, millis) in [
            ("300", 300_000),
            ("5 * 60", 300_000),
            ("(24 * 60 + 30) * 60", 88_200_000),
            ("1_000", 1_000_000),
            ("\"5m\"", 300_000),
            ("\"10s\"", 10_000),
            ("\"1h30m\"", 5_400_000),
            ("\"1h 30m\"", 5_400_000),
            ("\"2d\"", 172_800_000),
            ("\"500ms\"", 500),
            ("\"1s500ms\"", 1500),
        ] {
            assert_eq!(outcome(text), Ok(Some(millis)), "{text}");
        }
    }

    #[test]
    fn expressions_and_forever_are_kept() {
        for text in [
            "TTL",
            "config.ttl",
            "60 * minutes",
            "Duration::from_secs(0)",
            "\"forever\"",
        ] {
            assert_eq!(outcome(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (text, wrong) in [
            ("0", "zero"),
            ("\"0s\"", "zero"),
            ("5 - 5", "zero"),
            ("-5", "negative"),
            ("\"-5m\"", "negative"),
            ("1.5", "a fraction"),
            ("18446744073709551615", "longer than 100 years"),
            (
                "999999999999999999999999999999999999999999",
                "longer than 100 years",
            ),
            ("\"99999999999999999999999d\"", "longer than 100 years"),
            ("\"5\"", "not a duration"),
            ("\"\"", "not a duration"),
            ("\"5 minutes\"", "not a duration"),
            ("\"m\"", "not a duration"),
            ("\"5s1h\"", "not a duration"),
            ("true", "not a duration"),
        ] {
            let fault = outcome(text).expect_err(text);
            assert!(fault.contains(wrong), "{text}: {fault}");
        }
    }
}
