//! The order of several servers: a stream that all of them write to, and read.
//!
//! ```text
//!  Hub::propose ─► waiting ─► record n ──────────► stream: …│ a7 │ b3 │ a8 │ c1 │
//!                              │ kept until it is read             │
//!  Room::apply ◄─ ready ◄─ judged ([`servers`]) ◄──────────────────┘ each server, in order
//! ```
//!
//! Nothing takes effect before it has come back from the stream. So all servers apply the
//! same requests in the same order, and a message is confirmed when it is kept where the
//! stream is kept.
//!
//! The way to the stream may lose a record, deliver it twice, or late. A server sends again
//! what it has not read back, from the oldest on, and [`servers`] lets each record count
//! once. The way back is whole: [`Engine::next`] gives each entry once, in order.
//!
//! A server that says nothing else says each second that it is there. A run of a server that
//! was not heard for [`Options::gone_after`] is ended by the first other server that proposes
//! it and has its proposal read by all; whatever comes of that run later is void.

mod anchor;
pub mod asks;
pub mod engine;
mod load;
mod ordering;
pub mod record;
pub mod rules;
pub mod servers;
pub mod snapshot;
pub mod standing;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use chat_proto::event::RunId;

use self::anchor::Anchor;
use self::asks::Ask;
pub use self::engine::{Engine, Entry};
use self::load::Load;
use self::record::Record;
use self::rules::Rules;
use self::servers::{Counted, Servers, Void};
use self::snapshot::Snapshot;
pub use self::standing::{Broken, Standing};
use super::{Common, Fate, Flow, Note, Ordered, Progress, Sequencer, Step};
use crate::clock::Now;
use crate::room::origin::ServerId;
use crate::room::request::Request;

/// How a server takes part.
#[derive(Debug, Clone)]
pub struct Options {
    /// The rules that it goes by.
    pub rules: Rules,
    /// How long another server may say nothing before it counts as gone.
    pub gone_after: Duration,
    /// After how many bytes of events the room begins another chapter: the same at each of the
    /// servers.
    pub chapter_bytes: u64,
}

impl Options {
    /// After how many bytes of entries a snapshot is taken at the earliest: as many are read
    /// from the stream in a tenth of a second.
    fn snapshot_behind(&self) -> u64 {
        2 * self.chapter_bytes
    }
}

/// One server's end of the stream.
#[derive(Debug)]
pub struct Stream<E> {
    engine: E,
    options: Options,
    run: RunId,
    standing: Standing,
    servers: Servers,
    /// Requests that are in no record yet.
    waiting: Vec<Ask>,
    /// Records that were not read back, the oldest first.
    unread: VecDeque<Unread>,
    /// What those and the requests in no record come to together.
    load: Load,
    /// The number of the last record.
    written: u64,
    /// When something was sent last.
    sent: Option<Instant>,
    /// When runs of other servers were heard last.
    heard: BTreeMap<RunId, Heard>,
    /// Requests that have their place.
    ready: VecDeque<Ordered>,
    /// Since when records of this server come back without delay.
    alive_since: Instant,
    /// When what was not read back was sent again.
    sent_again: Option<Instant>,
    /// How many records were sent again.
    again: u64,
    anchor: Anchor,
    /// When the time of the room was read last.
    timed: Instant,
    /// Bytes of entries that were read since the last snapshot.
    unsaved: u64,
    /// How many of them there are to be before the next one.
    save_behind: u64,
    notes: VecDeque<Note>,
}

/// A record on its way.
#[derive(Debug)]
struct Unread {
    number: u64,
    bytes: Arc<[u8]>,
    load: Load,
    first_sent: Instant,
}

/// When a run was heard last, as far as this server knows.
#[derive(Debug, Clone, Copy)]
struct Heard {
    at: Instant,
    /// The record with which it counts as gone, if that was proposed.
    ended_at: Option<u64>,
}

impl<E: Engine> Stream<E> {
    /// The end of a server that begins as `run`, which is later than all runs in the stream.
    /// `engine` gives all entries, from the first one on.
    pub fn new(engine: E, run: RunId, options: Options, now: Now) -> Self {
        Self::behind(engine, Servers::default(), run, options, now)
    }

