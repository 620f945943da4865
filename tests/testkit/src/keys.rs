//! What the keys of an xterm send, for [`Terminal::type_text`].
//!
//! [`Terminal::type_text`]: crate::Terminal::type_text

pub const ENTER: &str = "\r";
pub const TAB: &str = "\t";
pub const ESCAPE: &str = "\x1b";
pub const BACKSPACE: &str = "\x7f";
pub const DELETE: &str = "\x1b[3~";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const RIGHT: &str = "\x1b[C";
pub const LEFT: &str = "\x1b[D";
pub const HOME: &str = "\x1b[H";
pub const END: &str = "\x1b[F";
pub const PAGE_UP: &str = "\x1b[5~";
pub const PAGE_DOWN: &str = "\x1b[6~";
pub const CTRL_LEFT: &str = "\x1b[1;5D";
pub const CTRL_RIGHT: &str = "\x1b[1;5C";

/// The letter with the control key held.
#[track_caller]
pub fn ctrl(letter: char) -> String {
    assert!(letter.is_ascii_alphabetic(), "no letter: {letter:?}");
    char::from(letter.to_ascii_uppercase() as u8 & 0x1f).to_string()
}

/// The key with the alt key held.
pub fn alt(key: char) -> String {
    format!("\x1b{key}")
}

/// A text as a terminal pastes it when bracketed paste is on.
pub fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}
