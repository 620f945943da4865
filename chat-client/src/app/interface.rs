//! What the person reads and types with.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use anyhow::Context;
use mio::Waker;

use super::prompt::Prompt;
use super::settings::Manner;
use crate::input::term::Pastes;
use crate::input::{Input, keys, pipe};
use crate::output::Front;
use crate::output::line::Line;
use crate::output::style::Style;

/// Where lines are shown and where they come from.
pub(super) struct Interface {
    pub(super) front: Front,
    pub(super) inputs: Receiver<Input>,
    pub(super) prompt: Option<Prompt>,
    /// What the person is to be told of it.
    pub(super) trouble: Option<Line>,
}

impl Interface {
    /// Takes the terminal or the pipes. The thread that reads wakes the loop with `waker`.
    ///
    /// # Errors
    ///
    /// When there is no terminal or no output.
    pub(super) fn open(manner: Manner, style: Style, waker: Arc<Waker>) -> anyhow::Result<Self> {
        let what = manner.what();
        let plain = |style| Front::plain(style, what).context("there is no standard output");
        let mut prompt = None;
        let mut trouble = None;
        let (front, inputs) = match manner {
            Manner::Prompt(store) => {
                let (begun, unread) = Prompt::new(store);
                (prompt, trouble) = (Some(begun), unread);
                let front = Front::screen(style).context("cannot use this terminal")?;
                let term = std::env::var("TERM").unwrap_or_default();
                (front, keys::read(waker, Pastes::of_term(&term)))
            }
            Manner::Lines(_) => (plain(style)?, pipe::read_lines(waker)),
            Manner::Block => (plain(style)?, pipe::read_block(waker)),
        };
        Ok(Self {
            front,
            inputs,
            prompt,
            trouble,
        })
    }
}
