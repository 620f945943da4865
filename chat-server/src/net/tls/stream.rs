//! An encrypted connection.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::mem;
use std::net::Shutdown;

use mio::Registry;
use mio::net::TcpStream;
use rustls::Error;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::ConnectionState;

use super::buffers::{Rest, Scratch, with_scratch};
use super::pieces::Pieces;
use super::record::{Content, make_record};
use super::socket::{Then, send};
use super::window::{Plain, Window};
use crate::access::keys::PersonKey;
use crate::cold::Cold;
use crate::net::transport::{Received, StallTimer, Transport};

/// An encrypted connection. While it waits it keeps its keys and no buffers.
pub struct TlsStream {
    socket: TcpStream,
    ending: Ending,
    /// Our last record is made.
    is_shut: bool,
    /// What few connections have at a time.
    kept: Cold<Kept>,
    /// The key that the peer has proved to have, until it is taken.
    key: Option<PersonKey>,
    connection: UnbufferedServerConnection,
}

/// What a connection keeps that is not idle.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    /// Encrypted, and not taken by the system yet: one record at most, but for an alert.
    outgoing: Rest,
    /// Of a record, or of a message in several records, whose end has not come.
    incoming: Vec<u8>,
    /// Whole records may be in that.
    is_unprocessed: bool,
    /// Decrypted, and not read yet: what a reader with a small buffer has left of one
    /// record.
    plain: Rest,
}

/// How the peer's side has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It has not.
    Open,
    /// The peer has said that nothing follows.
    Closed,
    /// The peer broke the protocol, or broke it off.
    Failed(ErrorKind),
}

/// What a handshake leaves behind.
pub(super) struct Start {
    pub(super) socket: TcpStream,
    pub(super) connection: UnbufferedServerConnection,
    pub(super) incoming: Vec<u8>,
    pub(super) outgoing: Rest,
    pub(super) plain: Rest,
    pub(super) ending: Ending,
    pub(super) key: Option<PersonKey>,
}

