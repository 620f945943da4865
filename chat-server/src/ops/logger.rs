//! The log on stderr, which never makes the room wait and which no stranger can fill.
//!
//! stderr can be a pipe without a reader or a stopped terminal, where a write blocks;
//! so a thread writes, from a bounded queue. When the queue is full lines are dropped
//! and counted. Errors of stderr are ignored.
//!
//! Every line that a peer can cause has a `Topic`, and the lines of a topic that are
//! written in a time are limited. The others are counted, and the last of them is
//! written with their number when its time has come.

mod seldom;

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chat_proto::event::Timestamp;
use chat_proto::text;

use crate::clock::Now;
use crate::net::admission::Refusal;
use seldom::{Fate, Seldom};

/// The writing end.
#[derive(Debug)]
pub struct Logger {
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
    Line(String),
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
    const COUNT: usize = 6 + Refusal::ALL.len();

    fn index(self) -> usize {
        match self {
            Self::People => 0,
            Self::Renames => 1,
            Self::Strangers => 2,
            Self::NoSpace => 3,
            Self::Unreadable => 4,
            Self::Control => 5,
            Self::Refused(refusal) => 6 + refusal as usize,
        }
    }

    fn level(self) -> &'static str {
        match self {
            Self::People | Self::Renames | Self::Strangers => "info",
            Self::Refused(_) | Self::Control | Self::NoSpace | Self::Unreadable => "warn",
        }
    }
}

/// The lines of each topic.
#[derive(Debug)]
struct Topics([Mutex<Seldom>; Topic::COUNT]);

impl Logger {
    /// A logger on stderr.
    pub fn on_stderr() -> Self {
        Self::on(std::io::stderr())
    }

    /// A logger that writes there, each line by itself.
    pub fn on(mut output: impl Write + Send + 'static) -> Self {
        let (queue, entries) = sync_channel(QUEUE);
        let (done, written) = sync_channel(1);
        let topics = Arc::new(Topics::new());
        let ours = Arc::clone(&topics);
        thread::spawn(move || {
            write_all(&entries, &ours, |line| {
                let _ = output.write_all(line.as_bytes());
            });
            let _ = done.send(());
        });
        Self {
            queue,
            written: Mutex::new(written),
            dropped: AtomicU64::new(0),
            all_dropped: AtomicU64::new(0),
            topics,
        }
    }

    /// A logger that writes nothing.
    pub fn discarding() -> Self {
        Self {
            queue: sync_channel(1).0,
            written: Mutex::new(sync_channel(1).1),
            dropped: AtomicU64::new(0),
            all_dropped: AtomicU64::new(0),
            topics: Arc::new(Topics::new()),
        }
    }

    /// A line, or several, without a time, for people at the start.
    pub fn say(&self, lines: &str) {
        self.put(Entry::Line(format!("{}\n", text::clean(lines))));
    }

    /// One event, with its time.
    pub fn info(&self, time: Timestamp, event: &str) {
        self.event(line(time, "info", event));
    }

    /// One event that the operator should look at.
    pub fn warn(&self, time: Timestamp, event: &str) {
        self.event(line(time, "warn", event));
    }

    /// One event that a peer has caused, and may cause a thousand times a second.
    pub(crate) fn tell(&self, topic: Topic, now: Now, event: &str) {
        let line = line(now.time, topic.level(), event);
        match self
            .topics
            .of(topic, |seldom| seldom.offer(line, now.instant))
        {
            Fate::Written(line) => self.event(line),
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

    fn event(&self, event: String) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let time = event.split(' ').next().unwrap_or_default();
            let text = format!("{time} warn {dropped} lines of this log were dropped\n");
            if self.queue.try_send(Entry::Line(text)).is_err() {
                self.dropped.fetch_add(dropped, Ordering::Relaxed);
            }
        }
        self.put(Entry::Line(event));
    }

