//! Connections that come from a proxy and have not said yet whose they are.
//!
//! Nothing is read of one but its header, once that is whole; the rest waits in the
//! system for the worker that will have the connection. So one that waits here costs
//! its socket and little else.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::net::proxy_header::{Header, MAX_HEADER, NoHeader};

/// Connections that wait, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Vestibule {
    registry: Registry,
    waiting: BTreeMap<usize, Waiting>,
    /// The number of the next one that comes.
    next: usize,
    /// Those of which more may have come.
    ready: Vec<usize>,
    buffer: Box<[u8]>,
}

#[derive(Debug)]
struct Waiting {
    socket: TcpStream,
    /// The proxy's address.
    address: SocketAddr,
    until: Instant,
}

impl Vestibule {
    /// No connection waits. Those that will are watched in this registry.
    pub(crate) fn new(registry: Registry) -> Self {
        Self {
            registry,
            waiting: BTreeMap::new(),
            next: 0,
            ready: Vec::new(),
            buffer: vec![0; MAX_HEADER].into(),
        }
    }

    /// A connection comes.
    ///
    /// # Errors
    ///
    /// When the socket cannot be watched.
    pub(crate) fn insert(
        &mut self,
        mut socket: TcpStream,
        address: SocketAddr,
        now: Instant,
    ) -> io::Result<()> {
        let number = self.next;
        let token = Token(FIRST + number);
        self.registry
            .register(&mut socket, token, Interest::READABLE)?;
        self.next += 1;
        let until = now + HEADER_WITHIN;
        let waiting = Waiting {
            socket,
            address,
            until,
        };
        self.waiting.insert(number, waiting);
        self.ready.push(number);
        Ok(())
    }

    /// Takes note that more may have come; whether the token is that of one of these.
    pub(crate) fn note(&mut self, token: usize) -> bool {
        let number = token.wrapping_sub(FIRST);
        let is_here = self.waiting.contains_key(&number);
        self.ready.extend(is_here.then_some(number));
        is_here
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether more may have come of one.
    pub(crate) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// When the first one has waited for too long.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|(_, one)| one.until)
    }

    /// Hands out those whose header has come, with the address in it, and those that
    /// are to go, because what came is no header or none came in time.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        mut one: impl FnMut(TcpStream, SocketAddr, Result<(), NoHeader>),
    ) {
        let mut done = Vec::new();
        for number in std::mem::take(&mut self.ready) {
            if let Some(waiting) = self.waiting.get_mut(&number)
                && let Some(result) = waiting.look(&mut self.buffer)
            {
                done.push((number, result));
            }
        }
        let late = self.waiting.iter().take_while(|(_, one)| one.until <= now);
        done.extend(late.map(|(number, _)| (*number, Err(NoHeader))));
        for (number, result) in done {
            if let Some(mut waiting) = self.waiting.remove(&number) {
                // The worker that has it next watches it for itself.
                let _ = self.registry.deregister(&mut waiting.socket);
                let address = result.unwrap_or(waiting.address);
                one(waiting.socket, address, result.map(|_| ()));
            }
        }
    }
}

impl Waiting {
    /// Where the connection comes from, once that is known.
    fn look(&mut self, buffer: &mut [u8]) -> Option<Result<SocketAddr, NoHeader>> {
        let count = match self.socket.peek(buffer) {
            Ok(0) => return Some(Err(NoHeader)),
            Ok(count) => count,
            Err(error) if is_for_later(&error) => return None,
            Err(_) => return Some(Err(NoHeader)),
        };
        let header = match Header::parse(&buffer[..count]) {
            Ok(header) => header?,
            Err(NoHeader) => return Some(Err(NoHeader)),
        };
        // It has come, so this does not block.
        let header_bytes = &mut buffer[..header.length];
        let read = self.socket.read_exact(header_bytes);
        let source = header.source.unwrap_or(self.address);
        Some(read.map(|()| source).map_err(|_| NoHeader))
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// A proxy sends the header first of all.
const HEADER_WITHIN: Duration = Duration::from_secs(5);

/// The token of the first one: above all connections, and below the listeners.
const FIRST: usize = usize::MAX / 2;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use mio::{Events, Poll};

    use super::*;

    /// A connection whose header never comes is closed, and no other one.
    #[test]
    fn who_says_nothing_does_not_wait_for_ever() {
        let mut poll = Poll::new().unwrap();
        let mut vestibule = Vestibule::new(poll.registry().try_clone().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let now = Instant::now();
        let come = |vestibule: &mut Vestibule, at| {
            let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (socket, address) = listener.accept().unwrap();
            socket.set_nonblocking(true).unwrap();
            vestibule
                .insert(TcpStream::from_std(socket), address, at)
                .unwrap();
            peer
        };
        let _silent = come(&mut vestibule, now);
        let mut late = come(&mut vestibule, now + Duration::from_secs(1));
        let mut seen = Vec::new();
        let mut take = |vestibule: &mut Vestibule, at| {
            vestibule.take(at, |_, address, header| seen.push((address, header)));
        };
        take(&mut vestibule, now);
        assert!(!vestibule.is_ready() && vestibule.count() == 2);
        assert_eq!(vestibule.deadline(), Some(now + HEADER_WITHIN));
        take(&mut vestibule, now + HEADER_WITHIN);
        late.write_all(b"PROXY TCP4 192.0.2.1 192.0.2.2 7 8\r\n")
            .unwrap();
        let mut events = Events::with_capacity(8);
        while !vestibule.is_ready() {
            poll.poll(&mut events, None).unwrap();
            for event in &events {
                vestibule.note(event.token().0);
            }
        }
        take(&mut vestibule, now + HEADER_WITHIN);
        assert_eq!((vestibule.count(), vestibule.deadline()), (0, None));
        let address = "192.0.2.1:7".parse().unwrap();
        assert_eq!(seen[0].1, Err(NoHeader));
        assert_eq!(seen[1..], [(address, Ok(()))]);
    }
}
