//! What each command does, for a peer that has come in; `/nick` also as a first line.

use std::fmt;

use chat_proto::command::{Command, Past};
use chat_proto::event::{ErrorCode, MessageId, Reply, Speech, SpeechKind, Welcome};
use chat_proto::name::Name;
use chat_proto::text::Text;

use super::arrival::CameIn;
use super::{MAX_PRIVATE, Phase, Seat, words};
use crate::clock::Now;
use crate::hub::{Hub, Ordered, notice};
use crate::room::request::{Fallback, Outcome, Request};
use crate::session::rate::{LINE_BYTES, RateLimiter};
use crate::session::{Change, Reason};
use crate::timeline::mark::Form;

impl Seat {
    pub(super) fn do_command(&mut self, command: Command, hub: &mut Hub, now: Now) {
        if !matches!(self.phase, Phase::Present(_)) {
            return;
        }
        match command {
            Command::Message { text, id } => self.say(SpeechKind::Message, text, id, hub, now),
            Command::Action { text, id } => self.say(SpeechKind::Action, text, id, hub, now),
            Command::History { past, id } => self.history(past, id, hub, now),
            Command::Who => {
                self.tell_who(None, hub, now);
                self.go_on_with_who(hub, now);
            }
            Command::Ping { id } => self.reply(&Reply::Pong { id }, hub, now),
            Command::Help => self.notice(&words::help(hub.limits()), hub, now),
            Command::Quit => {
                self.notice("goodbye", hub, now);
                self.end(Reason::Quit, hub, now);
            }
            Command::Hello(_) | Command::Nick { .. } => {}
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
        let Phase::Present(name) = &self.phase else {
            return;
        };
        if text.as_str().len() > hub.limits().text {
            let code = ErrorCode::TooLong;
            let text = notice(&words::long_text(hub.limits()));
            return self.reply(&Reply::Error { code, text, id }, hub, now);
        }
        let owner = self.owner(hub);
        let length = text.as_str().len() as u64;
        let speech = Speech {
            name: name.clone(),
            text,
            id: id.clone(),
            tag: None,
        };
        let request = Request::Say {
            kind,
            speech,
            owner,
        };
        let Ordered { outcome, own } = hub.propose(request, now);
        if let Some(place) = own {
            // A text of thousands of short lines is a hundred times as long with
            // the name before each: the speaker pays for what others are shown.
            let shown = place.text.end - place.text.start;
            let more = shown.saturating_sub(length.max(LINE_BYTES.into()));
            self.pay(more, hub, now);
            self.skip_own(place);
        }
        match outcome {
            Outcome::SaidBefore(seq) => {
                // While it is uncertain whether the first one can be kept there
                // is nothing to say: it comes by itself once it is.
                let certain = seq <= hub.timeline.reply_mark().seq;
                if let Some(id) = id.filter(|_| certain) {
                    self.reply(&Reply::Confirmed { id, seq }, hub, now);
                }
            }
            Outcome::NotKept(why) => {
                let text = notice(&format!("that was not sent: {why}"));
                let code = ErrorCode::NotKept;
                self.reply(&Reply::Error { code, text, id }, hub, now);
            }
            _ => {}
        }
    }

    /// What a line costs more than its bytes, in bytes.
    fn pay(&mut self, more: u64, hub: &Hub, now: Now) {
        let rate = hub.limits().rate;
        if rate > 0 && more > 0 {
            let pay = |pace: &mut RateLimiter| pace.spend(more as usize, false, rate, now.instant);
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
        let replay = hub.timeline.past(past, mark).on_request();
        self.reader.replay(mark.of(self.form), replay);
        let (first, last) = (replay.next, replay.end - 1);
        self.reply(&Reply::History { first, last, id }, hub, now);
    }

    pub(super) fn nick(&mut self, wanted: &str, hub: &mut Hub, now: Now) {
        let wanted = Name::choose(wanted);
        // As a first line it is the name to come in under, if it can be had.
        if let (Phase::Arriving(_), Ok(name)) = (&self.phase, &wanted) {
            match self.come_in(name, Fallback::Nothing, hub, now) {
                CameIn::Yes => {
                    return self.notice(&format!("you are now known as {name}"), hub, now);
                }
                CameIn::NoSpace => return,
                CameIn::NameTaken => {}
            }
        }
        self.announce(hub, now);
        self.pay((RENAME_LINES - 1) * u64::from(LINE_BYTES), hub, now);
        let Phase::Present(old) = &self.phase else {
            return;
        };
        match wanted {
            Err(error) => self.keep_name(ErrorCode::BadName, &error, hub, now),
            Ok(new) if new == *old => {
                self.notice(&format!("you are {old} already"), hub, now);
            }
            Ok(new) => self.rename(old.clone(), new, hub, now),
        }
    }

    fn rename(&mut self, old: Name, new: Name, hub: &mut Hub, now: Now) {
        let request = Request::Rename {
            old: old.clone(),
            new,
            owner: self.owner(hub),
        };
        let Ordered { outcome, own } = hub.propose(request, now);
        if let Some(place) = own {
            self.skip_own(place);
        }
        match outcome {
            Outcome::Renamed(name) => {
                if self.form == Form::Text {
                    let text = notice(&format!("you are now known as {name}"));
                    self.reply_at(hub.timeline.last_mark(), &Reply::Notice(text), now);
                }
                self.phase = Phase::Present(name.clone());
                self.note(Change::Renamed { old, new: name });
            }
            Outcome::NotRenamed(why) => self.keep_name(ErrorCode::NameTaken, &why, hub, now),
            Outcome::NotKept(why) => self.keep_name(ErrorCode::NotKept, &why, hub, now),
            _ => {}
        }
    }

    fn keep_name(&mut self, code: ErrorCode, why: &dyn fmt::Display, hub: &Hub, now: Now) {
        self.error(code, &format!("you keep your name: {why}"), hub, now);
    }

    pub(in crate::session) fn go_on_with_who(&mut self, hub: &mut Hub, now: Now) {
        while self.reader.private_bytes() < MAX_PRIVATE
            && let Some(after) = self.names.get().and_then(|names| names.who.clone())
        {
            self.tell_who(Some(&after), hub, now);
        }
    }

    fn tell_who(&mut self, after: Option<&Name>, hub: &mut Hub, now: Now) {
        hub.propose(Request::List, now);
        let (names, next) = hub.people().names(after, Welcome::MAX_NAMES);
        let more = next.is_some();
        self.names.change(|names| names.who = next);
        let people = hub.people().count();
        let reply = Reply::People {
            people,
            names,
            more,
        };
        self.reply(&reply, hub, now);
    }
}

/// As how many lines another name counts: to find whether anybody has one that
/// looks like it is work.
const RENAME_LINES: u64 = 5;
