//! How long a ban or a mute holds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::timestamp::Timestamp;

/// A time as operators write it: `45s`, `30m`, `2h`, `7d`, `2w` or `forever`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// So long.
    For(Duration),
    /// Without an end.
    Forever,
}

impl Term {
    /// The longest one that has an end. More would end behind the last year that a time
    /// can tell.
    const MAX: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

    /// When it ends, if it begins at `time`.
    pub fn end(self, time: Timestamp) -> Option<Timestamp> {
        match self {
            Self::For(time_left) => Some(time.after(time_left)),
            Self::Forever => None,
        }
    }
}

impl FromStr for Term {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let digits = text.trim_end_matches(|last: char| last.is_ascii_alphabetic());
        let seconds = match &text[digits.len()..] {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            "w" => 7 * 24 * 60 * 60,
            _ => return Err(()),
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        let count: u64 = digits.parse().map_err(|_| ())?;
        let time = Duration::from_secs(count.checked_mul(seconds).ok_or(())?);
        let is_some = !time.is_zero() && time <= Self::MAX;
        is_some.then_some(Self::For(time)).ok_or(())
    }
}

/// As it is written.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::For(time) = self else {
            return f.write_str("forever");
        };
        let seconds = time.as_secs();
        let unit = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
        let unit = unit.into_iter().find(|(unit, _)| seconds % unit == 0);
        let (unit, letter) = unit.unwrap_or((1, 's'));
        write!(f, "{}{letter}", seconds / unit)
    }
}
