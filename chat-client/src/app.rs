//! The event loop: socket, keyboard and signals on one poll.
//!
//! A round takes what there is, lets the conversation and the editor have it,
//! and then repaints once, however much has come.

use std::io::{self, IsTerminal, Read, Write};
use std::net::Shutdown;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::conversation::Conversation;
use crate::editor::Outcome;
use crate::front::Front;
use crate::signals::Signals;
use crate::terminal::{self, Input};

/// The client, connected.
pub struct App {
    poll: Poll,
    socket: TcpStream,
    signals: Signals,
    inputs: Receiver<Input>,
    /// Kept, since one that is dropped takes its last wake-up along.
    _waker: Arc<Waker>,
    conversation: Conversation,
    front: Front,
    readable: bool,
    writable: bool,
    /// Something was sent, which input or leaving may have waited for.
    sent: bool,
    /// The last line of a pipe has been read.
    input_ended: bool,
    /// Our last words are said; no longer than this for the server's.
    leaving: Option<Instant>,
    buffer: Box<[u8]>,
}

/// How it ended.
#[derive(Debug)]
enum End {
    /// As the person wanted.
    Left,
    /// Ctrl-C.
    Interrupted,
    /// The server closed the connection.
    ServerGone,
    /// The server sends what is no chat.
    NotAChat,
    /// Our output cannot be written.
    OutputGone(io::Error),
    /// A signal of this number.
    Signal(u8),
}

