//! Crowds that come and go, as one line.

use std::time::{Duration, Instant};

use chat_proto::event::Timestamp;

use super::line::{Age, Kind, Line};

/// Folds many arrivals into one line, and many departures. The first is shown at once;
/// those that follow within [`QUIET`] are shown together. No other line waits: a
/// message first shows the arrivals that are held.
///
/// Old ones are folded only if they were so close when they happened.
#[derive(Debug, Default)]
pub struct Fold {
    held: Vec<Line>,
    /// When something of this kind was last shown.
    last: Option<Instant>,
}

impl Fold {
    /// Takes a line; appends to `out` the lines to show now.
    pub fn push(&mut self, line: Line, now: Instant, out: &mut Vec<Line>) {
        if !matches!(line.kind, Kind::Entered(_) | Kind::Left(_)) {
            self.flush(now, out);
            out.push(line);
            return;
        }
        if self.held.iter().any(|held| !are_close(held, &line)) {
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

    /// Shows the lines that have been held long enough.
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

/// Whether the two belong to one moment, as far as they are of the past.
fn are_close(line: &Line, other: &Line) -> bool {
    let distance = |one: Timestamp, other: Timestamp| {
        one.unix_milliseconds().abs_diff(other.unix_milliseconds())
    };
    line.age == other.age
        && (line.age == Age::New
            || line
                .time
                .zip(other.time)
                .is_none_or(|(one, other)| u128::from(distance(one, other)) <= QUIET.as_millis()))
}

/// Arrivals closer together than this are one line.
pub const QUIET: Duration = Duration::from_millis(500);

/// The most names in a line, or a flood of them would all be held.
const MAX_TOGETHER: usize = 1000;

#[cfg(test)]
mod tests;
