//! What the loops tell when they are asked, for the metrics: how many connections there
//! are in each state, how far readers are behind, and how the room is.
//!
//! Nothing of this is kept up to date while the server works. A loop counts it when it is
//! asked, in a round of its own, and sends it to the thread that has asked.

use std::sync::mpsc::Sender;
use std::task::Waker;

use chat_proto::event::Timestamp;

use crate::clock::Now;
use crate::hub::Hub;
use crate::net::connection::Connection;
use crate::net::transport::Transport;
use crate::runtime::control::Shared;
use crate::sequencer::{Flow, Progress};
use crate::session::Stage;

/// What a loop tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// One of the workers.
    Worker {
        /// Which one it is.
        index: usize,
        /// Its connections.
        census: Census,
        /// The room, which only the worker at the front tells.
        room: Option<Box<RoomFigures>>,
    },
    /// The entry, which has so many connections.
    Entry(u64),
}

/// Where loops send their reports.
#[derive(Debug)]
pub(crate) struct Reporter {
    reports: Sender<Report>,
    waker: Waker,
}

/// The connections of one worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// How many there are in each state.
    pub(crate) states: [u64; State::ALL.len()],
    /// How many wait for something that they have not been sent.
    pub(crate) lagging: u64,
    /// How many of them get it from the past.
    pub(crate) replaying: u64,
    /// Bytes that wait for the one that is behind most, without the past.
    pub(crate) slowest: u64,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits at the entry for its first byte, or shakes hands.
    Handshake,
    /// It has to say the password.
    Password,
    /// It is greeted and not yet in the room.
    Arriving,
    /// It is in the room.
    Room,
    /// It is at the control socket and not in the room.
    Control,
    /// It is told why it does not come in.
    Barred,
    /// It has left, and gets the rest.
    Leaving,
}

/// The room at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoomFigures {
    /// People in the room.
    pub(crate) people: u64,
    /// Messages since the start of the server.
    pub(crate) messages: u64,
    /// The number of the newest event.
    pub(crate) events: u64,
    /// How often a peer was kept out by a ban, by a lock of the room, or by its password.
    pub(crate) barred: [u64; 3],
    /// The history on disk, if there is one.
    pub(crate) history: Option<HistoryFigures>,
    /// The order of the room, if several servers share it, and whether it moves.
    pub(crate) order: Option<(Progress, Flow)>,
    /// How many connections may be there.
    pub(crate) limit: u64,
    /// The server says goodbye.
    pub(crate) is_stopping: bool,
}

/// The history on disk at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HistoryFigures {
    /// Bytes of events that are not known to be on the disk.
    pub(crate) unsynced: u64,
    /// When the oldest of these events happened.
    pub(crate) unsynced_since: Option<Timestamp>,
    /// Why nothing can be kept now.
    pub(crate) trouble: Option<String>,
}

impl Reporter {
    /// Reports go to `reports`, and `waker` is called for each.
    pub(crate) fn new(reports: Sender<Report>, waker: Waker) -> Self {
        Self { reports, waker }
    }

    /// Sends a report.
    pub(crate) fn send(&self, report: Report) {
        // A thread that is gone needs none.
        if self.reports.send(report).is_ok() {
            self.waker.wake_by_ref();
        }
    }
}

impl State {
    /// All that there are.
    pub(crate) const ALL: [Self; 7] = [
        Self::Handshake,
        Self::Password,
        Self::Arriving,
        Self::Room,
        Self::Control,
        Self::Barred,
        Self::Leaving,
    ];

    fn of(stage: Stage) -> Self {
        match stage {
            Stage::Locked(_) => Self::Password,
            Stage::Arriving(_) | Stage::Joining => Self::Arriving,
            Stage::Outside => Self::Control,
            Stage::Refused => Self::Barred,
            Stage::Present => Self::Room,
            Stage::Listening | Stage::Closing => Self::Leaving,
        }
    }

    /// In one word.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Password => "password",
            Self::Arriving => "arriving",
            Self::Room => "room",
            Self::Control => "control",
            Self::Barred => "barred",
            Self::Leaving => "leaving",
        }
    }
}

impl Census {
    /// That of these connections. Other workers may change the room in between, so that
    /// they do not have to wait until thousands have been counted.
    pub(crate) fn of<'a, S: Transport + 'a>(
        connections: impl Iterator<Item = &'a Connection<S>>,
        shared: &Shared<S>,
    ) -> Self {
        let mut census = Self::default();
        let mut connections = connections.peekable();
        while connections.peek().is_some() {
            let state = shared.read();
            for connection in connections.by_ref().take(SOME) {
                census.add(connection, &state.hub);
            }
        }
        census
    }

    fn add<S: Transport>(&mut self, connection: &Connection<S>, hub: &Hub) {
        let session = &connection.session;
        self.states[State::of(session.stage()) as usize] += 1;
        if let Some(lag) = session.lag(hub) {
            self.lagging += 1;
            self.replaying += u64::from(lag.is_past);
            self.slowest = self.slowest.max(lag.bytes);
        }
    }

    /// The same with that of another worker.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.states.iter_mut().zip(other.states) {
            *ours += theirs;
        }
        self.lagging += other.lagging;
        self.replaying += other.replaying;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl RoomFigures {
    /// Those of the room.
    pub(crate) fn of(hub: &Hub, now: Now) -> Self {
        let timeline = &hub.timeline;
        Self {
            people: hub.people().count() as u64,
            messages: timeline.messages(),
            events: timeline.head().seq,
            barred: hub.barred(),
            order: hub.progress(now),
            limit: hub.limits().clients as u64,
            history: timeline.unsynced().map(|unsynced| HistoryFigures {
                unsynced,
                unsynced_since: timeline.unsynced_since(),
                trouble: timeline.trouble().map(|why| why.as_str().to_owned()),
            }),
            is_stopping: false,
        }
    }
}

/// Connections that are counted before another worker may change the room.
const SOME: usize = 256;
