//! Queries to the terminal, and the time that its answers take.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::identity::{QUERIES, reflow_of};
use super::view::Reflow;
use crate::input::Answer;
use crate::input::term::is_asked;

/// The queries that were sent to the terminal.
#[derive(Debug)]
pub(super) struct Queries {
    /// When they were sent, while the last answer has not come.
    open: Option<Instant>,
    /// An answer has told how the terminal reflows long rows.
    is_known: bool,
    flight: Duration,
}

impl Queries {
    /// Asks a terminal that is `$TERM`, unless it is too old to be asked.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub(super) fn send(term: &str, out: &mut impl Write) -> io::Result<Self> {
        let is_asked = is_asked(term);
        if is_asked {
            out.write_all(QUERIES.concat().as_bytes())?;
            out.flush()?;
        }
        Ok(Self {
            open: is_asked.then(Instant::now),
            is_known: false,
            flight: ANSWERS_WITHIN,
        })
    }

    /// Takes an answer; how the terminal reflows, if the answer tells. The first that
    /// tells counts: a terminal has a name of its own, but may have the kind of another
    /// one.
    pub(super) fn handle_answer(&mut self, answer: &Answer, now: Instant) -> Option<Reflow> {
        // An answer to another program, which had asked before.
        let asked = self.open?;
        if *answer == Answer::Last {
            self.open = None;
            self.flight = FLIGHT_AT_LEAST + 2 * now.saturating_duration_since(asked);
        }
        let told = reflow_of(answer).filter(|_| !self.is_known);
        self.is_known |= told.is_some();
        told
    }

    /// How long the last answer may still take. `None` once it has come, or is not
    /// to be expected any more.
    pub(super) fn answer_due_within(&self, now: Instant) -> Option<Duration> {
        let left = (self.open? + ANSWERS_WITHIN).saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Bytes that were written so shortly before a new size was noticed may have come
    /// to a terminal that had this size already: they take time, and so does the
    /// notice.
    pub(super) fn flight(&self) -> Duration {
        self.flight
    }
}

/// An answer that takes longer is not to be expected. Until the terminal has answered
/// it counts as being so far away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// For a terminal that answers at once.
const FLIGHT_AT_LEAST: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn sent() -> Queries {
        let mut out = Vec::new();
        let queries = Queries::send("xterm-256color", &mut out).unwrap();
        assert_eq!(out, QUERIES.concat().as_bytes());
        queries
    }

    #[cfg(unix)]
    #[test]
    fn the_first_answer_that_tells_counts() {
        let name = |name: &str| Answer::Name(name.to_owned());
        for (answers, told) in [
            (
                &[name("tmux 3.5a"), Answer::Kind(84, 0)][..],
                Some(Reflow::All),
            ),
            (
                &[name("xterm.js(6.0.0)"), Answer::Kind(0, 276)],
                Some(Reflow::AboveCursor),
            ),
            (
                &[name("a new one"), Answer::Kind(41, 0)],
                Some(Reflow::None),
            ),
            (&[Answer::Kind(83, 40900)], Some(Reflow::Unknown)),
            (&[Answer::Kind(1, 95)], None),
            (&[], None),
        ] {
            let mut queries = sent();
            let now = Instant::now();
            let mut all = answers
                .iter()
                .filter_map(|answer| queries.handle_answer(answer, now));
            assert_eq!(all.next(), told);
            assert_eq!(all.next(), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_answer_is_awaited_until_the_last_one() {
        let mut queries = sent();
        let asked = queries.open.unwrap();
        let at = |milliseconds| asked + Duration::from_millis(milliseconds);
        let left = queries.answer_due_within(at(400));
        assert_eq!(left, Some(Duration::from_millis(600)));
        assert_eq!(queries.answer_due_within(at(1000)), None);
        queries.handle_answer(&Answer::Kind(0, 0), at(100));
        assert!(queries.answer_due_within(at(400)).is_some());
        assert_eq!(queries.flight(), ANSWERS_WITHIN);
        queries.handle_answer(&Answer::Last, at(150));
        assert_eq!(queries.answer_due_within(at(400)), None);
        assert_eq!(queries.flight(), Duration::from_millis(320));
        // It was asked by another program.
        assert_eq!(queries.handle_answer(&Answer::Kind(84, 0), at(500)), None);
    }

    #[test]
    fn an_old_terminal_is_not_asked() {
        for term in ["linux", "vt220", "dumb", ""] {
            let mut out = Vec::new();
            let queries = Queries::send(term, &mut out).unwrap();
            assert_eq!(out, b"");
            assert_eq!(queries.answer_due_within(Instant::now()), None);
        }
    }
}
