//! The client of NATS, in a thread of its own.

mod following;
mod setup;
mod snapshots;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc as std_mpsc};
use std::task::Waker;
use std::thread;

use anyhow::{Context, anyhow};
use tokio::sync::mpsc;

use super::ClusterOptions;
use crate::clock::Now;
use crate::hub::state::State;
use crate::room::identity::Identity;
use crate::sequencer::Note;
use crate::sequencer::stream::snapshot::{Snapshot, SnapshotName};
use crate::sequencer::stream::{Engine, Entry};

/// The room's end of the queues to and from the thread.
#[derive(Debug)]
pub struct Nats {
    commands: mpsc::Sender<Command>,
    entries: mpsc::UnboundedReceiver<Entry>,
    notes: mpsc::UnboundedReceiver<Note>,
    /// How many bytes of entries wait.
    waiting: Arc<AtomicUsize>,
    bell: Arc<Bell>,
    failure: Arc<OnceLock<String>>,
}

/// What a server begins with.
#[derive(Debug)]
pub enum Beginning {
    /// The stream from its first entry on.
    Genesis(Identity),
    /// What was kept for it under this name.
    Snapshot(SnapshotName, Box<State>),
}

/// What the thread is to do.
#[derive(Debug)]
enum Command {
    /// To follow the stream from this entry on.
    Follow(u64),
    Publish {
        record: Arc<[u8]>,
        again: bool,
    },
    Save(Snapshot),
}

/// Wakes the room up when there is news, once for all that has come by then.
#[derive(Debug, Default)]
struct Bell {
    waker: OnceLock<Waker>,
    has_rung: AtomicBool,
}

impl Bell {
    fn ring(&self) {
        if !self.has_rung.swap(true, Ordering::SeqCst)
            && let Some(waker) = self.waker.get()
        {
            waker.wake_by_ref();
        }
    }

    /// It is to ring for what comes from here on.
    fn is_heard(&self) {
        self.has_rung.store(false, Ordering::SeqCst);
    }
}

/// The thread's end of the queues.
#[derive(Debug)]
struct ToRoom {
    entries: mpsc::UnboundedSender<Entry>,
    notes: mpsc::UnboundedSender<Note>,
    waiting: Arc<AtomicUsize>,
    bell: Arc<Bell>,
    /// Why the stream cannot be followed any more.
    failure: Arc<OnceLock<String>>,
}

impl ToRoom {
    /// Whether there is space for so many bytes of entries, `count` of them.
    fn has_space(&self, bytes: usize, count: usize) -> bool {
        let waiting = self.waiting.load(Ordering::SeqCst);
        waiting + bytes + count * EACH <= MAX_WAITING
    }

    /// Gives the room an entry.
    fn give(&self, entry: Entry) {
        self.waiting.fetch_add(weight(&entry), Ordering::SeqCst);
        let _ = self.entries.send(entry);
        self.bell.ring();
    }

    fn fail(&self, why: String) {
        let _ = self.failure.set(why);
        self.bell.ring();
    }

    fn trouble(&self, what: String) {
        self.note(Note::Trouble(what));
    }

    fn note(&self, what: Note) {
        let _ = self.notes.send(what);
        self.bell.ring();
    }
}

fn weight(entry: &Entry) -> usize {
    entry.bytes.len() + EACH
}

impl Nats {
    /// Finds the stream of a room, or makes it, for a server that has the events up to `own`
    /// of it. Blocks until that is done.
    ///
    /// # Errors
    ///
    /// When NATS cannot be reached, does not let the server in, or has no such stream and
    /// cannot make it; and when what is there is no stream of a room.
    pub fn open(options: ClusterOptions, own: u64, now: Now) -> anyhow::Result<(Self, Beginning)> {
        let (commands, orders) = mpsc::channel(MAX_COMMANDS);
        let (entry_sender, entries) = mpsc::unbounded_channel();
        let (note_sender, notes) = mpsc::unbounded_channel();
        let (waiting, bell, failure) =
            <(Arc<AtomicUsize>, Arc<Bell>, Arc<OnceLock<String>>)>::default();
        let to_room = ToRoom {
            entries: entry_sender,
            notes: note_sender,
            waiting: Arc::clone(&waiting),
            bell: Arc::clone(&bell),
            failure: Arc::clone(&failure),
        };
        let (tell, told) = std_mpsc::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(run(options, own, now, tell, orders, to_room)),
                Err(error) => _ = tell.send(Err(error.into())),
            }
        };
        let thread = thread::Builder::new().name("cluster".to_owned());
        thread.spawn(run).context("cannot start a thread")?;
        let ended = || Err(anyhow!("the thread for NATS has ended"));
        let beginning = told.recv().unwrap_or_else(|_| ended())?;
        let nats = Self {
            commands,
            entries,
            notes,
            waiting,
            bell,
            failure,
        };
        Ok((nats, beginning))
    }

    /// Begins to follow the stream, from this entry on.
    pub fn follow(&self, from: u64) {
        // There was no command before.
        let _ = self.commands.try_send(Command::Follow(from));
    }
}

impl Engine for Nats {
    fn publish(&mut self, record: Arc<[u8]>, again: bool) {
        // What finds no space is sent again later.
        let _ = self.commands.try_send(Command::Publish { record, again });
    }

    fn next(&mut self) -> Option<Entry> {
        self.bell.is_heard();
        let entry = self.entries.try_recv().ok()?;
        self.waiting.fetch_sub(weight(&entry), Ordering::SeqCst);
        Some(entry)
    }

    fn save(&mut self, snapshot: Snapshot) {
        // There will be another one.
        let _ = self.commands.try_send(Command::Save(snapshot));
    }

    fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    fn note(&mut self) -> Option<Note> {
        self.notes.try_recv().ok()
    }

    fn watch(&mut self, waker: Waker) {
        waker.wake_by_ref();
        let _ = self.bell.waker.set(waker);
    }
}

async fn run(
    options: ClusterOptions,
    own: u64,
    now: Now,
    tell: std_mpsc::Sender<anyhow::Result<Beginning>>,
    mut commands: mpsc::Receiver<Command>,
    to_room: ToRoom,
) {
    let opened = setup::open(&options, own, now, &to_room).await;
    let (way, beginning) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let _ = tell.send(Err(error));
            return;
        }
    };
    if tell.send(Ok(beginning)).is_err() {
        return;
    }
    if let Some(Command::Follow(from)) = commands.recv().await
        && let Err(error) = following::follow(way, from, commands, &to_room).await
    {
        to_room.fail(format!("the stream is followed no more: {error:#}"));
    }
}

/// How many bytes of entries may wait for the room.
const MAX_WAITING: usize = 32 * 1024 * 1024;

/// What an entry counts besides its bytes.
const EACH: usize = 128;

/// How many records may wait to be sent.
const MAX_COMMANDS: usize = 16 * 1024;
