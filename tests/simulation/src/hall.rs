//! Everybody, and what the schedule does to them.

mod check;
mod server;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chat_proto::event::{Limits, RoomId, RunId, Timestamp};
use chat_server::clock::Now;
use chat_server::config::Config;
use chat_server::hub::Hub;
use chat_server::net::connection::Connection;
use chat_server::net::transport::Readiness;
use chat_server::room::identity::{Identity, Key};
use chat_server::room::origin::ClientId;
use chat_server::room::request::Request;
use chat_server::session::Session;
use chat_server::timeline::mark::Form;
use chat_server::timeline::replay::Page;

use crate::disk::Disk;
use crate::ledger::Ledger;
use crate::peer::Peer;
use crate::person::{Person, ROOM, Seen};
use crate::script::{Greeting, Keeping, SEATS, Script, Step, What, Words};
use crate::wire::Wire;

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
        if !step.together {
            hall.round();
        }
    }
    hall.come_to_rest();
    hall.empty();
    hall.report
}

struct Hall {
    hub: Hub,
    disk: Disk,
    keeping: Keeping,
    capacity: u64,
    ledger: Ledger,
    now: Now,
    people: Vec<Option<Person>>,
    /// Seats of those to be looked after.
    queue: Vec<usize>,
    /// Seats of those who get pieces of the past, in turn.
    returning: VecDeque<usize>,
    page: Page,
    buffer: Vec<u8>,
    /// How much everybody was last served.
    served: u64,
    /// Where no reader is before.
    floor: [u64; 2],
    /// What the last program in each seat has seen.
    seen: [Option<Seen>; SEATS],
    /// How many people and events there were when they were looked at.
    checked: (usize, u64),
    /// The disk has failed at some time.
    was_trouble: bool,
    /// The server stops: nobody comes in any more.
    stopping: bool,
    report: Report,
}

impl Hall {
    fn new(script: &Script) -> Self {
        let identity = Identity {
            room: RoomId::new(ROOM).expect("a name"),
            run: RunId::new(NOON, 0),
            key: Key::of([7; Key::BYTES]),
        };
        let mut hub = Hub::new(identity, script.capacity);
        hub.set_config(Arc::new(Config::of(Limits {
            rate: script.rate,
            ..Limits::default()
        })));
        let now = Now {
            time: Timestamp::from_unix_milliseconds(NOON),
            instant: start(),
        };
        Self {
            disk: Disk::new(script.keeping, &mut hub),
            hub,
            keeping: script.keeping,
            capacity: script.capacity,
            ledger: Ledger::default(),
            now,
            people: Vec::new(),
            queue: Vec::new(),
            returning: VecDeque::new(),
            page: Page::default(),
            buffer: vec![0; READ_BUFFER],
            served: 0,
            floor: [0; 2],
            seen: [const { None }; SEATS],
            checked: (0, 0),
            was_trouble: false,
            stopping: false,
            report: Report::default(),
        }
    }

