//! The thread of the entry: its poll, and the sockets that wait there.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::rules::{Due, MOST, Rules, SHAKE_WITHIN, STEPS};
use super::{Arrival, Common, Entry};
use crate::clock::Now;
use crate::config::TlsMode;
use crate::net::admission::Refusal;
use crate::net::admit::{admit, turn_away};
use crate::net::identity::{Secure, Source};
use crate::net::tls::{Handshake, Progress, TlsConfig, Why};
use crate::net::wire::Wire;
use crate::ops::errors::{chain, in_words};
use crate::ops::logger::{Record, Topic};
use crate::runtime::control::Shared;
use crate::runtime::pulse::Pulse;
use crate::runtime::system_clock::now;
use crate::wake::waker;

/// What the thread has. Its connections are closed when it ends.
pub(crate) struct EntryThread {
    poll: Poll,
    common: Arc<Common>,
    tls: TlsConfig,
    source: Source,
    rules: Rules,
    /// The connections, in the order in which they came.
    waiting: BTreeMap<usize, Waiting>,
    /// The number of the next one that comes.
    next: usize,
    /// Those of which more may have come.
    ready: VecDeque<usize>,
    /// A connection has gone since the acceptor was last told of space.
    has_space: bool,
    /// Its number among the threads that have to be alive.
    life: usize,
}

struct Waiting {
    stage: Stage,
    address: SocketAddr,
    came: Instant,
    /// It stands among those of which more may have come.
    is_queued: bool,
}

enum Stage {
    /// Nothing has come.
    Held(TcpStream),
    Shaking(Box<Handshake>),
}

/// What a look at the first byte has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// It has not come.
    None,
    Tls,
    /// Something else, or the end.
    Plain,
}

