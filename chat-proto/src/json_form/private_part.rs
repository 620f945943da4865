//! The parts of events that not every reader is sent.

use std::ops::Range;

use memchr::memmem;

use super::kind_of;
use crate::event::Rank;

/// The member `private` of an event, with the comma before it. Without these bytes the line
/// is what every reader may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivatePart {
    /// Where it is in the line.
    pub range: Range<usize>,
    /// The lowest rank of the readers that are sent it; `None` if only the history has it.
    pub rank: Option<Rank>,
}

impl PrivatePart {
    /// Whether a reader of this rank is sent it.
    pub fn is_for(&self, rank: Rank) -> bool {
        self.rank.is_some_and(|lowest| rank >= lowest)
    }
}

/// The private part of a line that [`encode_event`](super::encode_event) wrote, if it has one.
pub fn private_part(line: &[u8]) -> Option<PrivatePart> {
    // Within a string the quotes would be escaped, and no other member is called so.
    let start = memmem::find(line, PRIVATE)?;
    let end = line.strip_suffix(b"}\n").map(<[u8]>::len)?;
    // A `room` event repeats what stands for the file that it begins. It is no news.
    let is_repeated = kind_of(line).is_some_and(|kind| kind.starts_with(b"room\""));
    (start < end).then_some(PrivatePart {
        range: start..end,
        rank: (!is_repeated).then_some(Rank::Operator),
    })
}

const PRIVATE: &[u8] = b",\"private\":{";
