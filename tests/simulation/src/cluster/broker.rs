//! The stream between the servers, and the way to it: what was published can get lost, come
//! twice, late, and behind what was published later. What is in the stream stays there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat_server::sequencer::stream::snapshot::Snapshot;
use chat_server::sequencer::stream::{Engine, Entry};

/// One server's way to the stream and back.
#[derive(Debug)]
pub(super) struct Way {
    server: usize,
    read: usize,
    broker: Broker,
}

/// The stream, as the schedule moves it on.
#[derive(Debug, Clone, Default)]
pub(super) struct Broker(Arc<Mutex<State>>);

/// What is in the stream, and what is on its way there.
#[derive(Debug, Default)]
pub(super) struct State {
    stream: Vec<Arc<[u8]>>,
    /// By the server that has published it.
    under_way: Vec<(usize, Arc<[u8]>)>,
    /// What servers that come later can begin with.
    pub(super) snapshots: Vec<Snapshot>,
    /// What is published gets lost.
    pub(super) is_cut: bool,
    /// How much of the stream each server is given. One that is not named is given all.
    pub(super) visible: BTreeMap<usize, usize>,
}

impl Broker {
    /// The way of this server, which has read so many entries.
    pub(super) fn way(&self, server: usize, read: usize) -> Way {
        Way {
            server,
            read,
            broker: self.clone(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What this server has published first of what is under way gets into the stream.
    pub(super) fn take_next_of(&mut self, server: usize) {
        if let Some(index) = self.next_of(server) {
            let (_, record) = self.under_way.remove(index);
            self.stream.push(record);
        }
    }

    /// The same gets lost.
    pub(super) fn lose_next_of(&mut self, server: usize) -> bool {
        let index = self.next_of(server);
        index.map(|index| self.under_way.remove(index)).is_some()
    }

    /// The same comes behind all that is under way.
    pub(super) fn delay_next_of(&mut self, server: usize) -> bool {
        let record = self.next_of(server).map(|it| self.under_way.remove(it));
        let is_one = record.is_some();
        self.under_way.extend(record);
        is_one
    }

    /// Something that is in the stream comes again.
    pub(super) fn repeat(&mut self, index: usize) -> bool {
        let again = self.stream.get(index % self.stream.len().max(1)).cloned();
        let is_one = again.is_some();
        self.stream.extend(again);
        is_one
    }

    /// Another program publishes something.
    pub(super) fn foreign(&mut self, bytes: &[u8]) {
        self.stream.push(bytes.into());
    }

    /// All that is under way gets into the stream.
    pub(super) fn take_all(&mut self) {
        let all = self.under_way.drain(..).map(|(_, record)| record);
        self.stream.extend(all);
    }

    pub(super) fn length(&self) -> usize {
        self.stream.len()
    }

    fn next_of(&self, server: usize) -> Option<usize> {
        self.under_way.iter().position(|(of, _)| *of == server)
    }
}

impl Engine for Way {
    fn publish(&mut self, record: Arc<[u8]>, _: bool) {
        let mut state = self.broker.state();
        if !state.is_cut {
            state.under_way.push((self.server, record));
        }
    }

    fn next(&mut self) -> Option<Entry> {
        let state = self.broker.state();
        let visible = state.visible.get(&self.server);
        if visible.is_some_and(|visible| self.read >= *visible) {
            return None;
        }
        let bytes = state.stream.get(self.read).cloned()?;
        drop(state);
        self.read += 1;
        let number = self.read as u64;
        Some(Entry { number, bytes })
    }

    fn save(&mut self, snapshot: Snapshot) {
        self.broker.state().snapshots.push(snapshot);
    }
}
