//! Operations: who may ask for them, and what is told of them; and what operators do to this
//! connection.

use std::time::Instant;

use chat_proto::command::{Command, Operation};
use chat_proto::event::{ErrorCode, MessageId, Rank, Reply};
use chat_proto::moderation::{Ban, Subject};

use super::asking::Question;
use super::{MAX_PRIVATE, Participant, Phase, words};
use crate::clock::Now;
use crate::hub::{Hub, notice};
use crate::net::remote::Remote;
use crate::room::operated::{self, Operated, Refused};
use crate::room::origin::Authority;
use crate::room::request::Act;
use crate::room::verdict::{Bar, Farewell};
use crate::session::change::Change;
use crate::session::reason::Reason;
use crate::session::stage::ANNOUNCE_AFTER;
use crate::timeline::mark::{Form, Mark, Place};

/// The answer to `bans` goes on behind this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToldBans {
    after: Subject,
    id: Option<MessageId>,
}

/// A peer that does not come in.
#[derive(Debug)]
pub(in crate::session) struct Barred {
    /// Why.
    pub(in crate::session) bar: Bar,
    /// How long a program may still say hello.
    pub(in crate::session) until: Instant,
}

impl Participant {
    /// What it may do.
    pub(in crate::session) fn rank(&self, hub: &Hub) -> Rank {
        match self.authority() {
            Authority::Control => Rank::Control,
            Authority::Member => hub.rank_of(self.client),
        }
    }

    pub(super) fn authority(&self) -> Authority {
        match self.remote {
            Remote::Control => Authority::Control,
            Remote::Network { .. } => Authority::Member,
        }
    }

    /// Whether it may say this command. It is told if not.
    pub(super) fn may_say(&mut self, command: &Command, hub: &Hub, now: Now) -> bool {
        let entry = command.kind().entry();
        let may = entry.rank == Rank::Ordinary || self.rank(hub) >= entry.rank;
        if !may {
            let word = entry.text.map_or("", |form| form.word);
            let whom = match entry.rank {
                Rank::Control => "the person who runs the server, at its control socket",
                Rank::Operator | Rank::Ordinary => "operators",
            };
            let text = notice(&format!("/{word} is for {whom}"));
            let id = match command {
                Command::Operate { id, .. } => id.clone(),
                _ => None,
            };
            let code = ErrorCode::NotAllowed;
            self.reply(&Reply::Error { code, text, id }, hub, now);
        }
        may
    }

    pub(super) fn operate(
        &mut self,
        operation: Operation,
        id: Option<MessageId>,
        hub: &mut Hub,
        now: Now,
    ) {
        if let Operation::Erase { target, .. } = operation
            && let Some(why) = words::why_not_erased(target, hub)
        {
            let refused = Refused::NotFound(why);
            return self.refuse_operation(refused, id, hub.timeline.reply_mark(), now);
        }
        let question = Question::Operate { id };
        if operation == Operation::Reload {
            hub.ask_to_reload(self.client);
            return self.wait_for(question);
        }
        let authority = self.authority();
        let act = Act::Operate {
            operation,
            authority,
        };
        self.ask(question, act, hub, now);
    }

    /// Whether there are more bans to tell.
    pub(in crate::session) fn is_telling_bans(&self) -> bool {
        self.names.get().is_some_and(|names| names.bans.is_some())
    }

    pub(in crate::session) fn go_on_with_bans(&mut self, hub: &mut Hub, now: Now) {
        while self.reader.private_bytes() < MAX_PRIVATE
            && self.may_list()
            && let Some(told) = self.names.change(|names| names.bans.take())
        {
            let (after, authority) = (told.after, self.authority());
            let act = Act::ListBans { after, authority };
            self.ask(Question::Operate { id: told.id }, act, hub, now);
        }
    }

