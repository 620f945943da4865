//! Input from the prompt or a pipe, and leaving after its end.

use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use super::App;
use super::end::End;
use crate::conversation::Audience;
use crate::input::Input;
use crate::output::line::Line;

impl App {
    pub(super) fn take_inputs(&mut self) -> Option<End> {
        while self.takes_input() {
            match self.inputs.try_recv() {
                Ok(Input::Pressed(presses)) => {
                    for press in presses {
                        if let Some(end) = self.press(press) {
                            return Some(end);
                        }
                    }
                }
                Ok(Input::Line(line)) => {
                    self.conversation.say(line);
                    if self.conversation.has_said_quit() {
                        // Nothing is meant to follow.
                        self.intake.end(Instant::now());
                    }
                }
                Ok(Input::BadLine(why)) => self.conversation.refuse(why.to_owned()),
                Ok(Input::Failed(why)) => {
                    self.intake.fail(Instant::now());
                    let trouble = format!("cannot read standard input: {why}");
                    self.conversation.show(Line::error(trouble));
                }
                Ok(Input::Resized) => {}
                Ok(Input::Closed) | Err(TryRecvError::Disconnected) => {
                    self.intake.end(Instant::now());
                    break;
                }
                Err(TryRecvError::Empty) => break,
            }
        }
        if self.conversation.undelivered().count() < MAX_UNDELIVERED {
            self.intake.open();
        } else {
            self.intake.fill(Instant::now());
        }
        None
    }

    /// A pipe waits while the server has much to confirm; a person never does.
    fn takes_input(&mut self) -> bool {
        self.prompt.is_some()
            || self.conversation.undelivered().count() < MAX_UNDELIVERED
                && self.conversation.output().len() < MAX_OUTPUT
    }

    /// Leaves after the last line of a pipe, once the server has it. Leaves at once
    /// when the terminal is gone: no person is there to wait.
    pub(super) fn leave_when_done(&mut self) {
        let done = match self.prompt {
            Some(_) => true,
            // A program is to know whether that is a chat server, also if it says
            // nothing.
            _ if self.conversation.audience() == Audience::Program => {
                self.conversation.is_settled() && self.conversation.all_delivered()
            }
            _ => self.conversation.all_delivered(),
        };
        if self.intake.has_ended() && done && !self.conversation.is_leaving() {
            self.conversation.quit();
        }
        if self.conversation.is_leaving() && self.leaving.is_none() {
            self.leaving = Some(Instant::now() + LEAVE_FOR);
        }
    }
}

/// Lines that may wait to be confirmed before no more are taken.
const MAX_UNDELIVERED: usize = 256;

/// Bytes that may wait to be sent, likewise.
const MAX_OUTPUT: usize = 64 * 1024;

/// How long the server has to close after we said goodbye.
const LEAVE_FOR: Duration = Duration::from_secs(1);