impl EntryThread {
    /// The thread's side, and the acceptor's.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn new(secure: Secure) -> anyhow::Result<(Self, Entry)> {
        let poll = Poll::new().context("cannot make a poll")?;
        let waker = waker(poll.registry(), WAKE).context("cannot make a waker")?;
        let common = Arc::new(Common::new(waker));
        let tls = TlsConfig::new(secure.credentials.key).context("cannot speak TLS")?;
        let thread = Self {
            poll,
            common: Arc::clone(&common),
            tls,
            source: secure.source,
            rules: Rules::default(),
            waiting: BTreeMap::new(),
            next: 0,
            ready: VecDeque::new(),
            has_space: false,
            life: usize::MAX,
        };
        Ok((thread, Entry(common)))
    }

    /// Has it counted among the threads that have to be alive.
    pub(crate) fn live(&mut self, pulse: &mut Pulse) {
        self.life = pulse.add(self.common.waker.clone());
    }

    /// Serves until the acceptor has gone.
    ///
    /// # Errors
    ///
    /// When the poll itself fails; nothing that a peer does is an error.
    pub(crate) fn run(mut self, shared: &Shared) -> anyhow::Result<()> {
        give_way();
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error).context("cannot wait for events");
                }
                _ => {}
            }
            shared.pulse.beat(self.life);
            if self.common.stop.load(Ordering::SeqCst) {
                return Ok(());
            }
            if self.common.reload.swap(false, Ordering::SeqCst) {
                self.reload(shared);
            }
            for event in &events {
                self.note(event.token().0);
            }
            self.round(shared);
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let deadline = self.rules.deadline()?;
        // The poll counts whole milliseconds and rounds down.
        Some(deadline.saturating_duration_since(Instant::now()) + MILLISECOND)
    }

    fn round(&mut self, shared: &Shared) {
        let moment = now();
        for arrival in self.common.take_arrivals() {
            self.take_in(arrival, shared, moment);
        }
        for _ in 0..STEPS {
            let Some(number) = self.ready.pop_front() else {
                break;
            };
            self.go_on(number, shared, moment);
        }
        // What has taken long is not held against those that have come in time.
        let moment = now();
        while let Some(due) = self.rules.next_due(moment.instant) {
            match due {
                Due::Silent(number) => self.end_silence(number, shared, moment),
                Due::TooLong(number) => {
                    let why = format!("it took more than {} s", SHAKE_WITHIN.as_secs());
                    self.fail(number, &why, shared, moment);
                }
            }
        }
        let count = self.common.count.load(Ordering::SeqCst);
        if self.has_space && count <= SPACIOUS {
            self.has_space = false;
            shared.tell_of_space();
        }
    }

    /// Takes note that more may have come.
    fn note(&mut self, number: usize) {
        if let Some(waiting) = self.waiting.get_mut(&number)
            && !waiting.is_queued
        {
            waiting.is_queued = true;
            self.ready.push_back(number);
        }
    }

    fn take_in(&mut self, arrival: Arrival, shared: &Shared, now: Now) {
        let Arrival {
            mut socket,
            address,
            came,
        } = arrival;
        let first = look(&socket);
        if first == First::Plain {
            self.serve_plain(socket, address, shared, now);
            return self.count_out();
        }
        let number = self.next;
        self.next += 1;
        let registry = self.poll.registry();
        if let Err(error) = registry.register(&mut socket, Token(number), Interest::READABLE) {
            let record = Record::new("cannot serve a connection");
            let record = record
                .with("address", address)
                .with("why", in_words(&error));
            shared.logger.tell(Topic::NoSpace, now, record);
            return self.count_out();
        }
        let waiting = Waiting {
            stage: Stage::Held(socket),
            address,
            came,
            is_queued: false,
        };
        self.waiting.insert(number, waiting);
        match first {
            First::Tls => self.note(number),
            First::None | First::Plain => self.rules.hold(number, came),
        }
    }

    /// More may have come of this connection.
    fn go_on(&mut self, number: usize, shared: &Shared, now: Now) {
        let Some(waiting) = self.waiting.get_mut(&number) else {
            return;
        };
        waiting.is_queued = false;
        match &mut waiting.stage {
            Stage::Held(socket) => match look(socket) {
                First::None => {}
                First::Tls => self.begin(number, shared, now),
                First::Plain => self.release(number, shared, now),
            },
            Stage::Shaking(handshake) => match handshake.go_on() {
                Progress::Wants => {}
                Progress::Done => self.finish(number, shared, now),
                Progress::Failed(why) => self.fail(number, &told(&why), shared, now),
            },
        }
    }

    /// The peer has been silent, as far as we know: we may be late ourselves.
    fn end_silence(&mut self, number: usize, shared: &Shared, now: Now) {
        if let Some(waiting) = self.waiting.get(&number)
            && let Stage::Held(socket) = &waiting.stage
        {
            match look(socket) {
                First::Tls => self.note(number),
                First::None | First::Plain => self.release(number, shared, now),
            }
        }
    }

    /// The peer speaks TLS.
    fn begin(&mut self, number: usize, shared: &Shared, now: Now) {
        let Some(waiting) = self.remove(number) else {
            return;
        };
        let Waiting {
            stage: Stage::Held(mut socket),
            address,
            came,
            ..
        } = waiting
        else {
            return;
        };
        let ip = address.ip();
        if let Err(refusal) = self.may_begin(number, came, ip, shared, now) {
            shared.refuse(refusal, ip, now);
            return self.count_out();
        }
        let registry = self.poll.registry();
        let both = Interest::READABLE | Interest::WRITABLE;
        let watched = registry.reregister(&mut socket, Token(number), both);
        let begun = watched
            .map_err(|error| in_words(&error))
            .and_then(|()| Handshake::new(socket, &self.tls).map_err(|error| error.to_string()));
        match begun {
            Ok(handshake) => {
                let waiting = Waiting {
                    stage: Stage::Shaking(Box::new(handshake)),
                    address,
                    came,
                    is_queued: false,
                };
                self.waiting.insert(number, waiting);
                self.go_on(number, shared, now);
            }
            Err(why) => {
                self.rules.leave(number);
                shared.tell_of_handshake(ip, &why, now);
                self.count_out();
            }
        }
    }

    /// Whether a handshake from this address may begin. If so it counts.
    fn may_begin(
        &mut self,
        number: usize,
        came: Instant,
        address: IpAddr,
        shared: &Shared,
        now: Now,
    ) -> Result<(), Refusal> {
        let mut admission = shared.admission();
        let allowed = admission.may_begin(address, now.instant);
        let source = admission.shaking_source(address);
        drop(admission);
        if allowed.is_err() {
            self.rules.leave(number);
            return allowed;
        }
        let begun = self.rules.begin(number, came, source);
        begun.map_err(|_| Refusal::AddressShaking)
    }

    /// The connection is not encrypted.
    fn release(&mut self, number: usize, shared: &Shared, now: Now) {
        self.rules.leave(number);
        if let Some(waiting) = self.remove(number)
            && let Stage::Held(mut socket) = waiting.stage
        {
            // The worker that has it next watches it for itself.
            let _ = self.poll.registry().deregister(&mut socket);
            self.serve_plain(socket, waiting.address, shared, now);
            self.count_out();
        }
    }

    fn serve_plain(&self, socket: TcpStream, address: SocketAddr, shared: &Shared, now: Now) {
        let ip = address.ip().to_canonical();
        if shared.config().tls == TlsMode::Require && !ip.is_loopback() {
            shared.refuse(Refusal::Plain, ip, now);
            let greeting = Refusal::Plain.greeting(&shared.config().limits);
            return turn_away(socket.into(), &greeting);
        }
        serve(socket.into(), address, shared, now);
    }

    /// The connection is encrypted from here on.
    fn finish(&mut self, number: usize, shared: &Shared, now: Now) {
        self.rules.leave(number);
        if let Some(waiting) = self.remove(number)
            && let Stage::Shaking(mut handshake) = waiting.stage
        {
            let _ = self.poll.registry().deregister(handshake.socket());
            shared.counters.handshakes.add(1);
            serve(handshake.finish().into(), waiting.address, shared, now);
            self.count_out();
        }
    }

    /// The handshake has failed, and the client knows it if it can be told.
    fn fail(&mut self, number: usize, why: &str, shared: &Shared, now: Now) {
        self.rules.leave(number);
        if let Some(waiting) = self.remove(number) {
            let ip = waiting.address.ip();
            shared.admission().fail(ip, now.instant);
            shared.tell_of_handshake(ip, why, now);
            self.count_out();
        }
    }

    fn remove(&mut self, number: usize) -> Option<Waiting> {
        self.waiting.remove(&number)
    }

    /// A connection is no longer here. It counts elsewhere already if it goes on.
    fn count_out(&mut self) {
        self.has_space = true;
        self.common.count.fetch_sub(1, Ordering::SeqCst);
    }

    /// Reads the certificate of the operator again.
    fn reload(&self, shared: &Shared) {
        if matches!(self.source, Source::Own(_)) {
            return;
        }
        let mut notes = Vec::new();
        let loaded = self.source.load(&mut notes);
        let time = now().time;
        let logger = &shared.logger;
        for note in notes {
            logger.warn(time, Record::new("certificate and key").with("note", note));
        }
        match loaded {
            Ok(credentials) => {
                self.tls.replace(credentials.key);
                let record = Record::new("the certificate and the key were read again")
                    .with("from", &self.source)
                    .with("fingerprint", credentials.fingerprint);
                logger.info(time, record);
            }
            Err(failure) => {
                let record = Record::new("the old certificate and key stay");
                logger.error(time, record.with("why", chain(failure.why())));
            }
        }
    }
}

