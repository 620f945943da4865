//! The ways to show a conversation: on a terminal, with a block below, or
//! as plain lines for pipes, files and terminals that can do no more.

mod patient;
mod questions;
mod window;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use chat_proto::name::Name;

use crate::ansi;
use crate::line::{Kind, Line};
use crate::style::Style;
use crate::sys;
use crate::terminal::identity::{Answer, reflow_of_term};
use crate::terminal::{self, RawMode};
use crate::view::{Block, View};
use patient::Patient;
use questions::Questions;
use window::Window;

/// Where lines are shown.
#[derive(Debug)]
pub enum Front {
    /// A terminal, with the block below.
    Screen(Box<Screen>),
    /// Anything else: each line once.
    Plain(Plain),
}

/// The terminal. The raw mode goes last.
#[derive(Debug)]
pub struct Screen {
    out: Patient,
    style: Style,
    view: View,
    window: Window,
    questions: Questions,
    held: Held,
    /// When something was last drawn.
    painted: Instant,
    raw: RawMode,
}

/// What is still to be drawn, in this round or once the window keeps its size.
#[derive(Debug, Default)]
struct Held {
    rows: String,
    bell: bool,
}

/// Standard output that is only written to.
#[derive(Debug)]
pub struct Plain {
    out: Patient,
    style: Style,
    what: What,
    /// What is still to be written in this round.
    rows: String,
}

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The conversation, for people.
    Lines,
    /// The server's objects, for programs.
    Objects,
    /// Nothing.
    Nothing,
}

impl Front {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    pub fn screen(style: Style) -> io::Result<Self> {
        let mut out = Patient(sys::output()?);
        let raw = RawMode::enter()?;
        let term = std::env::var("TERM").unwrap_or_default();
        let questions = Questions::put(&term, &mut out)?;
        Ok(Self::Screen(Box::new(Screen {
            out,
            view: View::new(reflow_of_term(&term), style.has_color()),
            style: style.raw(),
            window: Window::new(terminal::size()),
            questions,
            held: Held::default(),
            painted: Instant::now(),
            raw,
        })))
    }

    /// Writes to standard output.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn plain(style: Style, what: What) -> io::Result<Self> {
        let out = Patient(sys::output()?);
        let rows = String::new();
        Ok(Self::Plain(Plain {
            out,
            style,
            what,
            rows,
        }))
    }

    /// Takes what the terminal says of itself.
    pub fn hear(&mut self, answer: &Answer) {
        if let Self::Screen(screen) = self
            && let Some(reflow) = screen.questions.hear(answer, Instant::now())
        {
            screen.view.set_reflow(reflow);
        }
    }

    /// How long an answer of the terminal may still be on its way. Once the terminal
    /// is given back it would be taken for something that was typed.
    pub fn is_answered_within(&self, now: Instant) -> Option<Duration> {
        match self {
            Self::Screen(screen) => screen.questions.are_answered_within(now),
            Self::Plain(_) => None,
        }
    }

    /// When [`Front::show`] wants to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Screen(screen) => screen.window.settles(),
            Self::Plain(_) => None,
        }
    }

    /// Whether so much waits to be shown that nothing more is to be read.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Screen(screen) => screen.held.is_full(),
            Self::Plain(plain) => plain.rows.len() >= MAX_HELD,
        }
    }

    /// Takes finished lines, which [`Front::show`] will show to the person called `me`.
    pub fn take(&mut self, lines: &[Line], me: Option<&Name>) {
        match self {
            Self::Screen(screen) => screen.take(lines, me),
            Self::Plain(plain) => plain.take(lines, me),
        }
    }

    /// Takes objects of the server, likewise, where these are shown.
    pub fn take_objects(&mut self, objects: impl Iterator<Item = String>) {
        if let Self::Plain(plain) = self {
            plain.take_objects(objects);
        }
    }

    /// Shows what was taken, and below it, on a screen, the block as it is now.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn show(&mut self, block: &Block) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.show(block),
            Self::Plain(plain) => plain.show(),
        }
    }

    /// Makes the screen empty; what was on it is above it.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.view.clear(&mut screen.out, terminal::size()),
            Self::Plain(_) => Ok(()),
        }
    }

    /// Gives the terminal back, stops the process, and takes the terminal
    /// again when it goes on.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        if let Self::Screen(screen) = self {
            screen.view.erase(&mut screen.out, terminal::size())?;
            screen.raw.leave();
        }
        sys::suspend()?;
        self.resume()
    }

    /// Takes the terminal again: somebody else had it.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    pub fn resume(&mut self) -> io::Result<()> {
        match self {
            Self::Screen(screen) => {
                screen.view.forget();
                screen.raw.again()
            }
            Self::Plain(_) => Ok(()),
        }
    }

    /// Shows what was taken, and takes the block away.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self {
            Self::Screen(screen) => screen.finish(),
            Self::Plain(plain) => plain.show(),
        }
    }
}

