//! Bytes from a terminal in, keys and pastes out. Pure.
//!
//! crossterm has a reader for this, too, but keeps whatever a terminal sends
//! between the marks of a paste, without limit and deaf to C-c, and goes round
//! at full speed when the terminal is gone.

use std::mem;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use memchr::memchr;

use super::Typed;
use crate::editor::MAX_DRAFT;

/// Finds the keys in what a terminal sends. What it keeps is bounded by the
/// longest draft.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    state: State,
}

/// Where in the input the decoder stands.
#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// Within a character of several bytes.
    Character(Character),
    /// After ESC: a key by itself, the mark of Alt, or the start of a sequence.
    Escape,
    /// After ESC O.
    Ss3,
    /// After ESC [, with the parameters so far.
    Csi(Vec<u8>),
    /// So many bytes belong to something that is no key.
    Skip(u8),
    /// Within a paste.
    Paste(Paste),
}

#[derive(Debug)]
struct Character {
    bytes: Vec<u8>,
    length: usize,
    modifiers: KeyModifiers,
}

#[derive(Debug, Default)]
struct Paste {
    bytes: Vec<u8>,
    /// How much of the mark of its end has come.
    matched: usize,
    /// It is not wanted any more, and only its end is waited for.
    dropped: bool,
}

impl Decoder {
    /// Takes what one read has given.
    pub(crate) fn decode(&mut self, read: &[u8], out: &mut Vec<Typed>) {
        let mut rest = read;
        while let Some((&byte, behind)) = rest.split_first() {
            let State::Paste(paste) = &mut self.state else {
                self.step(byte, out);
                rest = behind;
                continue;
            };
            // Somebody who presses C-c by hand: no terminal sends a byte of a
            // paste by itself. Without it a paste whose end never comes would
            // hold the person prisoner. What follows is still part of the
            // paste, and must not be taken for keys.
            if read.iter().all(|&byte| byte == INTERRUPT) {
                paste.drop_it();
                press(out, KeyCode::Char('c'), KeyModifiers::CONTROL);
                return;
            }
            if paste.take(&mut rest, out) {
                // Of one that was dropped there is still an end to be told.
                let text = String::from_utf8_lossy(&paste.bytes).into_owned();
                out.push(Typed::Paste(text));
                self.state = State::Ground;
            }
        }
    }

