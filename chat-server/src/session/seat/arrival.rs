//! Coming in: the greeting, the hello of a program, and under which name.

use std::time::Duration;

use chat_proto::command::{Hello, Past, Resume};
use chat_proto::event::{ErrorCode, Reply, Welcome};
use chat_proto::name::Name;
use chat_proto::{PROTOCOL, text_form};

use super::{Phase, Seat};
use crate::admission::Refusal;
use crate::clock::Now;
use crate::replay::{Replay, Selection};
use crate::room::{Form, Mark, Room};
use crate::session::{ANNOUNCE_AFTER, Change, Reason};

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
        if let Reason::Refused(refusal) = self.reason {
            self.speak_json(room, room.reply_mark());
            self.error(ErrorCode::Full, &refusal.advice(room.limits()), room, now);
            return self.end(self.reason, room, now);
        }
        if hello.protocol != PROTOCOL {
            self.speak_json(room, room.reply_mark());
            let text = format!("this server speaks protocol {PROTOCOL} only: goodbye");
            self.error(ErrorCode::BadCommand, &text, room, now);
            self.end(Reason::WrongProtocol, room, now);
            return;
        }
        let ghost = self.take_over(hello, room, now);
        let is_new = ghost.is_none() && !matches!(self.phase, Phase::Present(_));
        if is_new && !room.has_space() {
            self.speak_json(room, room.reply_mark());
            return self.no_space(room, now);
        }
        let mut refused = None;
        let name = match (&self.phase, hello.name.as_deref()) {
            _ if let Some(name) = ghost => {
                let wanted = hello.name.as_deref().map(Name::choose);
                let wanted = wanted.and_then(Result::ok).filter(|wanted| *wanted != name);
                self.names.change(|names| names.wanted = wanted);
                name
            }
            (Phase::Present(name), None) => name.clone(),
            (Phase::Present(old), Some(wanted)) => match Name::choose(wanted) {
                Ok(wanted) => {
                    let name = room.rename_at_hello(old, &wanted, now);
                    let wanted = (wanted != name).then_some(wanted);
                    self.names.change(|names| names.wanted = wanted);
                    name
                }
                Err(error) => {
                    refused = Some(format!("{error}; you stay {old}"));
                    old.clone()
                }
            },
            (_, wanted) => {
                let address = Name::of_address(self.address());
                let wanted = match wanted.map(Name::choose) {
                    None => address,
                    Some(Ok(name)) => name,
                    Some(Err(error)) => {
                        refused = Some(format!("{error}; you are {address} until you say nick"));
                        address
                    }
                };
                let (name, _) = room.enter(&wanted, now);
                let wanted = (wanted != name).then_some(wanted);
                self.names.change(|names| names.wanted = wanted);
                name
            }
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
        self.phase = Phase::Present(name.clone());
        let (pass, secret) = room.secrets().give(&name);
        self.pass = Some(pass);
        let mark = room.reply_mark();
        self.speak_json(room, mark);
        let lost = hello.resume.as_ref().map(|resume| lost(resume, room, mark));
        let welcome = Welcome {
            name,
            room: Some(room.id().clone()),
            seq: mark.seq,
            first: room.first(),
            kept: room.is_kept(),
            resumed: lost.map(|lost| lost.is_none()),
            people: room.people().count(),
            names: room.names(None, Welcome::MAX_NAMES).0,
            limits: *room.limits(),
            secret: Some(secret),
        };
        self.reply(&Reply::Welcome(welcome), room, now);
        let replay = match (&hello.resume, lost) {
            (Some(Resume { seq, .. }), Some(None)) => {
                Replay::new(seq + 1, mark.seq + 1, Selection::Everything)
            }
            _ => room.past(Past::Last(hello.replay), mark).on_request(),
        };
        if let Some(text) = lost.flatten() {
            self.notice(text, room, now);
        }
        if let Some(text) = refused {
            self.notice(&text, room, now);
        }
        if let Some(text) = room.trouble() {
            self.notice(text.as_str(), room, now);
        }
        self.reader.replay(mark.json, replay);
    }

    /// The name of the connection before this one, if that is still in the room.
    /// Nobody else is told.
    fn take_over(&self, hello: &Hello, room: &mut Room, now: Now) -> Option<Name> {
        let name = room.secrets().take_over(&hello.resume.as_ref()?.secret?)?;
        if let Phase::Present(old) = &self.phase {
            room.leave(old, now);
        }
        Some(name)
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
        let (name, place) = room.enter(wanted, now);
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

/// Why somebody cannot go on where they were.
fn lost(resume: &Resume, room: &Room, mark: Mark) -> Option<&'static str> {
    if resume.room != *room.id() {
        Some("this is another room than the one that you were in: you begin anew")
    } else if resume.seq > mark.seq {
        Some("this room has lost some of the last things that you saw: you begin anew")
    } else {
        None
    }
}
