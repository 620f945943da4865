//! The ways to show a conversation: on a terminal, with the prompt below, or
//! as plain lines for pipes, files and terminals that can do no more.

use std::io::{self, Write};
use std::time::Instant;

use crate::conversation::Conversation;
use crate::editor::{Editor, History, Key, Outcome};
use crate::line::{Kind, Line};
use crate::style::Style;
use crate::sys::{self, Output};
use crate::terminal::{self, RawMode};
use crate::view::{Block, Reflow, View};

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
    out: Output,
    style: Style,
    view: View,
    editor: Editor,
    raw: RawMode,
}

/// Standard output that is only written to.
#[derive(Debug)]
pub struct Plain {
    out: Output,
    style: Style,
    what: What,
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
        let out = sys::output()?;
        let raw = RawMode::enter()?;
        Ok(Self::Screen(Box::new(Screen {
            out,
            view: View::new(reflow, style.has_color()),
            style,
            editor: Editor::new(history, chat_proto::text::MAX_TEXT),
            raw,
        })))
    }

    /// Writes to standard output.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn plain(style: Style, what: What) -> io::Result<Self> {
        let out = sys::output()?;
        Ok(Self::Plain(Plain { out, style, what }))
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
        let (rows, bell) = self.render(lines, conversation);
        let block = self.block(conversation);
        let before: &[u8] = if bell { b"\x07" } else { b"" };
        self.view
            .paint(&mut self.out, terminal::size(), before, &rows, &block)
    }

    fn finish(&mut self, lines: &[Line], conversation: &Conversation) -> io::Result<()> {
        let (rows, _) = self.render(lines, conversation);
        self.view.erase(&mut self.out, terminal::size())?;
        let text: String = rows.iter().map(|row| format!("{row}\r\n")).collect();
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn render(&mut self, lines: &[Line], conversation: &Conversation) -> (Vec<String>, bool) {
        let now = Instant::now();
        let mut rows = Vec::new();
        let mut bell = false;
        for line in lines {
            self.style.render(line, conversation.me(), &mut rows);
            bell |= self.style.rings(line, conversation.me(), now);
        }
        (rows, bell)
    }

    fn block(&self, conversation: &Conversation) -> Block {
        let prompt = match self.editor.search() {
            Some(search) if search.found => format!("(search '{}') ", search.query),
            Some(search) => format!("(search '{}': not found) ", search.query),
            None => PROMPT.to_owned(),
        };
        let cursor = prompt.len() + self.editor.cursor();
        Block {
            pending: conversation.undelivered().map(pending).collect(),
            text: prompt + self.editor.text(),
            cursor,
        }
    }
}

impl Plain {
    /// What went wrong is on standard error, so that a script can tell it from
    /// what was said.
    fn show(&mut self, lines: &[Line], conversation: &mut Conversation) -> io::Result<()> {
        let mut rows = Vec::new();
        for line in lines {
            if let Kind::Trouble(text) = &line.kind {
                // Standard error is the last resort.
                let _ = writeln!(io::stderr(), "chat-client: {text}");
            } else if self.what == What::Lines {
                self.style.render(line, conversation.me(), &mut rows);
            }
        }
        if self.what == What::Objects {
            rows.append(conversation.objects());
        }
        if rows.is_empty() {
            return Ok(());
        }
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

/// The row of a line that the room does not have yet.
fn pending(said: &str) -> String {
    match said.split_once('\n') {
        None => format!("{PROMPT}{said}"),
        Some((first, rest)) => {
            let more = rest.split('\n').count();
            format!("{PROMPT}{first} (and {more} more)")
        }
    }
}

/// What stands before the line that is being typed.
const PROMPT: &str = "<You> ";
