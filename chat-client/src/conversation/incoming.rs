//! Events and replies of the server in the JSON form.

use std::borrow::Cow;
use std::time::Instant;

use chat_proto::event::{
    self, Body, ErrorCode, Event, KeyId, MessageId, Person, Rank, Reply, ServerMessage, Speech,
    Timestamp, Welcome,
};
use chat_proto::json_form::{self, MalformedObject};
use chat_proto::name::Name;
use chat_proto::text::{MAX_TEXT, Text};
use chat_proto::text_form;

use super::about::about;
use super::netsplit::Netsplit;
use super::objects::{is_json, printable, without};
use super::outbox::{Sent, SpeechKind};
use super::people::People;
use super::position::Resumption;
use super::removed::Removed;
use super::stage::{Liveness, Refusal, Stage};
use super::{Audience, Conversation};
use crate::output::line::{Age, Kind, Line, Presence, Speaker, Standing};

impl Conversation {
    /// Takes a line of the JSON form.
    pub(super) fn object(&mut self, line: &str, now: Instant) {
        let message = json_form::parse_server_message(line);
        let age = match &message {
            Ok(Some(ServerMessage::Event(event))) => {
                let Some(age) = self.position.take(event.seq) else {
                    return;
                };
                age
            }
            _ => Age::New,
        };
        self.keep_object(line, &message);
        // Lines in text form may still come before the welcome, and objects
        // of a kind that is newer than this program at any time.
        match message {
            Ok(Some(ServerMessage::Event(event))) => self.event(event, age),
            Ok(Some(ServerMessage::Reply(reply))) => self.reply(reply, now),
            Ok(None) | Err(_) => {}
        }
    }

    /// Keeps an object as it came, if it is wanted.
    fn keep_object(
        &mut self,
        line: &str,
        message: &Result<Option<ServerMessage>, MalformedObject>,
    ) {
        let Some(objects) = &mut self.objects else {
            return;
        };
        let is_presence = matches!(
            message,
            Ok(Some(ServerMessage::Event(Event {
                body: Body::Entered(_) | Body::Left(_) | Body::People { .. },
                ..
            })))
        );
        // Only we ask for a sign of life.
        let is_pong = matches!(message, Ok(Some(ServerMessage::Reply(Reply::Pong { .. }))));
        let is_hidden = is_presence && objects.presence == Presence::Hidden;
        if is_pong || is_hidden || !line.starts_with('{') || message.is_err() && !is_json(line) {
            return;
        }
        let is_welcome = matches!(message, Ok(Some(ServerMessage::Reply(Reply::Welcome(_)))));
        // With the secret a reader of our output could come back in our place.
        let object = match is_welcome {
            true => Cow::Owned(without(line, "secret")),
            false => Cow::Borrowed(line),
        };
        objects.lines.push(printable(&object));
    }

    /// Shows an event. Only new events change the list of people: the welcome has the
    /// people of the moment when we came.
    fn event(&mut self, event: Event, age: Age) {
        let Event { seq, time, body } = event;
        let kind = match body {
            Body::Message(speech) => {
                let own = self.note_speech(&speech, seq, age);
                Kind::Message {
                    speaker: (!own).then(|| self.speaker(speech.name, speech.held)),
                    text: speech.text,
                }
            }
            Body::Action(speech) => {
                let own = self.note_speech(&speech, seq, age);
                let held = speech.held.filter(|_| !own);
                Kind::Action {
                    own,
                    speaker: self.speaker(speech.name, held),
                    text: speech.text,
                }
            }
            Body::Entered(arrivals) => {
                let (gone, names) = self.enter(arrivals, seq, age);
                if !gone.is_empty() {
                    self.show_gone(gone, age, time);
                }
                match names {
                    names if names.is_empty() => return,
                    names => Kind::Entered(names),
                }
            }
            Body::Left(names) => match self.leave(names, age) {
                names if names.is_empty() => return,
                names => Kind::Left(names),
            },
            Body::People { people, .. } => Kind::People(people),
            Body::Renamed { old, new, .. } => self.rename(old, new, age, time),
            Body::Measure(measure) => match self.measure(&measure, time, age) {
                Some(kind) => kind,
                None => return,
            },
            Body::Room { people, .. } => {
                if people == 0 {
                    self.restarted(age);
                }
                return;
            }
        };
        self.progress |= age != Age::Old;
        self.show(Line {
            age,
            number: self.number(seq, age),
            ..Line::new(Some(time), kind)
        });
    }

