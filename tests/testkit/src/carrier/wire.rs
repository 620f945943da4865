//! A client's connection: as it is, or encrypted.

use std::io::{self, Read, Write};
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection};

use super::Carrier;
use crate::tls::AnyServer;

/// A client's end of a connection over a socket, which may block or not.
///
/// An encrypted one shakes hands as it is read. What is written before that is done
/// waits, and is sent then.
#[derive(Debug)]
pub enum Wire<S> {
    Plain(S),
    Tls(Box<Encrypted<S>>),
}

/// A session of TLS, and the socket that it goes over.
#[derive(Debug)]
pub struct Encrypted<S> {
    session: ClientConnection,
    socket: S,
}

impl<S: Read + Write> Wire<S> {
    /// A connection over a socket that is connected, or is being connected.
    pub fn new(carrier: Carrier, socket: S) -> Self {
        match carrier {
            Carrier::Plain => Self::Plain(socket),
            Carrier::Tls => Self::Tls(Box::new(Encrypted {
                session: session(),
                socket,
            })),
        }
    }

    /// The socket itself, for options.
    pub fn socket(&self) -> &S {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(encrypted) => &encrypted.socket,
        }
    }

    /// The same, to register it with a poll.
    pub fn socket_mut(&mut self) -> &mut S {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(encrypted) => &mut encrypted.socket,
        }
    }

    /// Which of the two it is.
    pub fn carrier(&self) -> Carrier {
        match self {
            Self::Plain(_) => Carrier::Plain,
            Self::Tls(_) => Carrier::Tls,
        }
    }

    /// Shakes hands, as far as the socket lets it.
    pub fn shake_hands(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(encrypted) => encrypted.shake_hands(),
        }
    }

    /// What an encrypted server has shown, once it has.
    pub fn certificate(&self) -> Option<&CertificateDer<'static>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(encrypted) => encrypted.session.peer_certificates()?.first(),
        }
    }
}

impl<S: Read + Write> Encrypted<S> {
    fn shake_hands(&mut self) -> io::Result<()> {
        while self.session.is_handshaking() {
            self.receive()?;
        }
        self.push()
    }

    /// Takes in what the socket has, and sends what there is to answer.
    fn receive(&mut self) -> io::Result<()> {
        self.push()?;
        let count = self.session.read_tls(&mut self.socket)?;
        let processed = self.session.process_new_packets();
        if let Err(error) = processed {
            // The alert may not be taken any more.
            let _ = self.push();
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        match count == 0 && self.session.is_handshaking() {
            true => Err(io::ErrorKind::UnexpectedEof.into()),
            false => Ok(()),
        }
    }

    /// Sends what waits, as far as the socket takes it.
    fn push(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_full(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<S: Read + Write> Read for Wire<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let encrypted = match self {
            Self::Plain(socket) => return socket.read(buffer),
            Self::Tls(encrypted) => encrypted,
        };
        loop {
            match encrypted.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => encrypted.receive()?,
                // Also the end, which is an error unless the server has said goodbye.
                done => return done,
            }
        }
    }
}

impl<S: Read + Write> Write for Wire<S> {
    /// What an encrypted connection has taken may still wait for the socket: the next
    /// read, write or flush sends it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let encrypted = match self {
            Self::Plain(socket) => return socket.write(bytes),
            Self::Tls(encrypted) => encrypted,
        };
        encrypted.push()?;
        let count = encrypted.session.writer().write(bytes)?;
        encrypted.push()?;
        match count {
            // As much waits as may.
            0 if !bytes.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(encrypted) => encrypted.push(),
        }
    }
}

fn session() -> ClientConnection {
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(Arc::clone(&CONFIG), name).expect("a configuration of ours")
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut provider = ring::default_provider();
    // What our server chooses. Servers that are compared with it have no other choice.
    provider.cipher_suites = vec![TLS13_AES_128_GCM_SHA256];
    let verifier = AnyServer(provider.clone());
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring has TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"chat/1".to_vec()];
    config.resumption = Resumption::disabled();
    Arc::new(config)
});

#[cfg(test)]
mod tests;
