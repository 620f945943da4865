//! Coming in: the greeting, the hello of a program, and under which name.

use std::time::Duration;

use chat_proto::command::{Command, Entry, Hello, Past};
use chat_proto::event::{ErrorCode, Reply, Welcome};
use chat_proto::name::{Name, NameError};
use chat_proto::{PROTOCOL, text_form};

use super::asking::Question;
use super::{Participant, Phase, words};
use crate::access::Verdict;
use crate::access::keys::PersonKey;
use crate::clock::Now;
use crate::hub::Hub;
use crate::net::admission::Refusal;
use crate::net::remote::Remote;
use crate::net::transport::Carrier;
use crate::room::request::{Act, Fallback, Join, Joined, JoinedAs};
use crate::room::runs::Onward;
use crate::room::verdict::Bar;
use crate::session::change::Change;
use crate::session::reason::Reason;
use crate::session::stage::ANNOUNCE_AFTER;
use crate::timeline::mark::{Form, Mark, Place};
use crate::timeline::replay::{Replay, Selection};

impl Participant {
    /// Says what this is, and who is here; or asks for the password of the room.
    pub(in crate::session) fn greet(&mut self, hub: &mut Hub, now: Now) {
        let version = self.version(hub);
        let traces = hub.room().traces(self.remote.ip(), self.key(), None);
        if self.remote == Remote::Control {
            self.greet_operator(&version, hub, now);
        } else if let Some(bar) = hub.bar(&traces, self.key(), now.time) {
            self.bar(&version, bar, hub, now);
        } else if !hub.room().holders().lets_in(self.key()) {
            let text = words::keys_only(&version, self.key(), self.carrier);
            self.notice(&text, hub, now);
            self.close(Reason::UnknownKey, hub, now);
        } else if !hub.access.has_password() {
            self.greet_inside(hub, now);
        } else if self.carrier == Carrier::Plain && !self.is_loopback() {
            let text = format!("{version} {TLS_ONLY}");
            self.notice(&text, hub, now);
            self.close(Reason::NotEncrypted, hub, now);
        } else {
            self.ask_for_password(&version, hub, now);
        }
    }

    /// Says who is here, and how to be there. No password, key or limit keeps this peer out,
    /// so that no setting can lock out the person who could undo it.
    fn greet_operator(&mut self, version: &str, hub: &Hub, now: Now) {
        let here = match hub.people().count() {
            0 => "no person is in the room".to_owned(),
            1 => "1 person is in the room".to_owned(),
            people => format!("{people} people are in the room"),
        };
        let name = self.remote.name();
        let text = format!(
            "{version} welcome to the control socket: {here}, and you are not\n\
             type to come in as {name} and talk, or /nick NAME to come in under that name; /help \
             tells the rest"
        );
        self.notice(&text, hub, now);
    }

    /// The words that a program looks for, without the `-- ` of a notice.
    fn version(&self, hub: &Hub) -> String {
        let version = &text_form::GREETING["-- ".len()..];
        match self.is_plain_though_tls_is_offered(hub) {
            true => format!("{version} {}", text_form::TLS_OFFERED),
            false => version.to_owned(),
        }
    }

    fn is_plain_though_tls_is_offered(&self, hub: &Hub) -> bool {
        self.carrier == Carrier::Plain && hub.offers_tls()
    }

