//! The way from a socket to an encrypted connection.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;

use mio::net::TcpStream;
use rustls::Error;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::server::{ParsedCertificate, UnbufferedServerConnection};
use rustls::unbuffered::ConnectionState;

use super::buffers::{MAX_RECORD, Rest};
use super::config::TlsConfig;
use super::stream::{Ending, Start, TlsStream};
use crate::access::keys::{self, PersonKey};

/// A connection whose keys are not agreed yet. No call blocks.
pub struct Handshake {
    socket: TcpStream,
    connection: UnbufferedServerConnection,
    /// What has come and is not understood yet.
    incoming: Vec<u8>,
    /// What the system has not taken yet.
    outgoing: Rest,
    /// What the client has said in one go with the end of its handshake.
    plain: Rest,
    ending: Ending,
    /// How many bytes have come in all.
    received: usize,
}

/// How far a handshake has come.
#[derive(Debug)]
pub enum Progress {
    /// It goes on when the poll tells of the socket: that it can be read or written.
    Wants,
    /// The keys are agreed: [`Handshake::finish`] gives the connection.
    Done,
    /// It has failed, and the client was told so as far as that was possible.
    Failed(Why),
}

/// Why a handshake has failed.
#[derive(Debug)]
pub enum Why {
    /// The client has closed the connection.
    Closed,
    /// The socket has failed.
    Socket(io::Error),
    /// What came is no TLS, or none that is accepted here.
    Tls(Error),
    /// The client sent more than a handshake needs.
    TooLong,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed the connection"),
            Self::Socket(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::TooLong => f.write_str("too many bytes"),
        }
    }
}

impl Handshake {
    /// Nothing was read yet, or sent.
    ///
    /// # Errors
    ///
    /// When the configuration does not fit itself.
    pub fn new(socket: TcpStream, config: &TlsConfig) -> Result<Self, Error> {
        Ok(Self {
            socket,
            connection: UnbufferedServerConnection::new(config.current())?,
            incoming: Vec::new(),
            outgoing: Rest::default(),
            plain: Rest::default(),
            ending: Ending::Open,
            received: 0,
        })
    }

    /// The socket, to have a poll watch it: for reading and writing.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Goes on as far as possible without waiting. The work is bounded: the client may
    /// send little before the end, and each costly step happens at most twice.
    pub fn go_on(&mut self) -> Progress {
        loop {
            let step = match self.process() {
                Ok(step) => step,
                Err(error) => return self.fail(Why::Tls(error)),
            };
            match self.flush() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Progress::Wants,
                Err(error) => return Progress::Failed(Why::Socket(error)),
            }
            if step == Step::Done {
                return Progress::Done;
            }
            match self.receive() {
                Ok(0) => return Progress::Failed(Why::Closed),
                Ok(_) if self.received > MAX_RECEIVED || self.incoming.len() > MAX_INCOMING => {
                    return self.fail(Why::TooLong);
                }
                Ok(_) => {}
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Progress::Wants,
                    ErrorKind::Interrupted => {}
                    _ => return Progress::Failed(Why::Socket(error)),
                },
            }
        }
    }

    /// The public key of the client's certificate, if it has shown one and the handshake
    /// is done: the client has proved that it has the private one.
    pub(super) fn peer_key(&self) -> Option<SubjectPublicKeyInfoDer<'static>> {
        if self.connection.is_handshaking() {
            return None;
        }
        let certificate = self.connection.peer_certificates()?.first()?;
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        Some(parsed.subject_public_key_info())
    }

    /// The encrypted connection, if the handshake is [`Progress::Done`]. No poll may
    /// watch the socket any more.
    pub fn finish(self) -> TlsStream {
        debug_assert!(!self.connection.is_handshaking(), "it is not done");
        // A key that cannot belong to a person is as good as none.
        let key = self.peer_key().and_then(|key| keys::of_spki(&key).ok());
        TlsStream::new(Start {
            key: key.as_ref().and_then(PersonKey::of),
            socket: self.socket,
            connection: self.connection,
            incoming: self.incoming,
            outgoing: self.outgoing,
            plain: self.plain,
            ending: self.ending,
        })
    }

    /// Processes what has come until the handshake is done. What lies behind its end is
    /// for the stream, but for data in the same record or the next one.
    fn process(&mut self) -> Result<Step, Error> {
        while self.connection.is_handshaking() {
            let status = self.connection.process_tls_records(&mut self.incoming);
            let mut discard = status.discard;
            let is_waiting = match status.state? {
                ConnectionState::EncodeTlsData(record) => {
                    self.outgoing.encode(record);
                    false
                }
                ConnectionState::TransmitTlsData(sent) => {
                    // It is kept here until the system takes it.
                    sent.done();
                    false
                }
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        self.plain.append(record.payload);
                    }
                    false
                }
                ConnectionState::PeerClosed | ConnectionState::Closed => {
                    self.ending = Ending::Closed;
                    true
                }
                _ => true,
            };
            self.incoming.drain(..discard);
            if is_waiting && self.connection.is_handshaking() {
                return Ok(Step::Waiting);
            }
        }
        Ok(Step::Done)
    }

    /// Reads once; tells how much.
    fn receive(&mut self) -> io::Result<usize> {
        let mut buffer = [0; READ];
        let count = self.socket.read(&mut buffer)?;
        self.incoming.extend_from_slice(&buffer[..count]);
        self.received += count;
        Ok(count)
    }

    /// Has the system take all that waits.
    fn flush(&mut self) -> io::Result<()> {
        while !self.outgoing.is_empty() {
            match self.outgoing.write_to(&self.socket) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Tells the client, if there is anything to tell. What it has sent is read first: to
    /// close a socket with unread input resets the connection, and the alert would be
    /// lost.
    fn fail(&mut self, why: Why) -> Progress {
        // rustls has the alert ready, but makes it only when it is asked once more. To
        // ask it beyond that would have it look at the same bytes again.
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(&mut self.incoming);
            let Ok(ConnectionState::EncodeTlsData(record)) = status.state else {
                break;
            };
            self.outgoing.encode(record);
        }
        let _ = self.flush();
        let _ = self.socket.shutdown(Shutdown::Write);
        for _ in 0..LAST_READS {
            if self.socket.read(&mut [0; READ]).unwrap_or(0) == 0 {
                break;
            }
        }
        Progress::Failed(why)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("socket", &self.socket)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// More has to come.
    Waiting,
    Done,
}

/// What is read at a time.
const READ: usize = 4 * 1024;

/// How often it is read from a connection that has failed.
const LAST_READS: usize = 4;

/// The most that waits to be understood: the longest record, and what comes in one read
/// with its end. The first message of a client has about 500 bytes, or 1,700 with a
/// post-quantum key, or six times that in records of one byte each.
const MAX_INCOMING: usize = MAX_RECORD + READ;

/// The most that a client sends during a handshake.
const MAX_RECEIVED: usize = 64 * 1024;
