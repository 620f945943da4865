//! The thread that serves metrics: its poll, and its few connections.
//!
//! There are at most [`MOST`] connections. When another one comes, the oldest one that has
//! not asked for anything is closed, or else the oldest one: a peer that stalls keeps none
//! out. Each is closed after [`SERVE_WITHIN`].

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Waker;
use std::time::{Duration, Instant};

use chat_proto::event::Timestamp;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::exposition::exposition;
use super::figures::Figures;
use super::health::health;
use super::http::{self, Request, Status, Target};
use super::peer::{Next, Peer};
use super::survey::Survey;
use crate::net::entry::thread::give_way;
use crate::ops::errors::in_words;
use crate::ops::logger::Record;
use crate::runtime::census::{Report, Reporter};
use crate::runtime::control::Shared;
use crate::runtime::system_clock::now;
use crate::wake::waker;

/// Where metrics are served.
#[derive(Debug)]
pub struct Endpoint {
    poll: Poll,
    listener: TcpListener,
    address: SocketAddr,
    /// When the server started.
    started: Timestamp,
    waker: Waker,
    stop: Arc<AtomicBool>,
    sender: Sender<Report>,
    reports: Receiver<Report>,
    survey: Survey,
    /// In the order in which they came.
    peers: BTreeMap<usize, Peer>,
    /// The number of the next one.
    next: usize,
    /// A connection may be waiting.
    is_ready: bool,
    /// The system had no space for a connection; it is tried again then.
    retry: Option<Instant>,
}

/// Ends the thread when it is dropped.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    waker: Waker,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.waker.wake_by_ref();
    }
}

impl Endpoint {
    /// Listens there.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let mut listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let poll = Poll::new()?;
        let waker = waker(poll.registry(), WAKE)?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        let (sender, reports) = channel();
        Ok(Self {
            poll,
            listener,
            address,
            started: now().time,
            waker,
            stop: Arc::default(),
            sender,
            reports,
            survey: Survey::default(),
            peers: BTreeMap::new(),
            next: 0,
            is_ready: false,
            retry: None,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where loops send their reports.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter::new(self.sender.clone(), self.waker.clone())
    }

    /// What ends it.
    pub(crate) fn running(&self) -> Running {
        Running {
            stop: Arc::clone(&self.stop),
            waker: self.waker.clone(),
        }
    }

    /// Serves until it is ended.
    pub(crate) fn run(mut self, shared: &Shared) {
        give_way();
        let mut events = Events::with_capacity(EVENTS);
        while !self.stop.load(Ordering::SeqCst) {
            let timeout = self.timeout(Instant::now());
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    let record = Record::new("no metrics are served any more");
                    let record = record.with("why", in_words(&error));
                    return shared.logger.error(now().time, record);
                }
                _ => {}
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.is_ready = true,
                    WAKE => {}
                    Token(number) => self.go_on(number),
                }
            }
            self.round(shared, Instant::now());
        }
    }

    fn timeout(&self, now: Instant) -> Option<Duration> {
        if self.is_ready && self.retry.is_none() {
            return Some(Duration::ZERO);
        }
        let peers = self.peers.values().map(|peer| peer.until);
        let others = self.survey.deadline().into_iter().chain(self.retry);
        let at = peers.chain(others).min()?;
        // The poll counts whole milliseconds and rounds down.
        Some(at.saturating_duration_since(now) + Duration::from_millis(1))
    }

    fn round(&mut self, shared: &Shared, now: Instant) {
        self.peers.retain(|_, peer| now < peer.until);
        self.accept(now);
        // Asked before the reports are read, which are sent before the answers.
        let have_all_answered = shared.liveness.is_well();
        self.reports
            .try_iter()
            .for_each(|report| self.survey.take(report));
        if self.survey.waits(have_all_answered, now) {
            return;
        }
        let waiting = self.peers.iter();
        let waiting = waiting.filter_map(|(number, peer)| Some((*number, peer.request()?)));
        let waiting: Vec<(usize, Request)> = waiting.collect();
        if waiting.is_empty() {
            return;
        }
        if self.survey.is_due(now) {
            self.survey.begin(now);
            return shared.liveness.ask(now);
        }
        for (number, request) in waiting {
            let answer = self.answer(request, shared, now);
            let peer = self.peers.get_mut(&number);
            if peer.is_some_and(|peer| peer.answer(answer) == Next::Ended) {
                self.peers.remove(&number);
            }
        }
    }

    fn answer(&self, request: Request, shared: &Shared, now: Instant) -> Vec<u8> {
        let Request { target, head_only } = request;
        match target {
            Target::Metrics(format) => {
                let figures = Figures::of(shared, &self.survey, self.started);
                let page = exposition(figures, format);
                http::answer(Status::Ok, format.content_type(), &page, head_only)
            }
            Target::Health => match health(&self.survey, &shared.liveness, now) {
                Ok(words) => http::words(Status::Ok, &words, head_only),
                Err(why) => http::words(Status::Unavailable, &why, head_only),
            },
        }
    }

    /// Takes some of the connections that wait.
    fn accept(&mut self, now: Instant) {
        if self.retry.is_some_and(|retry| retry <= now) {
            self.retry = None;
        }
        for _ in 0..ACCEPTS {
            if !self.is_ready || self.retry.is_some() {
                return;
            }
            match self.listener.accept() {
                Ok((socket, _)) => self.insert(socket, now),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.is_ready = false,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => self.retry = Some(now + RETRY_AFTER),
                },
            }
        }
    }

    fn insert(&mut self, mut socket: TcpStream, now: Instant) {
        let number = self.next;
        self.next += 1;
        let both = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry.register(&mut socket, Token(number), both).is_err() {
            return;
        }
        if self.peers.len() >= MOST {
            let asking = self.peers.iter().find(|(_, peer)| peer.is_asking());
            let oldest = asking.or_else(|| self.peers.iter().next());
            if let Some(number) = oldest.map(|(number, _)| *number) {
                self.peers.remove(&number);
            }
        }
        self.peers
            .insert(number, Peer::new(socket, now + SERVE_WITHIN));
        // Nearly always its request is there already.
        self.go_on(number);
    }

    fn go_on(&mut self, number: usize) {
        let peer = self.peers.get_mut(&number);
        if peer.is_some_and(|peer| peer.go_on() == Next::Ended) {
            self.peers.remove(&number);
        }
    }
}

/// Connections at a time.
const MOST: usize = 16;

/// The descriptors that it takes: those of the connections and of one that is about to be
/// one of them, the listener, the poll and its waker.
pub(super) const DESCRIPTORS: usize = MOST + 4;

/// How long a connection lasts at most: longer than the loops may take to answer.
const SERVE_WITHIN: Duration = Duration::from_secs(5);

/// Connections that are accepted in one round.
const ACCEPTS: usize = 64;

/// How long to wait if the system has no space for a connection.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// What the poll tells at a time.
const EVENTS: usize = 64;

/// Tokens from the top; connections have theirs from the bottom.
const LISTENER: Token = Token(usize::MAX);
const WAKE: Token = Token(usize::MAX - 1);

#[cfg(test)]
mod tests;