    fn step(&mut self, Step { who, what, .. }: Step) {
        let ledger = &mut self.ledger;
        let person = self.people.get_mut(who).and_then(Option::as_mut);
        match (what, person) {
            (What::Connect(Greeting::Hello(name, replay)), Some(person)) => {
                if !person.in_json && !person.is_done {
                    person.hello(name, replay, None);
                }
                self.arrive(who, usize::MAX);
            }
            (What::Connect(greeting), None) => self.connect(who, greeting),
            (What::Connect(Greeting::Resume(name)), Some(_)) => self.take_over(who, name),
            (What::Crowd(count, in_json), _) => self.crowd(count, in_json),
            (What::Send(words, arriving), Some(person)) => {
                person.send(who, words, ledger);
                self.arrive(who, arriving);
            }
            (What::Arrive(count), _) => self.arrive(who, count),
            (What::Take(count), Some(person)) => {
                person.connection.transport_mut().space = count;
                person.connection.note(Readiness {
                    writable: count > 0,
                    ..Readiness::default()
                });
                self.enqueue(who);
            }
            (What::End, Some(person)) => {
                person.is_done = true;
                self.arrive(who, usize::MAX);
                self.end(who);
            }
            (What::Close, Some(person)) => {
                person.is_done = true;
                self.arrive(who, usize::MAX);
                self.close_both(who);
            }
            (What::Fail(loses_input), Some(person)) => {
                person.is_done = true;
                let wire = person.connection.transport_mut();
                (wire.error, wire.ended) = (Some(io::ErrorKind::ConnectionReset), true);
                wire.lost = loses_input || !person.on_the_way.is_empty();
                if loses_input {
                    wire.arrived.clear();
                }
                self.hang_up(who);
            }
            (What::Wait(milliseconds), _) => {
                self.now.instant += Duration::from_millis(milliseconds);
                let time = self.now.time.unix_milliseconds().unsigned_abs();
                self.now.time = Timestamp::from_unix_milliseconds(time + milliseconds);
            }
            (What::SetClock(seconds), _) => {
                self.now.time = Timestamp::from_unix_milliseconds(seconds * 1000);
            }
            (What::Synced, _) if !self.disk.fails => self.disk.synced(&mut self.hub),
            (What::Trouble(fails), _) => self.trouble(fails),
            (What::Slow(is_slow), _) => self.disk.is_slow = is_slow,
            (What::Unreadable(is_so), _) => self.disk.is_unreadable = is_so,
            (What::Forget, _) => self.forget(),
            (What::Stop, _) => self.stop(),
            (What::Connect(_), Some(_)) | (What::Synced, _) => {}
            (What::Send(..) | What::Take(_) | What::End | What::Close | What::Fail(_), None) => {}
        }
    }

