//! The thread that waits for the disk.
//!
//! To write into the page cache is quick, also while a sync of the same file is
//! under way (`cargo bench -p chat-server --bench micro` has the figure), so the
//! event loop does that itself. To wait until it is on the disk can take
//! seconds, and so can anything else that is done to files: the
//! [`Keeper`] does that here. One job at a time, whose end is told through the poll.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use super::keeper::{Done, Job, Keeper};
use crate::ops::histogram::Histogram;

/// Where the jobs are done.
#[derive(Debug)]
pub(super) enum Syncer {
    /// Each is done when it is given.
    Here(Keeper, Option<Done>),
    /// A thread does them.
    Thread {
        /// The thread lives as long as this end.
        jobs: Sender<Job>,
        /// Read only through `&mut`; the lock makes that known to the compiler,
        /// and is never taken.
        results: Mutex<Receiver<Done>>,
    },
}

impl Syncer {
    /// Has a thread do the jobs, which wakes the loop after each, and tells `times` how
    /// long those with a sync took. To be called once.
    pub(super) fn start(&mut self, waker: Waker, times: Arc<Histogram>) {
        let (jobs, todo) = channel();
        let (done, results) = channel();
        let thread = Self::Thread {
            jobs,
            results: Mutex::new(results),
        };
        let Self::Here(keeper, _) = std::mem::replace(self, thread) else {
            return;
        };
        thread::spawn(move || {
            for job in todo {
                let began = job.sync.then(Instant::now);
                let result = keeper.run(job);
                times.add_since(began);
                // If the history is closed it is over.
                if done.send(result).is_err() {
                    break;
                }
                waker.wake_by_ref();
            }
        });
    }

    /// Has the names of the files on the disk, before there is a thread.
    pub(super) fn sync_directory(&self) -> io::Result<()> {
        match self {
            Self::Here(keeper, _) => keeper.sync_directory(),
            Self::Thread { .. } => Ok(()),
        }
    }

    /// Gives a job, if there is none under way.
    pub(super) fn give(&mut self, job: Job) {
        match self {
            Self::Here(keeper, done) => *done = Some(keeper.run(job)),
            Self::Thread { jobs, .. } => _ = jobs.send(job),
        }
    }

    /// What came of the job, if it is done.
    pub(super) fn result(&mut self) -> Option<Done> {
        match self {
            Self::Here(_, done) => done.take(),
            Self::Thread { results, .. } => opened(results).try_recv().ok(),
        }
    }

    /// Waits for what comes of it.
    pub(super) fn wait(&mut self, within: Duration) -> Option<Done> {
        match self {
            Self::Here(_, done) => done.take(),
            Self::Thread { results, .. } => opened(results).recv_timeout(within).ok(),
        }
    }
}

fn opened<T>(lock: &mut Mutex<T>) -> &mut T {
    lock.get_mut().unwrap_or_else(PoisonError::into_inner)
}
