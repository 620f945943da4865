//! The line decoder: however the bytes come, the lines are the same, and none
//! holds more than the limit.
#![no_main]

use chat_proto::framing::{Endless, Line, LineDecoder, MAX_UNENDED};
use libfuzzer_sys::fuzz_target;

/// A decoded line, owned.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    Whole(String),
    TooLong(Vec<u8>),
    NotUtf8(Vec<u8>),
    Endless,
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> (Vec<Got>, Vec<u8>) {
    let mut decoder = LineDecoder::default();
    let mut lines = Vec::new();
    for mut input in pieces {
        loop {
            match decoder.next_line(&mut input, limit) {
                Ok(None) => break,
                Ok(Some(Line::Whole(text))) => {
                    assert!(text.len() <= limit);
                    lines.push(Got::Whole(text.to_owned()));
                }
                Ok(Some(Line::TooLong(start))) => {
                    assert_eq!(start.len(), limit);
                    lines.push(Got::TooLong(start.to_owned()));
                }
                Ok(Some(Line::NotUtf8(bytes))) => {
                    assert!(bytes.len() <= limit && std::str::from_utf8(bytes).is_err());
                    lines.push(Got::NotUtf8(bytes.to_owned()));
                }
                Err(Endless) => {
                    lines.push(Got::Endless);
                    return (lines, Vec::new());
                }
            }
        }
        assert!(input.is_empty(), "input is left over");
        assert!(decoder.pending().len() <= limit);
    }
    (lines, decoder.pending().to_owned())
}

fuzz_target!(|bytes: &[u8]| {
    let [shape, cut, rest @ ..] = bytes else {
        return;
    };
    let limit = [0, 1, 16, 4096][usize::from(shape % 4)];
    // A long run before it, for the limit on bytes without a line end.
    let run = match shape / 4 % 8 {
        0 => MAX_UNENDED - usize::from(*cut),
        _ => 0,
    };
    let run = vec![b'x'; run];
    let input = [&run, rest].concat();
    let whole = decode([&input[..]], limit);
    let behind = |size| std::iter::once(&run[..]).chain(rest.chunks(size));
    assert_eq!(decode(behind(1 + usize::from(*cut)), limit), whole);
    assert_eq!(decode(behind(1), limit), whole);
    let (one, other) = rest.split_at(usize::from(*cut) % (rest.len() + 1));
    assert_eq!(decode([&run, one, other], limit), whole);
    // Every LF ends a line, whatever stands before it.
    let ends = input.iter().filter(|&&byte| byte == b'\n').count();
    let is_endless = whole.0.last() == Some(&Got::Endless);
    assert!(is_endless || whole.0.len() >= ends);
});
