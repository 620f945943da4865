//! Any keys against a model, and properties that hold for all keys.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::{Editor, History, Key, MAX_DRAFT, Outcome};

/// The clusters left of the cursor and those right of it, as simple as can
/// be: each change writes the text anew and looks where its clusters are.
#[derive(Debug, Default)]
struct Model {
    left: Vec<String>,
    right: Vec<String>,
    kill: String,
}

impl Model {
    fn press(&mut self, key: &Key, last: Option<&Key>) {
        let (mut left, mut right) = (self.left.concat(), self.right.concat());
        match key {
            Key::Text(text) | Key::Paste(text) => left.push_str(text),
            Key::Newline => left.push('\n'),
            Key::Backspace => left = self.left[..self.left.len().saturating_sub(1)].concat(),
            Key::Delete => right = self.right.iter().skip(1).map(String::as_str).collect(),
            Key::Left => {
                if let Some(cluster) = self.left.pop() {
                    self.right.insert(0, cluster);
                }
                return;
            }
            Key::Right => {
                if !self.right.is_empty() {
                    self.left.push(self.right.remove(0));
                }
                return;
            }
            Key::Home => {
                while self.left.last().is_some_and(|cluster| cluster != "\n") {
                    self.press(&Key::Left, None);
                }
                return;
            }
            Key::End => {
                while self.right.first().is_some_and(|cluster| cluster != "\n") {
                    self.press(&Key::Right, None);
                }
                return;
            }
            Key::KillToStart => {
                let line = left.rfind('\n').map_or(0, |index| index + 1);
                let start = if line == left.len() {
                    line.saturating_sub(1)
                } else {
                    line
                };
                let killed = left.split_off(start);
                self.keep(killed, key, last);
            }
            Key::KillToEnd => {
                let end = right
                    .find('\n')
                    .unwrap_or(right.len())
                    .max(1)
                    .min(right.len());
                let rest = right.split_off(end);
                self.keep(std::mem::replace(&mut right, rest), key, last);
            }
            Key::Yank => left.push_str(&self.kill),
            _ => unreachable!("{key:?}"),
        }
        self.set(&left, &right);
    }

    fn keep(&mut self, killed: String, key: &Key, last: Option<&Key>) {
        if killed.is_empty() {
            return;
        }
        match last {
            Some(last) if last.kills() && *key == Key::KillToStart => {
                self.kill.insert_str(0, &killed);
            }
            Some(last) if last.kills() => self.kill.push_str(&killed),
            _ => self.kill = killed,
        }
    }

    fn set(&mut self, left: &str, right: &str) {
        let text = format!("{left}{right}");
        let all = text.graphemes(true).map(str::to_owned);
        let mut length = 0;
        (self.left, self.right) = all.partition(|cluster| {
            let before = length < left.len();
            length += cluster.len();
            before
        });
    }
}

fn piece() -> impl Strategy<Value = String> {
    static PIECES: [&str; 24] = [
        "a", "B", " ", "'", "-", "@", "/", ": ", "中", "👩", "\u{200d}", "👧", "🏽", "\u{301}",
        "🇩", "🇪", "ᄒ", "ᅡ", "क", "\u{94d}", "\u{600}", "\u{e33}", "İ", "word ",
    ];
    prop_oneof![
        8 => prop::sample::select(PIECES.as_slice()).prop_map(str::to_owned),
        // What may be said; the rest does not come in.
        1 => "\\PC{0,6}".prop_map(|text| super::clean::block(&text)),
    ]
}

fn simple_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => piece().prop_map(Key::Text),
        1 => (piece(), piece()).prop_map(|(one, two)| {
            Key::Paste(super::clean::block(&format!("{one}\n{two}")))
        }),
        12 => prop::sample::select(vec![
            Key::Newline, Key::Backspace, Key::Delete, Key::Left, Key::Left, Key::Right,
            Key::Home, Key::End, Key::KillToStart, Key::KillToEnd, Key::Yank,
        ]),
    ]
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        2 => simple_key(),
        1 => any::<String>().prop_map(Key::Text),
        1 => any::<String>().prop_map(Key::Paste),
        4 => prop::sample::select(vec![
            Key::Enter, Key::WordLeft, Key::WordRight, Key::Up, Key::Down, Key::KillWord,
            Key::KillWordBack, Key::KillWordForward, Key::YankPop, Key::TransposeChars,
            Key::TransposeWords, Key::Undo, Key::Search, Key::Search, Key::Escape, Key::Tab,
            Key::Tab, Key::BackTab, Key::Interrupt, Key::EndOfInput,
        ]),
    ]
}

