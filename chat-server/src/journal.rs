//! Lines on stderr that never make the room wait.
//!
//! stderr can be a pipe that nobody reads or a stopped terminal, where a write
//! blocks; so a thread writes, from a bounded queue. When the queue is full
//! lines are dropped and counted. An error of stderr is nobody's business.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use chat_proto::event::Timestamp;
use chat_proto::text;

/// The writing end.
#[derive(Debug)]
pub struct Journal {
    queue: SyncSender<String>,
    written: Mutex<Receiver<()>>,
    dropped: AtomicU64,
}

impl Journal {
    /// A journal on stderr.
    pub fn on_stderr() -> Self {
        let (queue, lines) = sync_channel::<String>(QUEUE);
        let (done, written) = sync_channel(1);
        thread::spawn(move || {
            for line in lines {
                let _ = std::io::stderr().write_all(line.as_bytes());
            }
            let _ = done.send(());
        });
        Self {
            queue,
            written: Mutex::new(written),
            dropped: AtomicU64::new(0),
        }
    }

    /// A line as it is, for people at the start.
    pub fn say(&self, line: &str) {
        self.put(format!("{line}\n"));
    }

    /// One event, with its time.
    pub fn info(&self, time: Timestamp, event: &str) {
        self.event(time, "info", event);
    }

    /// One event that somebody should look at.
    pub fn warn(&self, time: Timestamp, event: &str) {
        self.event(time, "warn", event);
    }

    /// Waits a moment for what is queued to be written.
    pub fn finish(self) {
        let Self { queue, written, .. } = self;
        drop(queue);
        if let Ok(written) = written.into_inner() {
            let _ = written.recv_timeout(Duration::from_millis(200));
        }
    }

    fn event(&self, time: Timestamp, level: &str, event: &str) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let text = format!("{time} warn {dropped} lines of this log were dropped\n");
            if self.queue.try_send(text).is_err() {
                self.dropped.fetch_add(dropped, Ordering::Relaxed);
            }
        }
        // The log is somebody's terminal, too, and one event is one line.
        let event = text::clean(event).replace('\n', " ");
        self.put(format!("{time} {level} {event}\n"));
    }

    fn put(&self, line: String) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(line) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const QUEUE: usize = 1024;
