//! What the client says last, and with which status it ends.

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chat_proto::text;

use super::App;
use super::end::End;
use crate::conversation::{Audience, LET_IN_WITHIN};
use crate::input::{Input, Press};
use crate::net::backoff::GIVE_UP_AFTER;
use crate::output::line::Line;
use crate::output::plain::Format;
use crate::reason::reason;

impl App {
    /// Shows the last lines and gives the terminal back; the exit status.
    pub(super) fn finish(mut self, end: End) -> ExitCode {
        self.take_watched();
        // Lines that were read and not yet said were not delivered, either. A server of
        // plain lines confirms nothing, so none of its lines is listed.
        while !self.conversation.is_plain()
            && let Ok(Input::Line(line)) = self.inputs.try_recv()
        {
            self.conversation.say(line);
        }
        let now = Instant::now();
        let mut lines = self.lines(now);
        self.fold.flush(now, &mut lines);
        let undelivered = self.undelivered();
        let status = self.status(&end, undelivered.len());
        let trouble = self.trouble(end);
        lines.extend(undelivered.into_iter().chain(trouble).map(Line::error));
        if let Some(prompt) = &self.prompt {
            prompt.tidy();
            // So that it can be copied.
            let draft = prompt.draft();
            if !draft.is_empty() {
                lines.insert(0, Line::error(format!("not sent: {draft}")));
            }
        }
        self.await_answers();
        // An output that is gone needs no last lines.
        self.take(&lines);
        let _ = self.output.finish();
        ExitCode::from(status)
    }

    /// The exit status, where so many lines are `undelivered`.
    fn status(&self, end: &End, undelivered: usize) -> u8 {
        match end {
            End::Left if self.intake.is_broken() || self.refused_input() => 1,
            // A person who leaves while the server is away or stands still leaves lines
            // unsent.
            End::Left => u8::from(undelivered > 0),
            // The reader of our output has enough, as with `| head`.
            End::OutputGone(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                u8::from(undelivered > 0)
            }
            End::Interrupted => 128 + 2,
            End::NoConnection(error) => error.status(),
            End::PutOut => PUT_OUT,
            End::Signal(signal) => 128u8.saturating_add(*signal),
            End::OutputGone(_)
            | End::ServerGone(_)
            | End::NotLetIn
            | End::GivenUp
            | End::NotAChat
            | End::ForeignServer(_) => 1,
        }
    }

    /// What went wrong.
    fn trouble(&self, end: End) -> Option<String> {
        let not_let_in = |time: Duration| {
            let seconds = time.as_secs();
            format!("the server has not let us in after {seconds} s")
        };
        Some(match end {
            End::Left | End::Interrupted | End::Signal(_) | End::PutOut => return None,
            End::OutputGone(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
            End::OutputGone(error) => {
                format!("cannot write to standard output: {}", reason(&error))
            }
            End::ServerGone(why) => return why,
            End::NoConnection(error) => error.to_string(),
            End::NotLetIn => not_let_in(LET_IN_WITHIN),
            End::GivenUp if self.conversation.was_welcomed() => {
                let seconds = GIVE_UP_AFTER.as_secs();
                format!("the server went away, and was not back after {seconds} s")
            }
            End::GivenUp => not_let_in(GIVE_UP_AFTER),
            End::NotAChat => "that is no chat server: it does not speak in lines".to_owned(),
            End::ForeignServer(foreign) => {
                let advice = match self.format {
                    // There it would have nothing to print.
                    Format::Objects => "",
                    _ if foreign.may_be_plain() => PLAIN_SERVER,
                    _ => "",
                };
                format!("{foreign}{advice}")
            }
        })
    }

    /// Waits for the terminal's answers to the queries of the start, if the client ends
    /// so soon.
    fn await_answers(&mut self) {
        while let Some(within) = self.output.answer_due_within(Instant::now())
            && let Ok(input) = self.inputs.recv_timeout(within)
        {
            let Input::Pressed(presses) = input else {
                continue;
            };
            for press in presses {
                if let Press::Answer(answer) = press {
                    self.output.handle_answer(&answer);
                }
            }
        }
    }

    /// Whether a line of a pipe was refused, so that the room does not have it. A
    /// person has seen the refusal, and may have said it in another way.
    fn refused_input(&self) -> bool {
        self.conversation.audience() == Audience::Program && self.conversation.refused() > 0
    }

    fn undelivered(&self) -> Vec<String> {
        let mut rest = self.conversation.undelivered();
        let mut lines: Vec<String> = rest
            .by_ref()
            .take(MAX_LISTED)
            // A line that waits is still as it came, perhaps from a pipe.
            .map(|line| format!("not delivered: {}", text::clean(line)))
            .collect();
        match rest.count() {
            0 => {}
            more => lines.push(format!("and {more} more were not delivered")),
        }
        match self.conversation.unsent() {
            0 => {}
            1 => lines.push("1 line was not sent".to_owned()),
            unsent => lines.push(format!("{unsent} lines were not sent")),
        }
        lines
    }
}

const PLAIN_SERVER: &str = "; if it is a server of plain lines, which cannot confirm what it gets, \
     use --plain-server";

/// The exit status of a client that is not wanted in the room: like that for a server which
/// is not talked to, it tells a script not to come again.
const PUT_OUT: u8 = 4;

/// Lines that were not delivered and are shown again one by one.
const MAX_LISTED: usize = 10;
