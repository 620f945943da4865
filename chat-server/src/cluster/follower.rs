//! Which entries of the stream have come, and which are to be asked for.
//!
//! NATS tells each entry once to those who listen at that moment ("republish"), and to
//! none of them again: when a connection breaks or another server of NATS leads, some are missed.
//! They are then asked for by their numbers ("direct get"), and what is told meanwhile is
//! only noted. So there is no queue of entries that came too early.

use std::time::{Duration, Instant};

/// Follows the entries of the stream.
#[derive(Debug)]
pub struct Follower {
    /// The number of the next entry.
    next: u64,
    /// The highest number that was told.
    told: u64,
    /// When an entry came last, or when some were asked for in vain.
    heard: Instant,
    /// When the stream was known to be there.
    there: Instant,
    /// The question that is not answered.
    asked: Option<Asked>,
    /// How many questions there were.
    questions: u64,
}

/// A question for the entries from some number on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Its own number, which each answer repeats.
    pub number: u64,
    /// The number of the first entry that is wanted.
    pub from: u64,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    number: u64,
    /// When it counts as lost, if no more comes.
    until: Instant,
}

impl Follower {
    /// Begins with the entry `next`.
    pub fn new(next: u64, now: Instant) -> Self {
        Self {
            next,
            told: 0,
            heard: now,
            there: now,
            asked: None,
            questions: 0,
        }
    }

    /// The number of the entry that is to come next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Whether nothing has come for so long that the stream may not be there.
    pub fn is_silent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.there) >= LONG_SILENCE
    }

    /// The stream is there, whether or not an entry comes.
    pub fn is_there(&mut self, now: Instant) {
        self.there = now;
    }

    /// An entry was told. Whether it is the next one.
    pub fn told(&mut self, number: u64, now: Instant) -> bool {
        self.passed_over(number, now);
        let is_next = number == self.next;
        self.next += u64::from(is_next);
        is_next
    }

    /// An entry was told that there is no space for now: it is asked for later.
    pub fn passed_over(&mut self, number: u64, now: Instant) {
        self.told = self.told.max(number);
        (self.heard, self.there) = (now, now);
    }

    /// An entry has come as an answer. Whether it is news: the next one, or a later one if
    /// the stream does not have those before it.
    pub fn answered(&mut self, question: u64, number: u64, now: Instant) -> bool {
        self.heard = now;
        let is_current = self.asked.as_mut().is_some_and(|asked| {
            asked.until = now + PATIENCE;
            asked.number == question
        });
        let is_news = number >= self.next && (is_current || number == self.next);
        if is_news {
            self.next = number + 1;
        }
        is_news
    }

    /// All that there is was answered.
    pub fn answer_ends(&mut self, question: u64, now: Instant) {
        if self.asked.is_some_and(|asked| asked.number == question) {
            self.asked = None;
            self.heard = now;
        }
    }

    /// The connection was lost and is there again: entries may have been told meanwhile.
    pub fn reconnected(&mut self, now: Instant) {
        self.asked = None;
        self.heard = now.checked_sub(SILENCE).unwrap_or(now);
    }

    /// What is to be asked for now, if anything is.
    pub fn question(&mut self, now: Instant) -> Option<Question> {
        if self.asked.is_some_and(|asked| asked.until > now) {
            return None;
        }
        let is_silent = now.saturating_duration_since(self.heard) >= SILENCE;
        if self.told < self.next && !is_silent {
            return None;
        }
        self.questions += 1;
        self.asked = Some(Asked {
            number: self.questions,
            until: now + PATIENCE,
        });
        Some(Question {
            number: self.questions,
            from: self.next,
        })
    }

    /// When [`Follower::question`] is to be called, if nothing happens before.
    pub fn deadline(&self) -> Instant {
        match self.asked {
            Some(asked) => asked.until,
            None if self.told >= self.next => self.heard,
            None => self.heard + SILENCE,
        }
    }
}

/// After so much silence it is asked whether there is more. Servers say something each
/// second.
const SILENCE: Duration = Duration::from_secs(1);

/// After so much it is in doubt whether the stream is still there.
const LONG_SILENCE: Duration = Duration::from_secs(3);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_in_order_is_taken_and_nothing_is_asked() {
        let now = Instant::now();
        let mut follower = Follower::new(7, now);
        assert!(!follower.told(6, now), "it is there already");
        for number in 7..20 {
            assert!(follower.told(number, now));
            assert!(!follower.told(number, now), "once");
            assert_eq!(follower.question(now), None);
        }
    }

    #[test]
    fn a_hole_is_asked_for_once_and_what_is_told_behind_it_too() {
        let now = Instant::now();
        let mut follower = Follower::new(1, now);
        assert!(follower.told(1, now));
        assert!(!follower.told(4, now));
        let question = follower.question(now).unwrap();
        assert_eq!(question.from, 2);
        assert_eq!(follower.question(now), None, "one at a time");
        assert!(!follower.told(5, now));
        for number in 2..=4 {
            assert!(follower.answered(question.number, number, now));
        }
        assert!(!follower.answered(question.number, 3, now));
        follower.answer_ends(question.number, now);
        let question = follower.question(now).unwrap();
        assert_eq!(question.from, 5);
        assert!(follower.answered(question.number, 5, now));
        follower.answer_ends(question.number, now);
        assert_eq!(follower.question(now), None);
        assert!(follower.told(6, now));
    }

    #[test]
    fn silence_and_a_lost_question_are_no_end() {
        let now = Instant::now();
        let mut follower = Follower::new(1, now);
        assert_eq!(follower.deadline(), now + SILENCE);
        let later = now + SILENCE;
        let lost = follower.question(later).unwrap();
        assert_eq!(follower.deadline(), later + PATIENCE);
        assert_eq!(follower.question(later), None);
        let later = later + PATIENCE;
        let again = follower.question(later).unwrap();
        assert_eq!((lost.from, again.from), (1, 1));
        follower.answer_ends(lost.number, later);
        assert_eq!(follower.question(later), None, "another question's end");
        follower.answer_ends(again.number, later);
        assert_eq!(follower.question(later), None, "there is no more");
        follower.reconnected(later);
        assert_eq!(follower.question(later).unwrap().from, 1);
    }

    #[test]
    fn what_was_passed_over_is_asked_for() {
        let now = Instant::now();
        let mut follower = Follower::new(1, now);
        assert!(follower.told(1, now));
        for number in 2..5 {
            follower.passed_over(number, now);
        }
        assert_eq!(follower.next(), 2);
        assert_eq!(follower.question(now).unwrap().from, 2);
    }

    #[test]
    fn the_stream_is_in_doubt_after_a_long_silence_once() {
        let now = Instant::now();
        let mut follower = Follower::new(1, now);
        assert!(!follower.is_silent(now));
        let later = now + LONG_SILENCE;
        assert!(follower.is_silent(later));
        follower.is_there(later);
        assert!(!follower.is_silent(later), "or nothing would ever be sent");
        let later = later + LONG_SILENCE;
        assert!(follower.is_silent(later) && follower.told(1, later));
        assert!(!follower.is_silent(later));
    }

    /// The stream does not have them: that is for others to judge.
    #[test]
    fn entries_that_are_missing_in_the_stream_are_passed_over() {
        let now = Instant::now();
        let mut follower = Follower::new(3, now);
        assert!(!follower.told(9, now));
        let question = follower.question(now).unwrap();
        assert!(!follower.answered(question.number + 1, 8, now), "unasked");
        assert!(follower.answered(question.number, 8, now));
        assert!(follower.answered(question.number, 9, now));
        assert!(follower.told(10, now));
    }
}
