//! A control string (ECMA-48 §5.6): OSC, DCS, APC, PM or SOS up to its end.
//!
//! Terminals answer in this form when a program asks for a colour, a title, the
//! clipboard or their version. If that program has ended, the answer arrives
//! here.
//!
//! Alt with a key sends the same bytes as an introducer: `ESC ]` is Alt-], too. A
//! string that a control character or a pause breaks off may be such a key with typed
//! text after it. It counts as half an answer only if it begins as answers do.

use super::codes::{BEL, ESC, ST};
use super::utf8::length_of_character;
use crate::input::answer::Answer;

/// A string that has begun.
#[derive(Debug)]
pub(super) struct ControlString {
    /// The byte after ESC: which kind of string it is.
    pub(super) introducer: u8,
    /// The content, up to one byte more than [`MAX_KEPT`].
    pub(super) content: Vec<u8>,
    /// How many bytes of a character of several bytes are still to come.
    missing: usize,
    last: u8,
    /// An ESC has come, which is the first byte of ST or begins something else.
    pub(super) is_ending: bool,
}

/// The effect of a byte on a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is part of it.
    Within,
    /// It ends it.
    End,
    /// It is something else, and breaks it off.
    BreaksOff,
}

impl ControlString {
    /// The string that ESC and this byte begin, if they begin one.
    pub(super) fn begin(introducer: u8) -> Option<Self> {
        matches!(introducer, b']' | b'P' | b'_' | b'^' | b'X').then(|| Self {
            introducer,
            content: Vec::new(),
            missing: 0,
            last: introducer,
            is_ending: false,
        })
    }

    pub(super) fn step(&mut self, byte: u8) -> Step {
        let last = std::mem::replace(&mut self.last, byte);
        match byte {
            b'\\' if self.is_ending => return Step::End,
            _ if self.is_ending => return Step::BreaksOff,
            ESC => self.is_ending = true,
            BEL => return Step::End,
            // By itself or as U+009C; it is part of other characters as well.
            ST if self.missing == 0 || last == 0xc2 => return Step::End,
            0..b' ' | 0x7f => return Step::BreaksOff,
            _ => {
                self.missing = match length_of_character(byte) {
                    Some(length) => length - 1,
                    None => self.missing.saturating_sub(1),
                };
                if self.content.len() <= MAX_KEPT {
                    self.content.push(byte);
                }
            }
        }
        Step::Within
    }

    /// The answer that it is, now that it has ended, if the client has asked for it.
    pub(super) fn answer(&self) -> Option<Answer> {
        match self.introducer {
            b'P' => Answer::in_string(&self.content),
            _ => None,
        }
    }

    /// The text that was typed after the key that is the introducer, now that the
    /// string is broken off. Nothing, if it was half an answer: those begin with a
    /// parameter (ECMA-48 §5.6.1: bytes from 0x20 to 0x3F), or are long.
    pub(super) fn typed(&self) -> &[u8] {
        match self.content.first() {
            Some(b' '..=b'?') => &[],
            _ if self.content.len() > MAX_KEPT => &[],
            _ => &self.content,
        }
    }
}

/// More than a person types without a pause.
const MAX_KEPT: usize = 64;