    pub(super) fn greet_inside(&mut self, hub: &Hub, now: Now) {
        let here = match hub.people().count() {
            0 => "nobody else is here yet".to_owned(),
            1 => "1 person is here".to_owned(),
            people => format!("{people} people are here"),
        };
        let name = self.remote.name();
        let kept = match hub.timeline.is_kept() {
            true => "\nwhat is said here is kept; /history shows it",
            false => "",
        };
        let topic = hub.room().moderation().topic();
        let topic = topic.map_or_else(String::new, |topic| format!("\ntopic: {}", topic.text));
        let deadline = match hub.limits().idle_join {
            Duration::ZERO => String::new(),
            time => format!(
                "\nsend a line within {} s, if only Enter, to stay",
                time.as_secs_f64()
            ),
        };
        let version = self.version(hub);
        let plain = match self.is_plain_though_tls_is_offered(hub) {
            true => "\nthis connection is not encrypted",
            false => "",
        };
        self.notice(
            &format!(
                "{version} welcome: {here}, and you are {name}\n\
                 just type to talk; /nick NAME gives you a name, /help tells the rest\
                 {deadline}{kept}{plain}{topic}"
            ),
            hub,
            now,
        );
        if let Some(greeting) = hub.greeting() {
            self.reply(&Reply::Notice(greeting.clone()), hub, now);
        }
    }

    fn is_loopback(&self) -> bool {
        self.remote.ip().is_some_and(|ip| ip.is_loopback())
    }

    fn is_refused(&self) -> bool {
        matches!(self.phase, Phase::Refused(..))
    }

    /// Whether the hello has the password of the room, if there is one.
    fn says_password(&self, hello: &Hello, hub: &mut Hub, now: Now) -> bool {
        if !hub.access.has_password() {
            return true;
        }
        let said = hello.password.as_ref();
        said.is_some_and(|said| self.try_password(said, hub, now) == Verdict::Right)
    }

    /// Tells why it cannot come in, in place of a greeting.
    pub(in crate::session) fn refuse(&mut self, refusal: Refusal, hub: &Hub, now: Now) {
        self.notice(&refusal.greeting(hub.limits()), hub, now);
        self.phase = Phase::Refused(refusal, now.instant + ANNOUNCE_AFTER);
    }

    pub(super) fn hello(&mut self, hello: Hello, hub: &mut Hub, now: Now) {
        if let Phase::Barred(barred) = &self.phase
            && (barred.bar != Bar::Locked || hello.resume.is_none())
        {
            let bar = barred.bar.clone();
            self.answer_in_json(hub);
            return self.barred(&bar, hub, now);
        }
        let secret = hello.resume.as_ref().and_then(|resume| resume.secret);
        let known = secret.and_then(|secret| hub.room().tickets().owner_of(&secret));
        // One that was let in has said the password of the room before.
        let known = known.filter(|_| {
            let is_let_in = hub.room().holders().lets_in(self.key());
            !self.is_refused() || is_let_in && self.says_password(&hello, hub, now)
        });
        if let Phase::Refused(refusal, _) = self.phase
            && !known.is_some_and(|owner| hub.room().has_place_of(owner, now))
        {
            self.answer_in_json(hub);
            self.error(ErrorCode::Full, &refusal.advice(hub.limits()), hub, now);
            return self.end(Reason::Refused(refusal), hub, now);
        }
        if hello.protocol != PROTOCOL {
            self.answer_in_json(hub);
            let text = format!("this server speaks protocol {PROTOCOL} only: goodbye");
            self.error(ErrorCode::BadCommand, &text, hub, now);
            self.end(Reason::WrongProtocol, hub, now);
            return;
        }
        let is_here = |owner| hub.room().members().connection_of(owner).is_some();
        let is_new = self.present_name().is_none() && !known.is_some_and(is_here);
        if is_new && let Some(why) = self.why_not_now(hub, now) {
            self.answer_in_json(hub);
            return self.turn_away(why, hub, now);
        }
        if hello.entry == Entry::Aside && matches!(self.phase, Phase::Outside) {
            return self.welcome_aside(hub, now);
        }
        let wanted = hello.name.as_deref().map(Name::choose).transpose();
        let join = Join {
            known,
            wanted: wanted.as_ref().ok().cloned().flatten(),
            otherwise: self.remote.name(),
            key: self.take_key(),
            from: self.remote.ip(),
            program: hello.program.clone(),
        };
        let error = wanted.err();
        self.ask(Question::Join { hello, error }, Act::Join(join), hub, now);
    }