    fn connect(&mut self, who: usize, greeting: Greeting) {
        if self.stopping {
            return;
        }
        let number = self.report.connections;
        self.report.connections += 1;
        let address = SocketAddr::from(([10, 0, 0, who as u8], 1000 + number as u16));
        let wire = Wire {
            space: usize::MAX,
            ..Wire::default()
        };
        let client = ClientId {
            worker: 0,
            key: number as u32,
            generation: 0,
        };
        let session = Session::new(client, address, &self.hub, self.now);
        let seen = self.seen.get(who).cloned().flatten();
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
            connection: Connection::new(wire, session, true),
            on_the_way: VecDeque::new(),
            in_json: false,
            has_spoken: false,
            is_done: false,
            questions: 0,
            saying: VecDeque::new(),
            passed: Vec::new(),
            closing: None,
            peer: Peer::new(number),
            held_at: self.hub.timeline.reply_mark().text,
        };
        match greeting {
            Greeting::Silent => {}
            Greeting::Nick(name) => person.send(who, Words::Nick(name), &mut self.ledger),
            Greeting::Hello(name, replay) => person.hello(name, replay, None),
            Greeting::Resume(name) => person.hello(name, 0, seen),
        }
        if self.people.len() <= who {
            self.people.resize_with(who + 1, || None);
        }
        self.people[who] = Some(person);
        self.enqueue(who);
        self.arrive(who, usize::MAX);
    }

    /// A program comes back before the server can have noticed that it is gone;
    /// what it has sent before may still be heard, up to then.
    fn take_over(&mut self, who: usize, name: usize) {
        let seen = self.people[who].as_ref().and_then(Person::seen);
        if self.people.len() >= CROWD || self.stopping || seen.is_none() {
            return;
        }
        let mut ghost = self.people[who].take();
        if let Some(ghost) = &mut ghost {
            ghost.is_done = true;
            ghost.connection.queued = false;
        }
        let place = self.people.len();
        self.people.push(ghost);
        self.queue.retain(|seat| *seat != who);
        for seat in self.returning.iter_mut().filter(|seat| **seat == who) {
            *seat = place;
        }
        for (seat, _) in self
            .disk
            .reading
            .iter_mut()
            .filter(|(seat, _)| *seat == who)
        {
            *seat = place;
        }
        self.enqueue(place);
        self.seen[who] = seen;
        self.connect(who, Greeting::Resume(name));
    }

    /// Others come, beyond the seats, and stay.
    fn crowd(&mut self, count: usize, in_json: bool) {
        for number in 0..count {
            if self.people.len() >= CROWD {
                return;
            }
            let who = self.people.len().max(SEATS);
            let greeting = match in_json {
                true => Greeting::Hello(number, 0),
                false => Greeting::Nick(number),
            };
            self.connect(who, greeting);
        }
    }

    fn enqueue(&mut self, who: usize) {
        if let Some(Some(person)) = self.people.get_mut(who)
            && !person.connection.queued
        {
            person.connection.queued = true;
            self.queue.push(who);
        }
    }

    /// Some of what was sent arrives.
    fn arrive(&mut self, who: usize, count: usize) {
        if let Some(Some(person)) = self.people.get_mut(who)
            && !person.connection.transport_mut().ended
        {
            let count = count.min(person.on_the_way.len());
            let wire = person.connection.transport_mut();
            wire.arrived.extend(person.on_the_way.drain(..count));
            person.connection.note(Readiness {
                readable: count > 0,
                ..Readiness::default()
            });
            self.enqueue(who);
        }
    }

    fn end(&mut self, who: usize) {
        if let Some(Some(person)) = self.people.get_mut(who) {
            person.connection.transport_mut().ended = true;
            self.hang_up(who);
        }
    }

    fn close_both(&mut self, who: usize) {
        if let Some(Some(person)) = self.people.get_mut(who) {
            person.connection.transport_mut().deaf = true;
            self.end(who);
        }
    }

    /// The poll tells that there is an end.
    fn hang_up(&mut self, who: usize) {
        if let Some(Some(person)) = self.people.get_mut(who) {
            let wire = person.connection.transport_mut();
            let is_over = wire.error.is_some() || wire.deaf;
            person.connection.note(Readiness {
                readable: true,
                writable: is_over,
                read_on: true,
                failed: false,
            });
        }
        self.enqueue(who);
    }

    fn trouble(&mut self, fails: bool) {
        if self.keeping == Keeping::Not || fails == self.disk.fails {
            return;
        }
        self.disk.fails = fails;
        self.was_trouble |= fails;
        let text = fails.then(|| "the history cannot be written (no space)".to_owned());
        let text = text.map(|text| chat_proto::text::Text::clean(&text).expect("a text"));
        self.hub.timeline.set_trouble(text);
        if !fails {
            self.disk.in_flight = Some(self.hub.timeline.head());
            self.disk.synced(&mut self.hub);
        }
        for who in 0..self.people.len() {
            if let Some(person) = &mut self.people[who] {
                let session = &mut person.connection.session;
                session.tell("something is with the history", &self.hub, self.now);
                self.enqueue(who);
            }
        }
    }

    /// A third of what is safe on the disk and not in memory is dropped.
    fn forget(&mut self) {
        let (first, memory) = (
            self.hub.timeline.first(),
            self.hub.timeline.log(Form::Json).first(),
        );
        if self.keeping != Keeping::Not && first < memory {
            self.hub
                .forget_before(first + (memory - first).div_ceil(3), self.now);
        }
    }

    fn stop(&mut self) {
        if std::mem::replace(&mut self.stopping, true) {
            return;
        }
        self.hub.request(Request::TellPending, self.now);
        self.ledger.note(&self.hub, None);
        for who in 0..self.people.len() {
            let last = self.ledger.last();
            if let Some(person) = &mut self.people[who] {
                let after = Duration::from_secs(1);
                person
                    .connection
                    .session
                    .goodbye(after, &self.hub, self.now);
                person.closing.get_or_insert(last);
                person.is_done = true;
                self.enqueue(who);
            }
        }
    }
}

/// All schedules begin at the same moment; which one it is does not matter.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// As in `chat_server::runtime::scheduler`.
const READ_BUFFER: usize = 16 * 1024;

const NOON: u64 = 1_800_000_000_000;

/// The most people that crowds make.
const CROWD: usize = 60;
