//! All peers, and what the schedule does to them.

mod check;
mod entrance;
mod opening;
mod scene;
mod workers;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use chat_proto::event::{Limits, Timestamp};
use chat_server::clock::Now;
use chat_server::runtime::control::Shared;
use chat_server::runtime::mailbox::Task;
use chat_server::timeline::mark::Form;

use crate::disk::Disk;
use crate::keys::key_of;
use crate::peer::Peer;
use crate::person::{Person, Seen};
use crate::script::{Greeting, Keeping, SEATS, Script, Space, Step, What, Words};
use crate::standing::Standing;
use crate::wire::Wire;
use entrance::Gate;
use scene::Scene;
use workers::Worker;

/// What came of a schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Events in the room.
    pub events: u64,
    /// Connections that there were.
    pub connections: usize,
    /// Those whose place another one has taken.
    pub replaced: usize,
    /// Bytes that all of them were sent.
    pub sent: u64,
}

/// Runs a schedule.
///
/// # Panics
///
/// When the room breaks a rule.
pub fn run(script: &Script) -> Report {
    let mut hall = Hall::new(script);
    for step in &script.steps {
        hall.step(*step);
        hall.serve(step.then);
    }
    hall.come_to_rest();
    hall.empty();
    hall.scene.borrow().report
}

/// The server, and all that is around it.
struct Hall {
    shared: Shared<Wire>,
    workers: Vec<Option<Worker>>,
    gate: Gate,
    disk: Disk,
    keeping: Keeping,
    capacity: u64,
    space: Space,
    scene: Rc<RefCell<Scene>>,
    /// How many people and events there were when they were looked at.
    checked: (usize, u64),
}

impl Hall {
    fn now(&self) -> Now {
        self.scene.borrow().now
    }

    fn step(&mut self, Step { who, what, .. }: Step) {
        match what {
            What::Connect(greeting) => self.connect_or_go_on(who, greeting),
            What::Crowd(count, form) => self.crowd(count, form),
            What::Wait(milliseconds) => self.wait(milliseconds),
            What::SetClock(seconds) => {
                let time = Timestamp::from_unix_milliseconds(seconds * 1000);
                self.scene.borrow_mut().now.time = time;
            }
            What::Synced => self.disk.state().sync(),
            What::Trouble(true) => self.fail_disk(),
            What::Trouble(false) => self.recover_disk(),
            What::Slow(is_slow) => self.disk.state().is_slow = is_slow,
            What::Unreadable(is_so) => self.disk.state().is_unreadable = is_so,
            What::Forget if self.keeping != Keeping::Not => self.disk.state().forget(),
            What::Forget => {}
            What::Erase(back) => self.erase(back),
            What::Stop => self.stop(),
            What::Send(..)
            | What::Arrive(_)
            | What::Take(_)
            | What::End
            | What::Close
            | What::Fail(_) => self.act(who, what),
        }
    }

    /// One who is there does something.
    fn act(&self, who: usize, what: What) {
        let scene = &mut *self.scene.borrow_mut();
        let Some(Some(person)) = scene.people.get_mut(who) else {
            return;
        };
        match what {
            What::Send(words, arriving) => {
                person.send(who, words, &mut scene.ledger);
                person.arrive(arriving);
            }
            What::Arrive(count) => person.arrive(count),
            What::Take(count) => {
                person.took_little |= count < usize::MAX;
                person.take(count);
            }
            What::End | What::Close => {
                person.is_done = true;
                person.arrive(usize::MAX);
                person.wire.socket().deaf |= what == What::Close;
                person.end();
            }
            What::Fail(loses_input) => {
                person.is_done = true;
                let is_lost = loses_input || !person.on_the_way.is_empty();
                person.wire.socket().fail();
                person.wire.socket().lost |= is_lost;
                let until = scene.now.instant + Limits::default().stall;
                person.heard_until.get_or_insert(until);
                if loses_input {
                    person.wire.socket().arrived.clear();
                }
                person.end();
            }
            _ => {}
        }
    }

    fn connect_or_go_on(&mut self, who: usize, greeting: Greeting) {
        let mut scene = self.scene.borrow_mut();
        let Some(Some(person)) = scene.people.get_mut(who) else {
            drop(scene);
            return self.connect(who, greeting);
        };
        match greeting {
            Greeting::Hello(name, replay) => {
                if !person.in_json && !person.is_done {
                    person.hello(name, replay, None);
                }
                person.arrive(usize::MAX);
            }
            Greeting::Resume(name) => {
                drop(scene);
                self.take_over(who, name);
            }
            Greeting::Silent | Greeting::Nick(_) => {}
        }
    }

