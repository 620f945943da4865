//! The prompt: `<You> ` and the line that the person types, and the history that is kept
//! for later runs.

use std::io;
use std::time::{Duration, Instant};

use chat_proto::text::{self, MAX_TEXT};

use crate::conversation::Conversation;
use crate::editor::drawn;
use crate::editor::{Editor, History, Key, Outcome};
use crate::output::line::Line;
use crate::output::screen::view::Block;
use crate::reason::reason;
use crate::store::Store;

/// The line that is being typed.
#[derive(Debug)]
pub(super) struct Prompt {
    editor: Editor,
    /// The password that is typed in its place, and not shown.
    secret: Option<Editor>,
    /// Where entries are kept, unless the person does not want that or it failed.
    store: Option<Store>,
    /// C-c was pressed once: a second C-c leaves.
    pub(super) is_asked: bool,
}

impl Prompt {
    /// A prompt with the history of earlier runs, and a line for the person if it
    /// cannot be read; nothing is kept then.
    pub(super) fn new(store: Option<Store>) -> (Self, Option<Line>) {
        let loaded = store.as_ref().map(Store::load);
        let mut prompt = Self {
            editor: Editor::default(),
            secret: None,
            store,
            is_asked: false,
        };
        let (history, trouble) = match loaded {
            None => (History::default(), None),
            Some(Ok(history)) => (history, None),
            Some(Err(error)) => (History::default(), prompt.stop_keeping(&error)),
        };
        prompt.editor = Editor::new(history, MAX_TEXT);
        (prompt, trouble)
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: Key, conversation: &Conversation) -> Outcome {
        if conversation.wants_password() {
            let outcome = self.secret.get_or_insert_default().handle(key, Vec::new);
            if let Outcome::Submitted(_) = outcome {
                self.secret = None;
            }
            return outcome;
        }
        self.secret = None;
        self.editor.set_limit(conversation.limit());
        self.editor.set_rank(conversation.rank());
        self.editor.handle(key, || {
            let others = conversation.people().names();
            others
                .chain(conversation.me())
                .map(ToString::to_string)
                .collect()
        })
    }

    /// The draft, or the entry that is shown in its place.
    pub(super) fn draft(&self) -> &str {
        self.editor.text()
    }

    /// Keeps an entry for the next runs. A file that cannot be written is told of
    /// once.
    pub(super) fn keep(&mut self, entry: &str) -> Option<Line> {
        let error = self.store.as_ref()?.add(entry).err()?;
        self.stop_keeping(&error)
    }

    /// Makes the file small again. All is kept, whether or not that succeeds.
    pub(super) fn tidy(&self) {
        if let Some(store) = &self.store {
            let _ = store.tidy();
        }
    }

    fn stop_keeping(&mut self, error: &io::Error) -> Option<Line> {
        let store = self.store.take()?;
        let path = text::clean(&store.path().to_string_lossy()).into_owned();
        let why = reason(error);
        Some(Line::error(format!(
            "what you type is not kept for the next time, in {path}: {why}"
        )))
    }

    /// The rows below the conversation. A server that was full is tried again at the
    /// moment `again`.
    pub(super) fn block(
        &self,
        conversation: &Conversation,
        again: Option<Instant>,
        now: Instant,
    ) -> Block {
        let is_secret = conversation.wants_password();
        let prompt = match self.editor.search() {
            _ if is_secret => PASSWORD_PROMPT.to_owned(),
            Some(search) if search.found => format!("(search '{}') ", search.query),
            Some(search) => format!("(search '{}': not found) ", search.query),
            None => PROMPT.to_owned(),
        };
        let (draft, cursor) = match is_secret {
            true => ("", 0),
            false => (self.editor.text(), self.editor.cursor()),
        };
        let cursor = prompt.len() + cursor;
        let when = match again.map(|at| seconds_until(at, now)) {
            None | Some(0) => String::new(),
            Some(seconds) => format!(" in {seconds} s"),
        };
        let prompt_length = prompt.len();
        let text = prompt + draft;
        Block {
            status: conversation
                .outage_reason()
                .map(|why| format!("-- {why}; trying again{when}, and what you type waits")),
            pending: conversation.undelivered().map(pending).collect(),
            prompt: prompt_length,
            cursor: drawn(&text[..cursor]).len(),
            text: drawn(&text).into_owned(),
        }
    }
}

