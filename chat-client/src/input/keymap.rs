//! The purpose of each key.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::event::Press;
use crate::editor::Key;

/// The purpose of a key, if it has one.
pub(super) fn press_of(event: KeyEvent) -> Option<Press> {
    // Windows reports the release of each key as well. The other modifiers are
    // for window managers.
    let others = KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META;
    if event.kind == KeyEventKind::Release || event.modifiers.intersects(others) {
        return None;
    }
    match event.code {
        KeyCode::Char(character) => press_of_character(character, event.modifiers),
        code => key_of(code, event.modifiers).map(Press::Key),
    }
}

fn press_of_character(character: char, modifiers: KeyModifiers) -> Option<Press> {
    let control = modifiers.contains(KeyModifiers::CONTROL);
    let alt = modifiers.contains(KeyModifiers::ALT);
    match (control, alt) {
        (true, false) => with_control(character, modifiers),
        (false, true) => with_alt(character).map(Press::Key),
        // AltGr is both on Windows, where it makes no ASCII letter of a key.
        (true, true) if !cfg!(windows) || character.is_ascii_alphanumeric() => None,
        _ => Some(Press::Key(Key::Text(character.to_string()))),
    }
}

fn with_control(character: char, modifiers: KeyModifiers) -> Option<Press> {
    Some(Press::Key(match character.to_ascii_lowercase() {
        'a' => Key::Home,
        'b' => Key::Left,
        'c' => Key::Interrupt,
        'd' => Key::EndOfInput,
        'e' => Key::End,
        'f' => Key::Right,
        'h' => Key::Backspace,
        'i' => Key::Tab,
        'j' => Key::Newline,
        'k' => Key::KillToEnd,
        'l' => return Some(Press::Clear),
        'm' => Key::Enter,
        'n' => Key::Down,
        'p' => Key::Up,
        'r' => Key::Search,
        't' => Key::TransposeChars,
        'u' => Key::KillToStart,
        'w' => Key::KillWord,
        'y' => Key::Yank,
        'z' => return Some(Press::Suspend),
        // The byte of C-_ is that of C-7 and, on most keyboards, of C-/. A
        // terminal may not tell what Shift makes of the key.
        '_' | '7' | '/' => Key::Undo,
        '-' if modifiers.contains(KeyModifiers::SHIFT) => Key::Undo,
        // The byte of Esc.
        '[' => Key::Escape,
        _ => return None,
    }))
}

fn with_alt(character: char) -> Option<Key> {
    Some(match character.to_ascii_lowercase() {
        'b' => Key::WordLeft,
        'd' => Key::KillWordForward,
        'f' => Key::WordRight,
        't' => Key::TransposeWords,
        'y' => Key::YankPop,
        _ => return None,
    })
}

fn key_of(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    let control = modifiers.contains(KeyModifiers::CONTROL);
    let alt = modifiers.contains(KeyModifiers::ALT);
    let shift = modifiers.contains(KeyModifiers::SHIFT);
    Some(match code {
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Enter if alt || shift => Key::Newline,
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace if alt => Key::KillWordBack,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left if control => Key::WordLeft,
        KeyCode::Right if control => Key::WordRight,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Esc => Key::Escape,
        _ => return None,
    })
}
