//! The ways to show a conversation: on a terminal, with the prompt below, or
//! as plain lines for pipes, files and terminals that can do no more.

mod patient;
mod questions;
mod window;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use chat_proto::name::Name;

use crate::ansi;
use crate::conversation::Conversation;
use crate::editor::{Editor, History, Key, Outcome};
use crate::layout::drawn;
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
    /// A terminal, with the line that is being typed.
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
    editor: Editor,
    window: Window,
    questions: Questions,
    held: Held,
    /// When something was last drawn.
    painted: Instant,
    /// When a server that was full is tried again.
    again: Option<Instant>,
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
    pub fn screen(style: Style, history: History) -> io::Result<Self> {
        let mut out = Patient(sys::output()?);
        let raw = RawMode::enter()?;
        let term = std::env::var("TERM").unwrap_or_default();
        let questions = Questions::put(&term, &mut out)?;
        Ok(Self::Screen(Box::new(Screen {
            out,
            view: View::new(reflow_of_term(&term), style.has_color()),
            style: style.raw(),
            editor: Editor::new(history, chat_proto::text::MAX_TEXT),
            window: Window::new(terminal::size()),
            questions,
            held: Held::default(),
            painted: Instant::now(),
            again: None,
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

    /// Takes a key; there is none but on a terminal.
    pub fn key(&mut self, key: Key, conversation: &Conversation) -> Outcome {
        let Self::Screen(screen) = self else {
            return Outcome::Nothing;
        };
        screen.editor.set_limit(conversation.limit());
        screen.editor.handle(key, || {
            let others = conversation.people().names();
            others
                .chain(conversation.me())
                .map(ToString::to_string)
                .collect()
        })
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

    /// The draft, or what is shown in its place.
    pub fn draft(&self) -> &str {
        match self {
            Self::Screen(screen) => screen.editor.text(),
            Self::Plain(_) => "",
        }
    }

    /// When [`Front::show`] wants to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Screen(screen) => {
                let count = screen.again.and_then(|at| next_second(at, Instant::now()));
                screen.window.settles().into_iter().chain(count).min()
            }
            Self::Plain(_) => None,
        }
    }

    /// Has the seconds counted down until the server is tried again at this moment.
    pub fn count_down(&mut self, again: Option<Instant>) {
        if let Self::Screen(screen) = self {
            screen.again = again;
        }
    }

    /// Whether so much waits to be shown that nothing more is to be read.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Screen(screen) => screen.held.is_full(),
            Self::Plain(plain) => plain.rows.len() >= MAX_HELD,
        }
    }

    /// Takes finished lines, which [`Front::show`] will show.
    pub fn take(&mut self, lines: &[Line], conversation: &mut Conversation) {
        match self {
            Self::Screen(screen) => screen.take(lines, conversation),
            Self::Plain(plain) => plain.take(lines, conversation),
        }
    }

    /// Shows finished lines, and the prompt as it is now.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn show(&mut self, lines: &[Line], conversation: &mut Conversation) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.show(lines, conversation),
            Self::Plain(plain) => plain.show(lines, conversation),
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

    /// Shows the last lines. A draft that was not sent stays visible, so that
    /// it can be copied; an empty prompt goes away.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn finish(
        mut self,
        lines: &mut Vec<Line>,
        conversation: &mut Conversation,
    ) -> io::Result<()> {
        match &mut self {
            Self::Screen(screen) => {
                let draft = screen.editor.text();
                if !draft.is_empty() {
                    lines.insert(0, Line::trouble(format!("not sent: {draft}")));
                }
                screen.finish(lines, conversation)
            }
            Self::Plain(plain) => plain.show(lines, conversation),
        }
    }
}

impl Screen {
    fn show(&mut self, lines: &[Line], conversation: &Conversation) -> io::Result<()> {
        let now = Instant::now();
        let size = terminal::size();
        if size != self.window.size() && now < self.painted + self.questions.flight() {
            self.view.distrust();
        }
        self.take(lines, conversation);
        if !self.window.is_settled(size, now) {
            return Ok(());
        }
        let Held { rows, bell } = std::mem::take(&mut self.held);
        self.painted = now;
        let block = self.block(conversation);
        let before: &[u8] = if bell { ansi::BELL.as_bytes() } else { b"" };
        self.view.paint(&mut self.out, size, before, &rows, &block)
    }

