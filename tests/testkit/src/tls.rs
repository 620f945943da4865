//! Servers that encrypt: a front that stands before a plain one, and the certificates
//! that it shows.

mod any_key;
mod any_server;
mod identity;
mod pump;

pub use any_key::{AnyKey, Proof};
pub use any_server::AnyServer;
pub use identity::{Authority, Identity, VALID, Years};

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::{ServerConfig, ServerConnection};

use crate::DEADLINE;
use pump::pump;

/// Takes TLS on a port of its own, and plain bytes if it is told to, and hands on what
/// is said in TLS to a plain server. It asks clients for their key, as chat-server does.
#[derive(Debug)]
pub struct TlsFront {
    addr: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    inner: SocketAddr,
    config: Mutex<Arc<ServerConfig>>,
    keys: Arc<AnyKey>,
    /// What a client hears that does not begin with TLS.
    plain: Mutex<String>,
    /// Whether clients that begin with TLS are treated so as well.
    deaf: AtomicBool,
    /// What such clients have said.
    heard: Mutex<Vec<u8>>,
    sockets: Mutex<Vec<TcpStream>>,
}

impl TlsFront {
    /// A front before the server at `inner`, on a free port of 127.0.0.1.
    #[track_caller]
    pub fn start(inner: SocketAddr, identity: &Identity) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("ports are left");
        Self::on(listener, inner, identity)
    }

    /// A front on a listener of the test's own.
    #[track_caller]
    pub fn on(listener: TcpListener, inner: SocketAddr, identity: &Identity) -> Self {
        listener.set_nonblocking(false).expect("a socket of ours");
        let addr = listener.local_addr().expect("a bound socket");
        let keys = Arc::new(AnyKey::new(default_provider()));
        let state = Arc::new(State {
            inner,
            config: Mutex::new(identity.config_that_asks(Arc::clone(&keys))),
            keys,
            plain: Mutex::default(),
            deaf: AtomicBool::new(false),
            heard: Mutex::default(),
            sockets: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        // It ends with the tests.
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let state = Arc::clone(&serving);
                thread::spawn(move || {
                    // A client that goes away is no error here.
                    let _ = state.serve(socket);
                });
            }
        });
        Self { addr, state }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Shows another certificate from now on.
    pub fn show(&self, identity: &Identity) {
        *lock(&self.state.config) = identity.config_that_asks(Arc::clone(&self.state.keys));
    }

    /// How clients have proved their keys, in the order in which they came.
    pub fn proofs(&self) -> Vec<Proof> {
        self.state.keys.proofs()
    }

    /// Says this to clients that say nothing for 100 ms, or anything but TLS.
    pub fn say_in_plain(&self, text: &str) {
        text.clone_into(&mut lock(&self.state.plain));
    }

    /// Takes no TLS from now on, and says this.
    pub fn say_only_in_plain(&self, text: &str) {
        self.say_in_plain(text);
        self.state.deaf.store(true, Ordering::SeqCst);
    }

    /// All that clients have said to what was said in plain.
    pub fn heard_in_plain(&self) -> Vec<u8> {
        lock(&self.state.heard).clone()
    }

    /// Closes all connections, without the goodbye of TLS.
    pub fn cut(&self) {
        for socket in lock(&self.state.sockets).drain(..) {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn serve(&self, mut socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SILENCE))?;
        let mut first = [0];
        let speaks_tls = match socket.peek(&mut first) {
            Ok(_) => first == [0x16],
            Err(_) => false,
        };
        socket.set_read_timeout(Some(DEADLINE))?;
        let speaks_tls = speaks_tls && !self.deaf.load(Ordering::SeqCst);
        let plain = lock(&self.plain).clone();
        lock(&self.sockets).push(socket.try_clone()?);
        if !speaks_tls && !plain.is_empty() {
            socket.write_all(plain.as_bytes())?;
            let mut heard = [0; 1024];
            // A client that goes may reset the connection.
            while let Ok(count @ 1..) = socket.read(&mut heard) {
                lock(&self.heard).extend(&heard[..count]);
            }
            return Ok(());
        }
        let config = Arc::clone(&lock(&self.config));
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        pump(session, &socket, TcpStream::connect(self.inner)?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a client may be silent before it is greeted in plain.
const SILENCE: Duration = Duration::from_millis(100);
