//! How times are written: in configurations, URLs, and wherever a TTL is a text. The attributes read
//! them alike, at compile time.

use super::Millis;

/// Longer times than this, a thousand years, are taken for mistakes.
const LONGEST: Millis = 1_000 * 365 * 86_400_000;

const TIMES: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// `300`, in `plain` milliseconds each, or `1h30m`, `100ms`.
pub(crate) fn millis(text: &str, plain: u64) -> Option<Millis> {
    let sum = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        number(text)?.checked_mul(plain)?
    } else {
        times(text)?
    };
    Some(sum).filter(|sum| *sum <= LONGEST)
}

fn times(text: &str) -> Option<u64> {
    let (mut rest, mut sum, mut before) = (text, 0u64, u64::MAX);
    while !rest.is_empty() {
        let (digits, unit, behind) = part(rest);
        let factor = factor(TIMES, unit)?;
        // From the largest unit to the smallest, each once.
        if factor >= before {
            return None;
        }
        sum = sum.checked_add(number(digits)?.checked_mul(factor)?)?;
        (rest, before) = (behind, factor);
    }
    Some(sum)
}

/// A whole number without a sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The digits that a text begins with, what follows up to the next ones, and the rest.
pub(crate) fn part(text: &str) -> (&str, &str, &str) {
    let unit = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at(unit.unwrap_or(text.len()));
    let next = rest.find(|c: char| c.is_ascii_digit());
    let (unit, rest) = rest.split_at(next.unwrap_or(rest.len()));
    (digits, unit, rest)
}

/// What a unit of a list stands for.
pub(crate) fn factor(units: &[(&str, u64)], unit: &str) -> Option<u64> {
    let found = units.iter().find(|(name, _)| *name == unit);
    found.map(|(_, factor)| *factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_plain_or_have_units() {
        let seconds = |text| millis(text, 1_000);
        assert_eq!(seconds("300"), Some(300_000));
        assert_eq!(millis("300", 1), Some(300));
        assert_eq!(seconds("5m"), Some(300_000));
        assert_eq!(seconds("1h30m"), Some(5_400_000));
        assert_eq!(seconds("1d2h3m4s5ms"), Some(93_784_005));
        for wrong in [
            "", "m", "5", "-5s", "5 m", "5x", "1m1h", "1m1m", "1.5h", "5m3", "٣s", "5M",
        ] {
            assert_eq!(seconds(wrong).filter(|_| wrong != "5"), None, "{wrong}");
        }
        for long in ["18446744073709551615", "18446744073709551616", "400000d"] {
            assert_eq!(seconds(long), None, "{long}");
        }
    }
}
