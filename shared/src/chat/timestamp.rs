//! The times of the chat, as the server's clock has them.

use std::fmt;

use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::as_text::serde_as_text;

/// A moment in UTC, to the millisecond. Written as RFC 3339, `2026-11-24T03:45:00.000Z`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Returns the moment at these milliseconds since 1970-01-01T00:00:00Z; `None` before year 0
    /// and after 9999.
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        let timestamp = Self(millis);
        // A year has four digits on the wire (RFC 3339 §5.6), so other years could not be written.
        let year = timestamp.moment()?.year();
        (0..=9999).contains(&year).then_some(timestamp)
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset; digits finer than a millisecond are cut off.
    ///
    /// # Errors
    /// [`InvalidTimestamp`], if the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        // Euclidean, so that times before 1970 are cut in the same direction as later ones.
        let millis = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        let millis = i64::try_from(millis).map_err(|_| InvalidTimestamp)?;
        Self::from_unix_millis(millis).ok_or(InvalidTimestamp)
    }

    fn moment(self) -> Option<OffsetDateTime> {
        // In 128 bits: the nanoseconds of a year after 2262 do not fit 64.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok()
    }
}

serde_as_text!(Timestamp, Timestamp::parse);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not by a description of the format: what reads those would be 4 KiB of the page.
        let moment = self.moment().ok_or(fmt::Error)?;
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second, millis) = moment.to_hms_milli();
        let month = u8::from(month);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

/// An error: the text is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a time is written as RFC 3339, 2026-11-24T03:45:00Z")]
pub struct InvalidTimestamp;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn it_is_written_in_utc_with_milliseconds() {
            let moment = Timestamp::from_unix_millis(1_795_491_900_007).unwrap();
            assert_eq!(moment.to_string(), "2026-11-24T03:45:00.007Z");
            assert_eq!(Timestamp::parse("2026-11-24T03:45:00.007Z"), Ok(moment));
            assert_eq!(Timestamp::parse("2026-11-24T05:45:00.0079+02:00"), Ok(moment));
            let early = Timestamp::from_unix_millis(-1).unwrap();
            assert_eq!(early.to_string(), "1969-12-31T23:59:59.999Z");
        }

        fn nonsense_is_refused() {
            for text in ["", "now", "2026-11-24", "2026-13-01T00:00:00Z", "2026-11-24T03:45:00"] {
                assert_eq!(Timestamp::parse(text), Err(InvalidTimestamp), "{text}");
            }
            for millis in [i64::MIN, i64::MAX, 253_402_300_800_000] {
                assert_eq!(Timestamp::from_unix_millis(millis), None);
            }
        }
    }
}
