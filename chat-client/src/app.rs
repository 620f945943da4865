//! The event loop: socket, keyboard and signals on one poll.
//!
//! A round takes all input, gives it to the conversation and the editor, and then
//! repaints once. Rounds go on while the connection is lost, so that the person can
//! type and leave.

mod connection;
mod end;
mod finish;
mod input;
mod intake;
mod interface;
mod press;
mod prompt;
mod settings;
mod watched;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::Context;
use chat_proto::text;
use mio::{Events, Poll, Token, Waker};

use crate::conversation::Conversation;
use crate::input::Input;
use crate::net::link;
use crate::net::link::Link;
use crate::output::Output;
use crate::output::fold::Fold;
use crate::output::line::{Kind, Line, Presence};
use crate::output::plain::Format;
use crate::output::screen::give_back_in_time;
use crate::output::screen::view::Block;
use crate::random::Random;
use crate::sys::{Signal, Signals};
use end::End;
use intake::Intake;
use interface::Interface;
use prompt::{Prompt, next_second};
pub use settings::{Mode, Settings, StartError, Watch};
use watched::Watched;

/// The client, with a connection or on the way to one.
pub struct App {
    poll: Poll,
    link: Link,
    signals: Signals,
    inputs: Receiver<Input>,
    /// Kept: a waker that is dropped takes its last wake-up along.
    _waker: Arc<Waker>,
    conversation: Conversation,
    output: Output,
    /// What the person types, where there is a prompt.
    prompt: Option<Prompt>,
    /// Lines that are shown above the prompt, where there are any.
    watched: Option<Watched>,
    format: Format,
    fold: Fold,
    presence: Presence,
    /// Bytes were sent, which input or leaving may have waited for.
    sent: bool,
    intake: Intake,
    /// We have stopped ourselves and taken the terminal again; the SIGCONT is still to
    /// come.
    resumed: bool,
    /// Our last words are said; the server has until this moment to close.
    leaving: Option<Instant>,
    buffer: Box<[u8]>,
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
        let watch = link::Watch {
            registry: poll.registry().try_clone().context("cannot share a poll")?,
            token: SOCKET,
            waker: Arc::clone(&waker),
        };
        let mut random = Random::new().context("the system gives no random numbers")?;
        // Signals end the client at once until it has a connection.
        let link = Link::open(
            settings.target,
            settings.security,
            settings.reconnect,
            watch,
            random.split(),
        );
        let link = link.map_err(StartError::Connect)?;
        let mut conversation = Conversation::new(settings.join, random, Instant::now());
        let connected = format!("connected to {}", link.target());
        conversation.show(Line::notice(text::clean(&connected)));
        if let Some(note) = settings.note {
            conversation.show(Line::status(note));
        }
        let signals = Signals::register(poll.registry(), SIGNALS, give_back_in_time)
            .context("cannot watch for signals")?;
        let (presence, format) = (settings.presence, settings.mode.format());
        if format == Format::Objects {
            conversation.keep_objects(presence);
        }
        let watched = Watched::open(settings.watch, &waker);
        let person = Interface::open(settings.mode, settings.style, Arc::clone(&waker))?;
        let trouble = person.trouble.into_iter();
        trouble.for_each(|line| conversation.show(line));
        let mut app = Self {
            poll,
            link,
            signals,
            inputs: person.inputs,
            _waker: waker,
            conversation,
            output: person.output,
            prompt: person.prompt,
            watched,
            format,
            fold: Fold::default(),
            presence,
            sent: false,
            intake: Intake::Open,
            resumed: false,
            leaving: None,
            buffer: vec![0; READ_BUFFER].into(),
        };
        app.meet();
        Ok(app)
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
                    self.link.handle_event(event);
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
        if let Some(end) = self.reconnect(now) {
            return Some(end);
        }
        self.take_watched();
        let ended = self.receive().or_else(|| self.take_inputs());
        self.conversation.expire(Instant::now());
        self.leave_when_done();
        let ended = ended
            .or_else(|| self.check_foreign_server())
            .or_else(|| self.while_away())
            .or_else(|| self.send());
        if let Err(error) = self.show() {
            return Some(End::OutputGone(error));
        }
        let waited = self.leaving.is_some_and(|until| until <= Instant::now());
        ended.or_else(|| waited.then_some(End::Left))
    }

    fn timeout(&self) -> Option<Duration> {
        if self.link.is_readable() && !self.output.is_full() || self.sent {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.conversation.deadline(),
            self.fold.deadline(),
            self.output.deadline(),
            self.next_countdown(),
            self.link.deadline(),
            self.give_up_at(),
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
                Signal::Continue => self.output.resume(),
                // The next repaint asks for it.
                Signal::Resize => Ok(()),
            };
            if let Err(error) = obeyed {
                return Some(End::OutputGone(error));
            }
        }
        None
    }

    /// Stops the process until it gets SIGCONT.
    fn suspend(&mut self) -> io::Result<()> {
        if self.watched.is_some() {
            // The program that writes those lines would go on, and its shell wait for it.
            let why = "this prompt cannot be stopped: the program that has started it goes on";
            self.conversation.show(Line::error(why));
            return Ok(());
        }
        self.output.suspend()?;
        self.resumed = true;
        Ok(())
    }

    fn show(&mut self) -> io::Result<()> {
        let lines = self.lines(Instant::now());
        self.take(&lines);
        let (again, now) = (self.retry_at(), Instant::now());
        let block = match &self.prompt {
            Some(prompt) => prompt.block(&self.conversation, again, now),
            None => Block::default(),
        };
        self.output.show(&block)
    }

    /// Hands lines to the output, or objects in their stead.
    fn take(&mut self, lines: &[Line]) {
        self.output.take(lines, self.conversation.me());
        if self.format == Format::Objects {
            self.output
                .take_objects(self.conversation.objects().drain(..));
        }
    }

    /// When a server that was full is tried again.
    fn retry_at(&self) -> Option<Instant> {
        let refused = self.conversation.was_refused();
        self.link.deadline().filter(|_| refused)
    }

    /// When the seconds until then are another number on the screen.
    fn next_countdown(&self) -> Option<Instant> {
        self.prompt.as_ref()?;
        next_second(self.retry_at()?, Instant::now())
    }

    /// The lines to show now.
    fn lines(&mut self, now: Instant) -> Vec<Line> {
        let mut lines = Vec::new();
        for line in self.conversation.shown().drain(..) {
            let is_presence = matches!(
                line.kind,
                Kind::Entered(_) | Kind::Left(_) | Kind::People(_)
            );
            if !is_presence || self.presence == Presence::Shown {
                self.fold.push(line, now, &mut lines);
            }
        }
        self.fold.expire(now, &mut lines);
        lines
    }
}

const SOCKET: Token = Token(0);
const INPUT: Token = Token(1);
const SIGNALS: Token = Token(2);

/// Bytes of one read. 16 KiB can become more than a MiB of rows, so the output is asked
/// after each read whether it is full.
const READ_BUFFER: usize = 16 * 1024;
