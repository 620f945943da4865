//! The days on which names were claimed and used.

use std::fmt;

use chat_proto::event::Timestamp;

/// A day in UTC, written `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day([u8; 10]);

impl Day {
    /// The day of a time.
    pub fn of(time: Timestamp) -> Self {
        // A time in seconds begins with its day; the year has four digits until 9999.
        let day = time.to_seconds().get(..10).and_then(Self::parse);
        day.unwrap_or(Self(*b"9999-12-31"))
    }

    /// Reads what [`fmt::Display`] writes. A day beyond the end of its month passes: days
    /// are only compared.
    pub fn parse(text: &str) -> Option<Self> {
        let day: [u8; 10] = text.as_bytes().try_into().ok()?;
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0, |number, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| 10 * number + u32::from(digit - b'0'))
            })
        };
        let is_day = day[4] == b'-'
            && day[7] == b'-'
            && number(&day[..4]).is_some()
            && matches!(number(&day[5..7])?, 1..=12)
            && matches!(number(&day[8..])?, 1..=31);
        is_day.then_some(Self(day))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|&byte| write!(f, "{}", char::from(byte)))
    }
}
