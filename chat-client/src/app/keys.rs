//! What becomes of what the person types at the prompt.

use super::end::End;
use super::{App, Manner, not_kept};
use crate::conversation::is_quit;
use crate::editor::{Key, Outcome};
use crate::line::Line;
use crate::terminal::Press;

impl App {
    /// Takes a key. The end, if that is what it asks for.
    pub(super) fn press(&mut self, press: Press) -> Option<End> {
        let is_key = !matches!(press, Press::Answer(_));
        let asked = is_key && std::mem::take(&mut self.asked);
        let key = match press {
            Press::Key(key) => key,
            Press::Clear => return self.front.clear().err().map(End::OutputGone),
            Press::Suspend => return self.suspend().err().map(End::OutputGone),
            Press::PasteTooLong => return self.no_room("that paste"),
            Press::Answer(answer) => {
                self.front.hear(&answer);
                return None;
            }
        };
        let pasted = matches!(key, Key::Paste(_));
        let cleared = (key == Key::Interrupt).then(|| self.front.draft().to_owned());
        match self.front.key(key, &self.conversation) {
            Outcome::Submitted(line) => {
                self.keep(&line);
                // Leaving does not wait for its turn.
                if self.conversation.is_waiting() && is_quit(&line) {
                    self.conversation.quit();
                } else {
                    self.conversation.say(line);
                }
            }
            Outcome::TooLong(bytes) => {
                let limit = self.conversation.limit();
                self.conversation.show(Line::trouble(format!(
                    "not sent: {bytes} bytes, and a message has at most {limit}; \
                     the draft is still here"
                )));
            }
            Outcome::Full if pasted => return self.no_room("that paste"),
            Outcome::Full => return self.no_room("that"),
            Outcome::Interrupted if asked => return Some(End::Interrupted),
            Outcome::Interrupted => {
                self.asked = true;
                self.conversation
                    .show(Line::word("press Ctrl-C again to leave"));
            }
            Outcome::Ended => self.conversation.quit(),
            Outcome::Edited if cleared.is_some() && self.front.draft().is_empty() => {
                self.keep(&cleared.unwrap_or_default());
            }
            Outcome::Edited | Outcome::Nothing => {}
        }
        None
    }

    fn no_room(&mut self, what: &str) -> Option<End> {
        let trouble = format!("there is no room for {what} in one draft");
        self.conversation.show(Line::trouble(trouble));
        None
    }

    /// For the next runs. A file that cannot be written is told of once.
    fn keep(&mut self, line: &str) {
        let Manner::Prompt(store) = &mut self.manner else {
            return;
        };
        if let Some(Err(error)) = store.as_ref().map(|store| store.add(line))
            && let Some(store) = store.take()
        {
            let trouble = not_kept(&store, &error);
            self.conversation.show(Line::trouble(trouble));
        }
    }
}
