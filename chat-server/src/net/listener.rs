//! Listening sockets, and accepting without ever ending or spinning.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

/// A listening socket that remembers whether a connection may be waiting.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// A connection may be waiting.
    pub ready: bool,
    /// No accept before this moment: the system had no room.
    retry: Option<Instant>,
    pause: Duration,
}

/// What came of an accept.
#[derive(Debug)]
pub enum Accepted {
    /// A connection.
    Peer(TcpStream, SocketAddr),
    /// No connection is waiting.
    NoPeer,
    /// Not now: there is no descriptor or memory for another connection.
    Full(io::Error),
}

impl Listener {
    /// Listens on `address`; one of IPv6 is for IPv6 only.
    ///
    /// # Errors
    ///
    /// Those of the system, above all that the address is in use.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // Lets a restarted server have the port at once. On Windows it would
        // let another program take it away.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        // Without these it works as well, only worse.
        let _ = prepare(&socket);
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

    /// Listens at a socket that is open already.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn adopt(socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let _ = prepare(&SockRef::from(&socket));
        let address = socket.local_addr()?;
        Ok(Self {
            socket: TcpListener::from_std(socket),
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
                    if !INHERITS {
                        let _ = prepare(&SockRef::from(&socket));
                    }
                    // A socket of systemd may be for both families, and then those of
                    // IPv4 look like one network of IPv6.
                    let ip = address.ip().to_canonical();
                    return Accepted::Peer(socket, SocketAddr::new(ip, address.port()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready = false;
                    return Accepted::NoPeer;
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

    /// Takes no connection for a while. No event will come for those that wait already,
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

/// Whether a connection has what was set on the socket that it came through: it
/// saves seven system calls for each. Elsewhere each is set up by itself.
const INHERITS: bool = cfg!(target_os = "linux");

fn prepare(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    // Urgent bytes come like all others (RFC 6093): telnet marks the second byte of
    // a command so, and the first one alone would be no text.
    socket.set_out_of_band_inline(true)?;
    // A peer that does not read costs this much of the system's memory
    // instead of megabytes.
    socket.set_send_buffer_size(64 * 1024)?;
    // And so does one that sends more than is read.
    socket.set_recv_buffer_size(64 * 1024)?;
    // A peer that is gone is noticed within 60 + 4 × 15 s when neither side speaks.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15));
    #[cfg(not(windows))]
    let keepalive = keepalive.with_retries(4);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(crate::net::transport::DEAD_AFTER))?;
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

/// Thousands may come back at once after a restart. Most systems have a limit of
/// their own, on Linux `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer that is gone is noticed within two minutes, or one when it
    /// is spoken to, and one that stops costs little of the system.
    #[test]
    fn who_is_accepted_is_set_up() {
        let mut listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let _client = std::net::TcpStream::connect(listener.address()).unwrap();
        let Accepted::Peer(peer, _) = listener.accept(Instant::now()) else {
            panic!("a connection waits");
        };
        let peer = SockRef::from(&peer);
        assert!(peer.tcp_nodelay().unwrap());
        assert!(peer.out_of_band_inline().unwrap());
        assert!(peer.keepalive().unwrap());
        // Linux counts its own use of the buffer in.
        assert!((64 * 1024..=128 * 1024).contains(&peer.send_buffer_size().unwrap()));
        assert!((64 * 1024..=128 * 1024).contains(&peer.recv_buffer_size().unwrap()));
        #[cfg(target_os = "linux")]
        {
            let timeout = peer.tcp_user_timeout().unwrap();
            assert_eq!(timeout, Some(crate::net::transport::DEAD_AFTER));
            assert_eq!(peer.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
            assert_eq!(
                peer.tcp_keepalive_interval().unwrap(),
                Duration::from_secs(15)
            );
            assert_eq!(peer.tcp_keepalive_retries().unwrap(), 4);
        }
    }
}
