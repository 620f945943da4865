//! The event loop: socket, keyboard and signals on one poll.
//!
//! A round takes what there is, lets the conversation and the editor have it,
//! and then repaints once, however much has come. It goes on while the
//! connection is lost, so that the person can type and leave.

mod end;
mod press;
mod prompt;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::{Events, Poll, Token, Waker};

use crate::conversation::{Audience, Conversation, Wishes, about};
use crate::input::term::Pastes;
use crate::input::{Input, keys, pipe};
use crate::net::backoff::Patience;
use crate::net::link::{Link, Reconnect, Watch};
use crate::net::transport::Received;
use crate::net::{ConnectError, Target};
use crate::output::fold::Fold;
use crate::output::line::{Kind, Line};
use crate::output::screen::give_back_in_time;
use crate::output::screen::view::Block;
use crate::output::style::Style;
use crate::output::{Front, plain::What};
use crate::random::Random;
use crate::store::Store;
use crate::sys::{Signal, Signals};
use end::End;
use prompt::{Prompt, next_second};

/// The client, with a connection or on the way to one.
pub struct App {
    poll: Poll,
    link: Link,
    signals: Signals,
    inputs: Receiver<Input>,
    /// Kept, since one that is dropped takes its last wake-up along.
    _waker: Arc<Waker>,
    conversation: Conversation,
    front: Front,
    /// What the person types, where there is a prompt.
    prompt: Option<Prompt>,
    what: What,
    fold: Fold,
    /// Nobody wants to know who comes and goes.
    quiet: bool,
    /// Something was sent, which input or leaving may have waited for.
    sent: bool,
    /// Since when the last line of a pipe has been read.
    input_ended: Option<Instant>,
    /// Since when as many lines of it wait as may.
    full: Option<Instant>,
    /// It could not be read to its end.
    input_failed: bool,
    /// Stopped by ourselves and seen to; the SIGCONT of that is still to come.
    resumed: bool,
    /// Our last words are said; no longer than this for the server's.
    leaving: Option<Instant>,
    buffer: Box<[u8]>,
}

/// How the person takes part.
#[derive(Debug)]
pub enum Manner {
    /// With a prompt, and with what was typed in earlier runs.
    Prompt(Option<Store>),
    /// Line by line.
    Lines(What),
    /// With one message.
    Block,
}

impl Manner {
    fn what(&self) -> What {
        match self {
            Self::Prompt(_) => What::Lines,
            Self::Lines(what) => *what,
            Self::Block => What::Nothing,
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub struct Settings {
    /// The server.
    pub target: Target,
    /// Whether a lost connection is made again.
    pub reconnect: Reconnect,
    /// What the conversation is to be like.
    pub wishes: Wishes,
    /// What the person is to be told of the name.
    pub note: Option<String>,
    /// How lines look.
    pub style: Style,
    /// How the person takes part.
    pub manner: Manner,
    /// Arrivals and departures are not shown.
    pub quiet: bool,
}

/// Why the client did not start.
#[derive(Debug)]
pub enum StartError {
    /// The server cannot be connected to.
    Connect(ConnectError),
    /// The system or the terminal does not give what the client needs.
    System(anyhow::Error),
}

impl App {
    /// Connects to the server, and then takes the terminal.
    ///
    /// # Errors
    ///
    /// When there is no connection, and those of the system.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        let poll = Poll::new().context("cannot make a poll")?;
        let waker = Waker::new(poll.registry(), INPUT).context("cannot make a waker")?;
        let waker = Arc::new(waker);
        let watch = Watch {
            registry: poll.registry().try_clone().context("cannot share a poll")?,
            token: SOCKET,
            waker: Arc::clone(&waker),
        };
        // Signals end the client at once until it has a connection.
        let link =
            Link::open(settings.target, settings.reconnect, watch).map_err(StartError::Connect)?;
        let mut conversation = Conversation::new(settings.wishes, Random::new(), Instant::now());
        let Target { host, port } = link.target();
        conversation.show(Line::word(format!("connected to {host} port {port}")));
        if let Some(note) = settings.note {
            conversation.show(Line::aside(note));
        }
        let signals = Signals::register(poll.registry(), SIGNALS, give_back_in_time)
            .context("cannot watch for signals")?;
        let (style, quiet) = (settings.style, settings.quiet);
        let mut prompt = None;
        let what = settings.manner.what();
        let (front, inputs) = match settings.manner {
            Manner::Prompt(store) => {
                let (begun, trouble) = Prompt::new(store);
                prompt = Some(begun);
                trouble.into_iter().for_each(|line| conversation.show(line));
                let front = Front::screen(style).context("cannot use this terminal")?;
                let term = std::env::var("TERM").unwrap_or_default();
                let pastes = Pastes::of_term(&term);
                (front, keys::read(Arc::clone(&waker), pastes))
            }
            Manner::Lines(what) => {
                if what == What::Objects {
                    conversation.keep_objects(quiet);
                }
                let front = Front::plain(style, what).context("there is no standard output")?;
                (front, pipe::read_lines(Arc::clone(&waker)))
            }
            Manner::Block => {
                let front = Front::plain(style, what).context("there is no standard output")?;
                (front, pipe::read_block(Arc::clone(&waker)))
            }
        };
        Ok(Self {
            poll,
            link,
            signals,
            inputs,
            _waker: waker,
            conversation,
            front,
            prompt,
            what,
            fold: Fold::default(),
            quiet,
            sent: false,
            input_ended: None,
            full: None,
            input_failed: false,
            resumed: false,
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
            if let Some(end) = self.round() {
                break end;
            }
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error).context("cannot wait for events");
                }
                _ => {}
            }
            for event in &events {
                if event.token() == SOCKET {
                    self.link.notice(event);
                }
            }
        };
        Ok(self.finish(end))
    }

