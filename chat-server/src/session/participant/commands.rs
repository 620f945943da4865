//! What each command does.

use std::fmt;

use chat_proto::command::{Command, Past};
use chat_proto::event::{ErrorCode, MessageId, Rank, Reply, SpeechKind};
use chat_proto::framing::{Endless, Item};
use chat_proto::name::Name;
use chat_proto::text::Text;

use super::asking::Question;
use super::{MAX_PRIVATE, Participant, Phase, words};
use crate::clock::Now;
use crate::hub::{Answer, Hub, notice};
use crate::net::remote::Remote;
use crate::room::holders::Forgotten;
use crate::room::request::{Act, Listing, NameRefusal, Outcome};
use crate::session::change::Change;
use crate::session::rate::{LINE_BYTES, RateLimiter};
use crate::session::reason::Reason;
use crate::timeline::mark::Mark;

impl Participant {
    pub(super) fn do_command(&mut self, command: Command, hub: &mut Hub, now: Now) {
        match command {
            Command::Message { text, id } => self.say(SpeechKind::Message, text, id, hub, now),
            Command::Action { text, id } => self.say(SpeechKind::Action, text, id, hub, now),
            Command::History { past, id } => self.history(past, id, hub, now),
            Command::Who { prefix } => {
                self.names.change(|names| names.prefix = prefix);
                self.list(None, hub, now);
                self.go_on_with_who(hub, now);
            }
            Command::Ping { id } => self.reply(&Reply::Pong { id }, hub, now),
            Command::Password(_) => self.notice(NO_PASSWORD, hub, now),
            Command::Help => {
                let text = words::help(self.rank(hub), hub.limits());
                self.notice(&text, hub, now);
            }
            Command::Quit => {
                self.notice("goodbye", hub, now);
                self.end(Reason::Quit, hub, now);
            }
            Command::Nick { name } => self.nick(&name, hub, now),
            Command::Forget { name } => self.forget(&name, hub, now),
            Command::Operate { operation, id } => self.operate(operation, id, hub, now),
            Command::Hello(hello) => self.hello(hello, hub, now),
        }
    }

    fn say(
        &mut self,
        kind: SpeechKind,
        text: Text,
        id: Option<MessageId>,
        hub: &mut Hub,
        now: Now,
    ) {
        if text.as_str().len() > hub.limits().text {
            let code = ErrorCode::TooLong;
            let text = notice(&words::long_text(hub.limits()));
            return self.reply(&Reply::Error { code, text, id }, hub, now);
        }
        self.unanswered += 1;
        if let Some(answer) = hub.propose(self.client, Act::Say { kind, text, id }, now) {
            self.said(answer, hub, now);
        }
    }

    /// What came of something that it has said.
    pub(super) fn said(&mut self, answer: Answer, hub: &Hub, now: Now) {
        self.unanswered = self.unanswered.saturating_sub(1);
        match answer.outcome {
            Outcome::Said { length, claimed } => {
                if let Some(place) = answer.own {
                    // A text of thousands of short lines is a hundred times as long with
                    // the name before each: the speaker pays for what others are shown.
                    let shown = place.text.end - place.text.start;
                    let length = (length as u64).max(LINE_BYTES.into());
                    self.pay(shown.saturating_sub(length), hub, now);
                    self.skip_own(place);
                }
                if let Some(name) = claimed {
                    self.reply_at(hub.timeline.last_mark(), &words::claimed(&name), now);
                    if let Some(key) = hub.room().holders().key_of(&name) {
                        self.note(Change::Claimed(name, key));
                    }
                }
            }
            // While it is uncertain whether the first one can be kept there is nothing
            // to say: it comes by itself once it is.
            Outcome::SaidBefore { id, seq } if seq <= hub.timeline.reply_mark().seq => {
                self.reply(&Reply::Confirmed { id, seq }, hub, now);
            }
            Outcome::Silenced { id, why } => {
                let text = notice(&format!("that was not sent: {why}"));
                let code = why.code();
                self.reply(&Reply::Error { code, text, id }, hub, now);
            }
            Outcome::NotSaid { id, why } => {
                let text = notice(&format!("that was not sent: {why}"));
                let code = ErrorCode::NotKept;
                self.reply(&Reply::Error { code, text, id }, hub, now);
            }
            _ => {}
        }
    }

    /// What has come costs as many bytes as were taken for it, and a line as many as a
    /// line costs at least. To hear a peer out that is gone blank lines are free.
    pub(in crate::session) fn pay_for(
        &mut self,
        taken: usize,
        item: &Result<Option<Item<'_>>, Endless>,
        hub: &Hub,
        now: Now,
    ) {
        let line = match item {
            Ok(Some(Item::Line(line))) => Some(line),
            _ => None,
        };
        let is_free = self.has_broken_off && line.is_some_and(|line| line.is_blank());
        let rate = self.rate(hub);
        if rate > 0 && !is_free {
            let bytes = match line {
                Some(_) => taken.max(LINE_BYTES as usize),
                None => taken,
            };
            let spend = |pace: &mut RateLimiter| pace.spend(bytes, rate, now.instant);
            self.pace.change(spend);
        }
    }

    /// How many lines a second it may say: as many as it likes at the control socket.
    fn rate(&self, hub: &Hub) -> u32 {
        match self.remote {
            Remote::Control => 0,
            Remote::Network { .. } => hub.limits().rate,
        }
    }

