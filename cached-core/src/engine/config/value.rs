//! How settings are written: sizes, times, yes and no. What cannot be read is `None`; what is
//! shown instead is the business of the setting, because the text itself may be a secret.

use crate::time::Millis;

/// Longer times than this, a thousand years, are taken for mistakes.
const LONGEST: Millis = 1_000 * 365 * 86_400_000;

const TIMES: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
];

/// `300`, in `plain` milliseconds each, or `1h30m`, `100ms`.
pub(super) fn millis(text: &str, plain: u64) -> Option<Millis> {
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

/// `4096`, `512k`, `1GB` (powers of ten) or `64MiB` (powers of two), in bytes.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (digits, unit, behind) = part(text);
    let unit = unit.trim_start().to_ascii_lowercase();
    let factor = factor(SIZES, &unit).filter(|_| behind.is_empty())?;
    number(digits)?.checked_mul(factor)
}

/// A whole number without a sign.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `true` or `false`.
pub(super) fn yes(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// 32 bytes as 64 hexadecimal digits.
#[cfg(feature = "remote")]
pub(super) fn key(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = text.chars().map(hex).collect();
    let pairs = digits?;
    let bytes: Vec<u8> = pairs
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit))
        .collect();
    <[u8; 32]>::try_from(bytes)
        .ok()
        .filter(|_| text.len() == 64)
}

/// `%2F` is `/`; `None` unless two digits follow a `%` and what they spell is UTF-8.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?.into())? * 16 + hex(rest.next()?.into())?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: char) -> Option<u8> {
    u8::try_from(digit.to_digit(16)?).ok()
}

/// The digits that a text begins with, what follows up to the next ones, and the rest.
fn part(text: &str) -> (&str, &str, &str) {
    let unit = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at(unit.unwrap_or(text.len()));
    let next = rest.find(|c: char| c.is_ascii_digit());
    let (unit, rest) = rest.split_at(next.unwrap_or(rest.len()));
    (digits, unit, rest)
}

fn factor(units: &[(&str, u64)], unit: &str) -> Option<u64> {
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

    #[test]
    fn sizes_have_units_of_ten_and_of_two() {
        assert_eq!(bytes("4096"), Some(4096));
        assert_eq!(bytes("512k"), Some(512_000));
        assert_eq!(bytes("1GB"), Some(1_000_000_000));
        assert_eq!(bytes("64MiB"), Some(64 << 20));
        assert_eq!(bytes("64 mib"), Some(64 << 20));
        for wrong in [
            "",
            "k",
            "-1",
            "1.5G",
            "1 k b",
            "1k2",
            "18446744073709551616",
            "99999999999GiB",
        ] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn percents_spell_bytes_of_utf_8() {
        assert_eq!(percent_decoded("a%2Fb%c3%A9"), Some("a/bé".to_owned()));
        for wrong in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(percent_decoded(wrong), None, "{wrong}");
        }
    }
}
