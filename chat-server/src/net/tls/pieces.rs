//! What is written, in pieces of which each becomes a record.

use std::io::IoSlice;

/// The bytes of slices that are not yet sent.
pub(super) struct Pieces<'a> {
    slices: &'a [IoSlice<'a>],
    /// How much of the first one is sent: not all of it.
    taken: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(slices: &'a [IoSlice<'a>]) -> Self {
        let mut pieces = Self { slices, taken: 0 };
        pieces.advance(0);
        pieces
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// The next bytes, as many as possible up to `most`. What lies in several slices is
    /// put together in `memory`.
    pub(super) fn next<'m>(&mut self, most: usize, memory: &'m mut Vec<u8>) -> Option<&'m [u8]>
    where
        'a: 'm,
    {
        let first = self.first(most)?;
        self.advance(first.len());
        if first.len() == most || self.is_empty() {
            return Some(first);
        }
        memory.clear();
        memory.extend_from_slice(first);
        while memory.len() < most
            && let Some(more) = self.first(most - memory.len())
        {
            memory.extend_from_slice(more);
            self.advance(more.len());
        }
        Some(memory)
    }

    /// What is left of the first slice, or the beginning of that.
    fn first(&self, most: usize) -> Option<&'a [u8]> {
        let bytes = &self.slices.first()?[self.taken..];
        Some(&bytes[..bytes.len().min(most)])
    }

    /// So many bytes of the first slice are sent. Empty slices are passed over.
    fn advance(&mut self, count: usize) {
        self.taken += count;
        while let Some(first) = self.slices.first()
            && self.taken == first.len()
        {
            (self.slices, self.taken) = (&self.slices[1..], 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of these slices, of at most four bytes each.
    fn pieces(slices: &[&str]) -> Vec<String> {
        let slices: Vec<_> = slices
            .iter()
            .map(|it| IoSlice::new(it.as_bytes()))
            .collect();
        let mut pieces = Pieces::new(&slices);
        let (mut all, mut memory) = (Vec::new(), Vec::new());
        while let Some(piece) = pieces.next(4, &mut memory) {
            all.push(String::from_utf8(piece.to_vec()).unwrap());
        }
        assert!(pieces.is_empty());
        all
    }

    #[test]
    fn pieces_are_as_long_as_possible() {
        assert_eq!(pieces(&["abc"]), ["abc"]);
        assert_eq!(pieces(&["abcd"]), ["abcd"]);
        assert_eq!(pieces(&["abcde"]), ["abcd", "e"]);
        assert_eq!(
            pieces(&["ab", "c", "defgh", "ijk"]),
            ["abcd", "efgh", "ijk"]
        );
        assert_eq!(pieces(&["abcdefghi", "j"]), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn empty_slices_are_no_pieces() {
        assert!(pieces(&[]).is_empty());
        assert!(pieces(&["", ""]).is_empty());
        assert_eq!(pieces(&["", "ab", "", "cdef", ""]), ["abcd", "ef"]);
    }
}