    /// What came of an operation. Its event is at `own`, and the `mark` is where the room was
    /// then.
    pub(super) fn operated(
        &mut self,
        id: Option<MessageId>,
        operated: Operated,
        own: Option<Place>,
        mark: Mark,
        hub: &mut Hub,
        now: Now,
    ) {
        if let Some(place) = own
            && self.is_reading()
        {
            self.skip_own(place);
        }
        match operated.answer {
            Ok(operated::Answer::Done(text)) => {
                self.note(Change::Measured {
                    name: self.name().cloned(),
                    measure: operated.word,
                    done: text.clone(),
                });
                let reply = Reply::Done {
                    text: notice(&text),
                    id,
                };
                // Not before it is kept.
                self.reply_at(hub.timeline.last_mark(), &reply, now);
            }
            Ok(operated::Answer::Told(text)) => {
                let text = notice(&text);
                self.reply_at(mark, &Reply::Done { text, id }, now);
            }
            Ok(operated::Answer::Person(person)) => {
                self.reply_at(mark, &Reply::Whois { person, id }, now);
            }
            Ok(operated::Answer::Bans(bans, next)) => {
                self.told_bans((bans, next), id, mark, hub, now);
            }
            Err(refused) => self.refuse_operation(refused, id, mark, now),
        }
    }

    fn told_bans(
        &mut self,
        (bans, next): (Vec<Ban>, Option<Subject>),
        id: Option<MessageId>,
        mark: Mark,
        hub: &mut Hub,
        now: Now,
    ) {
        let reply = Reply::Bans {
            bans: operated::counted(bans, |subject| hub.hits_of(subject)),
            more: next.is_some(),
            id: id.clone(),
        };
        self.reply_at(mark, &reply, now);
        if let Some(after) = next {
            let told = ToldBans { after, id };
            self.names.change(|names| names.bans = Some(told));
            self.go_on_with_bans(hub, now);
        }
    }

    fn refuse_operation(&mut self, refused: Refused, id: Option<MessageId>, mark: Mark, now: Now) {
        let (code, text) = match refused {
            Refused::NotAllowed(text) => (ErrorCode::NotAllowed, text),
            Refused::NotFound(text) => (ErrorCode::NotFound, text),
            Refused::Impossible(text) => (ErrorCode::BadCommand, text),
        };
        let text = notice(&text);
        self.reply_at(mark, &Reply::Error { code, text, id }, now);
    }

    /// An operator has removed it from the room.
    pub(super) fn removed(&mut self, farewell: &Farewell, hub: &Hub, now: Now) {
        let Some(name) = self.present_name().cloned() else {
            return;
        };
        self.note(Change::Left(name.clone()));
        self.names.change(|names| names.was = Some(name));
        self.error(farewell.code(), &farewell.to_string(), hub, now);
        let reason = match farewell {
            Farewell::Removed { .. } => Reason::Removed,
            Farewell::Banned { .. } => Reason::Banned,
        };
        self.close(reason, hub, now);
    }

    /// It is told at once, in place of a greeting, that it does not come in. A program may
    /// still say hello, and gets the reason in its own form; or it comes back into a room
    /// that is locked.
    pub(super) fn bar(&mut self, greeting: &str, bar: Bar, hub: &Hub, now: Now) {
        let text = words::barred(greeting, &bar);
        self.notice(&text, hub, now);
        let until = now.instant + ANNOUNCE_AFTER;
        self.phase = Phase::Barred(Box::new(Barred { bar, until }));
    }

    /// It does not come in, as the room has decided when it was to.
    pub(super) fn barred(&mut self, bar: &Bar, hub: &mut Hub, now: Now) {
        self.error(bar.code(), &bar.to_string(), hub, now);
        self.end_barred(bar, hub, now);
    }

    pub(in crate::session) fn end_barred(&mut self, bar: &Bar, hub: &mut Hub, now: Now) {
        let reason = match bar {
            Bar::Banned(_) => Reason::Banned,
            Bar::Locked => Reason::RoomLocked,
        };
        self.end(reason, hub, now);
    }

    /// Whether it is sent what happens in the room.
    fn is_reading(&self) -> bool {
        self.form == Form::Text && self.present_name().is_some()
    }
}