    /// The same of a server whose room is that behind the entries that `servers` have read, and
    /// in which `now` is a time of the room and the instant that this server has for it.
    /// `engine` gives the entries behind those.
    pub fn behind(engine: E, servers: Servers, run: RunId, options: Options, now: Now) -> Self {
        // Whether they are still there is to be heard from now on.
        let heard = Heard {
            at: now.instant,
            ended_at: None,
        };
        Self {
            engine,
            run,
            standing: Standing::Joining,
            heard: servers.runs().map(|(run, _)| (run, heard)).collect(),
            servers,
            waiting: Vec::new(),
            unread: VecDeque::new(),
            load: Load::default(),
            written: 0,
            sent: None,
            ready: VecDeque::new(),
            alive_since: now.instant,
            sent_again: None,
            again: 0,
            anchor: Anchor(now),
            timed: now.instant,
            unsaved: 0,
            save_behind: options.snapshot_behind(),
            options,
            notes: VecDeque::new(),
        }
    }

    /// Where this server stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Reads what has come, for [`Sequencer::next`].
    fn read(&mut self, now: Now) {
        while self.ready.is_empty() && self.goes_on() {
            let Some(Entry { number, bytes }) = self.engine.next() else {
                return;
            };
            self.unsaved += bytes.len() as u64;
            match self.servers.take(number, &bytes) {
                Ok(judged) => self.take(&bytes, judged, now),
                Err(fault) => self.standing = Standing::Broken(Broken::Fault(fault)),
            }
        }
    }

    fn goes_on(&self) -> bool {
        matches!(self.standing, Standing::Joining | Standing::In(_))
    }

    fn take(&mut self, bytes: &Arc<[u8]>, judged: Result<Counted, Void>, now: Now) {
        let Counted {
            run,
            server,
            time,
            asks,
        } = match judged {
            Ok(counted) => counted,
            Err(Void::Rules { expected }) if self.is_first(bytes) => {
                self.standing = Standing::Refused(expected);
                return;
            }
            Err(Void::Full) if self.is_first(bytes) => {
                self.standing = Standing::Full;
                return;
            }
            // So many runs have ended since this one was made that it cannot be told from them.
            Err(Void::Elsewhere) if self.is_first(bytes) => {
                self.standing = Standing::Ended;
                return;
            }
            Err(_) => return,
        };
        if run == self.run {
            if self.standing == Standing::Joining {
                self.standing = Standing::In(server);
            }
            match self.unread.pop_front() {
                Some(unread) if unread.bytes == *bytes => {
                    self.load.subtract(unread.load);
                    self.look_for_gone(unread.first_sent, now);
                }
                _ => {
                    self.standing = Standing::Broken(Broken::Twin);
                    return;
                }
            }
        } else {
            let (at, ended_at) = (now.instant, None);
            self.heard.insert(run, Heard { at, ended_at });
        }
        self.timed = now.instant;
        let at = self.anchor.at(time);
        for ask in asks {
            let step = match ask {
                Ask::Begin { .. } => {
                    self.tell(Note::News(match run == self.run {
                        true => format!("this server takes part, as server {server}"),
                        false => format!("server {server} takes part, as run {run}"),
                    }));
                    // Other rules may hold from here on.
                    let most = self.servers.rules().and_then(Rules::names_up_to);
                    most.map(Step::NamesUpTo)
                }
                Ask::End { run, number } => self.end(run, number),
                ask => ask.request_of(server).map(Step::Request),
            };
            self.ready
                .extend(step.map(|step| Ordered { step, now: at }));
        }
    }

    /// Whether these are the bytes of this server's first record.
    fn is_first(&self, bytes: &Arc<[u8]>) -> bool {
        let first = self.unread.front();
        first.is_some_and(|first| first.number == 1 && first.bytes == *bytes)
    }

