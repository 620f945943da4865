//! How people are told of measures, in both programs.

use super::crowd::MAX_ONE_BY_ONE;
use crate::event::Timestamp;
use crate::moderation::{Measure, MeasureKind, Remark, Subject, by_words, in_words};
use crate::name::Name;

/// Lines that tell of a measure, which was taken at `time`; none for one that people are
/// not told of.
pub fn measure(measure: &Measure, time: Timestamp) -> Vec<String> {
    let by = by_words(measure.by.as_ref());
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
            if let [first, second, others @ ..] = &names[..]
                && names.len() > MAX_ONE_BY_ONE
            {
                let others = others.len();
                let line = format!("-- {first}, {second} and {others} others were banned");
                return vec![format!("{line} by {by} {long}")];
            }
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

/// The line that tells operators what only they may know of a measure, behind those of
/// [`measure`]. `None` if there is nothing, or the reader was not given it.
pub fn private(measure: &Measure) -> Option<String> {
    let told = match &measure.kind {
        MeasureKind::Banned {
            subjects,
            of,
            reason,
            ..
        } => {
            if subjects.is_empty() && of.is_none() && reason.is_none() {
                return None;
            }
            let of = of.as_ref().map_or(String::new(), |of| format!(" of {of}"));
            let hit = on("is", subjects).unwrap_or_default();
            format!("the ban{of}{hit}{}", because(reason))
        }
        MeasureKind::Unbanned { subjects } => {
            let hit = on("was", subjects)?;
            format!(
                "the ban{hit}, and {} has lifted it",
                by_words(measure.by.as_ref())
            )
        }
        MeasureKind::Muted { name, subjects, .. } => {
            format!("the mute of {name}{}", on("is", subjects)?)
        }
        MeasureKind::Unmuted { name, subjects } => {
            format!("the mute of {name}{}", on("was", subjects)?)
        }
        MeasureKind::Promoted { name, key } | MeasureKind::Demoted { name, key } => {
            format!("the key of {name} is {}", Subject::Key((*key)?))
        }
        _ => return None,
    };
    Some(format!("{FOR_OPERATORS}{told}"))
}

fn because(reason: &Option<Remark>) -> String {
    reason
        .as_ref()
        .map_or(String::new(), |reason| format!(": {reason}"))
}

fn on(verb: &str, subjects: &[Subject]) -> Option<String> {
    (!subjects.is_empty()).then(|| format!(" {verb} on {}", some_of(subjects)))
}

/// Some of them, and how many others there are: a line is short, however many people or bans
/// it is about.
pub fn some_of(all: &[impl ToString]) -> String {
    let shown = all.iter().take(SHOWN).map(ToString::to_string);
    let shown = shown.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        others => format!("{shown} and {others} more"),
    }
}

const SHOWN: usize = 5;

/// What the room is about, and who has said so; `None` is the person at the server's own
/// terminal.
pub fn topic(text: &Remark, by: Option<&Name>) -> String {
    format!("topic, by {}: {text}", by_words(by))
}

/// What stands before each line of a word of the server to all.
pub const ANNOUNCED: &str = "-- announcement: ";

/// What stands before what only operators are told.
const FOR_OPERATORS: &str = "-- for operators: ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moderation::Remark;
    use crate::name::Name;
    use crate::text::Text;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn time(seconds: u64) -> Timestamp {
        Timestamp::from_unix_milliseconds(seconds * 1000)
    }

    #[track_caller]
    fn check(kind: MeasureKind, expected: &[&str]) {
        let by = Some(name("ann"));
        assert_eq!(measure(&Measure { by, kind }, time(0)), expected);
    }

    fn ban(names: &[&str], until: Option<Timestamp>) -> MeasureKind {
        MeasureKind::Banned {
            names: names.iter().map(|it| name(it)).collect(),
            until,
            subjects: vec!["192.0.2.7".parse().unwrap()],
            of: None,
            reason: Remark::new("secret").ok(),
        }
    }

    #[test]
    fn people_are_told_what_is_not_private() {
        let reason = Remark::new("a flood").ok();
        let kick = |reason| MeasureKind::Removed {
            name: name("bo"),
            reason,
        };
        check(kick(reason.clone()), &["[bo] was removed by ann: a flood"]);
        check(kick(None), &["[bo] was removed by ann"]);
        check(
            ban(&["bo", "cy"], Some(time(7200))),
            &[
                "[bo] was banned by ann for 2 h",
                "[cy] was banned by ann for 2 h",
            ],
        );
        check(
            ban(&["bo", "cy", "di", "eve"], None),
            &["-- bo, cy and 2 others were banned by ann for good"],
        );
        check(ban(&[], None), &[]);
        let target = 41;
        check(
            MeasureKind::Erased { target, reason },
            &["-- message 41 was erased by ann: a flood"],
        );
        let text = Text::clean("dinner\nis ready").unwrap();
        check(
            MeasureKind::Announced(text),
            &["-- announcement: dinner", "-- announcement: is ready"],
        );
        // What is private operators are told.
        let by = Some(name("ann"));
        let kind = ban(&["bo"], None);
        assert_eq!(
            private(&Measure { by, kind }).as_deref(),
            Some("-- for operators: the ban is on 192.0.2.7: secret")
        );
        let kind = MeasureKind::Slow(0);
        let by = None;
        let told = measure(&Measure { by, kind }, time(0));
        assert_eq!(told, ["-- the operator has ended slow mode"]);
    }
}