impl Screen {
    fn show(&mut self, block: &Block) -> io::Result<()> {
        let now = Instant::now();
        let size = terminal::size();
        if size != self.window.size() && now < self.painted + self.questions.flight() {
            self.view.distrust();
        }
        if !self.window.is_settled(size, now) {
            return Ok(());
        }
        let Held { rows, bell } = std::mem::take(&mut self.held);
        self.painted = now;
        let before = if bell { ansi::BELL } else { "" };
        self.view
            .paint(&mut self.out, size, before.as_bytes(), &rows, block)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.view.erase(&mut self.out, terminal::size())?;
        self.out.write_all(self.held.rows.as_bytes())?;
        self.out.flush()
    }

    fn take(&mut self, lines: &[Line], me: Option<&Name>) {
        self.held.add(lines, &mut self.style, me, Instant::now());
    }
}

impl Held {
    fn add(&mut self, lines: &[Line], style: &mut Style, me: Option<&Name>, now: Instant) {
        for line in lines {
            style.render(line, me, &mut self.rows);
            self.bell |= style.rings(line, me, now);
        }
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= MAX_HELD
    }
}

impl Plain {
    fn show(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        self.out.write_all(rows.as_bytes())?;
        self.out.flush()
    }

    /// What went wrong is on standard error, so that a script can tell it from
    /// what was said.
    fn take(&mut self, lines: &[Line], me: Option<&Name>) {
        for line in lines {
            let aloud = match &line.kind {
                Kind::Trouble(text) => Some(text),
                // Programs read only objects, and people may still wonder.
                Kind::Aside(text) if self.what == What::Objects => Some(text),
                _ => None,
            };
            if let Some(text) = aloud {
                // Standard error is the last resort.
                let _ = writeln!(io::stderr(), "chat-client: {text}");
            } else if self.what == What::Lines {
                self.style.render(line, me, &mut self.rows);
            }
        }
    }

    fn take_objects(&mut self, objects: impl Iterator<Item = String>) {
        if self.what == What::Objects {
            for object in objects {
                self.rows.extend([&object, "\n"]);
            }
        }
    }
}

/// From as many bytes on that are to be shown, be it because the window changes
/// its size, the rest waits in the socket. Lines would be no measure, nor would
/// what came: 4 KiB of line ends are 500 KiB of rows.
const MAX_HELD: usize = 512 << 10;

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::style::{Bell, TimeStyle};

    /// However long the lines are that come while somebody drags the
    /// window, what is held of them is bounded.
    #[test]
    fn what_is_held_is_full_at_its_limit() {
        let zone = jiff::tz::TimeZone::UTC;
        let mut style = Style::new(false, TimeStyle::None, Bell::Off, zone, Timestamp::now).raw();
        for length in [1, 4096, 64 * 1024] {
            let line = Line::new(None, Kind::Raw("x".repeat(length)));
            let mut held = Held::default();
            let mut bytes = 0;
            while !held.is_full() {
                held.add(
                    std::slice::from_ref(&line),
                    &mut style,
                    None,
                    Instant::now(),
                );
                bytes = held.rows.len();
                assert_eq!(held.is_full(), bytes >= MAX_HELD);
            }
            assert!(bytes < MAX_HELD + 2 * length + 2, "{bytes}");
        }
    }
}
