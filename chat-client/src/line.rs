//! What there is to show, before it is decided how it looks.
//!
//! The talk with the server gives out [`Line`]s. [`Style`](crate::style) makes
//! text of them, and a pipe may want another selection of them than a person.

use std::time::{Duration, Instant};

use chat_proto::event::Timestamp;
use chat_proto::name::Name;
use chat_proto::text::Text;

/// One thing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it happened, if it is an event of the room.
    pub time: Option<Timestamp>,
    /// Whether it happens now.
    pub age: Age,
    /// What it is.
    pub kind: Kind,
}

/// How what is shown lies to the moment at which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It happens now.
    New,
    /// It happened while the reader was away against their will.
    Missed,
    /// It happened before, and the reader wanted to see it.
    Old,
}

/// The kinds of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Somebody said something.
    Message {
        /// Who; nobody is the reader.
        name: Option<Name>,
        /// What.
        text: Text,
    },
    /// Somebody did something.
    Action {
        /// Who.
        name: Name,
        /// The reader did it.
        own: bool,
        /// What.
        text: Text,
    },
    /// People came.
    Entered(Vec<Name>),
    /// People went.
    Left(Vec<Name>),
    /// Somebody has another name.
    Renamed {
        /// Up to now.
        old: Name,
        /// From now on.
        new: Name,
    },
    /// A word to the reader, of one or more lines, safe to print.
    Word(String),
    /// What became of the connection, likewise.
    Aside(String),
    /// Something that went wrong, likewise.
    Trouble(String),
    /// A line of a plain server, safe to print.
    Raw(String),
}

impl Line {
    /// A word to the reader.
    pub fn word(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Word(text.into()))
    }

    /// What became of the connection.
    pub fn aside(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Aside(text.into()))
    }

    /// Something that went wrong.
    pub fn trouble(text: impl Into<String>) -> Self {
        Self::new(None, Kind::Trouble(text.into()))
    }

    /// Something that happens now.
    pub fn new(time: Option<Timestamp>, kind: Kind) -> Self {
        let age = Age::New;
        Self { time, age, kind }
    }

    /// Whether the two belong to one moment, as far as they are of the past.
    fn is_close_to(&self, other: &Self) -> bool {
        let distance = |one: Timestamp, other: Timestamp| {
            one.unix_milliseconds().abs_diff(other.unix_milliseconds())
        };
        self.age == other.age
            && (self.age == Age::New
                || self.time.zip(other.time).is_none_or(|(one, other)| {
                    u128::from(distance(one, other)) <= QUIET.as_millis()
                }))
    }

    /// Whether it only tells who is here.
    pub fn is_presence(&self) -> bool {
        matches!(
            self.kind,
            Kind::Entered(_) | Kind::Left(_) | Kind::Renamed { .. }
        )
    }
}

/// Holds back arrivals and departures that come thick and fast, and folds them
/// into one line each. The first is shown at once; what follows within
/// [`QUIET`] is told together. Nothing else ever waits: whatever is said lets
/// those who came before it go first.
///
/// Of the past only such are told together as were so close when they came.
#[derive(Debug, Default)]
pub struct Fold {
    held: Vec<Line>,
    /// When something of this kind was last shown.
    last: Option<Instant>,
}

impl Fold {
    /// Takes a line; gives to `out` what is to be shown now.
    pub fn push(&mut self, line: Line, now: Instant, out: &mut Vec<Line>) {
        if !matches!(line.kind, Kind::Entered(_) | Kind::Left(_)) {
            self.flush(now, out);
            out.push(line);
            return;
        }
        if self.held.iter().any(|held| !held.is_close_to(&line)) {
            self.flush(now, out);
        }
        let same = self
            .held
            .iter_mut()
            .find_map(|held| match (&mut held.kind, &line.kind) {
                (Kind::Entered(held), Kind::Entered(more))
                | (Kind::Left(held), Kind::Left(more)) => Some((held, more)),
                _ => None,
            });
        match same {
            Some((held, more)) => {
                held.extend_from_slice(more);
                if held.len() >= MAX_TOGETHER {
                    self.flush(now, out);
                }
            }
            None => self.held.push(line),
        }
        self.expire(now, out);
    }

    /// When [`Fold::expire`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match (self.held.is_empty(), self.last) {
            (false, Some(last)) => Some(last + QUIET),
            _ => None,
        }
    }

    /// Shows what has been held long enough.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<Line>) {
        if self.deadline().is_none_or(|deadline| deadline <= now) {
            self.flush(now, out);
        }
    }

    /// Shows everything that is held.
    pub fn flush(&mut self, now: Instant, out: &mut Vec<Line>) {
        if !self.held.is_empty() {
            self.last = Some(now);
            out.append(&mut self.held);
        }
    }
}

/// Arrivals closer together than this are one line.
pub const QUIET: Duration = Duration::from_millis(500);

/// As many are not waited for to be more, or a flood of them would all be held.
const MAX_TOGETHER: usize = 1000;

#[cfg(test)]
mod tests;
