//! Bytes from a terminal in, keys and pastes out. Pure.
//!
//! crossterm has a reader for this, too, but it keeps a paste without limit and deaf to
//! C-c, and spins when the terminal is gone.
//!
//! The bytes are told apart by ECMA-48: characters, control characters, control
//! sequences (`sequence` has their meaning) and control strings (`string`); a `paste`
//! goes on to its mark. How reads cut the bytes makes no difference. A pause does: when
//! nothing follows for a moment (`ESCAPE_ALONE` in `unix`), an unfinished sequence is
//! given up. So an ESC is a key or an introducer, and a string without an end does not
//! hold up the person.

use std::mem;

use crossterm::event::{KeyCode, KeyModifiers};

use crate::input::event::Typed;
use codes::{CSI, CSI_C1, CSI_UTF8, ESC};
use paste::Paste;
use string::{ControlString, Step};
use utf8::{is_continuation, length_of_character};

mod codes;
mod paste;
mod sequence;
mod string;
mod utf8;

/// Finds the keys in the bytes of a terminal. It keeps at most the longest draft.
#[derive(Debug, Default)]
pub struct Decoder {
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
    /// After ESC [ (CSI) or ESC O (SS3).
    Sequence(Sequence),
    /// Within a control string.
    String(ControlString),
    /// Within a sequence that is no key.
    Skip(Skip),
    /// Within a paste.
    Paste(Paste),
}

#[derive(Debug)]
struct Character {
    bytes: Vec<u8>,
    length: usize,
    modifiers: KeyModifiers,
}

#[derive(Debug)]
struct Sequence {
    /// The byte after ESC.
    introducer: u8,
    /// CSI in the form that the terminal uses now.
    csi: &'static [u8],
    parameters: Vec<u8>,
}

/// Bytes of a mouse report or of a function key. xterm may send the places of
/// the mouse as characters of two bytes, each of which counts as one.
#[derive(Debug)]
struct Skip {
    left: u8,
    /// The byte before may be the first of two.
    within: bool,
}

impl Decoder {
    /// Takes the bytes of one read, and appends the events to `out`.
    pub fn decode(&mut self, read: &[u8], out: &mut Vec<Typed>) {
        // The person pressed C-c: no terminal sends a byte of a paste by itself.
        // Without it a paste whose end never comes could not be left. The bytes that
        // follow are still part of the paste, and must not be taken for keys.
        if let State::Paste(paste) = &mut self.state
            && is_interrupt(read)
        {
            paste.drop_it();
            return out.push(Typed::key(KeyCode::Char('c'), KeyModifiers::CONTROL));
        }
        let mut rest = read;
        while let Some((&byte, behind)) = rest.split_first() {
            let State::Paste(paste) = &mut self.state else {
                self.step(byte, out);
                rest = behind;
                continue;
            };
            if paste.take(&mut rest, out) {
                // A dropped paste has an end, too.
                let text = String::from_utf8_lossy(&paste.bytes).into_owned();
                out.push(Typed::Paste(text));
                self.state = State::Ground;
            }
        }
    }

    /// Whether the meaning of the last byte depends on the next one, or on a pause.
    pub fn is_waiting(&self) -> bool {
        !matches!(
            self.state,
            State::Ground | State::Character(_) | State::Paste(_)
        )
    }

    /// Nothing has come for a while: gives up an unfinished sequence.
    pub fn expire(&mut self, out: &mut Vec<Typed>) {
        while self.is_waiting() {
            self.give_up(out);
        }
    }

