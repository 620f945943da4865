//! The load: many clients in one thread on one poll.
//!
//! They come in, some of them talk, and what each is sent is read at once and
//! searched for the mark that every message holds. So each delivery is counted
//! for each client, and at the end of a run every client must have had every
//! message once: no more, no less.

mod client;

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use chat_testkit::{Carrier, Target, Wire};
use memchr::memchr_iter;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;

use crate::contestant::{Kind, MARK};
use client::Client;

/// How a room is loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How many of the clients talk, in turn.
    pub(crate) talkers: usize,
    /// How many messages may be on their way.
    pub(crate) in_flight: u64,
    /// Bytes of text in each.
    pub(crate) size: usize,
}

/// The clients of one server.
pub(crate) struct Crowd {
    kind: Kind,
    target: Target,
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    clients: Vec<Client>,
    /// How many of them are in.
    present: usize,
    /// How many of them read.
    readers: u64,
    /// Deliveries to all of them together, since they were last counted.
    delivered: u64,
    /// When anything was last read.
    heard: Instant,
}

impl Crowd {
    pub(crate) fn new(kind: Kind, target: Target) -> anyhow::Result<Self> {
        Ok(Self {
            kind,
            target,
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            buffer: vec![0; 256 * 1024].into(),
            clients: Vec::new(),
            present: 0,
            readers: 0,
            delivered: 0,
            heard: Instant::now(),
        })
    }

    /// Lets clients come in until there are `count`, at most `at_once` of them
    /// at the same time.
    pub(crate) fn join(
        &mut self,
        count: usize,
        at_once: usize,
        within: Duration,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + within;
        while self.present < count {
            let room = at_once.saturating_sub(self.clients.len() - self.present);
            // Clients read in between, or the first would wait for the last.
            for _ in 0..room.min(at_once).min(64).min(count - self.clients.len()) {
                self.connect()?;
            }
            let busy = self.clients.len() < count && room > 64;
            let wait = if busy { Duration::ZERO } else { TICK };
            self.turn(wait)?;
            if self.kind.is_silent() && at_once < usize::MAX {
                // Nothing tells that it has accepted them.
                thread::sleep(Duration::from_millis(2));
            }
            if Instant::now() > deadline {
                let present = self.present;
                bail!("not finished within {within:?}: {present} of {count} are in");
            }
        }
        Ok(())
    }

