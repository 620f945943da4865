//! An encrypted connection.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::net::Shutdown;

use mio::Registry;
use mio::net::TcpStream;
use rustls::Error;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncryptError, InsufficientSizeError};

use super::buffers::{HEADER, MAX_RECORD, RECORD_OVERHEAD, Rest, Scratch, with_scratch};
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
}

impl TlsStream {
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
            connection: start.connection,
        }
    }

    /// Reads from the socket into `window`, behind what is kept of an earlier read.
    fn receive(&mut self, buffer: &mut [u8], window: &mut Vec<u8>) -> io::Result<Received> {
        if window.len() < WINDOW {
            window.resize(WINDOW, 0);
        }
        let mut window = Window::new(window);
        let mut plain = Plain::new(buffer);
        if self.take_incoming(&mut window) {
            self.decrypt(&mut window, &mut plain);
        }
        let read = self.fill(&mut window, &mut plain);
        let is_unprocessed = !plain.rest.is_empty() && !window.is_empty();
        if !plain.rest.is_empty() || self.ending == Ending::Open && !window.is_empty() {
            self.kept.change(|kept| {
                kept.incoming = window.bytes().to_vec();
                kept.is_unprocessed = is_unprocessed;
                kept.plain = plain.rest;
            });
        }
        if plain.count > 0 {
            let is_all = self.ending == Ending::Open && !is_unprocessed;
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
            window.filled += count;
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
            window.start += discard;
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

    /// Encrypts these bytes into `outgoing`, and has the system take it. What it does
    /// not take is kept.
    fn send(&mut self, bytes: &[u8], outgoing: &mut Vec<u8>) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let length = self.encrypt(Content::Data(bytes), outgoing)?;
        let written = match Write::write(&mut self.socket, &outgoing[..length]) {
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
        Ok(bytes.len())
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
        let filled = incoming.len();
        let mut window = Window {
            memory: &mut incoming,
            start: 0,
            filled,
        };
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
        self.flush()?;
        if self.holds_back() {
            return Ok(0);
        }
        let bytes = &bytes[..bytes.len().min(RECORD)];
        with_scratch(|scratch| self.send(bytes, &mut scratch.outgoing))
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush()?;
        if self.holds_back() {
            return Ok(0);
        }
        with_scratch(
            |Scratch {
                 plain, outgoing, ..
             }| {
                plain.clear();
                for slice in slices {
                    let space = RECORD - plain.len();
                    plain.extend_from_slice(&slice[..slice.len().min(space)]);
                }
                self.send(plain, outgoing)
            },
        )
    }

    fn holds_back(&self) -> bool {
        let kept = self.kept.get();
        kept.is_some_and(|kept| !kept.outgoing.is_empty())
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

/// What a record is made of.
#[derive(Debug, Clone, Copy)]
enum Content<'a> {
    Data(&'a [u8]),
    CloseNotify,
}

/// Makes a record in `outgoing`, behind what rustls itself has to say. Tells how many
/// bytes that are.
fn make_record(
    connection: &mut UnbufferedServerConnection,
    incoming: &mut Vec<u8>,
    content: Content<'_>,
    outgoing: &mut Vec<u8>,
) -> io::Result<usize> {
    if outgoing.len() < MAX_RECORD {
        outgoing.resize(MAX_RECORD, 0);
    }
    let mut own = Rest::default();
    loop {
        let status = connection.process_tls_records(incoming);
        let discard = status.discard;
        match status.state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                let (before, space) = outgoing.split_at_mut(own.as_slice().len());
                before.copy_from_slice(own.as_slice());
                let made = match content {
                    Content::Data(bytes) => traffic.encrypt(bytes, space),
                    Content::CloseNotify => traffic.queue_close_notify(space),
                };
                match made {
                    Ok(count) => return Ok(before.len() + count),
                    Err(EncryptError::InsufficientSize(InsufficientSizeError {
                        required_size,
                    })) => outgoing.resize(own.as_slice().len() + required_size, 0),
                    Err(error @ EncryptError::EncryptExhausted) => {
                        return Err(io::Error::other(error));
                    }
                }
            }
            Ok(ConnectionState::EncodeTlsData(record)) => own.encode(record),
            Ok(ConnectionState::TransmitTlsData(sent)) => sent.done(),
            Ok(_) | Err(_) => return Err(ErrorKind::BrokenPipe.into()),
        }
        incoming.drain(..discard);
    }
}

/// Encrypted bytes that were read, in the memory of the thread.
struct Window<'a> {
    memory: &'a mut Vec<u8>,
    /// Where the bytes begin that are not processed.
    start: usize,
    /// Where they end.
    filled: usize,
}

impl<'a> Window<'a> {
    fn new(memory: &'a mut Vec<u8>) -> Self {
        Self {
            memory,
            start: 0,
            filled: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.start == self.filled
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.filled]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.filled]
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.memory.len() < self.filled + bytes.len() {
            self.memory.resize(self.filled + bytes.len(), 0);
        }
        self.memory[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// Where the next read goes to. It is as much as a reader with a buffer of this
    /// length has space for when it is decrypted, and at least the rest of a record.
    fn space(&mut self, buffer: usize) -> &mut [u8] {
        self.memory.copy_within(self.start..self.filled, 0);
        (self.start, self.filled) = (0, self.filled - self.start);
        let missing = match *self.bytes() {
            [_, _, _, high, low, ..] => HEADER + usize::from(u16::from_be_bytes([high, low])),
            _ => 0,
        };
        let wanted = missing.max(buffer + RECORD_OVERHEAD);
        let wanted = match wanted.saturating_sub(self.filled) {
            // Of a message in several records, of which these are not all.
            0 => RECORD_OVERHEAD,
            wanted => wanted,
        };
        let end = self.memory.len().min(self.filled + wanted);
        &mut self.memory[self.filled..end]
    }
}

/// Where decrypted bytes go.
struct Plain<'a> {
    buffer: &'a mut [u8],
    /// How many are in the buffer.
    count: usize,
    /// Those that do not fit.
    rest: Rest,
}

impl<'a> Plain<'a> {
    fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            count: 0,
            rest: Rest::default(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let space = &mut self.buffer[self.count..];
        let count = bytes.len().min(space.len());
        space[..count].copy_from_slice(&bytes[..count]);
        self.count += count;
        if count < bytes.len() {
            self.rest.append(&bytes[count..]);
        }
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

/// The most plain bytes in one record: what a stopped reader makes a connection keep.
/// With fewer, a burst would take more records.
const RECORD: usize = 12 * 1024;

/// The longest record, and as much as a read takes.
const WINDOW: usize = 2 * MAX_RECORD;

/// How often one turn reads from the socket until there is something plain.
const READS: usize = 3;