    /// The room was opened again: all people of before are gone.
    fn restarted(&mut self, age: Age) {
        self.removed.clear(age);
        if let Some(netsplit) = &mut self.netsplit
            && age == Age::Missed
        {
            netsplit.restart();
        }
    }

    /// The number that stands before an event: operators name a message by it, and see it
    /// where they ask for the past.
    fn number(&self, seq: u64, age: Age) -> Option<u64> {
        let is_asked = age == Age::Old && self.position.answers_history();
        (is_asked && self.rank >= Rank::Operator).then_some(seq)
    }

    /// A person as the reader is shown them. A program that reads lines gets the names
    /// alone; what belongs to them is in the objects.
    fn speaker(&self, name: Name, held: Option<KeyId>) -> Speaker {
        let standing = match (held, self.options.audience) {
            (Some(_), Audience::Prompt | Audience::Lines) => Standing::Held,
            (Some(_), Audience::Program) | (None, _) => Standing::InUse,
        };
        Speaker { name, standing }
    }

    /// These people in one line.
    fn list(&self, people: impl Iterator<Item = Person>) -> String {
        let people = people.map(|Person { name, held }| self.speaker(name, held).to_string());
        people.collect::<Vec<_>>().join(", ")
    }

    /// Notes the speaker; tells whether it is the person themselves. For old events the
    /// name is no proof: another person may have had it.
    fn note_speech(&mut self, speech: &Speech, seq: u64, age: Age) -> bool {
        // Other clients see the id, and can say something else under it.
        let by_name = Some(&speech.name) == self.me.as_ref();
        let id = speech.id.as_ref();
        let sent = id.filter(|id| by_name || self.outbox.text_of(id) == Some(&speech.text));
        let sent = sent.and_then(|id| self.outbox.settle(id));
        let own = sent.is_some() || age == Age::New && by_name;
        if !own && age == Age::New {
            self.people.speak(&speech.name);
        }
        // The person knows who speaks for them.
        let age = if own { Age::Old } else { age };
        if let Some(change) = self.holders.speak(speech, seq, age) {
            self.show(Line::warning(change.to_string()));
        }
        own
    }

    /// People came. Returns the people to show as gone, and then the arrivals to show.
    fn enter(
        &mut self,
        mut arrivals: Vec<event::Arrival>,
        seq: u64,
        age: Age,
    ) -> (Vec<Name>, Vec<Name>) {
        let is_ours = |arrival: &event::Arrival| self.me.as_ref() == Some(&arrival.name);
        if age == Age::New {
            // Our own arrival, which the server told together with others.
            arrivals.retain(|arrival| !is_ours(arrival));
            for arrival in &arrivals {
                self.people.enter(&arrival.name);
            }
        }
        for arrival in &arrivals {
            self.removed.forget(&arrival.name, age);
        }
        match &mut self.netsplit {
            Some(netsplit) if age != Age::Old => {
                // Our own return: the last event before the welcome.
                if self.position.is_at_welcome(seq) {
                    arrivals.retain(|arrival| !is_ours(arrival));
                }
                netsplit.enter(arrivals)
            }
            _ => {
                let names = arrivals.into_iter().map(|arrival| arrival.name);
                (Vec::new(), names.collect())
            }
        }
    }

    /// Shows people as gone who have not come back; other people have their names now.
    fn show_gone(&mut self, names: Vec<Name>, age: Age, time: Timestamp) {
        let kind = Kind::Left(names);
        self.show(Line {
            age,
            ..Line::new(Some(time), kind)
        });
    }

    /// People went. Returns the departures to show.
    fn leave(&mut self, mut names: Vec<Name>, age: Age) -> Vec<Name> {
        if age == Age::New {
            for name in &names {
                self.people.leave(name);
            }
        }
        if let Some(netsplit) = &mut self.netsplit
            && age != Age::Old
        {
            names = netsplit.leave(names);
        }
        if age == Age::New {
            // The departure of our earlier connection, told late.
            names.retain(|name| self.me.as_ref() != Some(name));
        }
        names.retain(|name| !self.removed.forget(name, age));
        names
    }

