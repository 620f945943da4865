//! The floor: what the kernel charges for fan-out, and nothing else.
//!
//! One thread, one poll. What is ready is read, and at the end of the round its bytes
//! are written once to each other socket. There is no framing, no name, no limit and no
//! order beyond that of a round, so whatever a chat does more than this is its own
//! cost. Bytes that a socket does not take are kept for it.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

/// Serves until it is killed. Says where it listens as our server does.
pub(crate) fn serve() -> anyhow::Result<()> {
    // The benchmark may be killed before it can stop this process.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .context("cannot listen on the loopback")?;
    eprintln!("listening on {}", listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut floor = Floor {
        peers: Slab::new(),
        round: Vec::new(),
        buffer: vec![0; 64 * 1024].into(),
    };
    let mut events = Events::with_capacity(1024);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                floor.accept(&listener, &poll)?;
                continue;
            }
            if event.is_writable() {
                floor.write_rest(event.token().0);
            }
            if event.is_readable() {
                floor.read(event.token().0);
            }
        }
        floor.write();
    }
}

struct Floor {
    peers: Slab<Peer>,
    /// What was read in this round.
    round: Vec<u8>,
    buffer: Box<[u8]>,
}

struct Peer {
    socket: TcpStream,
    /// Which part of the round it said itself; empty between rounds.
    own: (usize, usize),
    /// What it did not take yet.
    rest: Vec<u8>,
    closed: bool,
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> io::Result<()> {
        loop {
            let mut socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            socket.set_nodelay(true)?;
            let entry = self.peers.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut socket, Token(entry.key()), interest)?;
            entry.insert(Peer {
                socket,
                own: (0, 0),
                rest: Vec::new(),
                closed: false,
            });
        }
    }

    fn read(&mut self, key: usize) {
        let Some(peer) = self.peers.get_mut(key) else {
            return;
        };
        let start = self.round.len();
        loop {
            match peer.socket.read(&mut self.buffer) {
                Ok(0) => peer.closed = true,
                Ok(count) => {
                    self.round.extend_from_slice(&self.buffer[..count]);
                    if count == self.buffer.len() {
                        continue;
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => continue,
                    io::ErrorKind::WouldBlock => {}
                    _ => peer.closed = true,
                },
            }
            break;
        }
        peer.own = (start, self.round.len());
    }

    /// Sends the round to all peers, and drops those that are gone.
    fn write(&mut self) {
        if self.round.is_empty() {
            return;
        }
        self.peers.retain(|_, peer| {
            peer.write(&self.round);
            !peer.closed
        });
        self.round.clear();
    }

    fn write_rest(&mut self, key: usize) {
        if let Some(peer) = self.peers.get_mut(key)
            && !peer.rest.is_empty()
        {
            match peer.socket.write(&peer.rest) {
                Ok(count) => drop(peer.rest.drain(..count)),
                Err(error) => peer.failed(&error),
            }
            if peer.rest.is_empty() {
                peer.rest = Vec::new();
            }
        }
    }
}

impl Peer {
    fn write(&mut self, round: &[u8]) {
        let (start, end) = std::mem::take(&mut self.own);
        let (before, after) = (&round[..start], &round[end..]);
        let all = before.len() + after.len();
        if all == 0 {
            return;
        }
        let mut count = 0;
        if self.rest.is_empty() {
            let written = match (start, end) {
                (0, _) => self.socket.write(after),
                _ if after.is_empty() => self.socket.write(before),
                _ => self
                    .socket
                    .write_vectored(&[IoSlice::new(before), IoSlice::new(after)]),
            };
            match written {
                Ok(written) => count = written,
                Err(error) => self.failed(&error),
            }
        }
        if count < all && !self.closed {
            self.rest.extend_from_slice(&before[count.min(start)..]);
            self.rest
                .extend_from_slice(&after[count.saturating_sub(start)..]);
        }
    }

    fn failed(&mut self, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {}
            _ => self.closed = true,
        }
    }
}

const LISTENER: Token = Token(usize::MAX);
