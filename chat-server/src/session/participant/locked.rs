//! A connection that has to say the password of the room before anything else.
//!
//! Until it has said the right one it is told nothing of the room, and nothing that it sends
//! reaches the room. The answer to a wrong one takes a while, and the more so the more
//! wrong ones there were; what the peer sends meanwhile is thrown away.

use std::time::{Duration, Instant};

use chat_proto::PROTOCOL;
use chat_proto::command::{Command, Hello, Kind};
use chat_proto::event::{ErrorCode, Rank, Reply};
use chat_proto::password::Password;
use chat_proto::text_form::{self, PASSWORD_WANTED};

use super::{Participant, Phase, encode};
use crate::access::Verdict;
use crate::clock::Now;
use crate::hub::{Hub, notice};
use crate::session::reason::Reason;
use crate::session::stage::{ANNOUNCE_AFTER, PASSWORD_WITHIN};
use crate::timeline::mark::Form;

/// A peer that has not said the password yet.
#[derive(Debug)]
pub(in crate::session) struct Lock {
    /// It has to be said before this moment.
    until: Instant,
    /// When it begins to count as silent, unless it does already or has said a line.
    silent: Option<Instant>,
    /// How many wrong ones came.
    wrong: u8,
    /// The answer to a wrong one, which is sent at this moment.
    answer: Option<(Instant, Form)>,
}

impl Lock {
    /// When something is to be done, if nothing happens before.
    pub(super) fn deadline(&self) -> Instant {
        let answer = self.answer.map(|(at, _)| at);
        let all = [Some(self.until), self.silent, answer];
        all.into_iter().flatten().min().unwrap_or(self.until)
    }

    /// When it begins to count as silent.
    pub(super) fn silent_from(&self) -> Option<Instant> {
        self.silent
    }
}

impl Participant {
    /// Asks for the password, in place of a greeting.
    pub(super) fn ask_for_password(&mut self, greeting: &str, hub: &Hub, now: Now) {
        let usage = usage();
        let text = format!("{greeting} {PASSWORD_WANTED}: this room asks for one\n{usage}");
        self.notice(&text, hub, now);
        self.phase = Phase::Locked(Box::new(Lock {
            until: now.instant + PASSWORD_WITHIN,
            silent: Some(now.instant + ANNOUNCE_AFTER),
            wrong: 0,
            answer: None,
        }));
    }

    /// Whether what the peer sends is thrown away.
    pub(in crate::session) fn is_locked_out(&self) -> bool {
        matches!(&self.phase, Phase::Locked(lock) if lock.answer.is_some())
    }

    /// Takes a line of a peer that has not said the password.
    pub(super) fn locked_line(&mut self, line: &str, hub: &mut Hub, now: Now) {
        match text_form::parse_command(line, Rank::Ordinary) {
            Ok(Some(Command::Password(said))) => {
                if self.is_right(&said, Form::Text, hub, now) {
                    self.phase = Phase::Arriving(now.instant + ANNOUNCE_AFTER);
                    self.reader.hold_at(hub.timeline.reply_mark().text);
                    self.greet_inside(hub, now);
                }
            }
            Ok(Some(Command::Hello(hello))) => self.locked_hello(hello, hub, now),
            Ok(Some(Command::Quit)) => {
                self.notice("goodbye", hub, now);
                self.end(Reason::Quit, hub, now);
            }
            Ok(None) => {}
            _ => self.notice(&usage(), hub, now),
        }
    }

    fn locked_hello(&mut self, mut hello: Hello, hub: &mut Hub, now: Now) {
        // Of another version it may not understand what it is asked for.
        let said = hello.password.take();
        match said.filter(|_| hello.protocol == PROTOCOL) {
            Some(said) => {
                if self.is_right(&said, Form::Json, hub, now) {
                    self.phase = Phase::Arriving(now.instant + ANNOUNCE_AFTER);
                    self.reader.hold_at(hub.timeline.reply_mark().text);
                    self.hello(hello, hub, now);
                }
            }
            None => self.password_error(Form::Json, WANTED, hub, now),
        }
    }

    /// Whether this is the password. If not, that is told later.
    fn is_right(&mut self, said: &Password, form: Form, hub: &mut Hub, now: Now) -> bool {
        let verdict = self.try_password(said, hub, now);
        let Phase::Locked(lock) = &mut self.phase else {
            return false;
        };
        match verdict {
            Verdict::Right => true,
            Verdict::Wrong => {
                let after = FIRST_ANSWER * 2u32.pow(lock.wrong.into());
                lock.wrong += 1;
                lock.answer = Some((now.instant + after, form));
                false
            }
            Verdict::NotTried(left) => {
                let seconds = left.as_secs() + 1;
                let text = format!(
                    "that was not tried: too many wrong passwords came from your address; \
                     try again in {seconds} s"
                );
                self.password_error(form, &text, hub, now);
                self.end(Reason::WrongPassword, hub, now);
                false
            }
        }
    }

    /// Whether this is the password. A peer at the control socket needs none.
    pub(super) fn try_password(&self, said: &Password, hub: &mut Hub, now: Now) -> Verdict {
        match self.remote.ip() {
            Some(ip) => hub.access.try_password(said, ip, now.instant),
            None => Verdict::Right,
        }
    }

    /// Does what is due.
    pub(in crate::session) fn locked_expire(&mut self, hub: &mut Hub, now: Now) {
        let Phase::Locked(lock) = &mut self.phase else {
            return;
        };
        lock.silent.take_if(|at| *at <= now.instant);
        let is_last = lock.wrong >= MAX_TRIES;
        match lock.answer {
            Some((at, form)) if at <= now.instant => {
                lock.answer = None;
                match is_last {
                    false => self.password_error(form, WRONG, hub, now),
                    true => {
                        self.password_error(form, &format!("{WRONG}: goodbye"), hub, now);
                        self.end(Reason::WrongPassword, hub, now);
                    }
                }
            }
            _ if lock.until <= now.instant => {
                self.notice("no password came: goodbye", hub, now);
                self.end(Reason::NoPassword, hub, now);
            }
            _ => {}
        }
    }

    /// A program gets its answer in its own form, though it is in the other one until it
    /// has said the password.
    fn password_error(&mut self, form: Form, text: &str, hub: &Hub, now: Now) {
        let code = ErrorCode::Password;
        let (text, id) = (notice(text), None);
        let reply = Reply::Error { code, text, id };
        let position = hub.timeline.reply_mark().of(self.form);
        self.reader
            .reply(position, |out| encode(&reply, form, now, out));
    }
}

fn usage() -> String {
    let form = Kind::Password.entry().text.as_ref();
    form.map_or_else(String::new, |form| form.usage.to_owned())
}

const WANTED: &str = "this room asks for a password";
const WRONG: &str = "that is not the password";

/// Passwords that one connection may try.
const MAX_TRIES: u8 = 3;

/// How long the answer to the first wrong one takes; to each further one twice as long.
const FIRST_ANSWER: Duration = Duration::from_secs(1);
