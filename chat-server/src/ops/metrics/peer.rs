//! One connection to the endpoint: a request, an answer, and the end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use mio::net::TcpStream;

use super::http::{self, MAX_HEAD, Request};

/// A connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) socket: TcpStream,
    /// It is closed then, whatever it does.
    pub(super) until: Instant,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// This much of its request has come.
    Asking(Vec<u8>),
    /// Its request waits for an answer.
    Waiting(Request),
    /// It is sent its answer, so much of which it has taken.
    Answered { answer: Vec<u8>, sent: usize },
    /// It has all of its answer. What it sends is thrown away until its end: to close a
    /// socket with unread input resets the connection, and the answer could be lost.
    Ending {
        /// So many bytes at most.
        left: usize,
    },
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It waits for its peer, or for its answer.
    Stays,
    /// It has ended.
    Ended,
}

impl Peer {
    /// One that has just come.
    pub(super) fn new(socket: TcpStream, until: Instant) -> Self {
        Self {
            socket,
            until,
            stage: Stage::Asking(Vec::new()),
        }
    }

    /// Whether its request has not come yet.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    /// The request that waits for an answer.
    pub(super) fn request(&self) -> Option<Request> {
        match self.stage {
            Stage::Waiting(request) => Some(request),
            _ => None,
        }
    }

    /// Has it sent this.
    pub(super) fn answer(&mut self, answer: Vec<u8>) -> Next {
        self.stage = Stage::Answered { answer, sent: 0 };
        self.go_on()
    }

    /// Reads and writes until its peer has to do something.
    pub(super) fn go_on(&mut self) -> Next {
        match self.step() {
            Ok(()) => Next::Ended,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Next::Stays,
            Err(_) => Next::Ended,
        }
    }

    /// `Ok` at its end, and `WouldBlock` where it waits.
    fn step(&mut self) -> io::Result<()> {
        loop {
            match &mut self.stage {
                Stage::Asking(head) => {
                    let mut piece = [0; 1024];
                    let space = MAX_HEAD - head.len();
                    let most = piece.len().min(space);
                    let count = read(&mut self.socket, &mut piece[..most])?;
                    if count == 0 {
                        return Ok(());
                    }
                    head.extend_from_slice(&piece[..count]);
                    match http::parse(head) {
                        Ok(None) => {}
                        Ok(Some(request)) => self.stage = Stage::Waiting(request),
                        Err(refused) => {
                            let answer =
                                http::words(refused.status, refused.why, refused.head_only);
                            self.stage = Stage::Answered { answer, sent: 0 };
                        }
                    }
                }
                // What comes behind the request is read at the end.
                Stage::Waiting(_) => return Err(ErrorKind::WouldBlock.into()),
                Stage::Answered { answer, sent } => match self.socket.write(&answer[*sent..]) {
                    Ok(count) => {
                        *sent += count;
                        if *sent == answer.len() {
                            self.socket.shutdown(Shutdown::Write)?;
                            self.stage = Stage::Ending { left: MOST_UNREAD };
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                },
                Stage::Ending { left } => {
                    let count = read(&mut self.socket, &mut [0; 4096])?;
                    if count == 0 || count > *left {
                        return Ok(());
                    }
                    *left -= count;
                }
            }
        }
    }
}

fn read(socket: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match socket.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What a peer may send behind its request before it is closed.
const MOST_UNREAD: usize = 64 * 1024;
