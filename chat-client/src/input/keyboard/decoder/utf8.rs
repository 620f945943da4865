//! How characters are made of bytes in UTF-8.

/// The bytes of the UTF-8 character that begins with `byte`, if it begins one of
/// several.
pub(super) fn length_of_character(byte: u8) -> Option<usize> {
    match byte {
        0xc2..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf4 => Some(4),
        _ => None,
    }
}

pub(super) fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xbf)
}
