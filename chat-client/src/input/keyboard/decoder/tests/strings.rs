//! Answers to another program are no text, and keys with Alt are no answers.

use super::*;
use crate::input::Answer;

/// Answers that terminals give in strings, without introducer and end.
const ANSWERS: [(char, &str); 16] = [
    // Colours, the clipboard, the title and the icon.
    (']', "11;rgb:ffff/ffff/ffff"),
    (']', "4;255;rgb:00/00/00"),
    (']', "52;c;aGVsbG8="),
    (']', "lchat — ann@home œŜ✓"),
    (']', "Licon"),
    (']', "99;i=1:p=?;"),
    // The version, settings, terminfo, the terminal's number, macros.
    ('P', ">|XTerm(370)"),
    ('P', "1$r0m"),
    ('P', "0$r"),
    ('P', "1+r524742=38"),
    ('P', "!|00000000"),
    ('P', "2$u1/1/1"),
    // Graphics of kitty.
    ('_', "Gi=31;OK"),
    // No terminal is known to use these.
    ('_', "x"),
    ('^', "private"),
    ('X', "start of string"),
];

/// ST, the same in one byte and as a character, and BEL.
const ENDS: [&[u8]; 4] = [b"\x1b\\", b"\x9c", "\u{9c}".as_bytes(), b"\x07"];

/// The decoded events, without the answers that the client asks for.
fn keys(reads: &[&[u8]]) -> Vec<Typed> {
    let mut typed = decode(reads);
    typed.retain(|typed| !matches!(typed, Typed::Answer(_)));
    typed
}

/// However the reads cut them.
#[test]
fn answers_that_were_asked_for_are_no_keys() {
    let bytes = b"a\x1bP>|tmux 3.5a\x1b\\\x1b[>84;0;0c\x1b[?1;2;4cb";
    let name = Answer::Name("tmux 3.5a".to_owned());
    let answers = [name, Answer::Kind(84, 0), Answer::Last].map(Typed::Answer);
    let expected = [typed("a"), answers.to_vec(), typed("b")].concat();
    for cut in 0..bytes.len() {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(decode(&[first, second]), expected, "{cut}");
    }
}

#[test]
fn answers_are_swallowed() {
    for (introducer, content) in ANSWERS {
        let long = content.repeat(1000);
        let byte = introducer as u8 + 0x40;
        let encoded = char::from(byte).to_string();
        let introducers = [&[ESC, introducer as u8], &[byte][..], encoded.as_bytes()];
        for (begin, end) in introducers
            .iter()
            .flat_map(|begin| ENDS.map(|end| (begin, end)))
        {
            for content in [content, &long] {
                let answer = [begin, content.as_bytes(), end].concat();
                let bytes = [b"a", &answer[..], b"b", &answer, &answer, b"\r"].concat();
                let enter = key(KeyCode::Enter, NONE);
                let expected = [typed("ab"), vec![enter]].concat();
                assert_eq!(keys(&[&bytes]), expected, "{}", answer.escape_ascii());
            }
            // At every border.
            let bytes = [begin, content.as_bytes(), end, b"b"].concat();
            for cut in 1..bytes.len() {
                let (first, second) = bytes.split_at(cut);
                assert_eq!(
                    keys(&[first, second]),
                    typed("b"),
                    "{}",
                    bytes.escape_ascii()
                );
            }
        }
    }
}

/// After a pause an unfinished string is over, and the next bytes are typed.
#[test]
fn a_string_without_an_end_does_not_hold_up_typing() {
    for (introducer, content) in ANSWERS {
        let mut decoder = Decoder::default();
        let mut out = Vec::new();
        let begun = format!("\x1b{introducer}{content}");
        decoder.decode(begun.as_bytes(), &mut out);
        assert!(decoder.is_waiting());
        decoder.expire(&mut out);
        assert!(!decoder.is_waiting());
        out.clear();
        decoder.decode(b"hello", &mut out);
        assert_eq!(out, typed("hello"));
    }
}

/// A control character is a person's key, and ends an unfinished string. So does
/// another sequence.
#[test]
fn a_key_breaks_a_string_off() {
    for (key_bytes, code, modifiers) in [
        (&b"\r"[..], KeyCode::Enter, NONE),
        (b"\x03", KeyCode::Char('c'), CONTROL),
        (b"\x7f", KeyCode::Backspace, NONE),
        (b"\x1b[A", KeyCode::Up, NONE),
        (b"\x1b[99;5u", KeyCode::Char('c'), CONTROL),
    ] {
        for answer in ["\x1b]11;rgb:ff", "\x1bP1$r", "\x1b_\x20"] {
            let bytes = [answer.as_bytes(), key_bytes, b"x"].concat();
            let alt = key(KeyCode::Char(char::from(answer.as_bytes()[1])), ALT);
            let expected = [vec![alt, key(code, modifiers)], typed("x")].concat();
            check(&bytes, &expected);
        }
    }
    let paste = [Typed::Paste("p".to_owned())];
    let alt = [key(KeyCode::Char(']'), ALT)];
    check(b"\x1b]1\x1b[200~p\x1b[201~", &[&alt[..], &paste].concat());
}

/// Alt-] is a key, however fast the person goes on, and how often it repeats.
#[test]
fn alt_with_an_introducer_is_a_key() {
    for introducer in [']', 'P', '_', '^', 'X', '[', 'O'] {
        let pressed = format!("\x1b{introducer}");
        let alt = || key(KeyCode::Char(introducer), ALT);
        check(pressed.as_bytes(), &[alt()]);
        check(pressed.repeat(3).as_bytes(), &[alt(), alt(), alt()]);
        let enter = key(KeyCode::Enter, NONE);
        check(format!("{pressed}\r").as_bytes(), &[alt(), enter.clone()]);
        if !matches!(introducer, '[' | 'O') {
            let bytes = format!("{pressed}hello 你好\r");
            let typed = typed("hello 你好");
            check(bytes.as_bytes(), &[&[alt()], &typed[..], &[enter]].concat());
            check(
                format!("{pressed}hello").as_bytes(),
                &[&[alt()], &self::typed("hello")[..]].concat(),
            );
        }
    }
    let backslash = key(KeyCode::Char('\\'), ALT);
    check(b"\x1b\\", &[backslash]);
}

/// Nothing is kept of a string that does not end.
#[test]
fn an_endless_string_is_bounded() {
    let mut decoder = Decoder::default();
    let mut out = Vec::new();
    decoder.decode(b"\x1b]52;c;", &mut out);
    for _ in 0..1000 {
        decoder.decode(&[b'x'; 4096], &mut out);
    }
    let State::String(string) = &decoder.state else {
        panic!("{decoder:?}");
    };
    assert!(string.content.capacity() <= 128);
    assert_eq!(out, []);
}
