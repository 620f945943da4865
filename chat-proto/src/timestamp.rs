//! When an event happened.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A point in time, to the millisecond, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The time `milliseconds` after 1970-01-01T00:00:00Z. Beyond the year
    /// 9999 it is the last that can be written.
    pub fn from_unix_milliseconds(milliseconds: u64) -> Self {
        let time = i64::try_from(milliseconds)
            .ok()
            .and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok());
        Self(time.unwrap_or_else(last))
    }

    /// RFC 3339 to the second: `2026-11-23T10:00:00Z`.
    pub fn to_seconds(self) -> String {
        format!("{:.0}", self.0)
    }

    /// Appends what [`fmt::Display`] shows.
    pub(crate) fn put(self, out: &mut Vec<u8>) {
        match self.digits() {
            Some(digits) => out.extend_from_slice(&digits),
            None => out.extend_from_slice(self.to_string().as_bytes()),
        }
    }

    /// The digits as shown; `None` unless the year has four. Each event has a time, and
    /// to write it in general takes longer than all the rest.
    fn digits(self) -> Option<[u8; TIME_FORM.len()]> {
        let time = Offset::UTC.to_datetime(self.0);
        let mut digits = *TIME_FORM;
        let mut put = |place: usize, count: usize, mut number: u32| {
            for digit in digits[place..place + count].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(0, 4, u32::try_from(time.year()).ok()?);
        put(5, 2, time.month().unsigned_abs().into());
        put(8, 2, time.day().unsigned_abs().into());
        put(11, 2, time.hour().unsigned_abs().into());
        put(14, 2, time.minute().unsigned_abs().into());
        put(17, 2, time.second().unsigned_abs().into());
        put(20, 3, time.millisecond().unsigned_abs().into());
        Some(digits)
    }

    /// The time so much later, or the last that can be written.
    pub fn after(self, time: Duration) -> Self {
        Self(
            self.0
                .saturating_add(time)
                .map_or_else(|_| last(), |time| time.min(last())),
        )
    }

    /// How much later it is than another time; zero if it is earlier.
    pub fn since(self, earlier: Self) -> Duration {
        let time = self.unix_milliseconds() - earlier.unix_milliseconds();
        Duration::from_millis(u64::try_from(time).unwrap_or(0))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }
}

/// RFC 3339 with three decimals: `2026-11-23T10:00:00.123Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        match digits.as_ref().map(|digits| std::str::from_utf8(digits)) {
            Some(Ok(digits)) => f.write_str(digits),
            _ => write!(f, "{:.3}", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        if let Some(time) = of_digits(text) {
            return Ok(Self(time));
        }
        let time: jiff::Timestamp = text.parse()?;
        // Cut down to what is written again.
        jiff::Timestamp::from_millisecond(time.as_millisecond()).map(Self)
    }
}

/// The last time that there is, cut down to milliseconds as all of them are.
fn last() -> jiff::Timestamp {
    let last = jiff::Timestamp::MAX;
    let below = last.subsec_nanosecond() % 1_000_000;
    let below = jiff::SignedDuration::from_nanos(below.into());
    last.checked_sub(below).unwrap_or(last)
}

/// Reads what [`Timestamp`] shows, as each line from a server has it.
fn of_digits(text: &str) -> Option<jiff::Timestamp> {
    let digits: &[u8; TIME_FORM.len()] = text.as_bytes().try_into().ok()?;
    let mut pairs = digits.iter().zip(TIME_FORM);
    if !pairs.all(|(byte, form)| byte == form || (*form == b'0' && byte.is_ascii_digit())) {
        return None;
    }
    let number = |place: usize, count: usize| {
        let digits = digits[place..place + count].iter();
        digits.fold(0, |number, digit| number * 10 + i16::from(digit - b'0'))
    };
    let small = |place| i8::try_from(number(place, 2)).ok();
    let time = DateTime::new(
        number(0, 4),
        small(5)?,
        small(8)?,
        small(11)?,
        small(14)?,
        small(17)?,
        i32::from(number(20, 3)) * 1_000_000,
    );
    Offset::UTC.to_timestamp(time.ok()?).ok()
}

/// Where the digits of a time stand.
const TIME_FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_are_what_jiff_makes_of_them(
            at in jiff::Timestamp::MIN.as_millisecond()..=jiff::Timestamp::MAX.as_millisecond(),
        ) {
            let time = Timestamp(jiff::Timestamp::from_millisecond(at).unwrap());
            let shown = format!("{:.3}", time.0);
            prop_assert_eq!(&time.to_string(), &shown);
            let mut put = Vec::new();
            time.put(&mut put);
            prop_assert_eq!(put, shown.as_bytes());
            prop_assert_eq!(shown.parse().ok(), Some(time));
        }

        #[test]
        fn what_is_no_time_is_none_for_both(
            text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9][.,][0-9]{3}Z?",
        ) {
            let expected: Result<jiff::Timestamp, _> = text.parse();
            let expected = expected.map(jiff::Timestamp::as_millisecond).ok();
            let read: Result<Timestamp, _> = text.parse();
            prop_assert_eq!(read.map(Timestamp::unix_milliseconds).ok(), expected);
        }
    }

    #[test]
    fn the_last_time_that_there_is() {
        let last = Timestamp::from_unix_milliseconds(u64::MAX);
        assert_eq!(last.to_string(), "9999-12-30T22:00:00.999Z");
        // It is the same when it is read again.
        assert_eq!(last.to_string().parse().ok(), Some(last));
        let time = Timestamp::from_unix_milliseconds(0);
        assert_eq!(time.after(Duration::MAX), last);
    }
}
