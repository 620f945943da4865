//! What the client says last, and with which status it ends.

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use chat_proto::text;

use super::App;
use super::end::End;
use crate::conversation::{Audience, LET_IN_WITHIN};
use crate::input::{Input, Press};
use crate::net::backoff::GIVE_UP_AFTER;
use crate::output::line::Line;
use crate::output::plain::What;
use crate::reason::reason;

impl App {
    /// Tells what there is to tell at the end; the exit status.
    pub(super) fn finish(mut self, end: End) -> ExitCode {
        // What was read and not looked at any more was not delivered, either. Of
        // a server of plain lines nobody knows what it has.
        while !self.conversation.is_plain()
            && let Ok(Input::Line(line)) = self.inputs.try_recv()
        {
            self.conversation.say(line);
        }
        let now = Instant::now();
        let mut lines = self.lines(now);
        self.fold.flush(now, &mut lines);
        let undelivered = self.undelivered();
        let (status, trouble) = match end {
            End::Left if self.intake.is_broken() || self.refused_input() => (1, None),
            // Who leaves a server that is away, or that stands still, leaves
            // what was to be sent.
            End::Left if !undelivered.is_empty() => (1, None),
            End::Left => (0, None),
            // Whoever reads us has enough, as with `| head`.
            End::OutputGone(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                (u8::from(!undelivered.is_empty()), None)
            }
            End::OutputGone(error) => {
                let trouble = format!("cannot write to standard output: {}", reason(&error));
                (1, Some(trouble))
            }
            End::ServerGone(why) => (1, why),
            End::NotLetIn => {
                let seconds = LET_IN_WITHIN.as_secs();
                let trouble = format!("the server has not let us in after {seconds} s");
                (1, Some(trouble))
            }
            End::GivenUp => {
                let seconds = GIVE_UP_AFTER.as_secs();
                let trouble = match self.conversation.was_welcomed() {
                    true => format!("the server went away, and was not back after {seconds} s"),
                    false => format!("the server has not let us in after {seconds} s"),
                };
                (1, Some(trouble))
            }
            End::NotAChat => {
                let trouble = "that is no chat server: it does not speak in lines";
                (1, Some(trouble.to_owned()))
            }
            End::Stranger(stranger) => {
                let advice = match self.what {
                    // There it would have nothing to print.
                    What::Objects => "",
                    _ if stranger.may_be_plain() => PLAIN_SERVER,
                    _ => "",
                };
                (1, Some(format!("{stranger}{advice}")))
            }
            End::Interrupted => (128 + 2, None),
            End::Signal(signal) => (128u8.saturating_add(signal), None),
        };
        lines.extend(undelivered.into_iter().chain(trouble).map(Line::trouble));
        if let Some(prompt) = &self.prompt {
            prompt.tidy();
            // So that it can be copied.
            let draft = prompt.draft();
            if !draft.is_empty() {
                lines.insert(0, Line::trouble(format!("not sent: {draft}")));
            }
        }
        self.await_answers();
        // An output that is gone needs no last lines.
        self.take(&lines);
        let _ = self.front.finish();
        ExitCode::from(status)
    }

    /// Waits for what the terminal was asked at the start, if the client ends so soon.
    fn await_answers(&mut self) {
        while let Some(within) = self.front.is_answered_within(Instant::now())
            && let Ok(input) = self.inputs.recv_timeout(within)
        {
            let Input::Pressed(presses) = input else {
                continue;
            };
            for press in presses {
                if let Press::Answer(answer) = press {
                    self.front.hear(&answer);
                }
            }
        }
    }

    /// Whether something of a pipe was refused, so that the room has not got it. A person
    /// has seen it, and may have said it in another way.
    fn refused_input(&self) -> bool {
        self.conversation.audience() == Audience::Program && self.conversation.refused() > 0
    }

    fn undelivered(&self) -> Vec<String> {
        let mut rest = self.conversation.undelivered();
        let mut lines: Vec<String> = rest
            .by_ref()
            .take(MAX_LISTED)
            // What waits is still as it came, perhaps from a pipe.
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

/// Lines that were not delivered and are shown again one by one.
const MAX_LISTED: usize = 10;
