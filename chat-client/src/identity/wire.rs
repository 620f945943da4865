//! Numbers and strings as ssh writes them in keys and messages: a string has its length in
//! four bytes before it.

/// Takes a number from the beginning.
pub(super) fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*number))
}

/// Takes a string from the beginning.
pub(super) fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(rest)?;
    let (string, after) = rest.split_at_checked(length as usize)?;
    *rest = after;
    Some(string)
}

/// A string as it is written; `None` if it is too long.
pub(super) fn prefixed(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(bytes.len()).ok()?;
    Some([&length.to_be_bytes(), bytes].concat())
}