    /// Whether what comes next, or that nothing comes, decides what the last
    /// byte was.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(
            self.state,
            State::Escape | State::Ss3 | State::Csi(_) | State::Skip(_)
        )
    }

    /// Nothing has come: an ESC was the key, and half a sequence is nothing.
    pub(crate) fn expire(&mut self, out: &mut Vec<Typed>) {
        if self.is_waiting() && matches!(mem::take(&mut self.state), State::Escape) {
            press(out, KeyCode::Esc, KeyModifiers::NONE);
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<Typed>) {
        match mem::take(&mut self.state) {
            State::Character(mut character) if is_continuation(byte) => {
                character.bytes.push(byte);
                if character.bytes.len() < character.length {
                    self.state = State::Character(character);
                } else if let Ok(text) = str::from_utf8(&character.bytes) {
                    for letter in text.chars() {
                        press(out, KeyCode::Char(letter), character.modifiers);
                    }
                }
            }
            State::Escape => match byte {
                b'[' => self.state = State::Csi(Vec::new()),
                b'O' => self.state = State::Ss3,
                ESC => {
                    press(out, KeyCode::Esc, KeyModifiers::NONE);
                    self.state = State::Escape;
                }
                _ => self.begin(byte, KeyModifiers::ALT, out),
            },
            State::Ss3 => {
                if let Some(code) = arrow(byte) {
                    press(out, code, KeyModifiers::NONE);
                }
            }
            State::Csi(mut parameters) if matches!(byte, b' '..=b'?') => {
                // One more than any key has tells that it is none.
                if parameters.len() <= MAX_PARAMETERS {
                    parameters.push(byte);
                }
                self.state = State::Csi(parameters);
            }
            State::Csi(parameters) if matches!(byte, b'@'..=b'~') => {
                self.sequence(&parameters, byte, out);
            }
            State::Skip(count) if count > 1 => self.state = State::Skip(count - 1),
            State::Skip(_) => {}
            // Whatever was begun is broken off.
            State::Ground | State::Character(_) | State::Csi(_) | State::Paste(_) => {
                self.begin(byte, KeyModifiers::NONE, out);
            }
        }
    }

    /// A byte that begins something, perhaps with Alt held.
    fn begin(&mut self, byte: u8, modifiers: KeyModifiers, out: &mut Vec<Typed>) {
        let alt = !modifiers.is_empty();
        match byte {
            ESC => self.state = State::Escape,
            b'\r' => press(out, KeyCode::Enter, modifiers),
            b'\t' => press(out, KeyCode::Tab, modifiers),
            0x7f => press(out, KeyCode::Backspace, modifiers),
            // What some terminals send for Backspace.
            0x08 if alt => press(out, KeyCode::Backspace, modifiers),
            0x00..b' ' => {
                if alt {
                    press(out, KeyCode::Esc, KeyModifiers::NONE);
                }
                let letter = match byte {
                    0 => return,
                    0x1c.. => byte - 0x1c + b'4',
                    _ => byte - 1 + b'a',
                };
                press(out, KeyCode::Char(letter.into()), KeyModifiers::CONTROL);
            }
            b' '..=b'~' => press(out, KeyCode::Char(byte.into()), modifiers),
            _ => {
                let length = match byte {
                    0xc2..=0xdf => 2,
                    0xe0..=0xef => 3,
                    0xf0..=0xf4 => 4,
                    // No character begins so.
                    _ => return,
                };
                self.state = State::Character(Character {
                    bytes: vec![byte],
                    length,
                    modifiers,
                });
            }
        }
    }

    /// ESC [, these parameters, and this last byte.
    fn sequence(&mut self, parameters: &[u8], last: u8, out: &mut Vec<Typed>) {
        let mut numbers = parameters
            .split(|&byte| byte == b';')
            .map(|number| str::from_utf8(number).ok()?.parse::<u32>().ok());
        let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
        let code = match (last, first) {
            _ if parameters.len() > MAX_PARAMETERS => return,
            (b'~', Some(200)) => {
                self.state = State::Paste(Paste::default());
                return;
            }
            (b'~', Some(201)) => return out.push(Typed::PasteEnd),
            // A function key of Linux' console, and a mouse that some other
            // program has left switched on.
            (b'[', _) if parameters.is_empty() => return self.state = State::Skip(1),
            (b'M', _) if parameters.is_empty() => return self.state = State::Skip(3),
            (b'~', Some(1 | 7)) => KeyCode::Home,
            (b'~', Some(4 | 8)) => KeyCode::End,
            (b'~', Some(3)) => KeyCode::Delete,
            (b'Z', _) => KeyCode::BackTab,
            // How some terminals are set up to tell more keys apart.
            (b'u', Some(9)) => KeyCode::Tab,
            (b'u', Some(13)) => KeyCode::Enter,
            (b'u', Some(27)) => KeyCode::Esc,
            (b'u', Some(127)) => KeyCode::Backspace,
            (b'u', Some(code)) => match char::from_u32(code) {
                Some(character) if !character.is_control() => KeyCode::Char(character),
                _ => return,
            },
            _ => match arrow(last) {
                Some(code) => code,
                None => return,
            },
        };
        let held = match last {
            b'~' | b'u' => second,
            // `ESC [ 5 C`, as old ones have it.
            _ => second.or(first),
        };
        let held = held.unwrap_or(1).saturating_sub(1);
        let mut modifiers = KeyModifiers::NONE;
        modifiers.set(KeyModifiers::SHIFT, held & 1 != 0);
        modifiers.set(KeyModifiers::ALT, held & 2 != 0);
        modifiers.set(KeyModifiers::CONTROL, held & 4 != 0);
        press(out, code, modifiers);
    }
}

impl Paste {
    /// Takes bytes off `rest` up to and with the mark of the end; tells whether
    /// it was there. A paste that fits no draft is told of at once, since its
    /// end may never come.
    fn take(&mut self, rest: &mut &[u8], out: &mut Vec<Typed>) -> bool {
        while let Some(&byte) = rest.first() {
            if byte == PASTE_END[self.matched] {
                *rest = &rest[1..];
                self.matched += 1;
                if self.matched == PASTE_END.len() {
                    return true;
                }
                continue;
            }
            // The mark has its first byte only once: what came of it is text,
            // and the mark may begin at this byte at the earliest.
            let begun = mem::take(&mut self.matched);
            self.keep(&PASTE_END[..begun], out);
            let text = memchr(ESC, rest).unwrap_or(rest.len());
            self.keep(&rest[..text], out);
            *rest = &rest[text..];
        }
        false
    }

    fn keep(&mut self, bytes: &[u8], out: &mut Vec<Typed>) {
        if self.dropped {
            return;
        }
        if self.bytes.len() + bytes.len() > MAX_DRAFT {
            self.drop_it();
            return out.push(Typed::PasteTooLong);
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn drop_it(&mut self) {
        self.dropped = true;
        self.bytes = Vec::new();
    }
}

fn press(out: &mut Vec<Typed>, code: KeyCode, modifiers: KeyModifiers) {
    out.push(Typed::Key(KeyEvent::new(code, modifiers)));
}

fn arrow(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        _ => return None,
    })
}

fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xbf)
}

const ESC: u8 = 0x1b;

/// C-c.
const INTERRUPT: u8 = 0x03;

const PASTE_END: &[u8] = b"\x1b[201~";

/// The most bytes of parameters that a key has.
const MAX_PARAMETERS: usize = 16;

#[cfg(test)]
mod tests;