    fn finish(&mut self, lines: &[Line], conversation: &Conversation) -> io::Result<()> {
        self.take(lines, conversation);
        self.view.erase(&mut self.out, terminal::size())?;
        self.out.write_all(self.held.rows.as_bytes())?;
        self.out.flush()
    }

    fn take(&mut self, lines: &[Line], conversation: &Conversation) {
        self.held
            .add(lines, &mut self.style, conversation.me(), Instant::now());
    }

    fn block(&self, conversation: &Conversation) -> Block {
        let prompt = match self.editor.search() {
            Some(search) if search.found => format!("(search '{}') ", search.query),
            Some(search) => format!("(search '{}': not found) ", search.query),
            None => PROMPT.to_owned(),
        };
        let cursor = prompt.len() + self.editor.cursor();
        let when = match self.again.map(|at| seconds_until(at, self.painted)) {
            None | Some(0) => String::new(),
            Some(seconds) => format!(" in {seconds} s"),
        };
        let prompt_length = prompt.len();
        let text = prompt + self.editor.text();
        Block {
            status: conversation
                .away_why()
                .map(|why| format!("-- {why}; trying again{when}, and what you type waits")),
            pending: conversation.undelivered().map(pending).collect(),
            prompt: prompt_length,
            cursor: drawn(&text[..cursor]).len(),
            text: drawn(&text).into_owned(),
        }
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
    fn show(&mut self, lines: &[Line], conversation: &mut Conversation) -> io::Result<()> {
        self.take(lines, conversation);
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        self.out.write_all(rows.as_bytes())?;
        self.out.flush()
    }

    /// What went wrong is on standard error, so that a script can tell it from
    /// what was said.
    fn take(&mut self, lines: &[Line], conversation: &mut Conversation) {
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
                self.style.render(line, conversation.me(), &mut self.rows);
            }
        }
        if self.what == What::Objects {
            for object in conversation.objects().drain(..) {
                self.rows.extend([&object, "\n"]);
            }
        }
    }
}

/// Seconds, rounded up.
fn seconds_until(at: Instant, now: Instant) -> u64 {
    let left = at.saturating_duration_since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// When [`seconds_until`] is another number next.
fn next_second(at: Instant, now: Instant) -> Option<Instant> {
    at.checked_sub(Duration::from_secs(seconds_until(at, now).checked_sub(1)?))
}

/// The row of a line that the room does not have yet.
fn pending(said: &str) -> String {
    let said = drawn(said.trim_end_matches('\n'));
    match said.split_once('\n') {
        None => format!("{PROMPT}{said}"),
        Some((first, rest)) => {
            let more = rest.split('\n').count();
            format!("{PROMPT}{first} (and {more} more)")
        }
    }
}

/// From as many bytes on that are to be shown, be it because the window changes
/// its size, the rest waits in the socket. Lines would be no measure, nor would
/// what came: 4 KiB of line ends are 500 KiB of rows.
const MAX_HELD: usize = 512 << 10;

/// What stands before the line that is being typed.
const PROMPT: &str = "<You> ";

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::style::{Bell, TimeStyle};

    /// K-03: however long the lines are that come while somebody drags the
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

    #[test]
    fn what_waits_is_one_row() {
        for (said, row) in [
            ("one", "<You> one"),
            ("one\n\n", "<You> one"),
            ("one\ntwo\n", "<You> one (and 1 more)"),
            ("one\n\n\tthree", "<You> one (and 2 more)"),
            ("\tone", "<You>     one"),
        ] {
            assert_eq!(pending(said), row);
        }
    }

    #[test]
    fn seconds_are_counted_down() {
        let now = Instant::now();
        let at = now + Duration::from_millis(2500);
        let mut seen = Vec::new();
        let mut then = Some(now);
        while let Some(now) = then {
            seen.push(seconds_until(at, now));
            then = next_second(at, now + Duration::from_micros(1));
        }
        assert_eq!(seen, [3, 2, 1, 0]);
        assert_eq!(next_second(at, at), None);
    }
}