impl App {
    /// A client on a connected socket, with `greeting` as its first line.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn new(
        socket: std::net::TcpStream,
        conversation: Conversation,
        greeting: String,
    ) -> anyhow::Result<Self> {
        let poll = Poll::new().context("cannot make a poll")?;
        let signals =
            Signals::register(poll.registry(), SIGNALS).context("cannot watch for signals")?;
        let waker = Waker::new(poll.registry(), INPUT).context("cannot make a waker")?;
        let waker = Arc::new(waker);
        // A keepalive would do no good here: a line to send finds out sooner.
        let _ = socket.set_nodelay(true);
        socket
            .set_nonblocking(true)
            .context("cannot prepare the socket")?;
        let mut socket = TcpStream::from_std(socket);
        poll.registry()
            .register(&mut socket, SOCKET, Interest::READABLE | Interest::WRITABLE)
            .context("cannot watch the socket")?;
        let interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
        let mut front = if interactive {
            Front::screen().context("cannot use this terminal")?
        } else {
            Front::plain().context("there is no standard output")?
        };
        let _ = front.show(&mut vec![greeting]);
        let inputs = if interactive {
            terminal::read_keys(Arc::clone(&waker))
        } else {
            terminal::read_lines(Arc::clone(&waker))
        };
        Ok(Self {
            poll,
            socket,
            signals,
            inputs,
            _waker: waker,
            conversation,
            front,
            readable: true,
            writable: true,
            sent: false,
            input_ended: false,
            leaving: None,
            buffer: vec![0; READ_BUFFER].into(),
        })
    }

    /// Talks until one side leaves.
    ///
    /// # Errors
    ///
    /// When the poll fails.
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        let mut events = Events::with_capacity(16);
        let end = loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error).context("cannot wait for events");
                }
                _ => {}
            }
            for event in &events {
                if event.token() == SOCKET {
                    self.readable |=
                        event.is_readable() || event.is_read_closed() || event.is_error();
                    self.writable |= event.is_writable();
                }
            }
            if let Some(end) = self.round() {
                break end;
            }
        };
        Ok(self.finish(end))
    }

    fn round(&mut self) -> Option<End> {
        if let Some(signal) = self.signals.pending() {
            return Some(End::Signal(signal));
        }
        let ended = self.receive().or_else(|| self.take_inputs());
        self.conversation.expire(Instant::now());
        self.leave_when_done();
        let ended = ended.or_else(|| self.send());
        if let Err(error) = self.front.show(self.conversation.shown()) {
            return Some(End::OutputGone(error));
        }
        let waited = self.leaving.is_some_and(|until| until <= Instant::now());
        ended.or_else(|| waited.then_some(End::Left))
    }

    fn timeout(&self) -> Option<Duration> {
        if self.readable || self.sent {
            return Some(Duration::ZERO);
        }
        let next = [self.conversation.deadline(), self.leaving]
            .into_iter()
            .flatten()
            .min()?;
        // Rounded up, or the last millisecond would be spent spinning.
        Some(next.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
    }

    /// Reads at most a share, so that keys are seen to in a flood.
    fn receive(&mut self) -> Option<End> {
        for _ in 0..READS {
            if !self.readable {
                break;
            }
            match self.socket.read(&mut self.buffer) {
                Ok(0) => return Some(self.server_gone()),
                Ok(count) => {
                    if self
                        .conversation
                        .receive(&self.buffer[..count], Instant::now())
                        .is_err()
                    {
                        return Some(End::NotAChat);
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.readable = false,
                    io::ErrorKind::Interrupted => {}
                    _ => return Some(self.server_gone()),
                },
            }
        }
        None
    }

    fn server_gone(&self) -> End {
        if self.conversation.is_leaving() {
            End::Left
        } else {
            End::ServerGone
        }
    }

    fn take_inputs(&mut self) -> Option<End> {
        // A pipe waits while the server has much to confirm.
        while self.conversation.undelivered().count() < MAX_UNDELIVERED
            && self.conversation.output().len() < MAX_OUTPUT
        {
            match self.inputs.try_recv() {
                Ok(Input::Key(key)) => match self.front.key(key) {
                    Outcome::Submitted(line) => self.conversation.say(line),
                    Outcome::Interrupted => return Some(End::Interrupted),
                    Outcome::Ended => self.conversation.quit(),
                    Outcome::Edited => {}
                    Outcome::Full => self.say_full(),
                },
                Ok(Input::Line(line)) => self.conversation.say(line),
                Ok(Input::BadLine(why)) => self.conversation.shown().push(format!("-- {why}")),
                Ok(Input::Closed) => self.input_ended = true,
                Ok(Input::Resized) => {}
                Err(_) => break,
            }
        }
        None
    }

    fn say_full(&mut self) {
        self.conversation
            .shown()
            .push("-- there is no room for that in one line".to_owned());
    }

    /// Leaves after the last line of a pipe, once the server has it.
    fn leave_when_done(&mut self) {
        if self.input_ended && self.conversation.all_delivered() && !self.conversation.is_leaving()
        {
            self.conversation.quit();
        }
        if self.conversation.is_leaving() && self.leaving.is_none() {
            self.leaving = Some(Instant::now() + LEAVE_FOR);
        }
    }

    fn send(&mut self) -> Option<End> {
        self.sent = self.writable && !self.conversation.output().is_empty();
        while self.writable && !self.conversation.output().is_empty() {
            match self.socket.write(self.conversation.output()) {
                Ok(count) => drop(self.conversation.output().drain(..count)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.writable = false,
                    io::ErrorKind::Interrupted => {}
                    _ => return Some(self.server_gone()),
                },
            }
        }
        if self.conversation.is_leaving() && self.conversation.output().is_empty() {
            // A plain server learns only so that we are done.
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        None
    }

    fn finish(mut self, end: End) -> ExitCode {
        // What was read and not looked at any more was not delivered, either.
        while self.conversation.confirms()
            && let Ok(Input::Line(line)) = self.inputs.try_recv()
        {
            self.conversation.say(line);
        }
        let mut problems = self.undelivered();
        let status = match end {
            End::Left => ExitCode::SUCCESS,
            // Whoever reads us has enough, as with `| head`.
            End::OutputGone(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                problems.clear();
                ExitCode::SUCCESS
            }
            End::OutputGone(error) => {
                problems.push(format!("-- cannot write to standard output: {error}"));
                ExitCode::FAILURE
            }
            End::ServerGone => {
                problems.push("-- the server went away".to_owned());
                ExitCode::FAILURE
            }
            End::NotAChat => {
                problems.push("-- that is no chat server: it does not speak in lines".to_owned());
                ExitCode::FAILURE
            }
            End::Interrupted => ExitCode::from(128 + 2),
            End::Signal(signal) => ExitCode::from(128u8.saturating_add(signal)),
        };
        // An output that is gone needs no last lines.
        let _ = self.front.finish(self.conversation.shown(), &problems);
        status
    }

    fn undelivered(&self) -> Vec<String> {
        let mut rest = self.conversation.undelivered();
        let mut lines: Vec<String> = rest
            .by_ref()
            .take(MAX_LISTED)
            .map(|line| format!("-- not delivered: {line}"))
            .collect();
        match rest.count() {
            0 => {}
            more => lines.push(format!("-- and {more} more were not delivered")),
        }
        lines
    }
}

const SOCKET: Token = Token(0);
const INPUT: Token = Token(1);
const SIGNALS: Token = Token(2);

const READ_BUFFER: usize = 64 * 1024;

/// Buffers that are read before keys are seen to and the screen is repainted.
const READS: usize = 4;

/// Lines that may wait to be confirmed before no more are taken.
const MAX_UNDELIVERED: usize = 256;

/// Bytes that may wait to be sent, likewise.
const MAX_OUTPUT: usize = 64 * 1024;

/// Lines that were not delivered and are shown again one by one.
const MAX_LISTED: usize = 10;

/// How long the server has to close after we said goodbye.
const LEAVE_FOR: Duration = Duration::from_secs(1);
