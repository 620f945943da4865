//! A bracketed paste, up to the mark of its end.

use std::mem;

use memchr::memchr;

use crate::editor::MAX_DRAFT;
use crate::input::event::Typed;

/// The part of a paste that has come.
#[derive(Debug)]
pub(super) struct Paste {
    pub(super) bytes: Vec<u8>,
    /// The mark of its end.
    end: Vec<u8>,
    /// How much of that has come.
    matched: usize,
    /// The text is dropped, and only the end is waited for.
    dropped: bool,
}

impl Paste {
    /// A paste whose mark was begun by `csi`, as that of its end will be.
    pub(super) fn new(csi: &[u8]) -> Self {
        Self {
            bytes: Vec::new(),
            end: [csi, b"201~"].concat(),
            matched: 0,
            dropped: false,
        }
    }

    /// Takes bytes off `rest` up to and with the end mark; tells whether the mark has
    /// come. A paste that fits no draft is reported at once, since its end may never
    /// come.
    pub(super) fn take(&mut self, rest: &mut &[u8], out: &mut Vec<Typed>) -> bool {
        while let Some(&byte) = rest.first() {
            if byte == self.end[self.matched] {
                *rest = &rest[1..];
                self.matched += 1;
                if self.matched == self.end.len() {
                    return true;
                }
                continue;
            }
            // The mark has its first byte only once. So the part of it that has come is
            // text, and the mark begins at this byte at the earliest.
            let begun = mem::take(&mut self.matched);
            let text = memchr(self.end[0], rest).unwrap_or(rest.len());
            if !self.dropped && self.bytes.len() + begun + text > MAX_DRAFT {
                self.drop_it();
                out.push(Typed::PasteTooLong);
            }
            if !self.dropped {
                self.bytes.extend_from_slice(&self.end[..begun]);
                self.bytes.extend_from_slice(&rest[..text]);
            }
            *rest = &rest[text..];
        }
        false
    }

    pub(super) fn drop_it(&mut self) {
        self.dropped = true;
        self.bytes = Vec::new();
    }
}
