//! The terminal: finished lines, and the block below them.

mod identity;
pub mod layout;
mod queries;
mod raw;
mod size;
pub mod view;
mod window;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use chat_proto::name::Name;

use super::ansi;
use super::blocking::BlockingWriter;
use super::line::Line;
use super::pending::PendingOutput;
use super::style::Style;
use crate::input::Answer;
use crate::sys;
use identity::reflow_of_term;
use queries::Queries;
pub use raw::{RawMode, give_back_in_time};
pub use size::Size;
use view::{Block, View};
use window::Window;

/// The terminal. The raw mode goes last.
#[derive(Debug)]
pub struct Screen {
    out: BlockingWriter,
    style: Style,
    view: View,
    window: Window,
    queries: Queries,
    pending: PendingOutput,
    /// When something was last drawn.
    painted: Instant,
    raw: RawMode,
}

impl Screen {
    pub(super) fn take_terminal(style: Style) -> io::Result<Self> {
        let mut out = BlockingWriter(sys::stdout()?);
        let raw = RawMode::enter()?;
        let term = std::env::var("TERM").unwrap_or_default();
        let queries = Queries::send(&term, &mut out)?;
        Ok(Self {
            out,
            view: View::new(reflow_of_term(&term), style.colors()),
            style: style.raw(),
            window: Window::new(size::current()),
            queries,
            pending: PendingOutput::default(),
            painted: Instant::now(),
            raw,
        })
    }

    pub(super) fn handle_answer(&mut self, answer: &Answer) {
        if let Some(reflow) = self.queries.handle_answer(answer, Instant::now()) {
            self.view.set_reflow(reflow);
        }
    }

    pub(super) fn answer_due_within(&self, now: Instant) -> Option<Duration> {
        self.queries.answer_due_within(now)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.window.settles()
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending.is_full()
    }

    pub(super) fn take(&mut self, lines: &[Line], me: Option<&Name>) {
        self.pending.add(lines, &mut self.style, me, Instant::now());
    }

    pub(super) fn show(&mut self, block: &Block) -> io::Result<()> {
        let now = Instant::now();
        let size = size::current();
        if size != self.window.size() && now < self.painted + self.queries.flight() {
            self.view.mark_uncertain();
        }
        if !self.window.is_settled(size, now) {
            return Ok(());
        }
        let PendingOutput { rows, bell } = std::mem::take(&mut self.pending);
        self.painted = now;
        let before = if bell { ansi::BELL } else { "" };
        self.view
            .paint(&mut self.out, size, before.as_bytes(), &rows, block)
    }

    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.view.clear(&mut self.out, size::current())
    }

    pub(super) fn leave(&mut self) -> io::Result<()> {
        self.view.erase(&mut self.out, size::current())?;
        self.raw.leave();
        Ok(())
    }

    pub(super) fn resume(&mut self) -> io::Result<()> {
        self.view.forget();
        self.raw.enter_again()
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.view.erase(&mut self.out, size::current())?;
        self.out.write_all(self.pending.rows.as_bytes())?;
        self.out.flush()
    }
}