    fn rename(&mut self, old: Name, new: Name, age: Age, time: Timestamp) -> Kind {
        if let Some(netsplit) = &mut self.netsplit
            && age != Age::Old
            && netsplit.rename(&old, &new)
        {
            self.show_gone(vec![new.clone()], age, time);
        }
        self.removed.forget(&new, age);
        if age != Age::New {
            return Kind::Renamed { old, new };
        }
        if Some(&old) == self.me.as_ref() {
            let text = format!("you are now known as {new}");
            self.options.name = Some(new.to_string());
            self.me = Some(new);
            return Kind::Notice(text);
        }
        self.people.rename(&old, &new);
        Kind::Renamed { old, new }
    }

    /// Shows the people as gone who are not back after a restart.
    pub(super) fn tell_gone(&mut self, netsplit: Netsplit) {
        let here: Vec<&Name> = self.people.names().chain(&self.me).collect();
        let mut gone = netsplit.into_missing();
        gone.retain(|name| !here.contains(&name));
        if !gone.is_empty() {
            let names = gone.into_iter().collect();
            self.show(Line::new(None, Kind::Left(names)));
        }
    }

    fn reply(&mut self, reply: Reply, now: Instant) {
        match reply {
            // A second welcome would have every message sent again.
            Reply::Welcome(_) if matches!(self.stage, Stage::Json(_)) => {}
            Reply::Welcome(welcome) => self.welcome(*welcome, now),
            // The goodbye in words, as for `nc`.
            Reply::Notice(_) if self.is_leaving() => {}
            Reply::Notice(text) => self.show(Line::notice(text.as_str())),
            Reply::Error { code, text, id } => self.error(code, &text, id),
            Reply::People { people, names, .. } => {
                self.holders.learn(&names, self.position.newest());
                let names = match names.is_empty() {
                    true => "no name begins so".to_owned(),
                    false => self.list(names.into_iter()),
                };
                self.show(Line::notice(format!("here ({people} in all): {names}")));
            }
            Reply::Pong { .. } => {}
            Reply::Gap { missed } => {
                if self.position.skip(missed) {
                    // Returns may be among the missed events, too.
                    self.people.doubt();
                    self.netsplit = None;
                }
                let lines = if missed == 1 { "line" } else { "lines" };
                self.show(Line::status(format!("you missed {missed} {lines}")));
            }
            Reply::Done { text, .. } => self.show(Line::notice(text.as_str())),
            // More follow.
            Reply::Bans { bans, more, .. } if bans.is_empty() && more => {}
            Reply::Bans { bans, .. } => self.show(Line::notice(text_form::bans(&bans).join("\n"))),
            Reply::Whois { person, .. } => {
                self.show(Line::notice(text_form::whois(&person).join("\n")));
            }
            Reply::Confirmed { id, .. } => self.confirmed(&id),
            Reply::History { first, last, .. } => {
                self.position.end_history();
                self.removed.clear(Age::Old);
                if first > last {
                    self.show(Line::notice("nothing has been said yet"));
                }
            }
            Reply::Goodbye { text, after } => self.goodbye = Some((one_line(&text), after)),
        }
    }

    fn error(&mut self, code: ErrorCode, text: &Text, id: Option<MessageId>) {
        let is_asked = matches!(self.stage, Stage::Hello { .. });
        match code {
            ErrorCode::Full | ErrorCode::NotKept if is_asked => {
                return self.stage.refuse(Refusal::ForNow(one_line(text)));
            }
            ErrorCode::Password if is_asked => return self.password_refused(text),
            ErrorCode::Locked if is_asked => return self.do_without(text.as_str()),
            ErrorCode::Removed | ErrorCode::Banned => return self.put_out(text.as_str()),
            _ => {}
        }
        if self.was_welcomed()
            && let Some(outage) = &mut self.outage
        {
            // We are not let in again. This is the reason of the outage, and no line: the
            // next attempt may fail the same way.
            outage.why = one_line(text);
            return;
        }
        match id.and_then(|id| self.outbox.settle(&id)) {
            Some(Sent { text: said, .. }) if code != ErrorCode::TooLong => {
                self.refuse(format!("{text}: {said}"));
            }
            _ => {
                self.stage.refuse(Refusal::ForGood);
                self.refuse(text.to_string());
            }
        }
    }