    /// An unfinished sequence does not go on. An introducer by itself was a key; half a
    /// sequence is nothing.
    fn give_up(&mut self, out: &mut Vec<Typed>) {
        match mem::take(&mut self.state) {
            State::Escape => out.push(Typed::key(KeyCode::Esc, KeyModifiers::NONE)),
            State::Sequence(sequence) if sequence.parameters.is_empty() => {
                press_alt(out, sequence.introducer);
            }
            State::String(string) => {
                press_alt(out, string.introducer);
                for &byte in string.typed() {
                    self.step(byte, out);
                }
                if string.is_ending {
                    self.state = State::Escape;
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<Typed>) {
        match mem::take(&mut self.state) {
            State::Character(mut character) if is_continuation(byte) => {
                character.bytes.push(byte);
                if character.bytes.len() < character.length {
                    self.state = State::Character(character);
                } else {
                    self.character(&character, out);
                }
            }
            State::Escape if byte == ESC => {
                out.push(Typed::key(KeyCode::Esc, KeyModifiers::NONE));
                self.state = State::Escape;
            }
            State::Escape => {
                if !self.introduce(byte, CSI) {
                    self.begin(byte, KeyModifiers::ALT, out);
                }
            }
            State::Sequence(mut sequence) if sequence.goes_on_with(byte) => {
                // One more than any key has tells that it is none.
                if sequence.parameters.len() <= MAX_PARAMETERS {
                    sequence.parameters.push(byte);
                }
                self.state = State::Sequence(sequence);
            }
            State::Sequence(sequence) if matches!(byte, b' '..=b'~') => {
                self.sequence(&sequence, byte, out);
            }
            State::String(mut string) => match string.step(byte) {
                Step::Within => self.state = State::String(string),
                Step::End => out.extend(string.answer().map(Typed::Answer)),
                Step::BreaksOff => {
                    self.state = State::String(string);
                    self.give_up(out);
                    self.step(byte, out);
                }
            },
            State::Skip(skip) if skip.takes(byte) => self.state = skip.behind(byte),
            state => {
                self.state = state;
                self.give_up(out);
                self.begin(byte, KeyModifiers::NONE, out);
            }
        }
    }

    /// Begins the sequence that ESC and `byte` introduce, in the same form as `csi`.
    /// Tells whether they introduce one.
    fn introduce(&mut self, byte: u8, csi: &'static [u8]) -> bool {
        self.state = match ControlString::begin(byte) {
            Some(string) => State::String(string),
            None if matches!(byte, b'[' | b'O') => State::Sequence(Sequence {
                introducer: byte,
                csi,
                parameters: Vec::new(),
            }),
            None => return false,
        };
        true
    }

    /// The first byte of a key or a sequence, perhaps with Alt held.
    fn begin(&mut self, byte: u8, modifiers: KeyModifiers, out: &mut Vec<Typed>) {
        let alt = !modifiers.is_empty();
        match byte {
            ESC => self.state = State::Escape,
            b'\r' => out.push(Typed::key(KeyCode::Enter, modifiers)),
            b'\t' => out.push(Typed::key(KeyCode::Tab, modifiers)),
            0x7f => out.push(Typed::key(KeyCode::Backspace, modifiers)),
            // What some terminals send for Backspace.
            0x08 if alt => out.push(Typed::key(KeyCode::Backspace, modifiers)),
            0x00..b' ' => {
                if alt {
                    out.push(Typed::key(KeyCode::Esc, KeyModifiers::NONE));
                }
                let letter = match byte {
                    0 => return,
                    0x1c.. => byte - 0x1c + b'4',
                    _ => byte - 1 + b'a',
                };
                out.push(Typed::key(
                    KeyCode::Char(letter.into()),
                    KeyModifiers::CONTROL,
                ));
            }
            b' '..=b'~' => out.push(Typed::key(KeyCode::Char(byte.into()), modifiers)),
            _ => {
                if let Some(length) = length_of_character(byte) {
                    self.state = State::Character(Character {
                        bytes: vec![byte],
                        length,
                        modifiers,
                    });
                } else {
                    self.c1(byte, CSI_C1);
                }
            }
        }
    }

    fn character(&mut self, character: &Character, out: &mut Vec<Typed>) {
        let text = str::from_utf8(&character.bytes);
        match text.ok().and_then(|text| text.chars().next()) {
            Some(letter) if !letter.is_control() => {
                out.push(Typed::key(KeyCode::Char(letter), character.modifiers));
            }
            Some(control) => self.c1(control as u8, CSI_UTF8),
            None => {}
        }
    }

    /// A control character from 0x80 to 0x9F is ESC and a byte in one (ECMA-48
    /// §5.3). Other bytes that begin no character are nothing: an xterm that is
    /// not set to UTF-8 sends them for Alt, but also for letters.
    fn c1(&mut self, byte: u8, csi: &'static [u8]) {
        if let 0x80..=0x9f = byte {
            self.introduce(byte - 0x40, csi);
        }
    }

    /// A sequence and its last byte.
    fn sequence(&mut self, sequence: &Sequence, last: u8, out: &mut Vec<Typed>) {
        let parameters = &*sequence.parameters;
        match (sequence.introducer, parameters, last) {
            _ if parameters.len() > MAX_PARAMETERS => {}
            (b'O', ..) => sequence::ss3(parameters, last, out),
            (_, b"200", b'~') => self.state = State::Paste(Paste::new(sequence.csi)),
            (_, b"201", b'~') => out.push(Typed::PasteEnd),
            // A function key of Linux' console, and a mouse that another
            // program has left switched on.
            (_, b"", b'[') => self.state = State::Skip(Skip::new(1)),
            (_, b"", b'M') => self.state = State::Skip(Skip::new(3)),
            _ => sequence::csi(parameters, last, out),
        }
    }
}

impl Sequence {
    /// Whether `byte` is a parameter, or an intermediate byte, rather than the
    /// last one.
    fn goes_on_with(&self, byte: u8) -> bool {
        match byte {
            b'0'..=b'9' | b';' => true,
            // rxvt's keys with Shift end in a byte that is an intermediate one
            // elsewhere: `CSI 3 $`.
            b'$' => self.introducer == b'[' && !is_number(&self.parameters),
            b' '..=b'?' => self.introducer == b'[',
            _ => false,
        }
    }
}

impl Skip {
    fn new(left: u8) -> Self {
        let within = false;
        Self { left, within }
    }

    /// Whether `byte` belongs to it: no coordinate is a control character.
    fn takes(&self, byte: u8) -> bool {
        self.within && is_continuation(byte) || self.left > 0 && byte >= b' '
    }

    /// The state behind `byte`.
    fn behind(self, byte: u8) -> State {
        let ends_pair = self.within && is_continuation(byte);
        let skip = Self {
            left: self.left - u8::from(!ends_pair),
            within: !ends_pair && length_of_character(byte) == Some(2),
        };
        match skip {
            Self {
                left: 0,
                within: false,
            } => State::Ground,
            _ => State::Skip(skip),
        }
    }
}

fn press_alt(out: &mut Vec<Typed>, key: u8) {
    out.push(Typed::key(KeyCode::Char(key.into()), KeyModifiers::ALT));
}

/// Whether a read is C-c and nothing else, however the terminal encodes it.
fn is_interrupt(read: &[u8]) -> bool {
    if read.len() > MAX_PARAMETERS {
        return false;
    }
    let mut decoder = Decoder::default();
    let mut typed = Vec::new();
    decoder.decode(read, &mut typed);
    let ctrl_c = Typed::key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let alone = typed.iter().all(|typed| *typed == ctrl_c);
    alone && !typed.is_empty() && matches!(decoder.state, State::Ground)
}

fn is_number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// The most bytes of parameters that a key has. kitty's protocol has three
/// characters, the modifiers and some code points of text.
const MAX_PARAMETERS: usize = 64;

#[cfg(test)]
mod tests;
