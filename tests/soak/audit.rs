//! The checker for hours: what each client hears is compared with what the others heard
//! when it comes, and is not kept. Only a hash is kept of an event, and the text of a
//! message; so the memory of it grows with the room, and not with the room times the
//! people in it.
//!
//! What is left at the end is for [`chat_testkit::ledger`], which all tests share.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use chat_testkit::Ledger;
use chat_testkit::ledger::{self, History, Report};

/// What all clients have heard together.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// Hashes of the lines of the events by their number; 0 was not heard yet.
    heard: Vec<u64>,
    /// How many events all clients together have heard.
    pub(crate) deliveries: u64,
    /// Clients that have left for good.
    left: Vec<Ledger>,
    errors: Vec<String>,
    error_count: usize,
}

impl Audit {
    /// Something happened to `who` that must not happen.
    pub(crate) fn error(&mut self, who: &str, what: impl fmt::Display) {
        self.error_count += 1;
        if self.errors.len() < SHOWN {
            self.errors.push(format!("{who}: {what}"));
        }
    }

    /// `who` heard an event, of which the last one before was `last`.
    pub(crate) fn heard(&mut self, who: &str, last: u64, seq: u64, line: &[u8]) {
        self.deliveries += 1;
        if seq != last + 1 {
            self.error(who, format_args!("behind event {last} came event {seq}"));
        }
        let place = usize::try_from(seq).unwrap_or(usize::MAX).min(MOST);
        if self.heard.len() <= place {
            self.heard.resize(place + 1, 0);
        }
        let hash = hash(line);
        let known = std::mem::replace(&mut self.heard[place], hash);
        if known != 0 && known != hash {
            let shown = String::from_utf8_lossy(line);
            self.error(
                who,
                format_args!("others heard event {seq} as another one: {shown}"),
            );
        }
    }

    /// A client has left for good.
    pub(crate) fn leave(&mut self, ledger: Ledger) {
        self.left.push(ledger);
    }

    /// How much was wrong so far.
    pub(crate) fn errors(&self) -> usize {
        self.error_count
    }

    /// Asserts that the files hold what was confirmed, nothing that was not sent, and
    /// what all clients heard.
    #[track_caller]
    pub(crate) fn assert_kept(mut self, history: &History) -> Report {
        let mut kept = vec![0];
        let numbered = history.lines.iter().map(|line| hash(line));
        assert!(!history.is_cut, "all of it is held");
        kept.extend(numbered);
        for seq in 1..self.heard.len() {
            let heard = self.heard[seq];
            match kept.get(seq) {
                _ if heard == 0 => {}
                Some(&hash) if hash == heard => {}
                Some(_) => self.error(
                    "the file",
                    format_args!("event {seq} is not what was heard"),
                ),
                None => self.error(
                    "the file",
                    format_args!("event {seq} was heard and is lost"),
                ),
            }
        }
        let checked = ledger::check(history, &self.left);
        let report = checked.unwrap_or_else(|errors| {
            for error in errors {
                self.error("the ledgers", error);
            }
            Report::default()
        });
        let count = self.error_count;
        assert!(
            count == 0,
            "the room did not keep its word, {count} times:\n{}",
            self.errors.join("\n")
        );
        report
    }
}

fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Of many errors only the first ones are kept.
const SHOWN: usize = 20;

/// No room of a test has more events.
const MOST: usize = 100_000_000;
