//! Feature `time`.

use ::time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::{KeyPart, KeyWriter, calendar};

/// `2026-11-23`.
#[diagnostic::do_not_recommend]
impl KeyPart for Date {
    fn write_key(&self, key: &mut KeyWriter) {
        let (year, month, day) = self.to_calendar_date();
        calendar::date(key, year, u8::from(month).into(), day.into());
    }
}

/// `12:30:00.5`, encoded as text is.
#[diagnostic::do_not_recommend]
impl KeyPart for Time {
    fn write_key(&self, key: &mut KeyWriter) {
        let (hour, minute, second, nanos) = self.as_hms_nano();
        calendar::time(key, hour.into(), minute.into(), second.into(), nanos);
    }
}

/// `2026-11-23T12:30:00`, encoded as text is.
#[diagnostic::do_not_recommend]
impl KeyPart for PrimitiveDateTime {
    fn write_key(&self, key: &mut KeyWriter) {
        self.date().write_key(key);
        key.text("T");
        self.time().write_key(key);
    }
}

/// The instant, in UTC: `2026-11-23T12:30:00Z`, encoded as text is. The offset is not in it, as it
/// is not in the equality of two instants.
#[diagnostic::do_not_recommend]
impl KeyPart for OffsetDateTime {
    fn write_key(&self, key: &mut KeyWriter) {
        match self.checked_to_offset(UtcOffset::UTC) {
            Some(utc) => {
                PrimitiveDateTime::new(utc.date(), utc.time()).write_key(key);
                key.text("Z");
            }
            // Within a day of the first or last date there is, where UTC has none.
            None => self.unix_timestamp_nanos().write_key(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use ::time::Month;

    use super::*;
    use crate::key::tests::form;

    fn noon() -> PrimitiveDateTime {
        let date = Date::from_calendar_date(2026, Month::November, 23).expect("a date");
        date.with_hms_nano(12, 30, 0, 500_000_000).expect("a time")
    }

    #[test]
    fn plain_forms() {
        assert_eq!(form(&noon().date()), "2026-11-23");
        assert_eq!(form(&noon().time()), "12%3A30%3A00.5");
        assert_eq!(form(&noon()), "2026-11-23T12%3A30%3A00.5");
    }

    #[test]
    fn an_instant_is_the_same_at_every_offset() {
        let east = UtcOffset::from_hms(2, 0, 0).expect("an offset");
        let instant = noon().assume_utc();
        assert_eq!(form(&instant), "2026-11-23T12%3A30%3A00.5Z");
        assert_eq!(form(&instant.to_offset(east)), form(&instant));
    }

    #[test]
    fn extreme_instants_have_a_form() {
        let east = UtcOffset::from_hms(23, 0, 0).expect("an offset");
        let first = PrimitiveDateTime::MIN.assume_offset(east);
        assert_eq!(form(&first), "-377705199600000000000");
    }
}
