//! The two ways to show a conversation: on a terminal, with the prompt below,
//! or as plain lines for files and pipes.

use std::io::{self, Write};

use crate::editor::{Editor, Key, Outcome};
use crate::layout::Size;
use crate::terminal::{self, Output, RawMode};
use crate::view::{Reflow, View};

/// Where lines are shown.
#[derive(Debug)]
pub enum Front {
    /// A terminal, with the line that is being typed.
    Screen(Screen),
    /// Anything else: each line once.
    Plain(Output),
}

/// The terminal. The raw mode goes last.
#[derive(Debug)]
pub struct Screen {
    out: Output,
    view: View,
    editor: Editor,
    _raw: RawMode,
}

impl Front {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    pub fn screen() -> io::Result<Self> {
        let reflow = Reflow::detect(|name| std::env::var(name).ok());
        let out = terminal::output()?;
        let raw = RawMode::enter()?;
        Ok(Self::Screen(Screen {
            out,
            view: View::new(reflow),
            editor: Editor::default(),
            _raw: raw,
        }))
    }

    /// Writes lines to standard output.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn plain() -> io::Result<Self> {
        terminal::output().map(Self::Plain)
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Outcome {
        match self {
            Self::Screen(screen) => screen.editor.handle(key),
            Self::Plain(_) => Outcome::Edited,
        }
    }

    /// Shows finished lines and takes them away; shows the prompt as it is now.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn show(&mut self, lines: &mut Vec<String>) -> io::Result<()> {
        match self {
            Self::Screen(screen) => screen.paint(lines, terminal::size())?,
            Self::Plain(_) if lines.is_empty() => {}
            Self::Plain(out) => {
                let mut bytes = String::new();
                for line in &*lines {
                    bytes.push_str(line);
                    bytes.push('\n');
                }
                out.write_all(bytes.as_bytes())?;
                out.flush()?;
            }
        }
        lines.clear();
        Ok(())
    }

    /// Shows the last lines, and then `problems`, which are what went wrong:
    /// they stand with the others on a terminal and on standard error
    /// otherwise. A draft that was not sent stays visible, so that it can be
    /// copied; an empty prompt goes away.
    ///
    /// # Errors
    ///
    /// When standard output is gone.
    pub fn finish(mut self, lines: &mut Vec<String>, problems: &[String]) -> io::Result<()> {
        if let Self::Screen(screen) = &mut self {
            if !screen.editor.text().is_empty() {
                lines.push(format!("-- not sent: {}", screen.editor.text()));
            }
            screen.view.erase(&mut screen.out, terminal::size())?;
            let mut bytes = String::new();
            for line in lines.iter().chain(problems) {
                bytes.push_str(line);
                bytes.push_str("\r\n");
            }
            screen.out.write_all(bytes.as_bytes())?;
            return screen.out.flush();
        }
        let shown = self.show(lines);
        let mut stderr = io::stderr().lock();
        for problem in problems {
            let _ = writeln!(stderr, "chat-client: {}", problem.trim_start_matches("-- "));
        }
        shown
    }
}

impl Screen {
    fn paint(&mut self, lines: &[String], size: Size) -> io::Result<()> {
        let text = format!("{PROMPT}{}", self.editor.text());
        let cursor = PROMPT.len() + self.editor.cursor();
        self.view.paint(&mut self.out, size, lines, &text, cursor)
    }
}

/// What stands before the line that is being typed.
const PROMPT: &str = "<You> ";
