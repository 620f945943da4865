//! What has to be so after each round, and at the end.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::time::Duration;

use chat_proto::event::Limits;
use chat_server::clock::Now;
use chat_server::hub::Hub;
use chat_server::room::presence::TOGETHER_AFTER;
use chat_server::runtime::control::Load;
use chat_server::runtime::mailbox::Task;
use chat_server::session::{ANNOUNCE_AFTER, Reason};
use chat_server::timeline::mark::Form;

use super::Hall;
use super::scene::Scene;
use crate::ledger::{Keys, Ledger};
use crate::person::Person;
use crate::script::{Keeping, Then};
use crate::standing::{Entry, Phase};

impl Hall {
    /// What holds after every round; and after a round of all who have something to do.
    pub(super) fn check(&mut self, then: Then) {
        let scene = self.scene.borrow();
        let state = self.shared.read();
        let count = scene.here().count();
        let deadline = state.hub.room().presence_deadline();
        let is_news = (count, scene.ledger.last()) != self.checked || deadline.is_some();
        self.checked = (count, scene.ledger.last());
        // A server that stops does not tell that all are gone.
        if !scene.stopping {
            check_load(&scene, self.shared.load());
            if is_news {
                scene.check_people(&state.hub, then);
            }
        }
        self.check_memory(&scene, &state.hub);
    }

    fn check_memory(&self, scene: &Scene, hub: &Hub) {
        let forms = [(Form::Text, self.capacity / 2), (Form::Json, self.capacity)];
        for (form, capacity) in forms {
            let (log, shown) = (hub.timeline.log(form), hub.timeline.shown().of(form));
            let start = log.start();
            assert!(start <= shown, "what no reader could see is dropped");
            let is_old = start + capacity <= log.head();
            let is_whole = log.first() == 1;
            assert!(is_whole || is_old, "more is dropped than has to be");
        }
        if self.keeping != Keeping::Not {
            let start = hub.timeline.log(Form::Json).start();
            assert!(
                start <= self.disk.state().safe,
                "what is not safe is dropped"
            );
        }
        for person in scene.people.iter().flatten() {
            let held = person.standing.held;
            assert!(held.answers <= MAX_ANSWERS, "{held:?}");
            assert!(held.backlog + held.partial <= MAX_INPUT, "{held:?}");
        }
    }

    /// Everything arrives and each peer takes what there is, until nothing more
    /// happens; then no peer may miss anything.
    pub(super) fn come_to_rest(&mut self) {
        self.recover_disk();
        {
            let disk = &mut *self.disk.state();
            (disk.is_slow, disk.is_unreadable) = (false, false);
        }
        for person in self.scene.borrow_mut().people.iter_mut().flatten() {
            person.arrive(usize::MAX);
            let is_blocked = person.wire.socket().space < usize::MAX;
            if is_blocked {
                person.take(usize::MAX);
            }
        }
        self.rounds_until("all is sent", |scene, hub| {
            hub.timeline.shown() == hub.timeline.head()
                && hub.room().presence_deadline().is_none()
                && !scene.people.iter().flatten().any(Person::is_to_go_on)
        });
        self.check_at_rest();
        self.check_trimmed();
    }

    fn check_at_rest(&self) {
        let scene = self.scene.borrow();
        let state = self.shared.read();
        let here: BTreeSet<String> = scene.here().map(Person::name).collect();
        for person in scene.people.iter().flatten() {
            if person.is_open() {
                person.peer.check_at_rest(&scene.ledger, &state.hub, &here);
                if person.standing.entry == Entry::Admitted {
                    check_said(person, &scene.ledger);
                }
            }
        }
        let config = self.shared.config();
        scene.check_silent(&config.limits);
        let is_full = self.shared.connections() >= config.connections;
        assert!(
            self.gate.waiting.is_empty() || is_full,
            "a connection is left outside"
        );
    }

    /// Where all is sent no reader holds back the log.
    fn check_trimmed(&mut self) {
        // The first round moves the readers, the second one drops what is before them, and
        // the third one replaces what was erased.
        for _ in 0..3 {
            self.disk.state().sync();
            for worker in 0..self.workers.len() {
                self.shared.give(worker, Task::Open);
            }
            self.serve(Then::Rounds);
        }
        let timeline = &self.shared.read().hub.timeline;
        for form in [Form::Text, Form::Json] {
            let (start, point) = (timeline.log(form).start(), timeline.trim_point(form));
            assert_eq!(start, point, "a reader holds back the log");
        }
        self.scene.borrow().ledger.check_erased(timeline);
    }

    /// All go at once.
    pub(super) fn empty(&mut self) {
        for person in self.scene.borrow().people.iter().flatten() {
            person.wire.socket().error = Some(io::ErrorKind::ConnectionReset);
            person.end();
        }
        self.rounds_until("all are gone", |scene, hub| {
            scene.people.iter().all(Option::is_none) && hub.room().presence_deadline().is_none()
        });
        let scene = &mut *self.scene.borrow_mut();
        if !scene.stopping {
            let told = &scene.ledger.told;
            assert!(told.is_empty(), "{told:?} are not told to be gone");
            assert_eq!(self.shared.load(), Load::default(), "nothing is left");
        }
        scene.report.events = scene.ledger.last();
    }

