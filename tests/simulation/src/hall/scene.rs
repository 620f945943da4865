//! The people and what they have seen; and the observer that tells in whose turn
//! something has happened.

use std::cell::RefCell;
use std::rc::Rc;

use chat_server::clock::Now;
use chat_server::hub::Hub;
use chat_server::net::connection::Connection;
use chat_server::runtime::observer::Observer;
use chat_server::session::{Reason, Stage};
use chat_server::timeline::mark::Form;

use super::Report;
use super::check::{check_end, check_reason, check_said};
use crate::ledger::{Ledger, Turn};
use crate::person::{Person, Seen};
use crate::script::SEATS;
use crate::standing::{Entry, Phase};
use crate::wire::Wire;

/// All that is outside the server.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) ledger: Ledger,
    pub(super) now: Now,
    pub(super) people: Vec<Option<Person>>,
    /// What the last program in each seat has seen.
    pub(super) seen: [Option<Seen>; SEATS],
    /// The server stops: no connection comes in any more.
    pub(super) stopping: bool,
    pub(super) report: Report,
}

/// Sees the turns of the connections of one worker.
#[derive(Debug, Clone)]
pub(super) struct Watch(pub(super) Rc<RefCell<Scene>>);

/// What was so before a turn.
struct Before {
    /// The newest event.
    last: u64,
    name: String,
    phase: Phase,
    /// It has not been in the room.
    is_new: bool,
    /// What the text log keeps.
    point: u64,
}

impl Observer<Wire> for Watch {
    fn came(&mut self, connection: &Connection<Wire>, hub: &Hub) {
        let scene = &mut *self.0.borrow_mut();
        let person = scene.person(connection);
        person.held_at = hub.timeline.reply_mark().text;
        let now = scene.now.instant;
        scene
            .person(connection)
            .standing
            .turned(&connection.session, now);
    }

    fn turn<T>(
        &mut self,
        connection: &mut Connection<Wire>,
        hub: &mut Hub,
        act: impl FnOnce(&mut Connection<Wire>, &mut Hub) -> T,
    ) -> T {
        let before = self.0.borrow_mut().before(connection, hub);
        let result = act(connection, hub);
        self.0.borrow_mut().after(&before, connection, hub);
        result
    }

    fn heard(&mut self, hub: &Hub) {
        self.0.borrow_mut().ledger.note(hub, None);
    }

    fn dropped(&mut self, connection: Connection<Wire>) {
        let reason = connection.session.reason();
        let scene = &mut *self.0.borrow_mut();
        scene.person(&connection).standing.phase = Phase::Closed(reason);
        scene.report.replaced += usize::from(reason == Reason::Replaced);
    }
}

impl Scene {
    /// Whose connection it is.
    pub(super) fn person(&mut self, connection: &Connection<Wire>) -> &mut Person {
        let number = connection.transport().number;
        let mut people = self.people.iter_mut().flatten();
        let person = people.find(|person| person.wire.number == number);
        person.expect("a connection of ours")
    }

    /// How many connections count as those that were let in, or are being refused.
    pub(super) fn count(&self, entry: Entry) -> usize {
        let people = self.people.iter().flatten();
        people.filter(|one| one.standing.counts_as(entry)).count()
    }

    fn before(&mut self, connection: &Connection<Wire>, hub: &Hub) -> Before {
        // What no peer's turn has brought.
        self.ledger.note(hub, None);
        let last = self.ledger.last();
        let person = self.person(connection);
        Before {
            last,
            name: person.name(),
            phase: person.standing.phase,
            is_new: person.standing.name.is_none(),
            point: hub.timeline.live_from(Form::Text),
        }
    }

    fn after(&mut self, before: &Before, connection: &Connection<Wire>, hub: &Hub) {
        let number = connection.transport().number;
        let (now, ledger) = (self.now.instant, &mut self.ledger);
        let mut people = self.people.iter_mut().flatten();
        let person = people.find(|person| person.wire.number == number);
        let person = person.expect("a connection of ours");
        let session = &connection.session;
        person.standing.turned(session, now);
        if before.last < hub.timeline.head().seq {
            let turn = Turn {
                connection: number,
                names: vec![before.name.clone(), person.name()],
                comes_in: before.phase == Phase::Arriving,
            };
            ledger.note(hub, Some(turn));
            person.note_said(ledger, before.last + 1);
        }
        if before.phase == Phase::Arriving && person.standing.phase != Phase::Arriving {
            person.peer.stays = person.is_here();
            // In between it may have moved on.
            let later = hub.timeline.live_from(Form::Text);
            let [from, to] = [before.point, later]
                .map(|point| ledger.last_before_text(point.max(person.held_at)) + 1);
            person.peer.comes_in(from..=to);
        }
        if session.stage() == Stage::Closing {
            person.closing.get_or_insert(before.last);
        }
        if before.is_new && session.name().is_some() {
            let owner = person.owner;
            self.replace_others(number, owner);
        }
    }

    /// A program has come in: it has no place over another connection any more.
    fn replace_others(&mut self, number: usize, owner: usize) {
        for other in self.people.iter_mut().flatten() {
            if other.owner == owner && other.number != number && other.is_here() {
                other.standing.phase = Phase::Replaced;
            }
        }
    }

    /// The peers look at what they were sent.
    pub(super) fn look(&mut self, hub: &Hub) {
        for person in self.people.iter_mut().flatten() {
            let written = std::mem::take(&mut person.wire.socket().written);
            assert!(
                written.is_empty() || person.standing.phase != Phase::Replaced,
                "it is sent something before it knows that it is replaced"
            );
            self.report.sent += written.len() as u64;
            person.peer.take(&written, &mut self.ledger, hub);
        }
    }

    /// Looks at those that the server has closed or is about to close.
    pub(super) fn conclude(&mut self, hub: &Hub) {
        for who in 0..self.people.len() {
            let Some(person) = &mut self.people[who] else {
                continue;
            };
            if let Phase::Closed(reason) = person.standing.phase {
                check_reason(person, reason, hub.limits());
                if person.was_heard(reason, hub.limits().rate, self.now.instant)
                    && !self.ledger.was_trouble
                {
                    check_said(person, &self.ledger);
                }
                if let (Some(now), Some(seen)) = (person.seen(), self.seen.get_mut(who)) {
                    *seen = Some(now);
                }
                self.people[who] = None;
            } else if person.wire.is_alone() {
                let is_turned_away = person.standing.entry == Entry::TurnedAway;
                assert!(is_turned_away || self.stopping, "it is forgotten");
                self.people[who] = None;
            } else if person.wire.socket().shut && !person.standing.is_shut {
                person.standing.is_shut = true;
                check_end(person, &self.ledger, hub, self.now);
            }
        }
    }
}
