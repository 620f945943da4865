//! Keys at the prompt.

use std::time::Instant;

use super::App;
use super::end::End;
use crate::conversation::is_quit;
use crate::editor::{Key, Outcome};
use crate::input::Press;
use crate::output::line::Line;

impl App {
    /// Takes a key. The end, if the key asks for it.
    pub(super) fn press(&mut self, press: Press) -> Option<End> {
        if let Press::Answer(answer) = press {
            self.output.handle_answer(&answer);
            return None;
        }
        let prompt = self.prompt.as_mut()?;
        let asked = std::mem::take(&mut prompt.is_asked);
        let key = match press {
            Press::Key(key) => key,
            Press::Clear => return self.output.clear().err().map(End::OutputGone),
            Press::Suspend => return self.suspend().err().map(End::OutputGone),
            Press::PasteTooLong => return self.no_room("that paste"),
            Press::Answer(_) => return None,
        };
        let pasted = matches!(key, Key::Paste(_));
        let is_secret = self.conversation.wants_password();
        let cleared = (key == Key::Interrupt && !is_secret).then(|| prompt.draft().to_owned());
        let outcome = prompt.key(key, &self.conversation);
        let is_empty = prompt.draft().is_empty();
        match outcome {
            Outcome::Submitted(password) if is_secret => {
                self.conversation.give_password(&password, Instant::now());
            }
            Outcome::Submitted(line) => {
                self.keep(&line);
                // `/quit` does not wait for its turn.
                if self.conversation.is_waiting() && is_quit(&line) {
                    self.conversation.quit();
                } else {
                    self.conversation.say(line);
                }
            }
            Outcome::TooLong(bytes) => {
                let limit = self.conversation.limit();
                self.conversation.show(Line::error(format!(
                    "not sent: {bytes} bytes, and a message has at most {limit}; \
                     the draft is still here"
                )));
            }
            Outcome::Full if pasted => return self.no_room("that paste"),
            Outcome::Full => return self.no_room("that"),
            Outcome::Interrupted if asked => return Some(End::Interrupted),
            Outcome::Interrupted => {
                prompt.is_asked = true;
                self.conversation
                    .show(Line::notice("press Ctrl-C again to leave"));
            }
            Outcome::Ended => self.conversation.quit(),
            Outcome::Edited if cleared.is_some() && is_empty => {
                self.keep(&cleared.unwrap_or_default());
            }
            Outcome::Edited | Outcome::Nothing => {}
        }
        None
    }

    fn no_room(&mut self, what: &str) -> Option<End> {
        let trouble = format!("there is no room for {what} in one draft");
        self.conversation.show(Line::error(trouble));
        None
    }

    fn keep(&mut self, entry: &str) {
        let prompt = self.prompt.as_mut();
        if let Some(trouble) = prompt.and_then(|prompt| prompt.keep(entry)) {
            self.conversation.show(trouble);
        }
    }
}
