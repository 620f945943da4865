//! Coming in: the greeting, the hello of a program, and under which name.

use std::time::Duration;

use chat_proto::command::{Hello, Past};
use chat_proto::event::{ErrorCode, Reply, Welcome};
use chat_proto::name::Name;
use chat_proto::{PROTOCOL, text_form};

use super::{Phase, Seat};
use crate::clock::Now;
use crate::net::admission::Refusal;
use crate::room::identity::Owner;
use crate::room::runs::Onward;
use crate::room::{Form, Mark, Room};
use crate::session::{ANNOUNCE_AFTER, Change, Reason};
use crate::timeline::replay::{Replay, Selection};

impl Seat {
    pub(in crate::session) fn greet(&mut self, room: &Room, now: Now) {
        let here = match room.people().count() {
            0 => "nobody else is here yet".to_owned(),
            1 => "1 person is here".to_owned(),
            people => format!("{people} people are here"),
        };
        let name = Name::of_address(self.address());
        let kept = match room.is_kept() {
            true => "\nwhat is said here is kept; /history shows it",
            false => "",
        };
        let deadline = match room.limits().idle_join {
            Duration::ZERO => String::new(),
            time => format!(
                "\nsend a line within {} s, if only Enter, to stay",
                time.as_secs_f64()
            ),
        };
        // The words that a program looks for, without the `-- ` of a notice.
        let version = &text_form::GREETING["-- ".len()..];
        self.notice(
            &format!(
                "{version} welcome: {here}, and you are {name}\n\
                 just type to talk; /nick NAME gives you a name, /help tells the rest{deadline}{kept}"
            ),
            room,
            now,
        );
    }

    /// Tells why it cannot come in, in place of a greeting.
    pub(in crate::session) fn refuse(&mut self, refusal: Refusal, room: &Room, now: Now) {
        self.notice(&refusal.greeting(room.limits()), room, now);
        self.reason = Reason::Refused(refusal);
        self.phase = Phase::Refused(now.instant + ANNOUNCE_AFTER);
    }

    pub(super) fn hello(&mut self, hello: &Hello, room: &mut Room, now: Now) {
        let secret = hello.resume.as_ref().and_then(|resume| resume.secret);
        let known = secret.and_then(|secret| room.secrets().owner_of(&secret));
        if let Reason::Refused(refusal) = self.reason {
            if !known.is_some_and(|owner| room.has_place_of(owner, now)) {
                self.speak_json(room, room.reply_mark());
                self.error(ErrorCode::Full, &refusal.advice(room.limits()), room, now);
                return self.end(self.reason, room, now);
            }
            self.reason = Reason::Closed;
        }
        if hello.protocol != PROTOCOL {
            self.speak_json(room, room.reply_mark());
            let text = format!("this server speaks protocol {PROTOCOL} only: goodbye");
            self.error(ErrorCode::BadCommand, &text, room, now);
            self.end(Reason::WrongProtocol, room, now);
            return;
        }
        let ghost = known.and_then(|owner| room.secrets().take_over(owner));
        let is_new = ghost.is_none() && !matches!(self.phase, Phase::Present(_));
        if is_new && !room.has_space() {
            self.speak_json(room, room.reply_mark());
            return self.no_space(room, now);
        }
        let owner = known.unwrap_or_else(|| room.secrets().draw());
        let (name, word) = match ghost {
            Some(name) => {
                self.leave_for(room, now);
                (name, None)
            }
            None => self.come_in_as(owner, hello.name.as_deref(), room, now),
        };
        match &self.phase {
            Phase::Present(old) if *old == name => {}
            Phase::Present(old) => self.note(Change::Renamed {
                old: old.clone(),
                new: name.clone(),
            }),
            _ if is_new => self.note(Change::Came(name.clone())),
            _ => self.note(Change::CameBack(name.clone())),
        }
        self.phase = Phase::Present(name);
        self.welcome(hello, owner, word, room, now);
    }

    /// Tells a program that has come in how things are, and lets follow what it has
    /// missed or wants to see again.
    fn welcome(
        &mut self,
        hello: &Hello,
        owner: Owner,
        word: Option<String>,
        room: &mut Room,
        now: Now,
    ) {
        let Phase::Present(name) = &self.phase else {
            return;
        };
        let name = name.clone();
        self.pass = Some(room.secrets().give(owner, &name));
        let mark = room.reply_mark();
        self.speak_json(room, mark);
        let resume = hello.resume.as_ref();
        let onward = resume.map(|resume| room.onward(resume, mark));
        let behind = match onward {
            Some(Onward::Behind(behind) | Onward::Torn { behind, .. }) => Some(behind),
            Some(Onward::Elsewhere) | None => None,
        };
        let welcome = Welcome {
            name,
            room: Some(room.id()),
            seq: mark.seq,
            first: room.first(),
            kept: room.is_kept(),
            resumed: onward.map(|onward| matches!(onward, Onward::Behind(_))),
            from: behind.map(|behind| behind + 1),
            people: room.people().count(),
            names: room.names(None, Welcome::MAX_NAMES).0,
            limits: *room.limits(),
            secret: Some(room.secrets().secret_of(owner)),
        };
        self.reply(&Reply::Welcome(welcome), room, now);
        let replay = match behind {
            Some(behind) => Replay::new(behind + 1, mark.seq + 1, Selection::Everything),
            None => room.past(Past::Last(hello.replay), mark).on_request(),
        };
        let trouble = room.trouble().map(|text| text.as_str().to_owned());
        for text in [onward.and_then(lost), trouble].into_iter().flatten() {
            self.notice(&text, room, now);
        }
        self.reader.replay(mark.json, replay);
        if let Some(word) = word {
            self.notice(&word, room, now);
        }
    }