impl TlsStream {
    /// Encrypted bytes that the system has not taken yet.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kept
            .get()
            .map_or(0, |kept| kept.outgoing.as_slice().len())
    }

    /// The handshake is done.
    pub(super) fn new(start: Start) -> Self {
        let kept = Kept {
            outgoing: start.outgoing,
            is_unprocessed: !start.incoming.is_empty(),
            incoming: start.incoming,
            plain: start.plain,
        };
        let mut cold = Cold::default();
        cold.change(|it| *it = kept);
        Self {
            socket: start.socket,
            ending: start.ending,
            is_shut: false,
            kept: cold,
            key: start.key,
            connection: start.connection,
        }
    }

    /// Reads from the socket into `window`, behind what is kept of an earlier read.
    fn receive(&mut self, buffer: &mut [u8], window: &mut Vec<u8>) -> io::Result<Received> {
        let mut window = Window::new(window);
        let mut plain = Plain::new(buffer);
        if self.take_incoming(&mut window) {
            self.decrypt(&mut window, &mut plain);
        }
        let read = self.fill(&mut window, &mut plain);
        let has_space = plain.rest.is_empty();
        if !has_space || self.ending == Ending::Open && !window.is_empty() {
            self.kept.change(|kept| {
                kept.incoming = window.bytes().to_vec();
                kept.is_unprocessed = !has_space && !window.is_empty();
                kept.plain = plain.rest;
            });
        }
        if plain.count > 0 {
            // The poll will not tell again of an end that was read along with this.
            let is_all = self.ending == Ending::Open && has_space;
            let is_drained = matches!(read, Ok(Socket::Drained)) && is_all;
            return Ok(Received {
                count: plain.count,
                is_drained,
            });
        }
        match (self.ending, read?) {
            (Ending::Open, Socket::Drained) => Err(ErrorKind::WouldBlock.into()),
            // The next read goes on: others have their turn first.
            (Ending::Open, Socket::Unknown) => Err(ErrorKind::Interrupted.into()),
            _ => self.end(),
        }
    }

    /// Reads until there is something plain, or all is read.
    fn fill(&mut self, window: &mut Window<'_>, plain: &mut Plain<'_>) -> io::Result<Socket> {
        for _ in 0..READS {
            if plain.count > 0 || self.ending != Ending::Open {
                break;
            }
            let space = window.space(plain.buffer.len());
            let asked = space.len();
            if asked == 0 {
                // A message longer than a key update ever is.
                self.ending = Ending::Failed(ErrorKind::InvalidData);
                break;
            }
            let count = match Read::read(&mut self.socket, space) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Socket::Drained),
                Err(error) => return Err(error),
            };
            if count == 0 {
                // Without a close_notify it is an end as well. A line that it cuts off is
                // not taken for one, for it has no end.
                self.ending = Ending::Closed;
            }
            window.advance_end(count);
            self.decrypt(window, plain);
            // As for a socket: less than was asked for is all there was.
            if cfg!(target_os = "linux") && count < asked {
                return Ok(Socket::Drained);
            }
        }
        Ok(Socket::Unknown)
    }

    /// Decrypts the whole records of a window, as long as the reader has space.
    fn decrypt(&mut self, window: &mut Window<'_>, plain: &mut Plain<'_>) {
        while plain.rest.is_empty() && !matches!(self.ending, Ending::Failed(_)) {
            let status = self.connection.process_tls_records(window.bytes_mut());
            let mut discard = status.discard;
            let mut is_waiting = false;
            match status.state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        discard += record.discard;
                        plain.take(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(record)) => {
                    self.kept.change(|kept| kept.outgoing.encode(record));
                }
                Ok(ConnectionState::TransmitTlsData(sent)) => sent.done(),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                    self.ending = Ending::Closed;
                    is_waiting = true;
                }
                Ok(_) => is_waiting = true,
                Err(error) => return self.fail(&error, window),
            }
            window.discard(discard);
            if is_waiting {
                break;
            }
        }
    }

    /// The peer broke the protocol, and is told so once. rustls is not asked any more.
    fn fail(&mut self, error: &Error, window: &mut Window<'_>) {
        // The alert is made only now, and only when rustls is asked once more.
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(window.bytes_mut());
            let Ok(ConnectionState::EncodeTlsData(record)) = status.state else {
                break;
            };
            self.kept.change(|kept| kept.outgoing.encode(record));
        }
        self.ending = Ending::Failed(match error {
            Error::AlertReceived(_) => ErrorKind::ConnectionReset,
            _ => ErrorKind::InvalidData,
        });
        let _ = self.flush();
    }

    /// How the input ended.
    fn end(&self) -> io::Result<Received> {
        match self.ending {
            Ending::Failed(kind) => Err(kind.into()),
            Ending::Open | Ending::Closed => Ok(Received {
                count: 0,
                is_drained: true,
            }),
        }
    }

    /// Moves what is kept of the input into a window. Tells whether there may be whole
    /// records in it.
    fn take_incoming(&mut self, window: &mut Window<'_>) -> bool {
        if self.kept.get().is_none_or(|kept| kept.incoming.is_empty()) {
            return false;
        }
        self.kept.change(|kept| {
            window.append(&mem::take(&mut kept.incoming));
            mem::take(&mut kept.is_unprocessed)
        })
    }

    /// Encrypts record after record and has the system take each, until it takes one only
    /// in part: the rest of that one is kept.
    fn send_all(&mut self, slices: &[IoSlice<'_>], scratch: &mut Scratch) -> io::Result<usize> {
        let mut pieces = Pieces::new(slices);
        let mut count = 0;
        while !self.holds_back()
            && let Some(piece) = pieces.next(RECORD, &mut scratch.plain)
        {
            let then = match pieces.is_empty() {
                true => Then::Nothing,
                false => Then::More,
            };
            self.send(piece, then, &mut scratch.outgoing)?;
            count += piece.len();
        }
        Ok(count)
    }

    /// Encrypts these bytes into `outgoing`, and has the system take it. What it does
    /// not take is kept.
    fn send(&mut self, bytes: &[u8], then: Then, outgoing: &mut Vec<u8>) -> io::Result<()> {
        let length = self.encrypt(Content::Data(bytes), outgoing)?;
        let written = match send(&self.socket, &outgoing[..length], then) {
            Ok(count) => count,
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => 0,
                _ => return Err(error),
            },
        };
        if written < length {
            let rest = &outgoing[written..length];
            self.kept.change(|kept| kept.outgoing.append(rest));
        }
        Ok(())
    }

    /// Makes a record, behind what rustls itself has to say. Tells how many bytes that
    /// are.
    fn encrypt(&mut self, content: Content<'_>, outgoing: &mut Vec<u8>) -> io::Result<usize> {
        if matches!(self.ending, Ending::Failed(_)) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.process_kept();
        // rustls goes on reading where it stopped, so what it has begun to read has to be
        // there, although there is nothing new in it.
        let has_begun = self
            .kept
            .get()
            .is_some_and(|kept| !kept.incoming.is_empty());
        let mut incoming = match has_begun {
            true => self.kept.change(|kept| mem::take(&mut kept.incoming)),
            false => Vec::new(),
        };
        let made = make_record(&mut self.connection, &mut incoming, content, outgoing);
        if has_begun {
            self.kept.change(|kept| kept.incoming = incoming);
        }
        made
    }

    /// Decrypts what came along with the end of the handshake, if that was not read yet.
    fn process_kept(&mut self) {
        if self.kept.get().is_none_or(|kept| !kept.is_unprocessed) {
            return;
        }
        let (mut incoming, mut plain) = (Vec::new(), Rest::default());
        self.kept.change(|kept| {
            incoming = mem::take(&mut kept.incoming);
            plain = mem::take(&mut kept.plain);
            kept.is_unprocessed = false;
        });
        let mut window = Window::filled(&mut incoming);
        while !matches!(self.ending, Ending::Failed(_)) {
            let mut one = Plain::new(&mut []);
            self.decrypt(&mut window, &mut one);
            if one.rest.is_empty() {
                break;
            }
            plain.append(one.rest.as_slice());
        }
        let rest = window.bytes().to_vec();
        self.kept
            .change(|kept| (kept.incoming, kept.plain) = (rest, plain));
    }

    /// Says that nothing follows.
    fn say_goodbye(&mut self) -> io::Result<()> {
        self.is_shut = true;
        with_scratch(|scratch| {
            let outgoing = &mut scratch.outgoing;
            let length = self.encrypt(Content::CloseNotify, outgoing)?;
            self.kept
                .change(|kept| kept.outgoing.append(&outgoing[..length]));
            Ok(())
        })
    }
}

