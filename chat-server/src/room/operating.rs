//! What operators decide, and what people ask about the order of the room. Every measure is
//! taken here or in [`banning`](super::banning), and changes [`Moderation`] by its event.
//!
//! [`Moderation`]: super::moderation::Moderation

use chat_proto::command::Operation;
use chat_proto::event::{Body, Fingerprint, Rank};
use chat_proto::moderation::{Door, Measure, MeasureKind, Remark, Subject, by_words};
use chat_proto::name::Name;

use super::apply::{Events, Room};
use super::members::Member;
use super::operated::{Answer, Operated, Refused};
use super::operator::{Decided, Operator, WantedBan, name_of};
use super::origin::{Authority, Origin};
use super::request::Outcome;
use super::verdict::Farewell;
use crate::clock::Now;

impl Room {
    /// Carries out an operation.
    pub(super) fn operate(
        &mut self,
        origin: Origin,
        operation: Operation,
        authority: Authority,
        now: Now,
        events: &mut Events,
    ) -> Outcome {
        let Some(operator) = self.operator(origin, authority) else {
            return Outcome::NotHere;
        };
        let word = operation.word();
        let is_for_operators = operation.is_measure() || operation == Operation::Bans;
        let decided = if is_for_operators && operator.rank < Rank::Operator {
            Err(not_an_operator())
        } else {
            self.decide(operation, &operator, now, events)
        };
        let (answer, removed) = match decided {
            Ok((answer, removed)) => (Ok(answer), removed),
            Err(refused) => (Err(refused), Vec::new()),
        };
        Outcome::Operated(Box::new(Operated {
            word,
            answer,
            removed,
        }))
    }

    /// Further bans, for an operator who has some of them already.
    pub(super) fn list_bans(
        &self,
        origin: Origin,
        after: Subject,
        authority: Authority,
        now: Now,
    ) -> Outcome {
        let operator = self.operator(origin, authority);
        let answer = match operator.is_some_and(|operator| operator.rank == Rank::Operator) {
            true => Ok(self.bans_behind(Some(after), now)),
            false => Err(not_an_operator()),
        };
        Outcome::Operated(Box::new(Operated {
            word: Operation::Bans.word(),
            answer,
            removed: Vec::new(),
        }))
    }

    fn bans_behind(&self, after: Option<Subject>, now: Now) -> Answer {
        let mut rest = self.moderation.bans().standing_after(after, now.time);
        let bans: Vec<_> = rest.by_ref().take(BANS_AT_ONCE).cloned().collect();
        let last = bans.last().map(|ban| ban.subject);
        Answer::Bans(bans, last.filter(|_| rest.next().is_some()))
    }

    fn operator(&self, origin: Origin, authority: Authority) -> Option<Operator> {
        let name = self.members.get(origin).map(|member| member.name);
        let rank = match authority {
            Authority::Control => Rank::Operator,
            Authority::Member => self.rank_of(origin),
        };
        (name.is_some() || authority == Authority::Control).then_some(Operator {
            origin,
            name,
            authority,
            rank,
        })
    }