    /// Comes in under the name that it had before a restart, or wants, or gets
    /// instead; and what it is to be told about that.
    fn come_in_as(
        &self,
        owner: Owner,
        wanted: Option<&str>,
        room: &mut Room,
        now: Now,
    ) -> (Name, Option<String>) {
        let wanted = wanted.map(Name::choose);
        let chosen = wanted.as_ref().and_then(|wanted| wanted.as_ref().ok());
        if let Some(name) = room.returning(owner, chosen, now) {
            self.leave_for(room, now);
            room.come_back(&name, owner, now);
            return (name, None);
        }
        let kept = chosen.and_then(|wanted| room.why_kept(wanted, now));
        let kept = |name: &Name| kept.map(|why| format!("{why}; you are {name}"));
        match (&self.phase, wanted) {
            (Phase::Present(name), None) => (name.clone(), None),
            (Phase::Present(old), Some(Ok(wanted))) => {
                let name = room.rename_at_hello(old, &wanted, owner, now);
                let word = kept(&name);
                (name, word)
            }
            (Phase::Present(old), Some(Err(error))) => {
                (old.clone(), Some(format!("{error}; you stay {old}")))
            }
            (_, Some(Ok(wanted))) => {
                let (name, _) = room.enter(&wanted, Some(owner), now);
                let word = kept(&name);
                (name, word)
            }
            (_, wanted) => {
                let address = Name::of_address(self.address());
                let (name, _) = room.enter(&address, Some(owner), now);
                let error = wanted.and_then(Result::err);
                let word = error.map(|error| format!("{error}; you are {name} until you say nick"));
                (name, word)
            }
        }
    }

    /// If it is in the room already, it leaves: it has another place there.
    fn leave_for(&self, room: &mut Room, now: Now) {
        if let Phase::Present(old) = &self.phase {
            room.leave(old, now);
        }
    }

    /// Somebody else has taken the name over, who is the same person.
    pub(in crate::session) fn replace(&mut self, room: &Room, now: Now) {
        if let Phase::Present(name) = &self.phase {
            let name = name.clone();
            self.note(Change::Left(name.clone()));
            self.names.change(|names| names.was = Some(name));
            self.notice("you are here over another connection: goodbye", room, now);
            self.close(Reason::Replaced, room, now);
        }
    }

    pub(super) fn speak_json(&mut self, room: &Room, mark: Mark) {
        self.reader.change_log(room.log(Form::Text), mark.json);
        self.form = Form::Json;
    }

    /// Comes in under the address, if not in yet.
    pub(in crate::session) fn announce(&mut self, room: &mut Room, now: Now) {
        if let Phase::Arriving(_) = self.phase {
            self.come_in(&Name::of_address(self.address()), room, now);
        }
    }

    /// Whether there was space.
    pub(super) fn come_in(&mut self, wanted: &Name, room: &mut Room, now: Now) -> bool {
        if !room.has_space() {
            self.no_space(room, now);
            return false;
        }
        let (name, place) = room.enter(wanted, None, now);
        self.note(Change::Came(name.clone()));
        self.phase = Phase::Present(name);
        self.reader.go_on(room.trim_point(self.form));
        if let Some(place) = place {
            self.skip_own(place);
        }
        true
    }

    pub(super) fn no_space(&mut self, room: &mut Room, now: Now) {
        let text = "nobody else can come in now, because the history cannot be written: goodbye";
        self.error(ErrorCode::NotKept, text, room, now);
        self.end(Reason::NoSpace, room, now);
    }
}

/// What a program is told that cannot go on as if nothing had happened.
fn lost(onward: Onward) -> Option<String> {
    Some(match onward {
        Onward::Behind(_) => return None,
        Onward::Elsewhere => {
            "this is another room than the one that you were in: you begin anew".to_owned()
        }
        Onward::Torn { lost: Some(1), .. } => {
            "the server has lost the last event that you saw, as happens when the power \
             fails; what has happened since then follows"
                .to_owned()
        }
        Onward::Torn {
            lost: Some(lost), ..
        } => format!(
            "the server has lost the last {lost} events that you saw, as happens when the \
             power fails; what has happened since then follows"
        ),
        Onward::Torn { lost: None, .. } => {
            "the server has another history of this room than when you were here, as an \
             older copy of it: some of what you saw may be missing; what has happened since \
             then follows"
                .to_owned()
        }
    })
}
