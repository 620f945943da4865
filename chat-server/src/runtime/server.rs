//! The server: as many workers as it has threads, from the start to the end.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::ScopedJoinHandle;
use std::{process, thread};

use anyhow::anyhow;
use chat_proto::moderation::Remark;

use crate::access::password::PasswordHash;
use crate::config::Config;
use crate::hub::Hub;
use crate::net::control_socket::ControlSocket;
use crate::net::entry::thread::EntryThread;
use crate::net::identity::Secure;
use crate::net::listener::Listener;
use crate::ops::logger::{Logger, Record};
use crate::ops::metrics::Endpoint;
use crate::ops::people_file::PeopleKeeper;
use crate::ops::systemd::notify::Manager;
use crate::ops::systemd::reporter;
use crate::room::request::Request;
use crate::runtime::control::{ACCEPTOR, Shared, State};
use crate::runtime::mailbox::Task;
use crate::runtime::reloader::{Ask, Reloader};
use crate::runtime::system_clock::now;
use crate::runtime::worker::Worker;
use crate::storage::{History, News, Storage};

/// A server that listens.
pub struct Server {
    workers: Vec<Worker>,
    entry: Option<EntryThread>,
    metrics: Option<Endpoint>,
    people: Option<PeopleKeeper>,
    reloader: Option<Reloader>,
    shared: Shared,
}

impl Server {
    /// A server for `room` on these listeners, with so many threads.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn new(
        listeners: Vec<Listener>,
        mut hub: Hub,
        history: Option<History>,
        config: Config,
        threads: NonZeroUsize,
        logger: Logger,
    ) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        let workers = (0..threads.get()).map(|index| Worker::new(index, Arc::clone(&config)));
        let mut workers: Vec<Worker> = workers.collect::<Result<_, _>>()?;
        let wakers = workers
            .iter()
            .map(Worker::waker)
            .collect::<Result<_, _>>()?;
        if let Some(first) = workers.first_mut() {
            first.stand_at_front(listeners, &config)?;
        }
        hub.timeline.reserve();
        hub.request_alone(Request::AwaitReturns, now());
        let history = history.map(|history| Box::new(history) as Box<dyn Storage>);
        Ok(Self {
            workers,
            entry: None,
            metrics: None,
            people: None,
            reloader: None,
            shared: Shared::new(hub, history, wakers, config, logger),
        })
    }

    /// Has the configuration be read again in this way. To be called before what follows.
    pub fn set_reloader(&mut self, reloader: Reloader) {
        self.reloader = Some(reloader);
    }

    /// Encrypts connections with this key and certificate, for peers that ask for it. The
    /// configuration is to say so.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn encrypt(&mut self, secure: Secure) -> anyhow::Result<()> {
        let Secure {
            source,
            credentials,
        } = secure;
        let (mut thread, entry) = EntryThread::new(credentials)?;
        thread.join(&mut self.shared.liveness);
        if let Some(reloader) = &mut self.reloader {
            reloader.set_tls(thread.tls(), source);
        }
        if let Some(first) = self.workers.first_mut() {
            first.encrypt(entry);
        }
        self.entry = Some(thread);
        Ok(())
    }

    /// Has the person who runs the server come in there.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn set_control(&mut self, control: ControlSocket) -> anyhow::Result<()> {
        match self.workers.first_mut() {
            Some(first) => first.set_control(control),
            None => Ok(()),
        }
    }

    /// Has connections say this password.
    pub fn set_password(&mut self, hash: PasswordHash) {
        self.shared.write().hub.access.set_password(Some(hash));
    }

    /// Makes this the topic of the room if it has none.
    pub fn set_topic(&mut self, topic: Remark) {
        self.shared.write().hub.want_topic(topic, now());
    }

    /// Shows metrics there.
    pub fn show_metrics(&mut self, endpoint: Endpoint) {
        self.shared.counters.measure_times();
        self.shared.reporter = Some(endpoint.reporter());
        self.metrics = Some(endpoint);
    }

    /// Has names belong to keys, as the file says that this one looks after.
    pub fn keep_people(&mut self, mut keeper: PeopleKeeper) {
        let hub = &mut self.shared.write().hub;
        if !hub.is_shared() {
            hub.request(keeper.first(), now());
        }
        if let Some(reloader) = &mut self.reloader
            && let Some(ask) = keeper.take_ask()
        {
            reloader.set_people(ask);
        }
        self.people = Some(keeper);
    }

    /// Has the service manager told what becomes of the server.
    pub fn report_to(&mut self, manager: Manager) {
        self.shared.manager = manager;
    }

    /// Where the server tells what happens.
    pub fn logger(&self) -> &Logger {
        &self.shared.logger
    }

    /// Serves until a signal says stop.
    ///
    /// # Errors
    ///
    /// When a poll itself fails; nothing that a peer does is an error.
    pub fn run(self) -> anyhow::Result<()> {
        let Self {
            workers,
            entry,
            metrics,
            people,
            reloader,
            shared,
        } = self;
        if let Some(reloader) = &reloader {
            shared.set_reload(reloader.ask());
        }
        let (stop, stopped) = channel();
        shared.manager.ready();
        let (result, people) = thread::scope(|scope| {
            if shared.manager.is_there() {
                let shared = &shared;
                scope.spawn(move || report(&stopped, shared));
            }
            if let Some(reloader) = reloader {
                scope.spawn(|| reload(reloader, &shared));
            }
            let people = people.map(|keeper| scope.spawn(|| keep(keeper, &shared)));
            // Should it fail the room goes on.
            let metrics = metrics.map(|endpoint| {
                let running = endpoint.running();
                (running, scope.spawn(|| endpoint.run(&shared)))
            });
            let mut workers = workers.into_iter();
            let first = workers.next();
            let mut others: Vec<_> = workers
                .map(|worker| scope.spawn(|| run(worker, &shared)))
                .collect();
            others.extend(entry.map(|entry| scope.spawn(|| run_entry(entry, &shared))));
            let first = first.map_or(Ok(()), |first| run(first, &shared));
            shared.ask_to_reload(Ask::End);
            let others = others.into_iter().flat_map(ScopedJoinHandle::join);
            let result = others.fold(first, anyhow::Result::and);
            if let Some((running, thread)) = metrics {
                drop(running);
                let _ = thread.join();
            }
            drop(stop);
            (result, people.and_then(|people| people.join().ok()))
        });
        if let Some(people) = people {
            people.finish(&shared);
        }
        let failure = shared.failure.get().cloned();
        finish(shared);
        match failure {
            Some(why) => result.and(Err(anyhow!(why))),
            None => result,
        }
    }
}