    fn round(&mut self) -> Option<End> {
        if let Some(end) = self.obey_signals() {
            return Some(end);
        }
        let now = Instant::now();
        if self.link.come_back(now) {
            self.conversation.begin_again(now);
        }
        let ended = self.receive().or_else(|| self.take_inputs());
        self.conversation.expire(Instant::now());
        self.leave_when_done();
        let ended = ended
            .or_else(|| self.notice_stranger())
            .or_else(|| self.while_away())
            .or_else(|| self.send());
        if let Err(error) = self.show() {
            return Some(End::OutputGone(error));
        }
        let waited = self.leaving.is_some_and(|until| until <= Instant::now());
        ended.or_else(|| waited.then_some(End::Left))
    }

    fn timeout(&self) -> Option<Duration> {
        if self.link.is_readable() && !self.front.is_full() || self.sent {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.conversation.deadline(),
            self.fold.deadline(),
            self.front.deadline(),
            self.next_count(),
            self.link.deadline(),
            self.patience_ends(),
            self.leaving,
        ];
        let next = deadlines.into_iter().flatten().min()?;
        // Rounded up, or the last millisecond would be spent spinning.
        Some(next.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
    }

    fn obey_signals(&mut self) -> Option<End> {
        let signals: Vec<Signal> = self.signals.pending().collect();
        for signal in signals {
            let obeyed = match signal {
                Signal::End(number) => return Some(End::Signal(number)),
                Signal::Suspend => self.suspend(),
                // To forget the block that has been drawn since would leave
                // its upper rows behind.
                Signal::Continue if std::mem::take(&mut self.resumed) => Ok(()),
                Signal::Continue => self.front.resume(),
                // The next repaint asks for it.
                Signal::Resize => Ok(()),
            };
            if let Err(error) = obeyed {
                return Some(End::OutputGone(error));
            }
        }
        None
    }

    /// Stops until somebody lets us go on.
    fn suspend(&mut self) -> io::Result<()> {
        self.front.suspend()?;
        self.resumed = true;
        Ok(())
    }

    /// Reads at most a share, so that keys are seen to in a flood.
    fn receive(&mut self) -> Option<End> {
        for _ in 0..READS {
            if self.front.is_full() {
                break;
            }
            let count = match self.link.read(&mut self.buffer) {
                Received::Bytes(count) => count,
                Received::Drained => break,
                Received::End => {
                    self.conversation.close(Instant::now());
                    return self.notice_stranger().or_else(|| self.lose());
                }
            };
            let received = self
                .conversation
                .receive(&self.buffer[..count], Instant::now());
            // At once, since rows may be many times what they came as.
            let lines = self.lines(Instant::now());
            self.take(&lines);
            if received.is_err() {
                match self.conversation.away_since() {
                    Some(_) => return self.lose(),
                    None => return Some(End::NotAChat),
                }
            }
        }
        if self.conversation.has_progressed() {
            self.link.progress();
        }
        None
    }

    /// What answers is no chat. On a return another attempt may find the chat again.
    fn notice_stranger(&self) -> Option<End> {
        match self.conversation.away_since() {
            None => self.conversation.stranger().cloned().map(End::Stranger),
            Some(_) => None,
        }
    }

    /// The connection is of no use any more: the end, or the way back.
    fn lose(&mut self) -> Option<End> {
        let conversation = &mut self.conversation;
        let returns =
            self.link.returns() && conversation.may_return() && !conversation.is_leaving();
        if !returns {
            if let Some(goodbye) = conversation.goodbye() {
                let goodbye = Line::word(goodbye);
                conversation.show(goodbye);
            }
            return Some(if conversation.is_leaving() {
                End::Left
            } else if conversation.is_unfit() && !conversation.was_welcomed() {
                End::NotLetIn
            } else {
                End::ServerGone(conversation.end_reason())
            });
        }
        let now = Instant::now();
        let is_first = conversation.away_since().is_none();
        // A full room is not to be left alone for longer and longer: there may be a
        // place at any time.
        if conversation.has_progressed() || conversation.is_refused_for_now() {
            self.link.progress();
        }
        let wait = conversation.lose(now);
        self.link.lose(wait, now);
        // A prompt has a row for it, which goes away again.
        let is_prompt = self.prompt.is_some();
        if let Some(refusal) = conversation.tell_refusal() {
            conversation.show(Line::trouble(match self.link.deadline() {
                Some(at) if !is_prompt => {
                    let wait = at.saturating_duration_since(now);
                    format!("{refusal}; trying again in {}", about(wait))
                }
                _ => refusal,
            }));
        } else if is_first
            && !is_prompt
            && let Some(why) = conversation.away_why()
        {
            let lost = Line::aside(format!("{why}; trying again"));
            conversation.show(lost);
        }
        None
    }

    /// Without a connection there is nobody to say goodbye to, and one that does
    /// not lead back into the room is none.
    fn while_away(&mut self) -> Option<End> {
        if self.conversation.is_unfit() {
            return self.lose();
        }
        self.conversation.away_since()?;
        if self.conversation.is_leaving() {
            return Some(End::Left);
        }
        if self
            .patience_ends()
            .is_some_and(|end| end <= Instant::now())
        {
            return Some(End::GivenUp);
        }
        None
    }

    /// When to come back is no longer tried.
    fn patience_ends(&self) -> Option<Instant> {
        let since = self.conversation.away_since()?;
        let is_program = self.conversation.audience() == Audience::Program;
        if is_program && !self.conversation.was_welcomed() {
            return Patience::Limited(since).ends(since);
        }
        // Behind a pipe that is full there may be nothing but its end, or a
        // program that stands still.
        let patience = match (&self.prompt, self.input_ended.or(self.full)) {
            (None, Some(from)) => Patience::Limited(from),
            _ => Patience::Endless,
        };
        patience.ends(since)
    }

    fn take_inputs(&mut self) -> Option<End> {
        while self.takes_input() {
            match self.inputs.try_recv() {
                Ok(Input::Pressed(presses)) => {
                    for press in presses {
                        if let Some(end) = self.press(press) {
                            return Some(end);
                        }
                    }
                }
                Ok(Input::Line(line)) => {
                    self.conversation.say(line);
                    if self.conversation.has_said_quit() {
                        // Nothing is meant to follow.
                        self.input_ended.get_or_insert_with(Instant::now);
                    }
                }
                Ok(Input::BadLine(why)) => self.conversation.refuse(why.to_owned()),
                Ok(Input::Failed(why)) => {
                    self.input_failed = true;
                    let trouble = format!("cannot read standard input: {why}");
                    self.conversation.show(Line::trouble(trouble));
                }
                Ok(Input::Resized) => {}
                Ok(Input::Closed) | Err(TryRecvError::Disconnected) => {
                    self.input_ended.get_or_insert_with(Instant::now);
                    break;
                }
                Err(TryRecvError::Empty) => break,
            }
        }
        if self.conversation.undelivered().count() < MAX_UNDELIVERED {
            self.full = None;
        } else {
            self.full.get_or_insert_with(Instant::now);
        }
        None
    }

    /// A pipe waits while the server has much to confirm; a person never does.
    fn takes_input(&mut self) -> bool {
        self.prompt.is_some()
            || self.conversation.undelivered().count() < MAX_UNDELIVERED
                && self.conversation.output().len() < MAX_OUTPUT
    }

    /// Leaves after the last line of a pipe, once the server has it, and at once
    /// when the terminal is gone, since there is nobody who could wait.
    fn leave_when_done(&mut self) {
        let done = match self.prompt {
            Some(_) => true,
            // A program is to know whether that is a chat, also if it says nothing.
            _ if self.conversation.audience() == Audience::Program => {
                self.conversation.is_settled() && self.conversation.all_delivered()
            }
            _ => self.conversation.all_delivered(),
        };
        if self.input_ended.is_some() && done && !self.conversation.is_leaving() {
            self.conversation.quit();
        }
        if self.conversation.is_leaving() && self.leaving.is_none() {
            self.leaving = Some(Instant::now() + LEAVE_FOR);
        }
    }

    fn send(&mut self) -> Option<End> {
        self.sent = self.link.is_writable() && !self.conversation.output().is_empty();
        if self.link.write(self.conversation.output()).is_err() {
            // It may have said something before it went.
            if let Some(end) = self.receive() {
                return Some(end);
            }
            if self.link.is_connected() {
                return self.lose();
            }
        }
        if self.conversation.is_leaving() && self.conversation.output().is_empty() {
            // A plain server learns only so that we are done.
            self.link.close_sending();
        }
        None
    }

    fn show(&mut self) -> io::Result<()> {
        let lines = self.lines(Instant::now());
        self.take(&lines);
        let (again, now) = (self.again(), Instant::now());
        let block = match &self.prompt {
            Some(prompt) => prompt.block(&self.conversation, again, now),
            None => Block::default(),
        };
        self.front.show(&block)
    }

    /// Has lines shown, and in their stead objects where these are wanted.
    fn take(&mut self, lines: &[Line]) {
        self.front.take(lines, self.conversation.me());
        if self.what == What::Objects {
            self.front
                .take_objects(self.conversation.objects().drain(..));
        }
    }

    /// When a server that was full is tried again.
    fn again(&self) -> Option<Instant> {
        let refused = self.conversation.was_refused();
        self.link.deadline().filter(|_| refused)
    }

    /// When the seconds until then are another number on the screen.
    fn next_count(&self) -> Option<Instant> {
        self.prompt.as_ref()?;
        next_second(self.again()?, Instant::now())
    }

    /// What is to be shown now.
    fn lines(&mut self, now: Instant) -> Vec<Line> {
        let mut lines = Vec::new();
        for line in self.conversation.shown().drain(..) {
            if !(self.quiet && matches!(line.kind, Kind::Entered(_) | Kind::Left(_))) {
                self.fold.push(line, now, &mut lines);
            }
        }
        self.fold.expire(now, &mut lines);
        lines
    }
}

impl From<anyhow::Error> for StartError {
    fn from(error: anyhow::Error) -> Self {
        Self::System(error)
    }
}

const SOCKET: Token = Token(0);
const INPUT: Token = Token(1);
const SIGNALS: Token = Token(2);

/// What is read before it is looked whether more can be held: 16 KiB can have
/// more than a MiB of rows.
const READ_BUFFER: usize = 16 * 1024;

/// Buffers that are read before keys are seen to and the screen is repainted.
const READS: usize = 16;

/// Lines that may wait to be confirmed before no more are taken.
const MAX_UNDELIVERED: usize = 256;

/// Bytes that may wait to be sent, likewise.
const MAX_OUTPUT: usize = 64 * 1024;

/// How long the server has to close after we said goodbye.
const LEAVE_FOR: Duration = Duration::from_secs(1);