    fn put(&self, entry: Entry) {
        if let Err(TrySendError::Full(Entry::Line(_))) = self.queue.try_send(entry) {
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

/// The log may be shown in a terminal, too, and one event is one line.
fn line(time: Timestamp, level: &str, event: &str) -> String {
    let event = text::clean(event).replace('\n', " ");
    format!("{time} {level} {event}\n")
}

/// Writes what comes, and what has waited for its time, until nothing more can come.
fn write_all(entries: &Receiver<Entry>, topics: &Topics, mut write: impl FnMut(&str)) {
    let mut due: Option<Instant> = None;
    loop {
        let entry = match due {
            None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => entries.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match entry {
            Ok(Entry::Line(line)) => write(&line),
            Ok(Entry::Flush) => topics.take(Seldom::take, &mut write),
            Ok(Entry::Held) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let now = Instant::now();
        topics.take(|seldom| seldom.take_due(now), &mut write);
        due = topics.due();
    }
}

impl Topics {
    fn new() -> Self {
        let often = || Mutex::new(Seldom::new(MANY, OFTEN));
        let mut topics = [(); Topic::COUNT].map(|()| Mutex::new(Seldom::new(1, SELDOM)));
        topics[Topic::People.index()] = often();
        topics[Topic::Renames.index()] = often();
        Self(topics)
    }

    fn of<T>(&self, topic: Topic, change: impl FnOnce(&mut Seldom) -> T) -> T {
        change(
            &mut self.0[topic.index()]
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Writes the lines that `take` gives of each.
    fn take(&self, take: impl Fn(&mut Seldom) -> Option<String>, mut write: impl FnMut(&str)) {
        for topic in &self.0 {
            // The lock is free again while the line is written.
            let line = take(&mut topic.lock().unwrap_or_else(PoisonError::into_inner));
            if let Some(line) = line {
                write(&line);
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
mod tests {
    use super::*;
    use crate::runtime::system_clock::now;

    /// What the thread would write.
    fn written(tell: impl FnOnce(&Logger)) -> Vec<String> {
        let (queue, entries) = sync_channel(QUEUE);
        let logger = Logger {
            queue,
            written: Mutex::new(sync_channel(1).1),
            dropped: AtomicU64::new(0),
            all_dropped: AtomicU64::new(0),
            topics: Arc::new(Topics::new()),
        };
        tell(&logger);
        logger.flush();
        let topics = Arc::clone(&logger.topics);
        drop(logger);
        let mut lines = Vec::new();
        write_all(&entries, &topics, |line| lines.push(line.to_owned()));
        lines
    }

    /// One event is one line that holds nothing which a terminal obeys.
    #[test]
    fn an_event_is_one_plain_line() {
        let lines = written(|logger| {
            let now = now();
            logger.info(now.time, "a\n\x1b[31mb\u{202e}\u{9b}c\r\nd");
            logger.tell(Topic::People, now, "e\x07\nf");
            logger.say("at the start,\nin \x1b[1mtwo lines");
        });
        let [first, second, third] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert!(first.ends_with("Z info a b d\n"), "{first:?}");
        assert!(second.ends_with("Z info e f\n"), "{second:?}");
        assert_eq!(third, "at the start,\nin two lines\n");
    }

    /// However much strangers do, the log has few lines of it, and says how many it
    /// leaves out; and one topic does not hide another one.
    #[test]
    fn no_topic_fills_the_log() {
        let mut topics = vec![
            Topic::People,
            Topic::Renames,
            Topic::Strangers,
            Topic::NoSpace,
            Topic::Control,
            Topic::Unreadable,
        ];
        topics.extend(Refusal::ALL.map(Topic::Refused));
        assert_eq!(topics.len(), Topic::COUNT);
        let lines = written(|logger| {
            let now = now();
            for &topic in &topics {
                for number in 1..=1000 {
                    logger.tell(topic, now, &format!("{topic:?} {number}"));
                }
            }
        });
        for topic in topics {
            let about: Vec<&String> = lines
                .iter()
                .filter(|line| line.contains(&format!(" {topic:?} ")))
                .collect();
            let at_once = match topic {
                Topic::People | Topic::Renames => 100,
                _ => 1,
            };
            assert_eq!(about.len(), at_once + 1, "{topic:?}");
            let last = format!(
                "{topic:?} 1000 (and {} more like this)\n",
                1000 - at_once - 1
            );
            assert!(about[at_once].ends_with(&last), "{}", about[at_once]);
        }
    }

    /// A line that has waited is written without another one after it.
    #[test]
    fn the_last_line_comes_by_itself() {
        let (queue, entries) = sync_channel(QUEUE);
        let topics = Topics::new();
        let interval = Duration::from_millis(20);
        topics.of(Topic::Strangers, |seldom| {
            *seldom = Seldom::new(1, interval)
        });
        let start = Instant::now();
        for text in ["one", "two", "three"] {
            topics.of(Topic::Strangers, |seldom| {
                seldom.offer(format!("{text}\n"), start)
            });
        }
        queue.send(Entry::Held).unwrap();
        let (lines, written) = sync_channel(QUEUE);
        thread::scope(|scope| {
            let topics = &topics;
            scope.spawn(move || {
                write_all(&entries, topics, |line| {
                    lines.send(line.to_owned()).unwrap()
                });
            });
            let line = written.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(line, "three (and 1 more like this)\n");
            assert!(start.elapsed() >= interval);
            drop(queue);
        });
    }
}
