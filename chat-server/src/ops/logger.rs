//! The log on stderr, which never makes the room wait and which no stranger can fill.
//!
//! An event is a [`Record`]: a fixed message with fields. How it is written is a [`Format`].
//!
//! stderr can be a pipe without a reader or a stopped terminal, where a write blocks;
//! so a thread writes, from a bounded queue. When the queue is full lines are dropped
//! and counted. Errors of stderr are ignored.
//!
//! Every line that a peer can cause has a `Topic`, and the lines of a topic that are
//! written in a time are limited. The others are counted, and the last of them is
//! written with their number when its time has come.

mod format;
mod record;
mod seldom;

use std::io::Write;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chat_proto::event::Timestamp;

use crate::clock::Now;
use crate::net::admission::Refusal;
use crate::runtime::system_clock::now;
use format::Stamped;
pub use format::{Choice, Format};
pub use record::{Level, Record};
use seldom::{Fate, Seldom};

/// The writing end.
#[derive(Debug)]
pub struct Logger {
    /// The events that are written are those of this level and of those that matter more.
    level: AtomicU8,
    queue: SyncSender<Entry>,
    written: Mutex<Receiver<()>>,
    dropped: AtomicU64,
    /// Lines that were dropped since the start.
    all_dropped: AtomicU64,
    topics: Arc<Topics>,
}

/// A message to the thread that writes.
#[derive(Debug)]
enum Entry {
    Event(Stamped),
    /// Words for people at the start, and the same as an event.
    Words(String, Stamped),
    /// A line waits for its time.
    Held,
    /// No line is to wait any longer.
    Flush,
}

/// What a line is about that peers can cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// People who come into the room and leave it.
    People,
    /// People who have another name.
    Renames,
    /// Connections that end without having been in the room.
    Strangers,
    /// Connections that come and go, whatever they are.
    Connections,
    /// Connections that are not let in.
    Refused(Refusal),
    /// Connections at the control socket that are not let in.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no such socket"))]
    Control,
    /// Connections that the system has no space for.
    NoSpace,
    /// Parts of the history that cannot be read.
    Unreadable,
}

impl Topic {
    const COUNT: usize = 7 + Refusal::ALL.len();

    fn index(self) -> usize {
        match self {
            Self::People => 0,
            Self::Renames => 1,
            Self::Strangers => 2,
            Self::NoSpace => 3,
            Self::Unreadable => 4,
            Self::Control => 5,
            Self::Connections => 6,
            Self::Refused(refusal) => 7 + refusal as usize,
        }
    }

    fn level(self) -> Level {
        match self {
            Self::Connections => Level::Debug,
            Self::People | Self::Renames | Self::Strangers => Level::Info,
            Self::Refused(_) | Self::Control | Self::NoSpace | Self::Unreadable => Level::Warn,
        }
    }
}

/// The lines of each topic.
#[derive(Debug)]
struct Topics([Mutex<Seldom<Stamped>>; Topic::COUNT]);

impl Logger {
    /// A logger on stderr, for people.
    pub fn on_stderr() -> Self {
        Self::new(std::io::stderr(), Format::Text, Level::Info)
    }

    /// A logger that writes there, each line by itself.
    pub fn new(mut output: impl Write + Send + 'static, format: Format, level: Level) -> Self {
        let (queue, entries) = sync_channel(QUEUE);
        let (done, written) = sync_channel(1);
        let logger = Self::queueing(level, queue, written);
        let topics = Arc::clone(&logger.topics);
        thread::spawn(move || {
            write_all(&entries, &topics, format, Instant::now, |line| {
                let _ = output.write_all(line.as_bytes());
            });
            let _ = done.send(());
        });
        logger
    }

    /// A logger that writes nothing.
    pub fn discarding() -> Self {
        Self::queueing(Level::Error, sync_channel(1).0, sync_channel(1).1)
    }

    fn queueing(level: Level, queue: SyncSender<Entry>, written: Receiver<()>) -> Self {
        Self {
            level: AtomicU8::new(level as u8),
            queue,
            written: Mutex::new(written),
            dropped: AtomicU64::new(0),
            all_dropped: AtomicU64::new(0),
            topics: Arc::new(Topics::new()),
        }
    }

    /// Which events are written.
    pub fn level(&self) -> Level {
        Level::of(self.level.load(Ordering::Relaxed))
    }

    /// Has events of this level and of those that matter more be written from now on. Events
    /// that were held back by then are still written.
    pub fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// What people are told at the start, in one line or several, whatever the level.
    /// Programs that read the log get the record instead.
    pub fn say(&self, level: Level, words: &str, record: Record) {
        let time = now().time;
        let stamped = Stamped {
            time,
            level,
            record,
        };
        self.put(Entry::Words(words.to_owned(), stamped));
    }

    /// One event that the operator has to do something about.
    pub fn error(&self, time: Timestamp, record: Record) {
        self.event(time, Level::Error, record);
    }