/// Runs a worker to its end. If it fails the others are to stop as well: the
/// people in its part of the room would wait for ever.
fn run(mut worker: Worker, shared: &Shared) -> anyhow::Result<()> {
    let _guard = EndsWithUs;
    let result = worker.run(shared);
    if result.is_err() {
        shared.give_others(worker.index(), || Task::Stop);
    }
    // It waits for the others.
    shared.waker(ACCEPTOR).wake_by_ref();
    result
}

/// Runs the entry to its end, which is that of the worker that accepts connections.
fn run_entry(entry: EntryThread, shared: &Shared) -> anyhow::Result<()> {
    let _guard = EndsWithUs;
    let result = entry.run(shared);
    if result.is_err() {
        // One that is not there gets none.
        shared.give_others(usize::MAX, || Task::Stop);
    }
    result
}

/// Reads the configuration again until the worker at the front has ended.
fn reload(reloader: Reloader, shared: &Shared) {
    let _guard = EndsWithUs;
    reloader.run(shared);
}

/// Looks after the file of people until the worker at the front has ended.
fn keep(keeper: PeopleKeeper, shared: &Shared) -> PeopleKeeper {
    let _guard = EndsWithUs;
    keeper.run(shared)
}

/// Keeps the service manager up to date until all workers have ended.
fn report(stopped: &Receiver<()>, shared: &Shared) {
    let _guard = EndsWithUs;
    reporter::run(shared, stopped);
}

/// A thread that panics takes the process along: what it was about to do to the
/// room is half done.
struct EndsWithUs;

impl Drop for EndsWithUs {
    fn drop(&mut self) {
        if thread::panicking() {
            process::exit(PANICKED);
        }
    }
}

fn finish(shared: Shared) {
    let now = now();
    let (State { mut hub, history }, logger) = shared.into_parts();
    if let Some(mut history) = history
        && let Some(News::Trouble(why)) = history.finish(&mut hub, now)
    {
        let record = Record::new("the last of what was said is not kept").with("why", why);
        logger.error(now.time, record);
    }
    logger.flush();
    logger.info(now.time, Record::new("stopped"));
    logger.finish();
}

/// What is kept in memory of what was said and done, in JSON form; see
/// [`Hub::behind`].
pub const LOG_BYTES: u64 = 6 * 1024 * 1024;

/// The exit status of a program that panics.
const PANICKED: i32 = 101;

#[cfg(test)]
mod tests;
