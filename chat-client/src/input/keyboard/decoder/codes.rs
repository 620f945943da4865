//! The control codes that sequences begin and end with.

/// Begins a sequence, and is a key.
pub(super) const ESC: u8 = 0x1b;
/// The control sequence introducer.
pub(super) const CSI: &[u8] = b"\x1b[";
/// The same in one byte.
pub(super) const CSI_C1: &[u8] = b"\x9b";
/// The same as a character in UTF-8.
pub(super) const CSI_UTF8: &[u8] = "\u{9b}".as_bytes();
/// Ends a control string, by itself or as a character in UTF-8.
pub(super) const ST: u8 = 0x9c;
/// Ends a control string as well.
pub(super) const BEL: u8 = 0x07;