    fn end(&mut self, run: RunId, number: u64) -> Option<Step> {
        let server = self.servers.end(run, number)?;
        self.heard.remove(&run);
        let what = format!("server {server} is gone, and its people with it (run {run})");
        self.tell(Note::Trouble(what));
        if run == self.run {
            self.standing = Standing::Ended;
        }
        Some(Step::Gone(server))
    }

    /// Has the operator know, unless it happened before this server took part.
    fn tell(&mut self, note: Note) {
        if let Standing::In(_) = self.standing {
            self.notes.push_back(note);
        }
    }

    /// A record of this server has come back, which was sent at `sent`: the stream is alive.
    /// Servers that were not heard for too long by then are not.
    fn look_for_gone(&mut self, sent: Instant, now: Now) {
        if now.instant.saturating_duration_since(sent) > DELAYED {
            // What others have sent meanwhile may still be on its way.
            self.alive_since = now.instant;
        }
        let mut gone = Vec::new();
        for (run, heard) in &mut self.heard {
            let Some(number) = self.servers.run(*run).map(|run| run.number) else {
                continue;
            };
            let silent = sent.saturating_duration_since(heard.at.max(self.alive_since));
            if silent >= self.options.gone_after && heard.ended_at != Some(number) {
                heard.ended_at = Some(number);
                gone.push(Ask::End { run: *run, number });
            }
        }
        gone.into_iter().for_each(|ask| self.wait(ask));
    }

    /// It stands in one of the next records.
    fn wait(&mut self, ask: Ask) {
        self.load.add(Load::of(&ask));
        self.waiting.push(ask);
    }

    fn write(&mut self, asks: Vec<Ask>, now: Now) {
        self.written += 1;
        let mut load = Load::default();
        asks.iter().for_each(|ask| load.add(Load::of(ask)));
        let record = Record {
            run: self.run,
            number: self.written,
            time: now.time,
            seen: self.servers.seen(),
            asks,
        };
        let bytes: Arc<[u8]> = record.to_bytes().into();
        self.unread.push_back(Unread {
            number: self.written,
            bytes: Arc::clone(&bytes),
            load,
            first_sent: now.instant,
        });
        self.sent = Some(now.instant);
        self.engine.publish(bytes, false);
    }

    /// Sends again what should have come back by now.
    fn say_again(&mut self, now: Now) {
        let Some(oldest) = self.unread.front() else {
            return;
        };
        let sent = self.sent_again.max(Some(oldest.first_sent));
        if sent.is_some_and(|sent| sent + SAY_AGAIN_AFTER <= now.instant) {
            (self.sent, self.sent_again) = (Some(now.instant), Some(now.instant));
            self.again += self.unread.len() as u64;
            for unread in &self.unread {
                self.engine.publish(Arc::clone(&unread.bytes), true);
            }
        }
    }
}

/// How often a server says something at least.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long a record may take to come back before it is sent again. At the second time people
/// are told.
const SAY_AGAIN_AFTER: Duration = Duration::from_millis(1500);

/// After how long people are told that what they say waits.
const TOLD_AFTER: Duration = Duration::from_secs(3);

/// After how long nothing more is taken.
const STANDS_AFTER: Duration = Duration::from_secs(15);

/// What may wait then before that.
const MAX_WAITING: Load = Load {
    requests: 1000,
    bytes: 1024 * 1024,
};

/// How many records of a server may be on their way at a time. What is asked for meanwhile goes
/// together into the next one: where a record takes long, because each is synced, fewer and
/// larger ones are written. Two, so that the stream has one while the other comes back.
const MAX_IN_FLIGHT: usize = 2;

/// What may be under way at a time, in bytes, while the stream moves on.
const MAX_UNDER_WAY: usize = 8 * 1024 * 1024;

/// A record that takes longer than this was lost, or the stream has stood still.
const DELAYED: Duration = Duration::from_secs(1);

/// What the requests of one record weigh together, in bytes of text: less than half of what
/// fits, since text can be twice as long in JSON.
const MAX_WEIGHT: usize = record::MAX_BYTES / 4;

#[cfg(test)]
mod tests;