/// Lets a peer in, or has it told why not.
fn serve(wire: Wire, address: SocketAddr, shared: &Shared, now: Now) {
    admit(wire, address, shared, now, &mut |peer| {
        shared.give_peer(peer)
    });
}

/// Why a handshake has failed, for the log.
fn told(why: &Why) -> String {
    match why {
        Why::Socket(error) => in_words(error),
        _ => why.to_string(),
    }
}

/// The first byte of TLS is that of a handshake (RFC 8446, 5.1).
fn look(socket: &TcpStream) -> First {
    let mut first = [0];
    match socket.peek(&mut first) {
        Ok(1) if first == [TLS_HANDSHAKE] => First::Tls,
        Err(error) if is_for_later(&error) => First::None,
        // The session finds out how it has ended, or failed.
        Ok(_) | Err(_) => First::Plain,
    }
}

fn is_for_later(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted)
}

/// Handshakes take what the people in the room leave of the processors.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        let this = rustix::thread::gettid();
        let _ = rustix::process::setpriority_process(Some(this), NICE);
    }
}

/// As low as `nice` makes it by default.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

const TLS_HANDSHAKE: u8 = 0x16;

const WAKE: Token = Token(usize::MAX);

/// What the poll tells at a time.
const EVENTS: usize = 256;

/// The acceptor is told of space when there is some for a while.
const SPACIOUS: usize = MOST / 4 * 3;

const MILLISECOND: Duration = Duration::from_millis(1);