    /// What a line costs more than its bytes, in bytes.
    fn pay(&mut self, more: u64, hub: &Hub, now: Now) {
        let rate = self.rate(hub);
        if rate > 0 && more > 0 {
            let pay = |pace: &mut RateLimiter| pace.spend(more as usize, rate, now.instant);
            self.pace.change(pay);
        }
    }

    fn history(&mut self, past: Past, id: Option<MessageId>, hub: &Hub, now: Now) {
        let mark = hub.timeline.reply_mark();
        if let Past::Range { first, last } = past
            && let first = first.max(1)
            && first < hub.timeline.first()
            && last.is_none_or(|last| last >= first)
        {
            let held = hub.timeline.first();
            let missed = last.map_or(held, |last| last.saturating_add(1).min(held)) - first;
            self.reply(&Reply::Gap { missed }, hub, now);
        }
        let mut replay = hub.timeline.past(past, mark).on_request();
        if self.rank(hub) >= Rank::Operator {
            replay = replay.numbered();
        }
        self.reader.replay(mark.of(self.form), replay);
        let (first, last) = (replay.next, replay.end - 1);
        self.reply(&Reply::History { first, last, id }, hub, now);
    }

    pub(super) fn nick(&mut self, wanted: &str, hub: &mut Hub, now: Now) {
        let chosen = Name::choose(wanted);
        match (&self.phase, chosen) {
            // As a first line it is the name to come in under, if it can be had.
            (Phase::Arriving(_) | Phase::Outside, Ok(name))
                if hub.room().is_free(&name, self.key(), now) =>
            {
                self.come_in_as(name, hub, now);
            }
            (Phase::Arriving(_) | Phase::Outside, _) => {
                let name = wanted.to_owned();
                self.come_in(Some(Command::Nick { name }), hub, now);
            }
            (Phase::Present(old), chosen) => {
                let old = old.clone();
                self.pay((RENAME_LINES - 1) * u64::from(LINE_BYTES), hub, now);
                match chosen {
                    Err(error) => self.keep_name(ErrorCode::BadName, &error, hub, now),
                    Ok(new) if new == old => {
                        self.notice(&format!("you are {old} already"), hub, now);
                    }
                    Ok(new) => self.ask(Question::Rename(old), Act::Rename(new), hub, now),
                }
            }
            _ => {}
        }
    }

    /// The reason why it does not get a name.
    pub(super) fn name_refused(&mut self, why: &NameRefusal, hub: &Hub, now: Now) {
        let code = match why {
            NameRefusal::Taken(_) | NameRefusal::Kept { .. } => ErrorCode::NameTaken,
            NameRefusal::Held(_) => ErrorCode::NameHeld,
            NameRefusal::NotKept(_) => ErrorCode::NotKept,
            NameRefusal::Muted(why) => why.code(),
        };
        self.keep_name(code, why, hub, now);
    }

    fn forget(&mut self, name: &str, hub: &mut Hub, now: Now) {
        self.pay((RENAME_LINES - 1) * u64::from(LINE_BYTES), hub, now);
        match Name::choose(name) {
            Err(error) => self.error(ErrorCode::BadName, &error.to_string(), hub, now),
            Ok(name) => {
                let question = Question::Forget(name.clone());
                let authority = self.authority();
                self.ask(question, Act::Forget { name, authority }, hub, now);
            }
        }
    }

    /// What came of its wish to free a name.
    pub(super) fn forgotten(&mut self, name: &Name, outcome: Forgotten, hub: &Hub, now: Now) {
        match outcome {
            Forgotten::Freed(_) => {
                self.note(Change::Freed {
                    by: self.name().cloned(),
                    name: name.clone(),
                });
                let text = format!("{name} belongs to no key any more: any person can have it");
                self.notice(&text, hub, now);
            }
            Forgotten::NotHeld => self.notice(&format!("{name} belongs to no key"), hub, now),
            Forgotten::NotAllowed => {
                let text = format!(
                    "{name} belongs to another person's key: that person, or an operator, can \
                     free it"
                );
                self.error(ErrorCode::NotAllowed, &text, hub, now);
            }
            Forgotten::Standing(why) => {
                let text = format!("{name} was not freed: {why}");
                self.error(ErrorCode::NotKept, &text, hub, now);
            }
        }
    }

    fn keep_name(&mut self, code: ErrorCode, why: &dyn fmt::Display, hub: &Hub, now: Now) {
        self.error(code, &format!("you keep your name: {why}"), hub, now);
    }

    pub(in crate::session) fn go_on_with_who(&mut self, hub: &mut Hub, now: Now) {
        while self.reader.private_bytes() < MAX_PRIVATE
            && self.may_list()
            && let Some(after) = self.names.get().and_then(|names| names.who.clone())
        {
            self.list(Some(after), hub, now);
        }
    }

    fn list(&mut self, after: Option<Name>, hub: &mut Hub, now: Now) {
        let prefix = self.names.get().and_then(|names| names.prefix.clone());
        self.ask(Question::List, Act::List { after, prefix }, hub, now);
    }

    pub(super) fn listed(&mut self, listing: Listing, mark: Mark, now: Now) {
        let Listing {
            people,
            names,
            next,
        } = listing;
        let more = next.is_some();
        self.names.change(|names| {
            names.prefix = names.prefix.take().filter(|_| next.is_some());
            names.who = next;
        });
        let reply = Reply::People {
            people,
            names,
            more,
        };
        self.reply_at(mark, &reply, now);
    }
}

const NO_PASSWORD: &str = "you need no password: you are in the room already";

/// As how many lines another name counts: to find whether a name that looks like it is
/// taken is work.
const RENAME_LINES: u64 = 5;
