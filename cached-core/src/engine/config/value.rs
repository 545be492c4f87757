//! How settings are written: sizes, yes and no, and times as everywhere. What cannot be read is `None`; what is
//! shown instead is the business of the setting, because the text itself may be a secret.

use crate::time::written::{factor, part};
pub(super) use crate::time::written::{millis, number};

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

/// `4096`, `512k`, `1GB` (powers of ten) or `64MiB` (powers of two), in bytes.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (digits, unit, behind) = part(text);
    let unit = unit.trim_start().to_ascii_lowercase();
    let factor = factor(SIZES, &unit).filter(|_| behind.is_empty())?;
    number(digits)?.checked_mul(factor)
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

#[cfg(test)]
mod tests {
    use super::*;

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
