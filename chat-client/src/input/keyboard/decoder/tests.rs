use crossterm::event::KeyEvent;
use proptest::prelude::*;

use super::*;
use crate::editor::MAX_DRAFT;

const NONE: KeyModifiers = KeyModifiers::NONE;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

fn key(code: KeyCode, modifiers: KeyModifiers) -> Typed {
    Typed::key(code, modifiers)
}

fn typed(text: &str) -> Vec<Typed> {
    let keys = text.chars().map(|letter| key(KeyCode::Char(letter), NONE));
    keys.collect()
}

/// What these reads give, and that nothing follows.
fn decode(reads: &[&[u8]]) -> Vec<Typed> {
    let mut decoder = Decoder::default();
    let mut out = Vec::new();
    for read in reads {
        decoder.decode(read, &mut out);
    }
    decoder.expire(&mut out);
    out
}

#[track_caller]
fn check(bytes: &[u8], expected: &[Typed]) {
    assert_eq!(decode(&[bytes]), expected, "whole");
    let one_by_one: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(&one_by_one), expected, "one by one");
}

mod keys;
mod strings;
mod terminfo;

#[test]
fn pastes() {
    let paste = |text: &str| Typed::Paste(text.to_owned());
    check(b"\x1b[200~\x1b[201~", &[paste("")]);
    check(
        b"a\x1b[200~b\r\x1b[2J\xff\x1b\x1b[201~c",
        &[
            &typed("a")[..],
            &[paste("b\r\x1b[2J\u{fffd}\x1b")],
            &typed("c"),
        ]
        .concat(),
    );
    // As an xterm sends it after `ESC SP G`, or might in UTF-8.
    let text = "b\r\x1b[201~ě";
    for mark in [&b"\x9b"[..], "\u{9b}".as_bytes()] {
        let bytes = [mark, b"200~", text.as_bytes(), mark, b"201~c"].concat();
        check(&bytes, &[vec![paste(text)], typed("c")].concat());
    }
    check(
        b"\x1b[201~a",
        &[&[Typed::PasteEnd], &typed("a")[..]].concat(),
    );
}

/// A paste that does not end is not kept, and C-c is a key all the same if it comes by
/// itself. The rest of the paste is still no key.
#[test]
fn a_paste_without_an_end_is_bounded_and_can_be_left() {
    let mut decoder = Decoder::default();
    let mut out = Vec::new();
    decoder.decode(b"\x1b[200~", &mut out);
    let text = [b'x'; 4096];
    for _ in 0..MAX_DRAFT / text.len() {
        decoder.decode(&text, &mut out);
        assert_eq!(out, []);
    }
    for _ in 0..10 {
        decoder.decode(&text, &mut out);
        assert_eq!(out, [Typed::PasteTooLong]);
        let State::Paste(paste) = &decoder.state else {
            panic!("{decoder:?}");
        };
        assert_eq!(paste.bytes.capacity(), 0);
    }
    out.clear();
    decoder.decode(b"x\x03", &mut out);
    assert_eq!(out, []);
    let ctrl_c = key(KeyCode::Char('c'), CONTROL);
    decoder.decode(b"\x03\x03", &mut out);
    decoder.decode(b"/quit\r", &mut out);
    assert_eq!(out, [ctrl_c]);
    decoder.decode(b"\x1b[201~a", &mut out);
    assert_eq!(
        out[1..],
        [&[Typed::Paste(String::new())], &typed("a")[..]].concat()
    );
}

/// The same while it could still be kept, however C-c is encoded. Within what
/// is pasted it is none.
#[test]
fn a_paste_can_be_given_up() {
    let given_up = [
        key(KeyCode::Char('c'), CONTROL),
        Typed::Paste(String::new()),
        key(KeyCode::Char('x'), NONE),
    ];
    for ctrl_c in [
        "\x03",
        "\x1b[99;5u",
        "\x1b[99;5u\x1b[99;5:3u",
        "\x1b[1089::99;69u",
        "\x1b[27;5;99~",
    ] {
        let (begin, end) = (b"\x1b[200~abc", b"def\x1b[201");
        assert_eq!(decode(&[begin, ctrl_c.as_bytes(), end, b"~x"]), given_up);
        let pasted = format!("\x1b[200~a{ctrl_c}\x1b[201~");
        let paste = Typed::Paste(format!("a{ctrl_c}"));
        assert_eq!(decode(&[pasted.as_bytes()]), [paste]);
    }
}

proptest! {
    /// Any bytes, in any pieces: the same keys, and never a control character as text.
    #[test]
    fn any_pieces_give_the_same_keys(
        pieces in proptest::collection::vec(
            proptest::sample::select(PIECES),
            0..40,
        ),
        cut in 1_usize..7,
    ) {
        let bytes = pieces.concat();
        let whole = decode(&[&bytes]);
        let cut: Vec<&[u8]> = bytes.chunks(cut).collect();
        prop_assert_eq!(&decode(&cut), &whole);
        for typed in whole {
            if let Typed::Key(KeyEvent { code: KeyCode::Char(letter), .. }) = typed {
                prop_assert!(!letter.is_control());
            }
        }
    }
}

/// What keys, answers and pastes are made of, and what they are not.
const PIECES: &[&[u8]] = &[
    b"\x1b",
    b"\x1b[",
    b"\x1bO",
    b"200~",
    b"\x1b[201~",
    b"1;5",
    b"97:65",
    b"27;5;97~",
    b"A",
    b"M",
    b"O",
    b"P",
    b"X",
    b"[",
    b"]",
    b"_",
    b"u",
    b"$",
    b"?",
    b"\\",
    b"\r",
    b"\x07",
    b"\xe4",
    b"\xb8",
    b"\xad",
    b"\xc2",
    b"\x9b",
    b"\x9c",
    b"\x9d",
    b"\xff",
    b"ab",
    b"\x7f",
    b"\x04",
];