/// Seconds, rounded up.
fn seconds_until(at: Instant, now: Instant) -> u64 {
    let left = at.saturating_duration_since(now);
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// When [`seconds_until`] is another number next.
pub(super) fn next_second(at: Instant, now: Instant) -> Option<Instant> {
    at.checked_sub(Duration::from_secs(seconds_until(at, now).checked_sub(1)?))
}

/// The row of a line that the room does not have yet.
fn pending(said: &str) -> String {
    let said = drawn(said.trim_end_matches('\n'));
    match said.split_once('\n') {
        None => format!("{PROMPT}{said}"),
        Some((first, rest)) => {
            let more = rest.split('\n').count();
            format!("{PROMPT}{first} (and {more} more)")
        }
    }
}

/// The text before a password, which is not shown.
const PASSWORD_PROMPT: &str = "password: ";

/// The text before the line that is being typed.
const PROMPT: &str = "<You> ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::JoinOptions;
    use crate::random::Random;

    #[test]
    fn a_line_that_waits_is_one_row() {
        for (said, row) in [
            ("one", "<You> one"),
            ("one\n\n", "<You> one"),
            ("one\ntwo\n", "<You> one (and 1 more)"),
            ("one\n\n\tthree", "<You> one (and 2 more)"),
            ("\tone", "<You>     one"),
        ] {
            assert_eq!(pending(said), row);
        }
    }

    #[test]
    fn seconds_are_counted_down() {
        let now = Instant::now();
        let at = now + Duration::from_millis(2500);
        let mut seen = Vec::new();
        let mut then = Some(now);
        while let Some(now) = then {
            seen.push(seconds_until(at, now));
            then = next_second(at, now + Duration::from_micros(1));
        }
        assert_eq!(seen, [3, 2, 1, 0]);
        assert_eq!(next_second(at, at), None);
    }

    /// The block is all that the display gets from the editor: the prompt, the draft
    /// and the cursor, with blanks for tabs, and the search while it is on.
    #[test]
    fn the_block_shows_the_draft_and_the_cursor() {
        let now = Instant::now();
        let random = Random::with_key(&[0; 16]);
        let mut conversation = Conversation::new(JoinOptions::default(), random, now);
        let (mut prompt, trouble) = Prompt::new(None);
        assert_eq!(trouble, None);
        assert_eq!(prompt.keep("nowhere"), None);
        conversation.say("waits".to_owned());
        prompt.key(Key::Paste("a\tb".to_owned()), &conversation);
        prompt.key(Key::Left, &conversation);
        let block = prompt.block(&conversation, None, now);
        assert_eq!(block.text, "<You> a    b");
        assert_eq!(&block.text[..block.cursor], "<You> a    ");
        assert_eq!(&block.text[..block.prompt], PROMPT);
        assert_eq!(block.pending, ["<You> waits"]);
        assert_eq!(block.status, None);

        prompt.key(Key::Search, &conversation);
        prompt.key(Key::Text("x".to_owned()), &conversation);
        let block = prompt.block(&conversation, None, now);
        assert_eq!(&block.text[..block.prompt], "(search 'x': not found) ");

        conversation.handle_disconnect(now);
        let again = now + Duration::from_millis(1500);
        let status = prompt.block(&conversation, Some(again), now).status;
        let told = "-- connection lost; trying again in 2 s, and what you type waits";
        assert_eq!(status.as_deref(), Some(told));
    }
}
