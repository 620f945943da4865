//! The server's rounds: what `chat_server::runtime::worker` and `chat_server::runtime::scheduler` do
//! with the same connections, in the same order.

use std::time::Duration;

use chat_server::clock::Now;
use chat_server::hub::Hub;
use chat_server::net::connection::{Connection, Next, PastTurn, Work};
use chat_server::session::Stage;
use chat_server::timeline::mark::Form;
use chat_server::timeline::replay::{Files, NoFiles, Piece};

use super::Hall;
use super::check::{check_end, check_reason, check_said};
use crate::disk::Kept;
use crate::ledger::Turn;
use crate::person::Person;
use crate::script::Keeping;
use crate::wire::Wire;

impl Hall {
    /// A round of the server's.
    pub(super) fn round(&mut self) {
        self.hear();
        self.expire();
        self.hub.tell_presence(self.now);
        self.ledger.note(&self.hub, None);
        self.disk.keep(&mut self.hub);
        self.hub.trim(self.floor, self.now);
        self.write();
        self.serve_past();
        self.close();
        self.check();
    }

    fn hear(&mut self) {
        let written = self.hub.timeline.written();
        let (mut passed, mut heard) = (0, 0);
        for index in 0..self.queue.len() {
            if self.hub.timeline.written() - written >= ROUND_BYTES || heard == TURNS {
                break;
            }
            passed += 1;
            let who = self.queue[index];
            let reads = self.turn(who, |connection, buffer, hub, now| {
                connection.hear(buffer, hub, now) > 0
            });
            heard += usize::from(reads.unwrap_or_default());
            self.deliver();
        }
        self.queue.rotate_left(passed);
    }

    /// Connections whose place others have taken are told so.
    fn deliver(&mut self) {
        for (client, answer) in self.hub.take_outcomes() {
            let is_of = |one: &Option<Person>| {
                let one = one.as_ref();
                one.is_some_and(|one| one.session().client() == client)
            };
            let Some(who) = self.people.iter().position(is_of) else {
                continue;
            };
            if let Some(person) = &mut self.people[who] {
                let session = &mut person.connection.session;
                session.outcome(answer, &mut self.hub, self.now);
                let last = self.ledger.last();
                person.closing.get_or_insert(last);
                self.report.replaced += 1;
                self.enqueue(who);
            }
        }
    }

    fn expire(&mut self) {
        for who in 0..self.people.len() {
            let now = self.now;
            let timer = self.people[who]
                .as_ref()
                .and_then(|one| one.connection.timer());
            if timer.is_some_and(|at| at <= now.instant) {
                self.turn(who, |connection, _, hub, now| {
                    connection.set_timer(None);
                    connection.expire(STALL, hub, now);
                });
                self.enqueue(who);
            }
        }
    }

    /// Somebody may change the room.
    fn turn<T>(
        &mut self,
        who: usize,
        change: impl FnOnce(&mut Connection<Wire>, &mut [u8], &mut Hub, Now) -> T,
    ) -> Option<T> {
        let person = self.people.get_mut(who)?.as_mut()?;
        let before = self.ledger.last();
        let (name, arriving) = (
            person.name(),
            matches!(person.session().stage(), Stage::Arriving(_)),
        );
        let point = self.hub.timeline.trim_point(Form::Text);
        let connection = &mut person.connection;
        let result = change(connection, &mut self.buffer, &mut self.hub, self.now);
        if before < self.hub.timeline.head().seq {
            let turn = Turn {
                connection: person.number,
                names: vec![name, person.name()],
                comes_in: arriving,
            };
            self.ledger.note(&self.hub, Some(turn));
            for seq in before + 1..=self.ledger.last() {
                if let Some(number) = self.ledger.said_number(seq) {
                    let place = person.saying.iter().position(|said| *said == number);
                    let place = place.expect("said once, and in order");
                    person.passed.extend(person.saying.drain(..place));
                    person.saying.pop_front();
                }
            }
        }
        if arriving && !matches!(person.session().stage(), Stage::Arriving(_)) {
            person.peer.stays = person.is_here();
            // In between it may have moved on.
            let later = self.hub.timeline.trim_point(Form::Text);
            let [from, to] = [point, later]
                .map(|point| self.ledger.last_before_text(point.max(person.held_at)) + 1);
            person.peer.comes_in(from..=to);
        }
        if person.session().stage() == Stage::Closing {
            person.closing.get_or_insert(before);
        }
        Some(result)
    }

