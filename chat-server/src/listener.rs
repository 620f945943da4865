//! Listening sockets, and accepting without ever ending or spinning.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

/// A listening socket that remembers whether anybody may be waiting.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// Somebody may be waiting.
    pub ready: bool,
    /// No accept before this moment: the system had no room.
    retry: Option<Instant>,
    pause: Duration,
}

/// What came of an accept.
#[derive(Debug)]
pub enum Accepted {
    /// Somebody.
    Peer(TcpStream, SocketAddr),
    /// Nobody is waiting.
    Nobody,
    /// Not now: there is no descriptor or memory for another connection.
    Full(io::Error),
}

impl Listener {
    /// Listens on `address`. An IPv6 wildcard takes IPv4 as well unless
    /// `only_v6`.
    ///
    /// # Errors
    ///
    /// Those of the system, above all that the address is in use.
    pub fn bind(address: SocketAddr, only_v6: bool) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(only_v6)?;
        }
        // Lets a restarted server have the port at once. On Windows it would
        // let another program take it away.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let socket = TcpListener::from_std(socket.into());
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            address,
            ready: true,
            retry: None,
            pause: FIRST_PAUSE,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, for the poll.
    pub fn socket(&mut self) -> &mut TcpListener {
        &mut self.socket
    }

    /// When to try again, if the system had no room.
    pub fn retry(&self) -> Option<Instant> {
        self.retry
    }

    /// A descriptor has become free, or time has passed: try again.
    pub fn may_retry(&mut self) {
        if self.retry.take().is_some() {
            self.ready = true;
        }
    }

    /// Takes one connection.
    pub fn accept(&mut self, now: Instant) -> Accepted {
        loop {
            match self.socket.accept() {
                Ok((socket, address)) => {
                    self.pause = FIRST_PAUSE;
                    // Without these it works as well, only worse.
                    let _ = prepare(&socket);
                    return Accepted::Peer(socket, address);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready = false;
                    return Accepted::Nobody;
                }
                // These concern the one connection that is gone already.
                Err(error) if is_about_the_peer(&error) => {}
                Err(error) => {
                    self.wait(now);
                    return Accepted::Full(error);
                }
            }
        }
    }

    /// Takes nobody for a while. No event will come for those who wait already,
    /// and trying on would spin: a timer, then.
    pub fn wait(&mut self, now: Instant) {
        self.ready = false;
        self.retry = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LAST_PAUSE);
    }
}

fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    // A peer that does not read costs this much of the system's memory
    // instead of megabytes.
    socket.set_send_buffer_size(64 * 1024)?;
    // Gone within 60 + 4 × 15 s when nobody speaks.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15));
    #[cfg(not(windows))]
    let keepalive = keepalive.with_retries(4);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(crate::connection::DEAD_AFTER))?;
    Ok(())
}

/// The addresses of this machine that others can reach.
pub fn own_addresses() -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// Hundreds may come back at once after a restart.
const BACKLOG: i32 = 1024;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_secs(1);
