//! What the person reads and types with.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use anyhow::Context;
use mio::Waker;

use super::prompt::Prompt;
use super::settings::Mode;
use crate::input::term::Pastes;
use crate::input::{Input, keys, pipe};
use crate::output::Output;
use crate::output::line::Line;
use crate::output::style::Style;

/// Where lines are shown and where they come from.
pub(super) struct Interface {
    pub(super) output: Output,
    pub(super) inputs: Receiver<Input>,
    pub(super) prompt: Option<Prompt>,
    /// A line for the person, if the history cannot be read.
    pub(super) trouble: Option<Line>,
}

impl Interface {
    /// Takes the terminal or the pipes. The thread that reads wakes the loop with `waker`.
    ///
    /// # Errors
    ///
    /// When there is no terminal or no output.
    pub(super) fn open(mode: Mode, style: Style, waker: Arc<Waker>) -> anyhow::Result<Self> {
        let format = mode.format();
        let plain = |style| Output::plain(style, format).context("there is no standard output");
        let mut prompt = None;
        let mut trouble = None;
        let (output, inputs) = match mode {
            Mode::Prompt(store) => {
                let (begun, unread) = Prompt::new(store);
                (prompt, trouble) = (Some(begun), unread);
                let output = Output::screen(style).context("cannot use this terminal")?;
                let term = std::env::var("TERM").unwrap_or_default();
                (output, keys::read(waker, Pastes::of_term(&term)))
            }
            Mode::Lines(_) => (plain(style)?, pipe::read_lines(waker)),
            Mode::Block => (plain(style)?, pipe::read_block(waker)),
        };
        Ok(Self {
            output,
            inputs,
            prompt,
            trouble,
        })
    }
}
