//! Whether the stream is still the one that was read.
//!
//! It could have been deleted and made anew, or have lost its newest entries with the power of
//! the machines that keep it. Then other records get the numbers of those that were read, and
//! nothing that is read or written from there on means anything. So NATS is asked what the
//! stream is before anything is sent over a new connection, and when nothing comes.

use std::time::{Duration, Instant};

use serde::Deserialize;

/// What is known of the stream, and when it is to be asked for.
#[derive(Debug, Default)]
pub struct StreamIdentity {
    /// When it was made, in the words of NATS.
    created: Option<String>,
    is_certain: bool,
    asked: Option<Instant>,
    /// Since when it seems to be another one.
    doubted: Option<Instant>,
}

/// What an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is the same stream.
    Same,
    /// It may be another one, or the one that answers is behind.
    Unclear,
    /// It is another one, for this reason.
    Other(String),
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    created: String,
    state: Option<State>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct State {
    first_seq: u64,
    last_seq: u64,
}

#[derive(Deserialize)]
struct Failure {
    code: u16,
}

impl StreamIdentity {
    /// Whether it is known to be the same, so that records may be sent.
    pub fn is_certain(&self) -> bool {
        self.is_certain
    }

    /// There is another connection, or nothing comes.
    pub fn doubt(&mut self) {
        self.is_certain = false;
    }

    /// Whether NATS is to be asked now.
    pub fn asks(&mut self, now: Instant) -> bool {
        let is_due = self.asked.is_none_or(|asked| now >= asked + ASK_AGAIN);
        let asks = !self.is_certain && is_due;
        if asks {
            self.asked = Some(now);
        }
        asks
    }

    /// When [`StreamIdentity::asks`] is to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let asked = self.asked.filter(|_| !self.is_certain)?;
        Some(asked + ASK_AGAIN)
    }

    /// Judges an answer, where the entry `next` is the one to be read next.
    pub fn answered(&mut self, answer: &[u8], next: u64, now: Instant) -> Finding {
        let Ok(info) = serde_json::from_slice::<Info>(answer) else {
            return Finding::Unclear;
        };
        let why = match (&info, &info.state) {
            (
                Info {
                    error: Some(failure),
                    ..
                },
                _,
            ) if failure.code == NOT_FOUND => "the stream is gone".to_owned(),
            (Info { error: Some(_), .. }, _) | (_, None) => return Finding::Unclear,
            (_, Some(state)) => {
                let created = self.created.get_or_insert_with(|| info.created.clone());
                if *created != info.created {
                    format!("the stream was made anew, at {}", info.created)
                } else if state.last_seq + 1 < next {
                    let (last, read) = (state.last_seq, next - 1);
                    format!("the stream ends with entry {last}, and entry {read} was read")
                } else if state.first_seq > next {
                    let first = state.first_seq;
                    format!("the stream begins with entry {first}, and entry {next} was not read")
                } else {
                    self.doubted = None;
                    self.is_certain = true;
                    return Finding::Same;
                }
            }
        };
        let since = *self.doubted.get_or_insert(now);
        match now.saturating_duration_since(since) >= CERTAIN_AFTER {
            true => Finding::Other(why),
            false => Finding::Unclear,
        }
    }
}

/// How long an answer may take, and how long to wait when it was unclear.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A server of NATS that has just begun to lead may not know all yet.
const CERTAIN_AFTER: Duration = Duration::from_secs(3);

const NOT_FOUND: u16 = 404;

#[cfg(test)]
mod tests {
    use super::*;

    fn info(created: &str, first: u64, last: u64) -> Vec<u8> {
        format!(
            "{{\"created\":\"{created}\",\"state\":{{\"first_seq\":{first},\"last_seq\":{last}}}}}"
        )
        .into_bytes()
    }

    #[test]
    fn the_same_stream_is_certain() {
        let now = Instant::now();
        let mut identity = StreamIdentity::default();
        assert!(identity.asks(now) && !identity.asks(now));
        assert_eq!(identity.deadline(), Some(now + ASK_AGAIN));
        assert_eq!(identity.answered(&info("a", 1, 9), 10, now), Finding::Same);
        assert!(identity.is_certain() && !identity.asks(now + ASK_AGAIN));
        identity.doubt();
        assert!(!identity.is_certain() && identity.asks(now + ASK_AGAIN));
        assert_eq!(identity.answered(&info("a", 1, 20), 15, now), Finding::Same);
    }

    #[test]
    fn another_stream_is_known_after_a_while() {
        let gone = br#"{"error":{"code":404,"err_code":10059,"description":"not found"}}"#;
        for answer in [
            gone.to_vec(),
            info("b", 1, 9),
            info("a", 1, 8),
            info("a", 11, 30),
        ] {
            let now = Instant::now();
            let mut identity = StreamIdentity::default();
            assert_eq!(identity.answered(&info("a", 1, 9), 10, now), Finding::Same);
            identity.doubt();
            let first = identity.answered(&answer, 10, now);
            assert_eq!(
                first,
                Finding::Unclear,
                "one that leads since now may not know"
            );
            let later = identity.answered(&answer, 10, now + CERTAIN_AFTER);
            assert!(matches!(later, Finding::Other(_)), "{later:?}");
            assert!(!identity.is_certain());
        }
    }

    #[test]
    fn an_answer_that_says_nothing_is_none() {
        let now = Instant::now();
        let mut identity = StreamIdentity::default();
        for answer in [b"".as_slice(), b"{}", b"[]", br#"{"error":{"code":503}}"#] {
            for time in [now, now + 2 * CERTAIN_AFTER] {
                assert_eq!(identity.answered(answer, 10, time), Finding::Unclear);
            }
        }
        // What was unclear once does not count against it later.
        assert_eq!(
            identity.answered(&info("a", 1, 5), 10, now),
            Finding::Unclear
        );
        assert_eq!(identity.answered(&info("a", 1, 9), 10, now), Finding::Same);
        identity.doubt();
        let later = now + 2 * CERTAIN_AFTER;
        assert_eq!(
            identity.answered(&info("a", 1, 5), 10, later),
            Finding::Unclear
        );
    }
}