    fn decide(
        &mut self,
        operation: Operation,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Decided {
        let done = match operation {
            Operation::Topic { text: None } => return Ok((self.tell_topic(), Vec::new())),
            Operation::Whois { name } => return self.whois(&name, operator, now),
            Operation::Bans => return Ok((self.bans_behind(None, now), Vec::new())),
            Operation::Kick { name, reason } => {
                return self.kick(&name, reason, operator, now, events);
            }
            Operation::Ban {
                target,
                term,
                reason,
                own,
            } => {
                let wanted = WantedBan {
                    target,
                    term,
                    reason,
                    own,
                };
                return self.ban(wanted, operator, now, events);
            }
            Operation::Unban { target } => self.unban(&target, operator, now, events)?,
            Operation::Mute { name, term } => self.mute(&name, term, operator, now, events)?,
            Operation::Unmute { name } => self.unmute(&name, operator, now, events)?,
            Operation::Topic { text } => self.set_topic(text, operator, now, events),
            Operation::Slow { seconds: 0 } if self.moderation.slow() == 0 => {
                return Err(Refused::Impossible("there is no slow mode".to_owned()));
            }
            Operation::Slow { seconds } => {
                self.take_measure(operator, MeasureKind::Slow(seconds), now, events);
                self.pace.clear();
                match seconds {
                    0 => "slow mode has ended".to_owned(),
                    _ => format!("each person can say one thing in {seconds} s"),
                }
            }
            Operation::Lock if self.moderation.door() == Door::Locked => {
                return Err(Refused::Impossible("the room is locked already".to_owned()));
            }
            Operation::Lock => {
                self.take_measure(operator, MeasureKind::Locked, now, events);
                "the room is locked: only people who come back, and people whose key holds a \
                 name, are let in"
                    .to_owned()
            }
            Operation::Unlock if self.moderation.door() == Door::Open => {
                return Err(Refused::Impossible("the room is not locked".to_owned()));
            }
            Operation::Unlock => {
                self.take_measure(operator, MeasureKind::Unlocked, now, events);
                "the room is unlocked".to_owned()
            }
            Operation::Op { name } => self.promote(&name, operator, now, events)?,
            Operation::Deop { name } => self.demote(&name, operator, now, events)?,
            Operation::Announce { text } => {
                self.take_measure(operator, MeasureKind::Announced(text), now, events);
                "that was announced".to_owned()
            }
            Operation::Erase { target, reason } => {
                self.take_measure(
                    operator,
                    MeasureKind::Erased { target, reason },
                    now,
                    events,
                );
                format!("message {target} was erased")
            }
            // It concerns the server and not the room, and does not come here.
            Operation::Reload => {
                let why = "a room has no configuration";
                return Err(Refused::Impossible(why.to_owned()));
            }
        };
        Ok((Answer::Done(done), Vec::new()))
    }

    /// Takes a measure: its event is the room's, and what stands changes by it.
    pub(super) fn take_measure(
        &mut self,
        operator: &Operator,
        kind: MeasureKind,
        now: Now,
        events: &mut Events,
    ) {
        self.take_measure_of(operator.name.clone(), kind, now, events);
    }

    /// The server sets the topic, as the person at its control socket would.
    pub(super) fn set_own_topic(&mut self, text: Remark, now: Now, events: &mut Events) {
        self.take_measure_of(None, MeasureKind::Topic(Some(text)), now, events);
    }

    fn take_measure_of(
        &mut self,
        by: Option<Name>,
        kind: MeasureKind,
        now: Now,
        events: &mut Events,
    ) {
        let measure = Measure { by, kind };
        self.moderation.apply(&measure, now.time);
        self.emit_own(Body::Measure(Box::new(measure)), now, events);
    }

    fn tell_topic(&self) -> Answer {
        Answer::Told(match self.moderation.topic() {
            None => "the room has no topic".to_owned(),
            Some(topic) => {
                let by = by_words(topic.by.as_ref());
                format!(
                    "topic, by {by} on {}: {}",
                    topic.time.to_seconds(),
                    topic.text
                )
            }
        })
    }

    fn set_topic(
        &mut self,
        text: Option<Remark>,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> String {
        let text = text.filter(|text| text.as_str() != "-");
        let done = match &text {
            Some(text) => format!("the topic is: {text}"),
            None => "the topic was removed".to_owned(),
        };
        self.take_measure(operator, MeasureKind::Topic(text), now, events);
        done
    }

    fn whois(&self, name: &str, operator: &Operator, now: Now) -> Decided {
        let (origin, member) = self.find_member(name)?;
        let profile = self.profile(origin, &member, operator.rank, now);
        Ok((Answer::Person(Box::new(profile)), Vec::new()))
    }

    /// The member with this name.
    pub(super) fn find_member(&self, text: &str) -> Result<(Origin, Member), Refused> {
        let name = name_of(text)?;
        let origin = self.members.find(&name);
        let found = origin.and_then(|origin| Some((origin, self.members.get(origin)?)));
        found.ok_or_else(|| Refused::NotFound(format!("{name} is not here; /who tells who is")))
    }

    fn kick(
        &mut self,
        name: &str,
        reason: Option<Remark>,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Decided {
        let (origin, member) = self.find_member(name)?;
        self.check_may_hit(origin, &member, operator)?;
        let name = member.name;
        let farewell = Farewell::Removed {
            by: operator.name.clone(),
            reason: reason.clone(),
        };
        let mut done = format!("{name} was removed");
        if let Some(reason) = &reason {
            done += &format!(": {reason}");
        }
        self.tell_before(&[&name], now, events);
        let kind = MeasureKind::Removed { name, reason };
        self.take_measure(operator, kind, now, events);
        self.remove_member(origin, now, events);
        Ok((Answer::Done(done), vec![(origin, farewell)]))
    }

    /// Another operator is hit from the control socket only.
    pub(super) fn check_may_hit(
        &self,
        origin: Origin,
        member: &Member,
        operator: &Operator,
    ) -> Result<(), Refused> {
        let is_operator = self.standing_of(origin, member) == Rank::Operator;
        if is_operator && origin != operator.origin && operator.authority == Authority::Member {
            let name = &member.name;
            return Err(Refused::NotAllowed(format!(
                "{name} is an operator: only the person who runs the server can do that, over \
                 the control socket"
            )));
        }
        Ok(())
    }

    /// A member is removed, of which the room is told besides.
    pub(super) fn remove_member(&mut self, origin: Origin, now: Now, events: &mut Events) {
        let before = events.len();
        let name = self.members.get(origin).map(|member| member.name);
        self.leave(origin, now, events);
        if self.presence.is_large(self.people.count())
            && let Some(name) = name
        {
            // It was told by name that the person is removed.
            self.tell_before(&[&name], now, events);
        }
        // The departure is not what the operator has asked for.
        events[before..].iter_mut().for_each(|it| it.is_own = false);
    }

    fn promote(
        &mut self,
        name: &str,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Result<String, Refused> {
        let name = name_of(name)?;
        let key = self.key_of_name(&name).ok_or_else(|| {
            Refused::Impossible(format!(
                "{name} belongs to no key: an operator has to be a person whose name does. It \
                 does when they have said something under it over an encrypted connection"
            ))
        })?;
        if self.moderation.is_operator(&key) || self.holders.is_operator_print(&key) {
            return Err(Refused::Impossible(format!(
                "{name} is an operator already"
            )));
        }
        let done = format!("{name} is an operator now; /deop {name} takes that back");
        let key = Some(key);
        self.take_measure(operator, MeasureKind::Promoted { name, key }, now, events);
        Ok(done)
    }

    fn demote(
        &mut self,
        name: &str,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Result<String, Refused> {
        let name = name_of(name)?;
        let by_key = self.key_of_name(&name);
        let by_key = by_key.filter(|key| self.moderation.is_operator(key));
        let Some(key) = by_key.or_else(|| self.moderation.operator_called(&name)) else {
            let key = self.key_of_name(&name);
            return Err(
                match key.is_some_and(|key| self.holders.is_operator_print(&key)) {
                    true => Refused::Impossible(format!(
                        "{name} is an operator by the file of people: the person who runs the \
                     server can take op out there"
                    )),
                    false => Refused::NotFound(format!("{name} is no operator")),
                },
            );
        };
        let is_own = operator.name.as_ref() == Some(&name);
        if !is_own && operator.authority == Authority::Member {
            return Err(Refused::NotAllowed(format!(
                "{name} is an operator: only the person who runs the server can change that, \
                 over the control socket"
            )));
        }
        let done = format!("{name} is an operator no more");
        let key = Some(key);
        self.take_measure(operator, MeasureKind::Demoted { name, key }, now, events);
        Ok(done)
    }

    /// The key that holds a name: that of the member who is here under it, or the one that
    /// is listed.
    fn key_of_name(&self, name: &Name) -> Option<Fingerprint> {
        let member = self
            .members
            .find(name)
            .and_then(|origin| self.members.get(origin));
        let keyed = member.and_then(|member| member.keyed);
        let is_held = self.holders.key_of(name).is_some();
        let own = keyed.filter(|_| is_held).map(|keyed| keyed.key.print());
        own.or_else(|| self.holders.listed_key_of(name))
    }
}

fn not_an_operator() -> Refused {
    Refused::NotAllowed("that is for operators".to_owned())
}

/// What is told of the bans in one piece.
const BANS_AT_ONCE: usize = 50;