    /// One event that the operator should look at.
    pub fn warn(&self, time: Timestamp, record: Record) {
        self.event(time, Level::Warn, record);
    }

    /// One event.
    pub fn info(&self, time: Timestamp, record: Record) {
        self.event(time, Level::Info, record);
    }

    /// One event that a peer has caused, and may cause a thousand times a second.
    pub(crate) fn tell(&self, topic: Topic, now: Now, record: Record) {
        let level = topic.level();
        if level > self.level() {
            return;
        }
        let stamped = Stamped {
            time: now.time,
            level,
            record,
        };
        match self
            .topics
            .of(topic, |seldom| seldom.offer(stamped, now.instant))
        {
            Fate::Written(stamped) => self.put_event(stamped),
            Fate::Held { is_first: true } => self.put(Entry::Held),
            Fate::Held { is_first: false } => {}
        }
    }

    /// Has the lines written that wait for their time.
    pub(crate) fn flush(&self) {
        self.put(Entry::Flush);
    }

    /// Waits a moment for what is queued to be written.
    pub fn finish(self) {
        let Self { queue, written, .. } = self;
        drop(queue);
        if let Ok(written) = written.into_inner() {
            let _ = written.recv_timeout(Duration::from_millis(200));
        }
    }

    fn event(&self, time: Timestamp, level: Level, record: Record) {
        if level <= self.level() {
            self.put_event(Stamped {
                time,
                level,
                record,
            });
        }
    }

    fn put_event(&self, stamped: Stamped) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let lost = Stamped {
                time: stamped.time,
                level: Level::Warn,
                record: Record::new("lines of this log were dropped").count("lines", dropped),
            };
            if self.queue.try_send(Entry::Event(lost)).is_err() {
                self.dropped.fetch_add(dropped, Ordering::Relaxed);
            }
        }
        self.put(Entry::Event(stamped));
    }

    fn put(&self, entry: Entry) {
        if let Err(TrySendError::Full(Entry::Event(_) | Entry::Words(..))) =
            self.queue.try_send(entry)
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.all_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many lines were dropped since the start, because they were not written as fast
    /// as they came.
    pub(crate) fn dropped(&self) -> u64 {
        self.all_dropped.load(Ordering::Relaxed)
    }
}

/// Writes what comes, and what has waited for its time, until nothing more can come. `clock`
/// tells when a line has waited for long enough.
fn write_all(
    entries: &Receiver<Entry>,
    topics: &Topics,
    format: Format,
    clock: impl Fn() -> Instant,
    mut write: impl FnMut(&str),
) {
    let mut due: Option<Instant> = None;
    loop {
        let first = match due {
            None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => entries.recv_timeout(due.saturating_duration_since(clock())),
        };
        if matches!(first, Err(RecvTimeoutError::Disconnected)) {
            break;
        }
        // All that is queued comes first: a line that has waited is younger, also where this
        // thread is late.
        for entry in first.into_iter().chain(entries.try_iter().take(QUEUE)) {
            match entry {
                Entry::Event(stamped) => write(&stamped.line(format)),
                Entry::Words(words, stamped) => write(&format.words(&words, &stamped)),
                Entry::Flush => topics.take(Seldom::take, |it| write(&it.line(format))),
                Entry::Held => {}
            }
        }
        let now = clock();
        topics.take(|seldom| seldom.take_due(now), |it| write(&it.line(format)));
        due = topics.due();
    }
}

impl Topics {
    fn new() -> Self {
        let often = || Mutex::new(Seldom::new(MANY, OFTEN));
        let mut topics = [(); Topic::COUNT].map(|()| Mutex::new(Seldom::new(1, SELDOM)));
        topics[Topic::People.index()] = often();
        topics[Topic::Renames.index()] = often();
        topics[Topic::Connections.index()] = often();
        Self(topics)
    }

    fn of<T>(&self, topic: Topic, change: impl FnOnce(&mut Seldom<Stamped>) -> T) -> T {
        change(
            &mut self.0[topic.index()]
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Writes the lines that `take` gives of each, with the number of those like it.
    fn take(
        &self,
        take: impl Fn(&mut Seldom<Stamped>) -> Option<(Stamped, u64)>,
        mut write: impl FnMut(Stamped),
    ) {
        for topic in &self.0 {
            // The lock is free again while the line is written.
            let taken = take(&mut topic.lock().unwrap_or_else(PoisonError::into_inner));
            if let Some((mut stamped, others)) = taken {
                if others > 0 {
                    stamped.record = stamped.record.count("more", others);
                }
                write(stamped);
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        let topics = self.0.iter();
        topics
            .filter_map(|topic| topic.lock().unwrap_or_else(PoisonError::into_inner).due())
            .min()
    }
}

/// Lines that wait to be written.
const QUEUE: usize = 1024;

/// The time between two lines about the same thing, for most things.
const SELDOM: Duration = Duration::from_secs(5);

/// Lines about people that are written at once after a quiet time, and then the time
/// between two of them.
const MANY: u32 = 100;
const OFTEN: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests;
