//! The thread that waits for the disk.
//!
//! To write into the page cache is quick, also while a sync of the same file is
//! under way (`cargo bench -p chat-server --bench micro` has the figure), so the
//! event loop does that itself. To wait until it is on the disk can take
//! seconds: that is done here. One job at a time, whose end is told through the
//! poll.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mio::Waker;

/// What is to be done, in this order.
#[derive(Debug, Default)]
pub(super) struct Job {
    /// Files that are to go. Not worth an error: they are gone from the room.
    pub(super) remove: Vec<PathBuf>,
    /// Files whose contents are to be on the disk. Without any there is no
    /// result to wait for.
    pub(super) files: Vec<Arc<File>>,
    /// The directory whose entries are to be on the disk.
    pub(super) directory: Option<Arc<File>>,
}

impl Job {
    /// Does it.
    pub(super) fn run(self) -> io::Result<()> {
        for path in &self.remove {
            let _ = std::fs::remove_file(path);
        }
        for file in &self.files {
            file.sync_data()?;
        }
        match &self.directory {
            Some(directory) => directory.sync_all(),
            None => Ok(()),
        }
    }
}

/// The thread's other end.
#[derive(Debug)]
pub(super) struct Syncer {
    jobs: Sender<Job>,
    /// Only whoever has this to themselves looks in; the lock makes that
    /// known to the compiler and is never taken.
    results: Mutex<Receiver<io::Result<()>>>,
}

impl Syncer {
    /// Starts the thread.
    pub(super) fn start(waker: Arc<Waker>) -> Self {
        let (jobs, todo) = channel::<Job>();
        let (done, results) = channel();
        thread::spawn(move || {
            for job in todo {
                let waited_for = !job.files.is_empty();
                let result = job.run();
                // If nobody listens any more it is over.
                if waited_for && (done.send(result).is_err() || waker.wake().is_err()) {
                    break;
                }
            }
        });
        Self {
            jobs,
            results: Mutex::new(results),
        }
    }

    /// Gives it a job. The thread lives as long as this end.
    pub(super) fn give(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    /// The result of the job, if it is done.
    pub(super) fn result(&mut self) -> Option<io::Result<()>> {
        self.results().try_recv().ok()
    }

    /// Waits for the result.
    pub(super) fn wait(&mut self, within: Duration) -> Option<io::Result<()>> {
        self.results().recv_timeout(within).ok()
    }

    fn results(&mut self) -> &mut Receiver<io::Result<()>> {
        self.results
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