impl Transport for TlsStream {
    type Registry = Registry;

    fn register(&mut self, registry: &Registry, key: usize) -> io::Result<()> {
        Transport::register(&mut self.socket, registry, key)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        Transport::deregister(&mut self.socket, registry)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        if self.kept.get().is_some_and(|kept| !kept.plain.is_empty()) {
            return Ok(Received {
                count: self.kept.change(|kept| kept.plain.move_to(buffer)),
                is_drained: false,
            });
        }
        if self.ending != Ending::Open {
            return self.end();
        }
        with_scratch(|scratch| self.receive(buffer, &mut scratch.incoming))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_slices(&[IoSlice::new(bytes)])
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush()?;
        if self.holds_back() {
            return Ok(0);
        }
        if self.is_shut {
            // It comes too late.
            return Ok(slices.iter().map(|slice| slice.len()).sum());
        }
        with_scratch(|scratch| self.send_all(slices, scratch))
    }

    fn holds_back(&self) -> bool {
        let kept = self.kept.get();
        kept.is_some_and(|kept| !kept.outgoing.is_empty())
    }

    fn unready(&self) -> usize {
        let kept = self.kept.get().filter(|kept| !kept.is_unprocessed);
        kept.map_or(0, |kept| kept.incoming.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.holds_back() {
            return Ok(());
        }
        let socket = &self.socket;
        self.kept.change(|kept| kept.outgoing.write_to(socket))?;
        Ok(())
    }

    fn shut(&mut self) -> io::Result<()> {
        if !self.is_shut && !matches!(self.ending, Ending::Failed(_)) {
            self.say_goodbye()?;
        }
        self.flush()?;
        match self.holds_back() {
            true => Err(ErrorKind::WouldBlock.into()),
            false => self.socket.shutdown(Shutdown::Write),
        }
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Transport::take_error(&self.socket)
    }

    fn take_key(&mut self) -> Option<PersonKey> {
        self.key.take()
    }

    fn set_stall_timer(&self, timer: StallTimer) {
        self.socket.set_stall_timer(timer);
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("socket", &self.socket)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

/// What is known of the socket after a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Socket {
    /// It has no more for now: the poll tells when it has.
    Drained,
    /// It may have more.
    Unknown,
}

/// The most plain bytes in one record. A connection whose peer takes nothing keeps one
/// record, and is to have no more than 17 KiB in all.
const RECORD: usize = 13 * 1024;

/// How often one turn reads from the socket until there is something plain.
const READS: usize = 3;
