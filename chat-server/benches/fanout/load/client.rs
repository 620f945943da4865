//! One client of a load.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use anyhow::{Context, bail};
use chat_testkit::{Carrier, Wire};
use memchr::{memchr_iter, memmem};
use mio::net::TcpStream;

use crate::contestant::{Kind, MARK, Step};

pub(super) struct Client {
    pub(super) wire: Wire<TcpStream>,
    pub(super) connected: bool,
    /// What is left of coming in; none once it is in.
    pub(super) steps: VecDeque<Step>,
    pub(super) is_in: bool,
    /// It takes nothing any more.
    pub(super) stopped: bool,
    /// The end of what it read while coming in, or a line that was not whole:
    /// an answer may come in two pieces.
    pub(super) tail: Vec<u8>,
    /// What is to be sent.
    pub(super) out: Vec<u8>,
    pub(super) said: u64,
    pub(super) delivered: u64,
}

impl Client {
    pub(super) fn writable(&mut self) -> anyhow::Result<()> {
        if !self.connected {
            if let Some(error) = self.wire.socket().take_error()? {
                return Err(error).context("cannot connect");
            }
            self.connected = true;
            self.step()?;
        }
        self.flush()
    }

    /// Takes the next step of coming in.
    pub(super) fn step(&mut self) -> anyhow::Result<()> {
        if let Some(step) = self.steps.front_mut() {
            self.out.append(&mut step.say);
            if step.until.is_none() {
                self.steps.pop_front();
                return self.step();
            }
        } else {
            self.is_in = true;
            self.tail = Vec::new();
        }
        self.flush()
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        loop {
            let taken = match self.out.is_empty() {
                true => self.wire.flush().map(|()| 0),
                false => self.wire.write(&self.out),
            };
            match taken {
                Ok(_) if self.out.is_empty() => return Ok(()),
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error).context("cannot say anything"),
                },
            }
        }
    }

    /// Reads what is there; tells how many bytes and how many messages.
    pub(super) fn read(&mut self, kind: Kind, buffer: &mut [u8]) -> anyhow::Result<(usize, u64)> {
        let (mut bytes, mut marks) = (0, 0);
        loop {
            match self.wire.read(buffer) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(count) => {
                    let read = &buffer[..count];
                    bytes += count;
                    marks += memchr_iter(MARK, read).count() as u64;
                    if !self.is_in {
                        self.hear_answer(read)?;
                    } else if kind.pings() {
                        self.hear_pings(read)?;
                    }
                    // That was all there was; the poll tells of bytes that come later.
                    if count < buffer.len() && self.wire.carrier() == Carrier::Plain {
                        break;
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error).context("cannot read"),
                },
            }
        }
        self.delivered += marks;
        if !self.out.is_empty() {
            // It may have waited for the end of a handshake.
            self.flush()?;
        }
        Ok((bytes, marks))
    }

    pub(super) fn hear_answer(&mut self, read: &[u8]) -> anyhow::Result<()> {
        let Some(until) = self.steps.front().and_then(|step| step.until) else {
            return Ok(());
        };
        let border = read.len().min(LONGEST_ANSWER);
        self.tail.extend_from_slice(&read[..border]);
        let found = memmem::find(&self.tail, until).or_else(|| memmem::find(read, until));
        if found.is_some() {
            self.tail.clear();
            self.steps.pop_front();
            return self.step();
        }
        let kept = &read[border.max(read.len().saturating_sub(LONGEST_ANSWER))..];
        self.tail.extend_from_slice(kept);
        let surplus = self.tail.len().saturating_sub(LONGEST_ANSWER);
        self.tail.drain(..surplus);
        Ok(())
    }

    pub(super) fn hear_pings(&mut self, read: &[u8]) -> anyhow::Result<()> {
        let mut whole = std::mem::take(&mut self.tail);
        let text = if whole.is_empty() {
            read
        } else {
            whole.extend_from_slice(read);
            &whole
        };
        for at in memmem::find_iter(text, b"PING") {
            if at > 0 && text[at - 1] != b'\n' {
                continue;
            }
            let line = &text[at..];
            if let Some(end) = memchr::memchr(b'\n', line) {
                self.out.extend_from_slice(b"PONG");
                self.out.extend_from_slice(&line[4..=end]);
            }
        }
        let last = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
        if text[last..].first() == Some(&b'P') {
            self.tail = text[last..].to_vec();
        }
        self.flush()
    }
}

/// The longest answer that a step waits for.
pub(super) const LONGEST_ANSWER: usize = 64;
