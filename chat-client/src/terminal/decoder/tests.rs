use proptest::prelude::*;

use super::*;

const NONE: KeyModifiers = KeyModifiers::NONE;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

fn key(code: KeyCode, modifiers: KeyModifiers) -> Typed {
    Typed::Key(KeyEvent::new(code, modifiers))
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

#[test]
fn keys() {
    for (bytes, code, modifiers) in [
        (&b"a"[..], KeyCode::Char('a'), NONE),
        ("中".as_bytes(), KeyCode::Char('中'), NONE),
        ("🙂".as_bytes(), KeyCode::Char('🙂'), NONE),
        (b"\x1b", KeyCode::Esc, NONE),
        (b"\r", KeyCode::Enter, NONE),
        (b"\n", KeyCode::Char('j'), CONTROL),
        (b"\t", KeyCode::Tab, NONE),
        (b"\x7f", KeyCode::Backspace, NONE),
        (b"\x08", KeyCode::Char('h'), CONTROL),
        (b"\x03", KeyCode::Char('c'), CONTROL),
        (b"\x1a", KeyCode::Char('z'), CONTROL),
        (b"\x1f", KeyCode::Char('7'), CONTROL),
        (b"\x1bf", KeyCode::Char('f'), ALT),
        ("\u{1b}é".as_bytes(), KeyCode::Char('é'), ALT),
        (b"\x1b\r", KeyCode::Enter, ALT),
        (b"\x1b\x7f", KeyCode::Backspace, ALT),
        (b"\x1b\x08", KeyCode::Backspace, ALT),
        (b"\x1b[A", KeyCode::Up, NONE),
        (b"\x1bOB", KeyCode::Down, NONE),
        (b"\x1b[C", KeyCode::Right, NONE),
        (b"\x1b[D", KeyCode::Left, NONE),
        (b"\x1bOH", KeyCode::Home, NONE),
        (b"\x1b[1~", KeyCode::Home, NONE),
        (b"\x1b[F", KeyCode::End, NONE),
        (b"\x1b[8~", KeyCode::End, NONE),
        (b"\x1b[3~", KeyCode::Delete, NONE),
        (b"\x1b[3;5~", KeyCode::Delete, CONTROL),
        (b"\x1b[Z", KeyCode::BackTab, NONE),
        (b"\x1b[1;5D", KeyCode::Left, CONTROL),
        (b"\x1b[1;6C", KeyCode::Right, CONTROL | SHIFT),
        (b"\x1b[5C", KeyCode::Right, CONTROL),
        (b"\x1b[119;5u", KeyCode::Char('w'), CONTROL),
        (b"\x1b[13;3u", KeyCode::Enter, ALT),
    ] {
        check(bytes, &[key(code, modifiers)]);
    }
}

/// What is no key takes nothing with it that is one.
#[test]
fn what_is_no_key_is_passed_over() {
    for bytes in [
        &b"\x1b[5~"[..],
        b"\x1b[[A",
        b"\x1b[Mabc",
        b"\x1b[<0;10;20M",
        b"\x1b[I",
        b"\x1bOP",
        b"\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1A",
        b"\x1b[3u",
        b"\0",
        b"\xff\x80\xc0",
        b"\xe4\xb8",
        b"\xed\xa0\x80",
    ] {
        check(&[bytes, b"x"].concat(), &typed("x"));
    }
    let ctrl_c = key(KeyCode::Char('c'), CONTROL);
    check(
        b"\x1b[12;\x03x",
        &[vec![ctrl_c.clone()], typed("x")].concat(),
    );
    let escape = key(KeyCode::Esc, NONE);
    check(b"\x1b\x03", &[escape.clone(), ctrl_c]);
    check(b"\x1b\x1b[A", &[escape, key(KeyCode::Up, NONE)]);
    // Half of one.
    check(b"\x1b[1;", &[]);
}

#[test]
fn an_escape_that_nothing_follows_is_a_key() {
    let mut decoder = Decoder::default();
    let mut out = Vec::new();
    assert!(!decoder.is_waiting());
    decoder.decode(b"\x1b", &mut out);
    assert!(decoder.is_waiting() && out.is_empty());
    decoder.expire(&mut out);
    assert!(!decoder.is_waiting());
    decoder.decode(b"[A", &mut out);
    assert_eq!(out, [&[key(KeyCode::Esc, NONE)], &typed("[A")[..]].concat());
}

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
    check(
        b"\x1b[201~a",
        &[&[Typed::PasteEnd], &typed("a")[..]].concat(),
    );
}

/// T-09: a paste that does not end is not kept, and C-c is a key all the same
/// if it comes by itself. What is pasted after that is still no key.
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

/// The same while it could still be kept.
#[test]
fn a_paste_can_be_given_up() {
    let reads: [&[u8]; 4] = [b"\x1b[200~abc", b"\x03", b"def\x1b[201", b"~x"];
    let given_up = [
        key(KeyCode::Char('c'), CONTROL),
        Typed::Paste(String::new()),
        key(KeyCode::Char('x'), NONE),
    ];
    assert_eq!(decode(&reads), given_up);
}

proptest! {
    /// Whatever comes, however it is torn: the same keys, and never a control
    /// character as text.
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

/// What keys and pastes are made of, and what they are not.
const PIECES: &[&[u8]] = &[
    b"\x1b",
    b"\x1b[",
    b"200~",
    b"\x1b[201~",
    b"1;5",
    b"A",
    b"M",
    b"\r",
    b"\xe4",
    b"\xb8",
    b"\xad",
    b"\xff",
    b"ab",
    b"\x7f",
    b"\x04",
];
