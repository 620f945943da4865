//! Keeping order in the room: what operators decide, whom it hits, and what stands.
//!
//! A [`Measure`] is what an operator has done, as the event of the room that tells it. The
//! measures that stand (topic, bans, mutes, operators, lock, slow mode) are the [`Standing`]
//! of the room. It is rebuilt from these events, and the event `room` at the head of each
//! file of a history repeats it, so that it outlives the files before.

mod measure;
mod network;
mod remark;
mod standing;
mod subject;
mod term;

pub use measure::{Measure, MeasureKind};
pub use network::Network;
pub use remark::{Remark, RemarkError};
pub use standing::{Ban, Door, Mute, OperatorKey, Standing, Topic};
pub use subject::{Subject, Target};
pub use term::Term;

use std::time::Duration;

/// Who has decided something, for people: a member by name, or the person at the server's
/// own terminal.
pub fn by_words(by: Option<&crate::name::Name>) -> &str {
    by.map_or("the operator", crate::name::Name::as_str)
}

/// A time as people tell it, in its largest unit that is whole enough: `45 s`, `30 min`,
/// `2 h`, `7 days`.
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1000);
    let rounded = |unit: u128| (seconds + unit / 2) / unit;
    match seconds {
        60 => "1 min".to_owned(),
        3600 => "1 h".to_owned(),
        86_400 => "1 day".to_owned(),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", rounded(60)),
        7200..172_800 => format!("{} h", rounded(3600)),
        _ => format!("{} days", rounded(86_400)),
    }
}

#[cfg(test)]
mod tests;
