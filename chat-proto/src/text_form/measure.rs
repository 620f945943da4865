//! How people are told of measures, in both programs.

use crate::event::Timestamp;
use crate::moderation::{Measure, MeasureKind, Remark, by_words, in_words};
use crate::name::Name;

/// Lines that tell of a measure, which was taken at `time`; none for one that people are
/// not told of.
pub fn measure(measure: &Measure, time: Timestamp) -> Vec<String> {
    let by = by_words(measure.by.as_ref());
    let because = |reason: &Option<_>| match reason {
        Some(reason) => format!(": {reason}"),
        None => String::new(),
    };
    vec![match &measure.kind {
        MeasureKind::Topic(Some(text)) => format!("-- {}", topic(text, measure.by.as_ref())),
        MeasureKind::Topic(None) => format!("-- {by} has removed the topic"),
        MeasureKind::Removed { name, reason } => {
            format!("[{name}] was removed by {by}{}", because(reason))
        }
        MeasureKind::Banned { names, until, .. } => {
            let long = match until {
                Some(until) => format!("for {}", in_words(until.since(time))),
                None => "for good".to_owned(),
            };
            let line = |name| format!("[{name}] was banned by {by} {long}");
            return names.iter().map(line).collect();
        }
        // Whom it hit is not told, as it was not when it was set.
        MeasureKind::Unbanned { .. } => return Vec::new(),
        MeasureKind::Muted { name, until, .. } => {
            let long = in_words(until.since(time));
            format!("[{name}] was muted by {by} for {long}")
        }
        MeasureKind::Unmuted { name, .. } => format!("[{name}] was unmuted by {by}"),
        MeasureKind::Slow(0) => format!("-- {by} has ended slow mode"),
        MeasureKind::Slow(seconds) => {
            format!("-- slow mode, by {by}: each person can say one thing in {seconds} s")
        }
        MeasureKind::Locked => format!("-- {by} has locked the room: no newcomers come in"),
        MeasureKind::Unlocked => format!("-- {by} has unlocked the room"),
        MeasureKind::Promoted { name, .. } => format!("[{name}] was made an operator by {by}"),
        MeasureKind::Demoted { name, .. } => {
            format!("[{name}] is an operator no more, by {by}")
        }
        MeasureKind::Announced(text) => {
            let lines = text.as_str().split('\n');
            return lines.map(|line| format!("{ANNOUNCED}{line}")).collect();
        }
        MeasureKind::Erased { target, reason } => {
            format!("-- message {target} was erased by {by}{}", because(reason))
        }
    }]
}

/// What the room is about, and who has said so; `None` is the person at the server's own
/// terminal.
pub fn topic(text: &Remark, by: Option<&Name>) -> String {
    format!("topic, by {}: {text}", by_words(by))
}

/// What stands before each line of a word of the server to all.
pub const ANNOUNCED: &str = "-- announcement: ";