    /// We are in the room, for the first time or again.
    fn welcome(&mut self, welcome: Welcome, now: Instant) {
        let resumption = self.position.arrive(&welcome, self.options.replay);
        let mut is_first = false;
        let text = match self.outage.take().filter(|_| self.was_welcomed()) {
            Some(outage) => {
                let mut text = "back".to_owned();
                if self.me.as_ref() != Some(&welcome.name) {
                    text += &format!(" as {}", welcome.name);
                }
                let time = now.saturating_duration_since(outage.since);
                text += &format!(" after {}", about(time));
                if resumption == Resumption::Unsupported {
                    text += "; what was said meanwhile is missing";
                }
                Line::status(text)
            }
            None => {
                is_first = true;
                Line::notice(self.introduction(&welcome))
            }
        };
        self.show(text);
        // Who comes back has read it.
        if let Some(greeting) = welcome.greeting.as_ref().filter(|_| is_first) {
            self.show(Line::notice(greeting.as_str()));
        }
        self.rank = welcome.rank.max(self.options.rank);
        if resumption != Resumption::Resumed {
            self.removed = Removed::default();
        }
        if matches!(resumption, Resumption::Resumed | Resumption::RolledBack) {
            if let Some(netsplit) = &mut self.netsplit {
                netsplit.welcome(now);
            }
        } else {
            self.netsplit = None;
            // No event of those that follow tells it.
            if let Some(topic) = &welcome.topic {
                let topic = text_form::topic(&topic.text, topic.by.as_ref());
                self.show(Line::notice(topic));
            }
        }
        match resumption {
            Resumption::Resumed => {}
            // Other events have the numbers that were seen, and follow.
            Resumption::RolledBack => self.holders.renumber(self.position.newest()),
            Resumption::Refused | Resumption::Unsupported => self.holders.renumber(welcome.seq),
        }
        self.holders.learn(&welcome.names, welcome.seq);
        self.people = People::default();
        let names = welcome.names.iter().map(|person| &person.name);
        for name in names.filter(|name| **name != welcome.name) {
            self.people.enter(name);
        }
        self.limit = welcome.limits.text.min(MAX_TEXT);
        self.me = Some(welcome.name);
        self.stage = Stage::Json(Liveness::Heard(now));
        self.outbox.send_again(&mut self.output);
        while !self.is_leaving()
            && let Some(line) = self.outbox.next_waiting()
        {
            self.send_json(&line);
        }
        self.quit_next();
    }

    /// The words to a newcomer.
    fn introduction(&self, welcome: &Welcome) -> String {
        let me = &welcome.name;
        let rank = match welcome.rank {
            Rank::Operator | Rank::Control => ", an operator",
            Rank::Ordinary => "",
        };
        let others = welcome.people.saturating_sub(1);
        let named = welcome.names.iter().filter(|person| person.name != *me);
        let named: Vec<&Person> = named.take(MAX_NAMED).collect();
        let names = self.list(named.iter().copied().cloned());
        let others_here = match (named.len(), others.saturating_sub(named.len())) {
            (0, 0) => "nobody else is here yet".to_owned(),
            (0, 1) => "1 other is here".to_owned(),
            (0, more) => format!("{more} others are here"),
            (_, 0) => format!("here: {names}"),
            (_, 1) => format!("here: {names} and 1 other"),
            (_, more) => format!("here: {names} and {more} others"),
        };
        let kept = match welcome.kept {
            true => "; what is said is kept",
            false => "",
        };
        let help = match self.options.audience {
            Audience::Prompt => ". /help for commands and keys",
            Audience::Lines => ". /help for commands",
            Audience::Program => "",
        };
        format!("you are {me}{rank}; {others_here}{kept}{help}")
    }

    /// The room has this message. If its event has not come back, the room does not
    /// hold it any more, and the message is shown now.
    fn confirmed(&mut self, id: &MessageId) {
        self.progress = true;
        let (Some(Sent { kind, text, .. }), Some(me)) = (self.outbox.settle(id), &self.me) else {
            return;
        };
        let kind = match kind {
            SpeechKind::Message => Kind::Message {
                speaker: None,
                text,
            },
            SpeechKind::Action => Kind::Action {
                speaker: Speaker::in_use(me.clone()),
                own: true,
                text,
            },
        };
        self.show(Line::new(None, kind));
    }
}

/// The most people that the introduction names.
const MAX_NAMED: usize = 8;

fn one_line(text: &Text) -> String {
    text.as_str().replace('\n', "; ")
}
