//! What has to be so after each round, and at the end.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::time::Duration;

use chat_server::clock::Now;
use chat_server::hub::Hub;
use chat_server::net::transport::Readiness;
use chat_server::room::presence::TOGETHER_AFTER;
use chat_server::session::{Reason, Stage};
use chat_server::timeline::mark::Form;

use super::{Hall, READ_BUFFER};
use crate::ledger::{Keys, Ledger};
use crate::person::Person;
use crate::script::Keeping;

impl Hall {
    /// Who is here, by what each connection says of itself.
    fn here(&self) -> BTreeSet<String> {
        let here = self
            .people
            .iter()
            .flatten()
            .filter(|person| person.is_here());
        here.map(Person::name).collect()
    }

    /// What holds after every round.
    pub(super) fn check(&mut self) {
        let count = self
            .people
            .iter()
            .flatten()
            .filter(|person| person.is_here())
            .count();
        let is_news = (count, self.ledger.last()) != self.checked;
        self.checked = (count, self.ledger.last());
        // A server that stops does not tell anybody that all are gone.
        if !self.stopping && (is_news || self.hub.room().presence_deadline().is_some()) {
            self.check_people(count);
        }
        self.check_memory();
    }

    fn check_people(&self, count: usize) {
        let here = self.here();
        assert_eq!((here.len(), self.hub.people().count()), (count, count));
        KEYS.with_borrow_mut(|keys| {
            let mut taken = HashSet::new();
            for name in &here {
                for key in keys.of(name) {
                    assert!(taken.insert(*key), "{name} looks like another one");
                }
            }
        });
        match self.hub.room().presence_deadline() {
            None => assert_eq!(self.ledger.told, here, "all are told of"),
            Some(at) => {
                let now = self.now.instant;
                assert!(
                    at > now && at <= now + TOGETHER_AFTER,
                    "who came waits too long"
                );
            }
        }
    }

    fn check_memory(&self) {
        let forms = [(Form::Text, self.capacity / 2), (Form::Json, self.capacity)];
        for (form, capacity) in forms {
            let (log, shown) = (
                self.hub.timeline.log(form),
                self.hub.timeline.shown().of(form),
            );
            let start = log.start();
            assert!(start <= shown, "what nobody could see is dropped");
            let is_old = start + capacity <= log.head();
            assert!(start == 0 || is_old, "more is dropped than has to be");
        }
        if self.keeping != Keeping::Not {
            let start = self.hub.timeline.log(Form::Json).start();
            assert!(start <= self.disk.safe, "what is not safe is dropped");
        }
        for person in self.people.iter().flatten() {
            let held = person.session().held();
            assert!(held.answers <= MAX_ANSWERS, "{held:?}");
            assert!(held.backlog + held.partial <= MAX_INPUT, "{held:?}");
        }
    }

    /// Everything arrives and everybody takes what there is, until nothing more
    /// happens; then nobody may miss anything.
    pub(super) fn come_to_rest(&mut self) {
        self.trouble(false);
        (self.disk.is_slow, self.disk.is_unreadable) = (false, false);
        for who in 0..self.people.len() {
            self.arrive(who, usize::MAX);
            if let Some(person) = &mut self.people[who] {
                person.connection.transport_mut().space = usize::MAX;
                person.connection.note(Readiness {
                    writable: true,
                    ..Readiness::default()
                });
            }
            self.enqueue(who);
        }
        self.rounds_until("all is sent", |hall| {
            hall.hub.timeline.shown() == hall.hub.timeline.head()
                && hall.hub.room().presence_deadline().is_none()
                && !hall.people.iter().flatten().any(|one| {
                    matches!(one.session().stage(), Stage::Arriving(_)) || one.session().is_held()
                })
        });
        let here = self.here();
        for person in self.people.iter().flatten() {
            if person.session().stage() != Stage::Closing {
                person.peer.check_at_rest(&self.ledger, &self.hub, &here);
                check_said(person, &self.ledger, self.was_trouble);
            }
        }
    }

    /// All go at once.
    pub(super) fn empty(&mut self) {
        for who in 0..self.people.len() {
            if let Some(person) = &mut self.people[who] {
                person.connection.transport_mut().error = Some(io::ErrorKind::ConnectionReset);
            }
            self.hang_up(who);
        }
        self.rounds_until("all are gone", |hall| {
            hall.people.iter().all(Option::is_none) && hall.hub.room().presence_deadline().is_none()
        });
        let told = &self.ledger.told;
        assert!(
            self.stopping || told.is_empty(),
            "{told:?} are not told to be gone"
        );
        self.report.events = self.ledger.last();
    }

    fn rounds_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..MANY_ROUNDS {
            let nobody_waits = self.returning.is_empty() && self.disk.reading.is_empty();
            if self.queue.is_empty() && nobody_waits && is_so(self) {
                return;
            }
            self.disk.synced(&mut self.hub);
            self.now.instant += Duration::from_millis(50);
            self.round();
        }
        panic!("it does not come to rest: {what}");
    }
}

/// One who is closed has got all that happened before.
pub(super) fn check_end(person: &Person, ledger: &Ledger, hub: &Hub, now: Now) {
    let until = person.session().deadline();
    if until.is_none_or(|until| until <= now.instant) {
        return;
    }
    assert!(!person.peer.is_in_line(), "it is closed within a line");
    let mark = person.closing.expect("it is closing");
    if hub.timeline.trouble().is_none() {
        assert!(
            person.peer.has_all(mark, ledger),
            "{mark} is missing at the end"
        );
    }
}

/// Nobody is closed but for what they did.
pub(super) fn check_reason(person: &mut Person) {
    let wire = person.connection.transport_mut();
    let can_take = wire.space >= MAX_ANSWERS && !wire.deaf && wire.error.is_none();
    let took_nothing = person.session().reason() == Reason::TookNothing;
    assert!(!(took_nothing && can_take), "it could take something");
}

/// What somebody said who is still connected, or was heard up to their end, is in
/// the room, unless they were told otherwise.
pub(super) fn check_said(person: &Person, ledger: &Ledger, was_trouble: bool) {
    for number in person.passed.iter().chain(&person.saying) {
        let said = &ledger.said[*number];
        let is_known = said.id.is_some() && (said.refused || said.seq.is_some());
        let is_told = was_trouble && said.id.is_none();
        assert!(is_known || is_told, "{:?} is lost", said.text);
    }
}

thread_local! {
    static KEYS: RefCell<Keys> = RefCell::default();
}

/// Rounds after which everything is sent.
const MANY_ROUNDS: usize = 5000;

/// What may wait for one connection: 16 KiB of answers, one more, and the rest
/// of a line that was begun.
const MAX_ANSWERS: usize = 16 * 1024 + 2 * chat_proto::json_form::MAX_LINE;

/// What it sent and is not processed: what is read at once, and a line.
const MAX_INPUT: usize = READ_BUFFER + chat_proto::json_form::MAX_LINE;
