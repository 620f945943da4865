//! Writing DER (X.690), as far as keys and certificates need it.

/// A value with this tag, which has these parts one after the other.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => bytes.push(short),
        _ => {
            let digits = length.to_be_bytes();
            let digits = without_zeros(&digits);
            bytes.push(0x80 | digits.len() as u8);
            bytes.extend_from_slice(digits);
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// An integer that is not negative, from its digits to the base 256.
pub(super) fn unsigned(digits: &[u8]) -> Vec<u8> {
    match without_zeros(digits) {
        [] => value(INTEGER, &[&[0]]),
        // The first bit is the sign.
        digits @ [0x80..=0xff, ..] => value(INTEGER, &[&[0], digits]),
        digits => value(INTEGER, &[digits]),
    }
}

/// Bits that are whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(BIT_STRING, &[&[0], bytes])
}

/// The digits of a number without the zeros before it.
pub(super) fn without_zeros(digits: &[u8]) -> &[u8] {
    let first = digits.iter().position(|&digit| digit != 0);
    &digits[first.unwrap_or(digits.len())..]
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// Behind these the meaning depends on the value around.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;
