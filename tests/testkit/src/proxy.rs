//! A bad network between clients and a server: it delays, holds back, crumbles,
//! cuts and half-closes connections.
//!
//! What happens to a connection is a [`Plan`] for each direction: which fault
//! after how many bytes. So a fault can fall on any byte, in the middle of a
//! line as well as between two, and the seed determines where.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::random::Random;
use crate::{DEADLINE, poll};

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// What happens to the bytes of one direction.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Each with the number of bytes that pass before it, in order.
    pub faults: Vec<(u64, Fault)>,
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What comes next comes later.
    Delay(Duration),
    /// So many bytes that come next are sent one by one.
    Crumble(u64),
    /// The connection is closed, both ways. Unread input makes it a reset.
    Close,
    /// This direction ends, and the other one goes on.
    HalfClose,
    /// The connection is reset, for both sides.
    Reset,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    over: AtomicBool,
    calm: AtomicBool,
    still: AtomicBool,
    pumps: AtomicUsize,
    /// Connections, and faults in the order of [`Fault::index`].
    counts: [AtomicUsize; 6],
}

impl Proxy {
    /// Listens on a free port for connections to `target`, each with faults of
    /// all kinds at random places.
    #[track_caller]
    pub fn start(target: SocketAddr, random: Random) -> Self {
        Self::with_plans(target, random, Plan::draw)
    }

    /// Listens on a free port for connections to `target`, with these faults.
    #[track_caller]
    pub fn with_plans(
        target: SocketAddr,
        mut random: Random,
        mut plan: impl FnMut(Direction, &mut Random) -> Plan + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("ports are left");
        let addr = listener.local_addr().expect("a bound socket");
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            over: AtomicBool::new(false),
            calm: AtomicBool::new(false),
            still: AtomicBool::new(false),
            pumps: AtomicUsize::new(0),
            counts: Default::default(),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while let Ok((client, _)) = listener.accept() {
                    if shared.is_over() {
                        return;
                    }
                    let plans = [Direction::ToServer, Direction::ToClient]
                        .map(|direction| plan(direction, &mut random));
                    // A client that cannot be connected is closed.
                    let _ = shared.connect(client, plans);
                }
            }
        });
        Self {
            addr,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Further connections go there.
    pub fn set_target(&self, target: SocketAddr) {
        *self.shared.target() = target;
    }

    /// While it is still nothing passes, and no side is told: as when a link is down.
    pub fn set_still(&self, still: bool) {
        self.shared.still.store(still, Ordering::SeqCst);
    }

    /// From now on there are no faults, also on open connections.
    pub fn calm(&self) {
        self.shared.calm.store(true, Ordering::SeqCst);
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.counts[0].load(Ordering::SeqCst)
    }

    /// How often each kind of fault has happened.
    pub fn happened(&self) -> [(&'static str, usize); 5] {
        let count = |index: usize| self.shared.counts[index].load(Ordering::SeqCst);
        let names = ["delay", "crumble", "close", "half-close", "reset"];
        std::array::from_fn(|index| (names[index], count(index + 1)))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.addr, DEADLINE);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        poll(DEADLINE, || {
            (self.shared.pumps.load(Ordering::SeqCst) == 0).then_some(())
        });
    }
}

impl Plan {
    /// Faults of all kinds at random places: many that delay, and one that
    /// ends it.
    pub fn draw(direction: Direction, random: &mut Random) -> Self {
        // A client hears more than it says.
        let end = match direction {
            Direction::ToServer => random.magnitude(16..64 * 1024),
            Direction::ToClient => random.magnitude(16..1024 * 1024),
        };
        let mut faults = Vec::new();
        let mut place = 0;
        loop {
            place += random.magnitude(16..64 * 1024);
            if place >= end {
                break;
            }
            faults.push((
                place,
                match random.within(0..8) {
                    0 => Fault::Delay(Duration::from_millis(random.within(100..500))),
                    1..=3 => Fault::Crumble(random.magnitude(4..256)),
                    _ => Fault::Delay(Duration::from_millis(random.within(1..30))),
                },
            ));
        }
        let last = match random.within(0..3) {
            0 => Fault::Close,
            1 => Fault::HalfClose,
            _ => Fault::Reset,
        };
        faults.push((end, last));
        Self { faults }
    }
}

impl Fault {
    fn index(self) -> usize {
        match self {
            Self::Delay(_) => 1,
            Self::Crumble(_) => 2,
            Self::Close => 3,
            Self::HalfClose => 4,
            Self::Reset => 5,
        }
    }
}

impl Shared {
    fn target(&self) -> MutexGuard<'_, SocketAddr> {
        // An address is written in one go.
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst) || self.is_over()
    }

    fn connect(self: &Arc<Self>, client: TcpStream, plans: [Plan; 2]) -> io::Result<()> {
        if self.pumps.load(Ordering::SeqCst) > MAX_PUMPS {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let target = *self.target();
        let server = TcpStream::connect_timeout(&target, DEADLINE)?;
        for socket in [&client, &server] {
            socket.set_nodelay(true)?;
            socket.set_read_timeout(Some(GLANCE))?;
            socket.set_write_timeout(Some(GLANCE))?;
        }
        self.counts[0].fetch_add(1, Ordering::SeqCst);
        let link = Arc::new(Link {
            client,
            server,
            cut: AtomicBool::new(false),
        });
        let [to_server, to_client] = plans;
        for (direction, plan) in [
            (Direction::ToServer, to_server),
            (Direction::ToClient, to_client),
        ] {
            let mut pump = Pump {
                shared: Arc::clone(self),
                link: Arc::clone(&link),
                direction,
                plan: plan.faults.into_iter().collect(),
                passed: 0,
                crumbling: 0,
            };
            self.pumps.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                pump.run();
                let shared = Arc::clone(&pump.shared);
                drop(pump);
                shared.pumps.fetch_sub(1, Ordering::SeqCst);
            });
        }
        Ok(())
    }
}