    fn rounds_until(&mut self, what: &str, is_so: impl Fn(&Scene, &Hub) -> bool) {
        for _ in 0..MANY_ROUNDS {
            let is_quiet = (0..self.workers.len()).all(|worker| self.is_at_rest(worker))
                && !self.disk.state().is_asked();
            if self.workers.iter().all(Option::is_none)
                || is_quiet && is_so(&self.scene.borrow(), &self.shared.read().hub)
            {
                return;
            }
            self.disk.state().sync();
            self.scene.borrow_mut().now.instant += Duration::from_millis(50);
            self.serve(Then::Rounds);
        }
        panic!("it does not come to rest: {what}");
    }
}

impl Scene {
    /// Who is here, by what each connection says of itself.
    fn here(&self) -> impl Iterator<Item = &Person> {
        let people = self.people.iter().flatten();
        people.filter(|person| person.is_here())
    }

    fn check_people(&self, hub: &Hub, then: Then) {
        let here: BTreeSet<String> = self.here().map(Person::name).collect();
        let count = self.here().count();
        assert_eq!((here.len(), hub.people().count()), (count, count));
        KEYS.with_borrow_mut(|keys| {
            let mut taken = HashSet::new();
            for name in &here {
                for key in keys.of(name) {
                    assert!(taken.insert(*key), "{name} looks like another one");
                }
            }
        });
        match hub.room().presence_deadline() {
            None => assert_eq!(self.ledger.told, here, "all are told of"),
            Some(at) => {
                let now = self.now.instant;
                // One worker may be late.
                let is_soon = at > now || matches!(then, Then::Only(_));
                assert!(
                    is_soon && at <= now + TOGETHER_AFTER,
                    "who came waits too long"
                );
            }
        }
    }

    /// Few are in the room that have said nothing, and not for long.
    fn check_silent(&self, limits: &Limits) {
        let silent = self
            .here()
            .filter_map(|person| match person.standing.phase {
                Phase::Here(Some(since)) => Some((person.address.ip(), since)),
                _ => None,
            });
        let silent: Vec<_> = silent.collect();
        let is_below = |count: usize, most: usize| most == 0 || count <= most;
        assert!(is_below(silent.len(), limits.unjoined), "{silent:?}");
        for (address, since) in &silent {
            let from_there = silent.iter().filter(|(other, _)| other == address).count();
            assert!(
                is_below(from_there, limits.unjoined_per_address),
                "{silent:?}"
            );
            let until = *since + limits.idle_join.saturating_sub(ANNOUNCE_AFTER);
            let is_in_time = limits.idle_join.is_zero() || until > self.now.instant;
            assert!(is_in_time, "{address} has said nothing for too long");
        }
    }
}

/// What the server counts is what there is.
fn check_load(scene: &Scene, load: Load) {
    let [admitted, refused] = [Entry::Admitted, Entry::Refused].map(|entry| scene.count(entry));
    assert_eq!((load.admitted, load.refused), (admitted, refused));
    assert_eq!(load.connections, admitted + refused);
    let held = scene.people.iter().flatten().map(|one| one.standing.held);
    assert_eq!(
        load.input,
        held.map(|held| held.backlog + held.partial).sum::<usize>()
    );
}

/// One who is closed has got all that happened before.
pub(super) fn check_end(person: &Person, ledger: &Ledger, hub: &Hub, now: Now) {
    let until = person.standing.deadline;
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

/// A peer is closed only for what it did.
pub(super) fn check_reason(person: &Person, reason: Reason, limits: &Limits) {
    let socket = person.wire.socket();
    let can_take = socket.space >= MAX_ANSWERS && !socket.deaf && socket.error.is_none();
    match reason {
        Reason::TookNothing => assert!(!can_take, "it could take something"),
        Reason::SaidNothing | Reason::Crowded => {
            assert!(!limits.idle_join.is_zero(), "it may say nothing");
            assert!(!person.has_said, "it has said something");
        }
        _ => {}
    }
}

/// What a peer said that is still connected, or was heard up to its end, is in
/// the room, unless the peer was told otherwise: by the id of what it said, or, if that
/// has none, because of trouble with the disk.
pub(super) fn check_said(person: &Person, ledger: &Ledger) {
    for number in person.passed.iter().chain(&person.saying) {
        let said = &ledger.said[*number];
        let is_known = said.id.is_some() && (said.refused || said.seq.is_some());
        let is_told = ledger.was_trouble && said.id.is_none();
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
const MAX_INPUT: usize = 16 * 1024 + chat_proto::json_form::MAX_LINE;
