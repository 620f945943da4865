//! A bracketed paste, up to the mark of its end.

use std::mem;

use memchr::memchr;

use super::ESC;
use crate::editor::MAX_DRAFT;
use crate::terminal::Typed;

/// What has come of a paste.
#[derive(Debug, Default)]
pub(super) struct Paste {
    pub(super) bytes: Vec<u8>,
    /// How much of the mark of its end has come.
    matched: usize,
    /// It is not wanted any more, and only its end is waited for.
    dropped: bool,
}

impl Paste {
    /// Takes bytes off `rest` up to and with the mark of the end; tells whether
    /// it was there. A paste that fits no draft is told of at once, since its
    /// end may never come.
    pub(super) fn take(&mut self, rest: &mut &[u8], out: &mut Vec<Typed>) -> bool {
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

    pub(super) fn drop_it(&mut self) {
        self.dropped = true;
        self.bytes = Vec::new();
    }
}

const PASTE_END: &[u8] = b"\x1b[201~";
