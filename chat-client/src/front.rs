//! The ways to show a conversation: on a terminal, with the prompt below, or
//! as plain lines for pipes, files and terminals that can do no more.

mod patient;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use chat_proto::name::Name;

use crate::conversation::Conversation;
use crate::editor::{Editor, History, Key, Outcome};
use crate::layout::{Size, drawn};
use crate::line::{Kind, Line};
use crate::style::Style;
use crate::sys;
use crate::terminal::{self, RawMode};
use crate::view::{Block, Reflow, View};
use patient::Patient;

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
    held: Held,
    /// When something was last drawn.
    painted: Instant,
    /// When a server that was full is tried again.
    again: Option<Instant>,
    raw: RawMode,
}

/// The size of the window, and whether it is to be relied upon.
///
/// A terminal that breaks rows anew, as tmux does, tells of a new size up to a
/// quarter of a second late while somebody drags its border. Whatever is drawn
/// meanwhile is not where we believe it to be, and could not be erased without
/// taking what others said with it: so nothing is drawn until the size has
/// been the same for [`SETTLE`].
#[derive(Debug)]
struct Window {
    size: Size,
    /// When the first and the last of these changes were noticed.
    changing: Option<(Instant, Instant)>,
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
        let reflow = Reflow::detect(|name| std::env::var(name).ok());
        let out = Patient(sys::output()?);
        let raw = RawMode::enter()?;
        Ok(Self::Screen(Box::new(Screen {
            out,
            view: View::new(reflow, style.has_color()),
            style: style.raw(),
            editor: Editor::new(history, chat_proto::text::MAX_TEXT),
            window: Window {
                size: terminal::size(),
                changing: None,
            },
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
        if size != self.window.size && now < self.painted + IN_FLIGHT {
            self.view.distrust();
        }
        let settled = self.window.is_settled(size, now);
        self.take(lines, conversation);
        if self.view.reflows() && !settled {
            return Ok(());
        }
        let Held { rows, bell } = std::mem::take(&mut self.held);
        self.painted = now;
        let block = self.block(conversation);
        let before: &[u8] = if bell { b"\x07" } else { b"" };
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

impl Window {
    fn is_settled(&mut self, size: Size, now: Instant) -> bool {
        if size != self.size {
            self.size = size;
            let first = self.changing.map_or(now, |(first, _)| first);
            self.changing = Some((first, now));
        }
        if self.settles().is_some_and(|until| until <= now) {
            self.changing = None;
        }
        self.changing.is_none()
    }

    fn settles(&self) -> Option<Instant> {
        self.changing
            .map(|(first, last)| (last + SETTLE).min(first + SETTLE_AT_MOST))
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

/// What was drawn so shortly before a new size was noticed may have met it.
const IN_FLIGHT: Duration = Duration::from_millis(20);

/// How long a window keeps its size before it is drawn upon. tmux puts changes
/// within a quarter of a second together.
const SETTLE: Duration = Duration::from_millis(300);

/// Somebody who never stops dragging sees something all the same.
const SETTLE_AT_MOST: Duration = Duration::from_secs(2);

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

    #[test]
    fn a_window_settles_when_nobody_drags_it() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let size = |width| Size { width, height: 9 };
        let mut window = Window {
            size: size(80),
            changing: None,
        };
        assert!(window.is_settled(size(80), start));
        assert!(!window.is_settled(size(70), start));
        assert!(!window.is_settled(size(60), at(200)));
        assert_eq!(window.settles(), Some(at(500)));
        assert!(!window.is_settled(size(60), at(499)));
        assert!(window.is_settled(size(60), at(500)));
        for step in 0..20 {
            assert!(!window.is_settled(size(20 + step), at(1000 + 100 * step as u64)));
        }
        assert!(window.is_settled(size(50), at(3000)));
    }
}
