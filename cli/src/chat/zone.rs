//! Days and times in the time zone of the person.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time zone of this machine.
#[derive(Debug, Clone)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// Returns the system's time zone (`TZ`, or its setting); UTC if there is none.
    pub(crate) fn system() -> Self {
        Self(TimeZone::system())
    }

    /// Returns the number of a moment's day, in milliseconds since 1970: the same all day long.
    pub(crate) fn day_number(&self, at: u64) -> i64 {
        let date = self.at(at).date();
        // A year has fewer than 1000 days, so that no two days share a number.
        i64::from(date.year()) * 1000 + i64::from(date.day_of_year())
    }

    /// Formats the day for people: `Tuesday, 24 November 2026`.
    pub(crate) fn day(&self, at: u64) -> String {
        self.at(at).strftime("%A, %-d %B %Y").to_string()
    }

    /// Formats the time of day: `12:05`.
    pub(crate) fn time(&self, at: u64) -> String {
        self.at(at).strftime("%H:%M").to_string()
    }

    fn at(&self, at: u64) -> jiff::ZonedDateTime {
        let at = i64::try_from(at).ok();
        let moment = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        // The server names the time, so it may be any number. A time that is too large is shown as
        // the last one there is; the message is shown in any case.
        moment
            .unwrap_or(Timestamp::MAX)
            .to_zoned_datetime(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_person_is() {
        let tokyo = Zone(TimeZone::fixed(jiff::tz::offset(9)));
        let utc = Zone(TimeZone::UTC);
        // 2026-11-24T15:30:00Z.
        let at = 1_795_534_200_000;
        assert_eq!(utc.day(at), "Tuesday, 24 November 2026");
        assert_eq!(utc.time(at), "15:30");
        assert_eq!(tokyo.day(at), "Wednesday, 25 November 2026");
        assert_eq!(tokyo.time(at), "00:30");
        let hour = 3_600_000;
        assert_eq!(utc.day_number(at), utc.day_number(at + 8 * hour));
        assert_ne!(utc.day_number(at), utc.day_number(at + 9 * hour));
        assert!(!utc.day(u64::MAX).is_empty());
    }
}
