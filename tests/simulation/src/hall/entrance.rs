//! Where connections wait outside until the server takes them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use chat_server::clock::Now;
use chat_server::net::admission::Refusal;
use chat_server::runtime::control::Shared;
use chat_server::runtime::mailbox::Peer;
use chat_server::runtime::rounds::Entrance;

use super::scene::Scene;
use crate::standing::Entry;
use crate::wire::Wire;

/// The connections that wait, in front of a system that has space for few.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) waiting: VecDeque<(Wire, SocketAddr)>,
    /// The system had no space for the next one.
    is_full: bool,
    scene: Rc<RefCell<Scene>>,
}

impl Gate {
    pub(super) fn new(scene: Rc<RefCell<Scene>>) -> Self {
        Self {
            waiting: VecDeque::new(),
            is_full: false,
            scene,
        }
    }

    /// Lets a connection in, or has it told why not. What the server decides has to be
    /// what the limits say.
    fn admit(
        &self,
        wire: Wire,
        address: SocketAddr,
        shared: &Shared<Wire>,
        now: Now,
    ) -> Option<Peer<Wire>> {
        let number = wire.number;
        let admitted = shared.admit(wire, address, now);
        let scene = &mut *self.scene.borrow_mut();
        let limits = shared.config().limits;
        let people = scene.people.iter().flatten();
        let counted = people.filter(|one| one.standing.counts_as(Entry::Admitted));
        let all = counted.clone().count();
        let from_there = counted
            .filter(|one| one.address.ip() == address.ip())
            .count();
        let is_reached = |count: usize, most: usize| most > 0 && count >= most;
        let expected = if is_reached(all, limits.clients) {
            Some(Refusal::Full)
        } else if is_reached(from_there, limits.per_address) {
            Some(Refusal::AddressFull)
        } else {
            None
        };
        let refusal = match &admitted {
            Ok(peer) => peer.refusal,
            Err((_, refusal)) => Some(*refusal),
        };
        assert_eq!(
            refusal, expected,
            "{all} are in, {from_there} of them from there"
        );
        let mut people = scene.people.iter_mut().flatten();
        let person = people.find(|person| person.number == number);
        let entry = match (&admitted, refusal) {
            (Ok(_), None) => Entry::Admitted,
            (Ok(_), Some(_)) => Entry::Refused,
            (Err(_), _) => Entry::TurnedAway,
        };
        person.expect("a connection of ours").standing.entry = entry;
        admitted.ok()
    }
}

impl Entrance<Wire> for Gate {
    fn is_ready(&self) -> bool {
        !self.waiting.is_empty() && !self.is_full
    }

    fn retry(&self) -> Option<Instant> {
        None
    }

    fn open(&mut self) {
        self.is_full = false;
    }

    fn close(&mut self) {
        self.waiting.clear();
    }

    fn accept(&mut self, shared: &Shared<Wire>, now: Now, take: &mut dyn FnMut(Peer<Wire>)) {
        while self.is_ready() {
            if shared.connections() >= shared.config().connections {
                shared.wait_for_space();
                self.is_full = true;
            } else if let Some((wire, address)) = self.waiting.pop_front()
                && let Some(peer) = self.admit(wire, address, shared, now)
            {
                take(peer);
            }
        }
    }
}