/// The two sockets of a connection. They are closed when both directions are
/// done with them: then a reset becomes one.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// Neither direction goes on.
    cut: AtomicBool,
}

impl Link {
    /// From where and to where bytes of this direction go.
    fn ends(&self, direction: Direction) -> (&TcpStream, &TcpStream) {
        match direction {
            Direction::ToServer => (&self.client, &self.server),
            Direction::ToClient => (&self.server, &self.client),
        }
    }
}

/// One direction of a connection.
struct Pump {
    shared: Arc<Shared>,
    link: Arc<Link>,
    direction: Direction,
    plan: std::collections::VecDeque<(u64, Fault)>,
    passed: u64,
    /// So many bytes still go one by one.
    crumbling: u64,
}

/// Whether a direction goes on.
#[derive(Debug, PartialEq, Eq)]
enum Flow {
    On,
    Over,
}

impl Pump {
    fn run(&mut self) {
        let mut chunk = vec![0; 16 * 1024];
        while !self.is_over() {
            if self.shared.still.load(Ordering::SeqCst) {
                thread::sleep(GLANCE);
                continue;
            }
            let (from, to) = self.link.ends(self.direction);
            let mut from = from;
            match from.read(&mut chunk) {
                Ok(0) => {
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
                Ok(count) => {
                    if self.pass(&chunk[..count]) == Flow::Over {
                        return;
                    }
                }
                Err(error) if is_timeout(&error) => {}
                Err(_) => return self.cut(None),
            }
        }
    }

    fn is_over(&self) -> bool {
        self.link.cut.load(Ordering::SeqCst) || self.shared.is_over()
    }

    /// Sends received bytes on, with the faults of the way.
    fn pass(&mut self, mut bytes: &[u8]) -> Flow {
        while !bytes.is_empty() {
            if self.shared.is_calm() {
                self.plan.clear();
                self.crumbling = 0;
            }
            let until = self.plan.front().map_or(u64::MAX, |(place, _)| *place);
            if until <= self.passed {
                if let Some((_, fault)) = self.plan.pop_front()
                    && self.suffer(fault) == Flow::Over
                {
                    return Flow::Over;
                }
                continue;
            }
            let mut count = bytes
                .len()
                .min(usize::try_from(until - self.passed).unwrap_or(usize::MAX));
            if self.crumbling > 0 {
                self.crumbling -= 1;
                count = 1;
            }
            let (now, later) = bytes.split_at(count);
            if self.send(now) == Flow::Over {
                return Flow::Over;
            }
            self.passed += count as u64;
            bytes = later;
        }
        Flow::On
    }

    fn suffer(&mut self, fault: Fault) -> Flow {
        self.shared.counts[fault.index()].fetch_add(1, Ordering::SeqCst);
        match fault {
            Fault::Delay(time) => {
                let until = Instant::now() + time;
                while !self.is_over() && !self.shared.is_calm() && Instant::now() < until {
                    let left = until.saturating_duration_since(Instant::now());
                    thread::sleep(left.min(GLANCE));
                }
                return Flow::On;
            }
            Fault::Crumble(bytes) => {
                self.crumbling = bytes;
                return Flow::On;
            }
            Fault::HalfClose => {
                let (from, to) = self.link.ends(self.direction);
                // What still comes is lost without a word to its sender.
                let _ = to.shutdown(Shutdown::Write);
                let _ = from.shutdown(Shutdown::Read);
            }
            Fault::Close => self.cut(None),
            Fault::Reset => self.cut(Some(Duration::ZERO)),
        }
        Flow::Over
    }

    /// Ends both directions; at once and with a reset, if it may not linger.
    fn cut(&self, linger: Option<Duration>) {
        for socket in [&self.link.client, &self.link.server] {
            // It may be closed already.
            let _ = SockRef::from(socket).set_linger(linger);
        }
        self.link.cut.store(true, Ordering::SeqCst);
    }

    fn send(&self, mut bytes: &[u8]) -> Flow {
        let (_, to) = self.link.ends(self.direction);
        let mut to = to;
        while !bytes.is_empty() && !self.is_over() {
            match to.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_timeout(&error) => {}
                Err(_) => {
                    self.cut(None);
                    return Flow::Over;
                }
            }
        }
        match bytes.is_empty() {
            true => Flow::On,
            false => Flow::Over,
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// How often a direction looks whether the other one has ended.
const GLANCE: Duration = Duration::from_millis(10);

/// Two for each connection: no test has so many.
const MAX_PUMPS: usize = 512;

#[cfg(test)]
mod tests;