    fn write(&mut self) {
        let shown = self.hub.timeline.shown().bytes();
        if shown != self.served {
            self.served = shown;
            for who in 0..self.people.len() {
                self.write_to(who);
                if let Some(person) = &self.people[who]
                    && person.connection.is_due(STALL, &self.hub)
                {
                    self.enqueue(who);
                }
            }
        } else {
            for index in 0..self.queue.len() {
                self.write_to(self.queue[index]);
            }
        }
    }

    fn write_to(&mut self, who: usize) {
        if let Some(Some(person)) = self.people.get_mut(who) {
            let connection = &mut person.connection;
            connection.write(&self.hub, self.now);
            if connection.past_turn == PastTurn::Idle && connection.wants_past(&self.hub) {
                connection.past_turn = PastTurn::Queued;
                self.returning.push_back(who);
            }
            self.look(who);
        }
    }

    fn serve_past(&mut self) {
        for _ in 0..READING {
            if let Some((who, piece)) = self.disk.piece(&mut self.ledger) {
                self.serve(who, Some(piece));
            }
        }
        for _ in 0..PAGES.min(self.returning.len()) {
            if let Some(who) = self.returning.pop_front() {
                self.serve(who, None);
            }
        }
    }

    fn serve(&mut self, who: usize, piece: Option<Piece>) {
        let kept = Kept(&self.ledger);
        let files: &dyn Files = match self.keeping {
            Keeping::Not => &NoFiles,
            _ => &kept,
        };
        if let Some(Some(person)) = self.people.get_mut(who)
            && person.connection.past_turn
                == match piece {
                    Some(_) => PastTurn::Reading,
                    None => PastTurn::Queued,
                }
        {
            person.connection.past_turn = PastTurn::Idle;
            let connection = &mut person.connection;
            let (_, wanted) =
                connection.write_past(&self.hub, files, piece, &mut self.page, self.now);
            if let Some(wanted) = wanted {
                connection.past_turn = PastTurn::Reading;
                self.disk.reading.push_back((who, wanted));
            } else if connection.wants_past(&self.hub) {
                connection.past_turn = PastTurn::Queued;
                self.returning.push_back(who);
            }
        }
        self.look(who);
        self.enqueue(who);
    }

    /// The peer looks at what it was sent.
    fn look(&mut self, who: usize) {
        if let Some(Some(person)) = self.people.get_mut(who) {
            let written = std::mem::take(&mut person.connection.transport_mut().written);
            self.report.sent += written.len() as u64;
            person.peer.take(&written, &mut self.ledger, &self.hub);
        }
    }

    fn close(&mut self) {
        let floor = [Form::Text, Form::Json].map(|form| self.hub.timeline.trim_point(form));
        if floor != self.floor {
            for (who, person) in self.people.iter_mut().enumerate() {
                let Some(Person { connection, .. }) = person else {
                    continue;
                };
                if connection.session.is_too_far_behind(&self.hub) {
                    connection.session.fall_behind(&self.hub);
                    if connection.past_turn == PastTurn::Idle && connection.wants_past(&self.hub) {
                        connection.past_turn = PastTurn::Queued;
                        self.returning.push_back(who);
                    }
                }
            }
            self.floor = floor;
        }
        let mut queue = std::mem::take(&mut self.queue);
        queue.retain(|&who| {
            let Some(Some(person)) = self.people.get_mut(who) else {
                return false;
            };
            let was_shut = person.connection.transport_mut().shut;
            let next = person.connection.conclude(STALL, &self.hub, self.now);
            let is_closed = next == Next::Drop;
            let is_shut = person.connection.transport_mut().shut;
            if is_shut && !was_shut && !is_closed {
                check_end(person, &self.ledger, &self.hub, self.now);
            }
            let Next::Stay { work, .. } = next else {
                check_reason(person);
                if person.was_heard(self.hub.limits().rate) && !self.was_trouble {
                    check_said(person, &self.ledger, false);
                }
                if let (Some(now), Some(seen)) = (person.seen(), self.seen.get_mut(who)) {
                    *seen = Some(now);
                }
                self.people[who] = None;
                return false;
            };
            person.connection.queued = work != Work::None;
            person.connection.queued
        });
        self.queue = queue;
    }
}

/// As in `chat_server::runtime::scheduler`.
const ROUND_BYTES: u64 = 256 * 1024;
const TURNS: usize = 64;
const PAGES: usize = 4;
const READING: usize = 2;

const STALL: Duration = Duration::from_secs(60);