fn names() -> Vec<String> {
    ["a", "Bo", "\u{301}", "中\x1b文", "\u{200d}👧", ""]
        .map(str::to_owned)
        .to_vec()
}

fn editor(lines: Vec<String>) -> Editor {
    Editor::new(History::from_lines(lines), 40)
}

fn check_invariants(editor: &Editor) {
    let text = editor.text();
    let starts = text.grapheme_indices(true).map(|(index, _)| index);
    assert!(
        starts
            .chain([text.len()])
            .any(|place| place == editor.cursor())
    );
    assert!(text.len() <= MAX_DRAFT);
    assert!(
        !text.contains(|character: char| character.is_control() && !"\n\t".contains(character))
    );
    for line in editor.history().lines() {
        assert!(!line.trim().is_empty());
    }
}

proptest! {
    #[test]
    fn it_is_a_list_with_a_gap(keys in prop::collection::vec(simple_key(), 0..60)) {
        let (mut model, mut editor) = (Model::default(), Editor::default());
        // A kill of nothing leaves things as they are.
        let mut last = None;
        for key in &keys {
            let outcome = editor.handle(key.clone(), names);
            model.press(key, last);
            if !(key.kills() && outcome == Outcome::Nothing) {
                last = Some(key);
            }
            let (left, right) = editor.text().split_at(editor.cursor());
            prop_assert_eq!((left, right), (&*model.left.concat(), &*model.right.concat()));
        }
    }

    #[test]
    fn the_draft_is_always_sound(
        lines in prop::collection::vec(any::<String>(), 0..5),
        keys in prop::collection::vec(any_key(), 0..60),
    ) {
        let mut editor = editor(lines);
        for key in keys {
            let before = (editor.text().to_owned(), editor.cursor());
            let searching = editor.search().is_some();
            match editor.handle(key, names) {
                Outcome::Submitted(text) => {
                    prop_assert!(!text.trim().is_empty() && text.len() <= 40);
                    prop_assert_eq!(editor.text(), "");
                }
                Outcome::TooLong(bytes) => prop_assert_eq!(bytes, editor.text().len()),
                Outcome::Interrupted | Outcome::Ended => prop_assert_eq!(editor.text(), ""),
                Outcome::Nothing | Outcome::Full if !searching => {
                    prop_assert_eq!(before, (editor.text().to_owned(), editor.cursor()));
                }
                _ => {}
            }
            check_invariants(&editor);
        }
    }

    /// Every step back is a state that was there; the first is the empty one.
    #[test]
    fn undo_goes_back_to_the_beginning(
        lines in prop::collection::vec(piece(), 0..5),
        keys in prop::collection::vec(any_key(), 0..60),
    ) {
        let mut editor = editor(lines);
        let mut states = vec![(String::new(), 0)];
        for key in keys {
            editor.handle(key, names);
            states.push((editor.text().to_owned(), editor.cursor()));
        }
        // So that Undo has no other meaning.
        if editor.search().is_some() {
            editor.handle(Key::Escape, names);
        }
        while editor.handle(Key::Undo, names) == Outcome::Edited {
            check_invariants(&editor);
            let state = (editor.text().to_owned(), editor.cursor());
            prop_assert!(states.contains(&state), "{state:?}");
        }
        prop_assert_eq!(editor.text(), "");
    }

    #[test]
    fn a_search_gives_the_draft_back(
        lines in prop::collection::vec(piece(), 0..9),
        before in prop::collection::vec(any_key(), 0..20),
        keys in prop::collection::vec(
            prop_oneof![
                piece().prop_map(Key::Text),
                Just(Key::Search),
                Just(Key::Backspace),
            ],
            0..20,
        ),
        end in prop::sample::select(vec![Key::Escape, Key::Interrupt]),
    ) {
        let mut editor = editor(lines);
        for key in before {
            editor.handle(key, names);
        }
        if editor.search().is_some() {
            editor.handle(Key::Escape, names);
        }
        let draft = editor.draft.clone();
        editor.handle(Key::Search, names);
        for key in keys {
            editor.handle(key, names);
            check_invariants(&editor);
        }
        editor.handle(end, names);
        prop_assert_eq!(&editor.draft, &draft);
    }
}
