//! The entry, where a connection waits until it is known whether it is encrypted, and
//! shakes hands if it is.
//!
//! A peer that speaks TLS does so with its first byte. One that is silent for a moment, or
//! says something else, is served plain. The entry has a thread and a poll of its own, so
//! no handshake holds up a peer in the room. Connections are given to a worker when they
//! are done here.

mod rules;
pub(crate) mod thread;

use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use mio::net::TcpStream;

use rules::MOST;

/// The entry, for the thread that accepts connections. The entry's thread ends with it.
#[derive(Debug)]
pub(crate) struct Entry(Arc<Common>);

/// What both threads have.
#[derive(Debug)]
struct Common {
    arrivals: Mutex<Vec<Arrival>>,
    /// How many connections are here, also those that the thread does not know yet.
    count: AtomicUsize,
    stop: AtomicBool,
    waker: Waker,
}

/// A connection that has been accepted.
#[derive(Debug)]
struct Arrival {
    socket: TcpStream,
    address: SocketAddr,
    came: Instant,
}

impl Entry {
    /// A connection has come.
    pub(crate) fn insert(&self, socket: TcpStream, address: SocketAddr, came: Instant) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        let arrival = Arrival {
            socket,
            address,
            came,
        };
        let mut arrivals = self.0.arrivals();
        let is_first = arrivals.is_empty();
        arrivals.push(arrival);
        drop(arrivals);
        if is_first {
            self.0.waker.wake_by_ref();
        }
    }

    /// How many connections are here.
    pub(crate) fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Whether no more are to come for now.
    pub(crate) fn is_full(&self) -> bool {
        self.count() >= MOST
    }
}

/// The thread of the entry does not go on without the one that accepts connections.
impl Drop for Entry {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::SeqCst);
        self.0.waker.wake_by_ref();
    }
}

impl Common {
    fn new(waker: Waker) -> Self {
        Self {
            arrivals: Mutex::default(),
            count: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            waker,
        }
    }

    fn take_arrivals(&self) -> Vec<Arrival> {
        mem::take(&mut *self.arrivals())
    }

    fn arrivals(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
