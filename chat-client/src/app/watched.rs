//! Lines of another program that are shown above the prompt, as those of the log of a server
//! whose console this is. They come by standard input, and keys come from the terminal.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use chat_proto::text;
use mio::Waker;

use super::App;
use super::settings::Watch;
use crate::input::{Input, pipe};
use crate::output::line::{Kind, Line};

/// The lines that have come.
pub(super) struct Watched(Receiver<Input>);

impl Watched {
    /// Starts to read, if there is something to read. The thread wakes the loop with `waker`.
    pub(super) fn open(watch: Watch, waker: &Arc<Waker>) -> Option<Self> {
        match watch {
            Watch::Nothing => None,
            Watch::Stdin => Some(Self(pipe::read_lines(Arc::clone(waker)))),
        }
    }
}

impl App {
    /// Shows what has come. When nothing follows the prompt stays: what it talks to is the
    /// server.
    pub(super) fn take_watched(&mut self) {
        let Some(Watched(lines)) = &self.watched else {
            return;
        };
        for input in lines.try_iter().take(MOST) {
            if let Input::Line(line) = input {
                let line = text::clean(&line).into_owned();
                self.conversation.show(Line::new(None, Kind::Raw(line)));
            }
        }
    }
}

/// Lines that are shown before keys are seen to. For those that came behind them the loop has
/// been woken again: more than wait at most are taken at a time.
const MOST: usize = 256;
