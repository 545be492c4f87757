//! Feature `chrono`.

use ::chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};

use super::{KeyPart, KeyWriter, calendar};

const SECOND: u32 = 1_000_000_000;

/// `2026-11-23`.
#[diagnostic::do_not_recommend]
impl KeyPart for NaiveDate {
    fn write_key(&self, key: &mut KeyWriter) {
        calendar::date(key, self.year(), self.month(), self.day());
    }
}

/// `12:30:00.5`, encoded as text is.
#[diagnostic::do_not_recommend]
impl KeyPart for NaiveTime {
    fn write_key(&self, key: &mut KeyWriter) {
        let (second, nanos) = (self.second(), self.nanosecond());
        let (hour, minute) = (self.hour(), self.minute());
        match nanos.checked_sub(SECOND) {
            None => calendar::time(key, hour, minute, second, nanos),
            // A leap second. Chrono allows one in any minute and any second of it.
            Some(nanos) if second == 59 => calendar::time(key, hour, minute, 60, nanos),
            Some(nanos) => {
                calendar::time(key, hour, minute, second, nanos);
                key.text("L");
            }
        }
    }
}

/// `2026-11-23T12:30:00`, encoded as text is.
#[diagnostic::do_not_recommend]
impl KeyPart for NaiveDateTime {
    fn write_key(&self, key: &mut KeyWriter) {
        self.date().write_key(key);
        key.text("T");
        self.time().write_key(key);
    }
}

/// The instant, in UTC: `2026-11-23T12:30:00Z`, encoded as text is. The time zone is not in it,
/// as it is not in the equality of two instants.
#[diagnostic::do_not_recommend]
impl<Tz: TimeZone> KeyPart for DateTime<Tz> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.naive_utc().write_key(key);
        key.text("Z");
    }
}

#[cfg(test)]
mod tests {
    use ::chrono::{FixedOffset, Utc};

    use super::*;
    use crate::key::tests::form;

    fn noon() -> NaiveDateTime {
        let date = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a date");
        date.and_hms_nano_opt(12, 30, 0, 500_000_000)
            .expect("a time")
    }

    #[test]
    fn naive_forms() {
        assert_eq!(form(&noon().date()), "2026-11-23");
        assert_eq!(form(&noon().time()), "12%3A30%3A00.5");
        assert_eq!(form(&noon()), "2026-11-23T12%3A30%3A00.5");
        let days = |year| form(&NaiveDate::from_ymd_opt(year, 1, 2).expect("a date"));
        assert_eq!(
            [days(-1), days(0), days(7), days(20_260)],
            ["-0001-01-02", "0000-01-02", "0007-01-02", "20260-01-02"]
        );
    }

    #[test]
    fn an_instant_is_the_same_in_every_zone() {
        let east = FixedOffset::east_opt(2 * 3600).expect("an offset");
        let instant = Utc.from_utc_datetime(&noon());
        assert_eq!(form(&instant), "2026-11-23T12%3A30%3A00.5Z");
        assert_eq!(form(&instant.with_timezone(&east)), form(&instant));
    }

    #[test]
    fn leap_seconds_differ_from_the_seconds_around_them() {
        let at = |second, nanos| {
            form(&NaiveTime::from_hms_opt(0, 0, second).and_then(|t| t.with_nanosecond(nanos)))
        };
        assert_eq!(at(59, 1_500_000_000), "+00%3A00%3A60.5");
        assert_eq!(at(30, 1_500_000_000), "+00%3A00%3A30.5L");
        assert_eq!(at(30, 1_000_000_000), "+00%3A00%3A30L");
    }

    #[test]
    fn extreme_instants_have_a_form() {
        assert_eq!(
            form(&DateTime::<Utc>::MIN_UTC),
            "-262143-01-01T00%3A00%3A00Z"
        );
        let west = FixedOffset::west_opt(86_399).expect("an offset");
        let first = DateTime::<Utc>::MIN_UTC.with_timezone(&west);
        assert_eq!(form(&first), form(&DateTime::<Utc>::MIN_UTC));
    }
}