    /// It has come in, or has said who it is. The `mark` is where the room was then.
    pub(super) fn joined(
        &mut self,
        hello: &Hello,
        error: Option<NameError>,
        joined: Joined,
        mark: Mark,
        hub: &Hub,
        now: Now,
    ) {
        let name = &joined.name;
        let kept = joined.refusal.as_ref();
        let remark = kept.map(|why| format!("{why}; you are {name}"));
        let change = match &self.phase {
            Phase::Present(old) if old == name => None,
            Phase::Present(old) => Some(Change::Renamed {
                old: old.clone(),
                new: name.clone(),
            }),
            _ => Some(match joined.place {
                JoinedAs::TookOver(_) => Change::CameBack(name.clone()),
                JoinedAs::New | JoinedAs::Returned => Change::Came(name.clone()),
            }),
        };
        let remark = error
            .filter(|_| joined.place == JoinedAs::New)
            .map_or(remark, |error| {
                Some(match &self.phase {
                    Phase::Present(old) => format!("{error}; you stay {old}"),
                    _ => format!("{error}; you are {name} until you say nick"),
                })
            });
        change.into_iter().for_each(|change| self.note(change));
        self.phase = Phase::Present(name.clone());
        self.welcome(hello, joined, remark, mark, hub, now);
    }

    /// Tells a program that has come in how things are, and lets follow what it has
    /// missed or wants to see again.
    fn welcome(
        &mut self,
        hello: &Hello,
        joined: Joined,
        remark: Option<String>,
        mark: Mark,
        hub: &Hub,
        now: Now,
    ) {
        self.speak_json(hub, mark);
        let resume = hello.resume.as_ref();
        let onward = resume.map(|resume| hub.onward(resume, mark));
        let behind = match onward {
            Some(Onward::Behind(behind) | Onward::Torn { behind, .. }) => Some(behind),
            Some(Onward::Elsewhere) | None => None,
        };
        let welcome = Welcome {
            name: joined.name,
            room: Some(hub.room().id()),
            seq: mark.seq,
            first: hub.timeline.first(),
            kept: hub.timeline.is_kept(),
            resumed: onward.map(|onward| matches!(onward, Onward::Behind(_))),
            from: behind.map(|behind| behind + 1),
            people: joined.listing.people,
            names: joined.listing.names,
            limits: *hub.limits(),
            topic: hub.room().moderation().topic().cloned(),
            greeting: hub.greeting().cloned(),
            rank: self.rank(hub),
            secret: Some(hub.room().tickets().secret_of(joined.owner)),
        };
        self.reply_at(mark, &Reply::Welcome(Box::new(welcome)), now);
        let replay = match behind {
            Some(behind) => Replay::new(behind + 1, mark.seq + 1, Selection::Everything),
            None => hub
                .timeline
                .past(Past::Last(hello.replay), mark)
                .on_request(),
        };
        let trouble = hub.timeline.trouble().map(|text| text.as_str().to_owned());
        for text in [onward.and_then(lost), trouble].into_iter().flatten() {
            self.notice(&text, hub, now);
        }
        self.reader.replay(mark.json, replay);
        if let Some(remark) = remark {
            self.notice(&remark, hub, now);
        }
        // The log may be about to be cut behind where the room was at that moment.
        let point = hub.timeline.live_from(Form::Json);
        if self.reader.needs_before(point) {
            let log = hub.timeline.log(Form::Json);
            self.reader.fall_behind(log, point);
        }
    }

