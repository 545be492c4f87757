//! Dates and times of day as RFC 3339 writes them, whichever crate they come from.

use super::KeyWriter;
use super::part::fraction;

/// `2026-11-23`; years before 0 have a sign, years after 9999 more digits.
pub(super) fn date(key: &mut KeyWriter, year: i32, month: u32, day: u32) {
    let sign = if year < 0 { "-" } else { "" };
    let year = year.unsigned_abs();
    key.print(format_args!("{sign}{year:04}-{month:02}-{day:02}"));
}

/// `12:30:00`, with a fraction if there is one.
pub(super) fn time(key: &mut KeyWriter, hour: u32, minute: u32, second: u32, nanos: u32) {
    key.print(format_args!("{hour:02}:{minute:02}:{second:02}"));
    fraction(key, nanos);
}