    fn connect(&mut self, who: usize, greeting: Greeting) {
        let scene = &mut *self.scene.borrow_mut();
        if scene.stopping {
            return;
        }
        let number = scene.report.connections;
        scene.report.connections += 1;
        let address = SocketAddr::from(([10, 0, 0, self.host(who)], 1000 + number as u16));
        let seen = scene.seen.get(who).cloned().flatten();
        let seen = match greeting {
            // Some have lost what proves that they are the same.
            Greeting::Resume(name) => seen.map(|seen| Seen {
                secret: seen.secret.filter(|_| name % 4 > 0),
                ..seen
            }),
            _ => None,
        };
        let known = seen.as_ref().filter(|seen| seen.secret.is_some());
        let mut person = Person {
            number,
            owner: known.map_or(number, |seen| seen.owner),
            address,
            wire: Wire::new(number, key_of(who)),
            standing: Standing::default(),
            heard_until: None,
            took_little: false,
            on_the_way: VecDeque::new(),
            in_json: false,
            has_spoken: false,
            is_done: false,
            questions: 0,
            saying: VecDeque::new(),
            passed: Vec::new(),
            has_said: false,
            closing: None,
            peer: Peer::new(number),
            held_at: 0,
        };
        match greeting {
            Greeting::Silent => {}
            Greeting::Nick(name) => person.send(who, Words::Nick(name), &mut scene.ledger),
            Greeting::Hello(name, replay) => person.hello(name, replay, None),
            Greeting::Resume(name) => person.hello(name, 0, seen),
        }
        person.arrive(usize::MAX);
        self.gate.waiting.push_back((person.wire.clone(), address));
        if scene.people.len() <= who {
            scene.people.resize_with(who + 1, || None);
        }
        scene.people[who] = Some(person);
    }

    /// Where there are limits several seats share an address.
    fn host(&self, who: usize) -> u8 {
        let hosts = if self.space == Space::Endless {
            256
        } else {
            HOSTS
        };
        (who % hosts) as u8
    }

    /// A program comes back before the server can have noticed that it is gone;
    /// what it has sent before may still be heard, up to then.
    fn take_over(&mut self, who: usize, name: usize) {
        let mut scene = self.scene.borrow_mut();
        let seen = scene.people[who].as_ref().and_then(Person::seen);
        if scene.people.len() >= CROWD || scene.stopping || seen.is_none() {
            return;
        }
        let mut ghost = scene.people[who].take();
        if let Some(ghost) = &mut ghost {
            ghost.is_done = true;
        }
        scene.people.push(ghost);
        scene.seen[who] = seen;
        drop(scene);
        self.connect(who, Greeting::Resume(name));
    }

    /// Others come, beyond the seats, and stay.
    fn crowd(&mut self, count: usize, form: Form) {
        for number in 0..count {
            let people = self.scene.borrow().people.len();
            if people >= CROWD {
                return;
            }
            let greeting = match form {
                Form::Json => Greeting::Hello(number, 0),
                Form::Text => Greeting::Nick(number),
            };
            self.connect(people.max(SEATS), greeting);
        }
    }

    fn wait(&self, milliseconds: u64) {
        let now = &mut self.scene.borrow_mut().now;
        now.instant += Duration::from_millis(milliseconds);
        let time = now.time.unix_milliseconds().unsigned_abs();
        now.time = Timestamp::from_unix_milliseconds(time + milliseconds);
    }

    fn erase(&self, back: u64) {
        let scene = &mut *self.scene.borrow_mut();
        let hub = &mut self.shared.write().hub;
        let Some(seq) = scene.ledger.last().checked_sub(back).filter(|seq| *seq > 0) else {
            return;
        };
        if scene.ledger.erase(seq, hub) {
            for person in scene.people.iter_mut().flatten() {
                person.peer.text_is_erased(&scene.ledger);
            }
        }
    }

    fn fail_disk(&self) {
        if self.keeping != Keeping::Not {
            self.scene.borrow_mut().ledger.was_trouble = true;
            self.disk.state().fail();
        }
    }

    fn recover_disk(&self) {
        if self.keeping != Keeping::Not {
            self.disk.state().recover();
        }
    }

    fn stop(&self) {
        let scene = &mut *self.scene.borrow_mut();
        if std::mem::replace(&mut scene.stopping, true) {
            return;
        }
        for person in scene.people.iter_mut().flatten() {
            person.is_done = true;
        }
        for worker in 0..self.workers.len() {
            self.shared.give(worker, Task::Stop);
        }
    }
}

/// The most people that crowds make.
const CROWD: usize = 60;

/// Addresses that there are where their connections are limited.
const HOSTS: usize = 5;