    /// A program at the control socket does not come in: it gets the JSON form, and no
    /// events.
    fn welcome_aside(&mut self, hub: &Hub, now: Now) {
        let mark = hub.timeline.reply_mark();
        self.speak_json(hub, mark);
        self.reader.stop_at(mark.json);
        let welcome = Welcome {
            name: self.remote.name(),
            room: Some(hub.room().id()),
            seq: mark.seq,
            first: hub.timeline.first(),
            kept: hub.timeline.is_kept(),
            resumed: None,
            from: None,
            people: hub.people().count(),
            names: Vec::new(),
            limits: *hub.limits(),
            topic: hub.room().moderation().topic().cloned(),
            // It is for people who come in.
            greeting: None,
            rank: self.rank(hub),
            secret: None,
        };
        self.reply_at(mark, &Reply::Welcome(Box::new(welcome)), now);
    }

    /// A program is not let in: it is told so in its own form, and nothing of what
    /// happens in the room.
    pub(super) fn answer_in_json(&mut self, hub: &Hub) {
        let mark = hub.timeline.reply_mark();
        self.speak_json(hub, mark);
        if self.present_name().is_none() {
            self.reader.stop_at(mark.json);
        }
    }

    pub(super) fn speak_json(&mut self, hub: &Hub, mark: Mark) {
        self.reader
            .change_log(hub.timeline.log(Form::Text), mark.json);
        self.form = Form::Json;
    }

    /// Comes in under the name of its place, if not in yet, and then does this.
    pub(in crate::session) fn come_in(&mut self, then: Option<Command>, hub: &mut Hub, now: Now) {
        let name = self.remote.name();
        self.enter(Question::Enter(then), name, Fallback::Numbered, hub, now);
    }

    /// Comes in under the name, if it can be had.
    pub(super) fn come_in_as(&mut self, name: Name, hub: &mut Hub, now: Now) {
        let question = Question::EnterAs(name.clone());
        self.enter(question, name, Fallback::Nothing, hub, now);
    }

    fn enter(
        &mut self,
        question: Question,
        wanted: Name,
        fallback: Fallback,
        hub: &mut Hub,
        now: Now,
    ) {
        if !matches!(self.phase, Phase::Arriving(_) | Phase::Outside) {
            return;
        }
        if let Some(why) = self.why_not_now(hub, now) {
            return self.turn_away(why, hub, now);
        }
        if matches!(self.phase, Phase::Outside) {
            // It may have been outside for days, and hears from here on.
            self.reader.hold_at(hub.timeline.reply_mark().of(self.form));
        }
        // The first of two tries: the key is wanted for the second one, too.
        let key = self.key().cloned();
        let from = self.remote.ip();
        let act = Act::Enter {
            wanted,
            fallback,
            key,
            from,
        };
        self.ask(question, act, hub, now);
    }

    /// Why it cannot come in now: there is no memory for that while nothing can be kept, or it
    /// would wait for an order that stands still. There are so few operators that there always
    /// is memory for them.
    fn why_not_now(&self, hub: &Hub, now: Now) -> Option<Reason> {
        if self.remote != Remote::Control && !hub.timeline.has_space() {
            return Some(Reason::NoSpace);
        }
        hub.is_standing(now).then_some(Reason::NoOrder)
    }

    /// The room knows the key from now on.
    fn take_key(&mut self) -> Option<PersonKey> {
        self.names.change(|names| names.key.take())
    }

    /// It has come in without a program.
    pub(super) fn entered(&mut self, name: Name, own: Option<Place>, hub: &Hub) {
        self.note(Change::Came(name.clone()));
        self.take_key();
        self.phase = Phase::Present(name);
        self.reader.go_on(hub.timeline.live_from(self.form));
        if let Some(place) = own {
            self.skip_own(place);
        }
    }

    fn turn_away(&mut self, why: Reason, hub: &mut Hub, now: Now) {
        let text = format!("nobody else can come in now, because {why}: goodbye");
        self.error(ErrorCode::NotKept, &text, hub, now);
        self.end(why, hub, now);
    }
}

/// Behind the words that a program looks for, where a password would be read on the way.
const TLS_ONLY: &str = "only: the password of this room is not taken over a connection that \
                        is not encrypted. Use chat-client HOST PORT, or ncat --ssl HOST PORT";

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