    fn connect(&mut self) -> anyhow::Result<()> {
        let number = self.clients.len();
        let mut socket = self.socket().context(
            "cannot connect; if there are no addresses left, \
             widen net.ipv4.ip_local_port_range",
        )?;
        socket.set_nodelay(true)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut socket, Token(number), interest)?;
        let mut wire = Wire::new(self.target.carrier, socket);
        // An encrypted client says hello at once: our server takes one that is silent for a
        // moment for a plain one, and this thread may be busy for longer.
        wire.flush()?;
        self.clients.push(Client {
            wire,
            connected: false,
            steps: self.kind.arrival(number).into(),
            is_in: false,
            stopped: false,
            tail: Vec::new(),
            out: Vec::new(),
            said: 0,
            delivered: 0,
        });
        self.readers += 1;
        Ok(())
    }

    /// A socket that is being connected.
    fn socket(&self) -> io::Result<TcpStream> {
        let Target { addr, carrier } = self.target;
        if carrier == Carrier::Plain || !self.kind.begins_in_plain() {
            return TcpStream::connect(addr);
        }
        let mut socket = std::net::TcpStream::connect(addr)?;
        // Byte by byte, so that nothing behind it is read.
        let mut byte = [0];
        while byte != [b'\n'] {
            socket.read_exact(&mut byte)?;
        }
        socket.set_nonblocking(true)?;
        Ok(TcpStream::from_std(socket))
    }

    /// Waits until no client has been sent anything for `time`.
    pub(crate) fn wait_quiet(&mut self, time: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + QUIET_WITHIN;
        self.heard = Instant::now();
        loop {
            let left = time.saturating_sub(self.heard.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "it never becomes quiet");
            self.turn(left + Duration::from_millis(1))?;
        }
    }

    /// When a client was last sent anything.
    pub(crate) fn last_heard(&self) -> Instant {
        self.heard
    }

    /// Says messages until all clients hear one: a connected client is not always in
    /// yet.
    pub(crate) fn wait_heard(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + QUIET_WITHIN;
        let message = self.kind.message(64);
        let mut next = Instant::now();
        while self
            .clients
            .iter()
            .skip(1)
            .any(|client| client.delivered == 0 && !client.stopped)
        {
            if Instant::now() >= deadline {
                let deaf = self.clients.iter().skip(1);
                let deaf = deaf.filter(|client| client.delivered == 0).count();
                bail!("{deaf} of {} hear no message", self.clients.len());
            }
            if next <= Instant::now() {
                self.say(0, &message, 1)?;
                next = Instant::now() + Duration::from_millis(500);
            }
            self.turn(TICK)?;
        }
        // A message that was said twice may still be on its way.
        self.wait_quiet(Duration::from_millis(200))
    }

    /// Client `number` reads nothing from now on, and has little room.
    pub(crate) fn stop_reading(&mut self, number: usize) -> anyhow::Result<()> {
        let client = &mut self.clients[number];
        client.stopped = true;
        self.readers -= 1;
        SockRef::from(client.wire.socket()).set_recv_buffer_size(4096)?;
        Ok(())
    }

    /// The last client goes.
    pub(crate) fn leave(&mut self) {
        if let Some(client) = self.clients.pop() {
            self.readers -= u64::from(!client.stopped);
            self.present -= usize::from(client.is_in);
        }
    }

    /// Talks for `time`, waits for all that was said, and tells how many
    /// deliveries that were.
    pub(crate) fn run(&mut self, load: Load, time: Duration) -> anyhow::Result<u64> {
        let until = Instant::now() + time;
        self.run_while(load, |_| Instant::now() < until)
    }

    /// Says so many messages, or as many as go within `time`.
    pub(crate) fn run_messages(
        &mut self,
        load: Load,
        messages: u64,
        time: Duration,
    ) -> anyhow::Result<u64> {
        let until = Instant::now() + time;
        self.run_while(load, |said| said < messages && Instant::now() < until)
    }

    fn run_while(&mut self, load: Load, mut more: impl FnMut(u64) -> bool) -> anyhow::Result<u64> {
        for client in &mut self.clients {
            (client.said, client.delivered) = (0, 0);
        }
        self.delivered = 0;
        let message = self.kind.message(load.size);
        let marks = memchr_iter(MARK, &message).count();
        assert_eq!(marks, 1, "a message has one mark");
        let hearers = self.readers - u64::from(!self.kind.echoes());
        let mut said = 0;
        let mut going = true;
        let mut shares = vec![0; load.talkers];
        let mut seen = (0, Instant::now());
        loop {
            going = going && more(said);
            if going {
                let done = self.heard_by_all(hearers, said, load.in_flight);
                while said - done < load.in_flight {
                    shares[(said % load.talkers as u64) as usize] += 1;
                    said += 1;
                }
                for (talker, share) in shares.iter_mut().enumerate() {
                    if *share > 0 {
                        self.say(talker, &message, std::mem::take(share))?;
                    }
                }
            } else if self.delivered >= said * hearers {
                break;
            }
            self.turn(TICK)?;
            if seen.0 != self.delivered {
                seen = (self.delivered, Instant::now());
            }
            if seen.1.elapsed() > STALLED_AFTER {
                let due = said * hearers - self.delivered;
                bail!("it stalls: {due} deliveries do not come");
            }
        }
        // A message that comes twice may come late.
        self.wait_quiet(Duration::from_millis(20))?;
        self.check(said)?;
        Ok(self.delivered)
    }

    /// How many messages all clients have. A message is on its way until the last one
    /// has it: otherwise one client could fall behind by as many as there are clients
    /// times those in flight, and out of the memory of any server.
    fn heard_by_all(&self, hearers: u64, said: u64, in_flight: u64) -> u64 {
        let average = self.delivered / hearers;
        if said - average >= in_flight {
            // The slowest has no more than the average.
            return average;
        }
        let readers = self.clients.iter().filter(|client| !client.stopped);
        let heard = readers.map(|client| {
            let own = if self.kind.echoes() { 0 } else { client.said };
            client.delivered + own
        });
        heard.min().unwrap_or(average)
    }

    fn check(&self, said: u64) -> anyhow::Result<()> {
        for (number, client) in self.clients.iter().enumerate() {
            if client.stopped {
                continue;
            }
            let own = if self.kind.echoes() { 0 } else { client.said };
            let (due, got) = (said - own, client.delivered);
            ensure!(
                got == due,
                "client {number} was to get {due} messages and got {got}"
            );
        }
        Ok(())
    }

    /// How long messages take from the first client to the second, which looks
    /// for them all the time; one each `pause`, and never two at once.
    pub(crate) fn one_way(
        &mut self,
        time: Duration,
        pause: Duration,
    ) -> anyhow::Result<Vec<Duration>> {
        let message = self.kind.message(64);
        let until = Instant::now() + time;
        let mut times = Vec::new();
        let mut next = Instant::now();
        while next < until {
            // A sleeping core would be slow to start.
            while Instant::now() < next {
                std::hint::spin_loop();
            }
            let started = Instant::now();
            ensure!(
                self.clients[0].wire.write(&message)? == message.len(),
                "a quiet socket takes part of a message"
            );
            let second = &mut self.clients[1];
            loop {
                match second.wire.read(&mut self.buffer) {
                    Ok(0) => bail!("the server closed a connection"),
                    Ok(count) if memchr_iter(MARK, &self.buffer[..count]).count() == 1 => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
                ensure!(started.elapsed() < STALLED_AFTER, "a message does not come");
            }
            times.push(started.elapsed());
            // In some forms its own messages come back to the first client, and must
            // not fill its socket.
            self.turn(Duration::ZERO)?;
            next = Instant::now().max(next + pause);
        }
        Ok(times)
    }

    fn say(&mut self, number: usize, message: &[u8], times: u64) -> anyhow::Result<()> {
        let client = &mut self.clients[number];
        for _ in 0..times {
            client.out.extend_from_slice(message);
        }
        client.said += times;
        client.flush()
    }

    /// Waits for what happens, at most `time`, and takes it.
    fn turn(&mut self, time: Duration) -> anyhow::Result<()> {
        ensure!(!is_interrupted(), "interrupted");
        match self.poll.poll(&mut self.events, Some(time)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in &self.events {
            let number = event.token().0;
            // The last client may have left since.
            let Some(client) = self.clients.get_mut(number) else {
                continue;
            };
            if client.stopped {
                continue;
            }
            let was_in = client.is_in;
            if event.is_writable() {
                client.writable()?;
            }
            if event.is_readable() || event.is_error() {
                let result = client.read(self.kind, &mut self.buffer);
                let (bytes, marks) = result.with_context(|| format!("client {number}"))?;
                if bytes > 0 {
                    self.heard = Instant::now();
                }
                self.delivered += marks;
            }
            self.present += usize::from(client.is_in && !was_in);
        }
        Ok(())
    }
}

/// Lets Ctrl-C and SIGTERM end a run in such a way that the servers are still stopped.
pub(crate) fn watch_signals() -> anyhow::Result<()> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let flag = Arc::clone(INTERRUPTED.get_or_init(Arc::default));
        signal_hook::flag::register(signal, flag)?;
    }
    Ok(())
}

/// Whether there was such a signal.
pub(crate) fn is_interrupted() -> bool {
    let flag = INTERRUPTED.get();
    flag.is_some_and(|flag| flag.load(Ordering::Relaxed))
}

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// How long a poll waits at most.
const TICK: Duration = Duration::from_millis(100);

/// How long it may take until all have been told who came.
const QUIET_WITHIN: Duration = Duration::from_secs(60);

/// How long a load may be without any delivery.
const STALLED_AFTER: Duration = Duration::from_secs(5);
