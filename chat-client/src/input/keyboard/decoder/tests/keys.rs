//! Keys in the forms of all terminals.

use super::*;
use crate::editor::Key;
use crate::input::event::Press;
use crate::input::keys::presses;
use crate::input::term::Pastes;

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
        (b"\x1b[3;5~", KeyCode::Delete, CONTROL),
        (b"\x1b[1;6C", KeyCode::Right, CONTROL | SHIFT),
        (b"\x1b[119;5u", KeyCode::Char('w'), CONTROL),
        (b"\x1b[13;3u", KeyCode::Enter, ALT),
    ] {
        check(bytes, &[key(code, modifiers)]);
    }
}

/// What the editor gets, whole and in pieces.
#[track_caller]
fn pressed(bytes: &[u8]) -> Vec<Press> {
    let whole = decode(&[bytes]);
    let one_by_one: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(&one_by_one), whole, "{}", bytes.escape_ascii());
    presses(whole, Pastes::Bracketed)
}

/// Each of these sequences is the first one's key.
#[track_caller]
fn same(sequences: &[&str]) {
    let first = pressed(sequences[0].as_bytes());
    assert_eq!(first.len(), 1, "{first:?}");
    for sequence in sequences {
        let pressed = pressed(sequence.as_bytes());
        assert_eq!(pressed, first, "{}", sequence.escape_debug());
    }
}

/// With kitty's protocol or xterm's modifyOtherKeys, on a Latin keyboard or
/// another, with Caps Lock and Num Lock.
#[test]
fn letters_with_control_and_alt_have_several_encodings() {
    for letter in "abcdefhijklmnprtuwyz".chars() {
        let code = u32::from(letter);
        let control = char::from(letter as u8 & 0x1f);
        same(&[
            &control.to_string(),
            &format!("\x1b[{code};5u"),
            &format!("\x1b[{code};5:1u"),
            &format!("\x1b[{code};5:2u"),
            &format!("\x1b[{code};69u"),
            &format!("\x1b[{code};197u"),
            &format!("\x1b[{code}:{};6u", code - 32),
            &format!("\x1b[1089::{code};5u"),
            &format!("\x1b[1089:1057:{code};6u"),
            &format!("\x1b[27;5;{code}~"),
            &format!("\x1b[27;6;{}~", code - 32),
        ]);
    }
    for letter in "bdfty".chars() {
        let code = u32::from(letter);
        same(&[
            &format!("\x1b{letter}"),
            &format!("\x1b{}", letter.to_ascii_uppercase()),
            &format!("\x1b[{code};3u"),
            &format!("\x1b[{code};131:1u"),
            &format!("\x1b[{code}:{};4u", code - 32),
            &format!("\x1b[1080::{code};3u"),
            &format!("\x1b[27;3;{code}~"),
        ]);
    }
}

#[test]
fn enter_has_several_encodings() {
    // Enter, and a line end in the draft.
    same(&[
        "\r",
        "\x1b[13u",
        "\x1b[13;1:2u",
        "\x1b[13;129u",
        "\x1b[57414u",
        "\x1bOM",
        "\x1b[27;1;13~",
        "\u{8f}M",
    ]);
    same(&[
        "\x1b\r",
        "\n",
        "\x1b[13;3u",
        "\x1b[13;2u",
        "\x1b[13;66:1u",
        "\x1b[57414;2u",
        "\x1b[27;2;13~",
        "\x1b[27;3;13~",
        "\x1b[106;5u",
        "\x1bO2M",
    ]);
}

#[test]
fn tab_backspace_and_escape_have_several_encodings() {
    same(&["\t", "\x1b[9u", "\x1b[27;5;9~", "\x1b[105;5u", "\x1bOI"]);
    same(&[
        "\x1b[Z",
        "\x1b[9;2u",
        "\x1b[27;2;9~",
        "\x1b[1;2Z",
        "\x1b[1;6Z",
        "\x1b[27;6;9~",
    ]);
    same(&[
        "\x7f",
        "\x08",
        "\x1b[127u",
        "\x1b[127;5u",
        "\x1b[27;2;127~",
        "\x1b[8;5u",
    ]);
    same(&["\x1b\x7f", "\x1b\x08", "\x1b[127;3u", "\x1b[27;3;127~"]);
    same(&[
        "\x1b",
        "\x1b[27u",
        "\x1b[27;129u",
        "\x1b[91;5u",
        "\x1b[27;5;91~",
    ]);
    // C-_ is C-/ and C-7 on most keyboards, and has Shift on many.
    same(&[
        "\x1f",
        "\x1b[95;5u",
        "\x1b[45:95;6u",
        "\x1b[45;6u",
        "\x1b[47;5u",
        "\x1b[55:47;6u",
        "\x1b[27;6;95~",
        "\x1b[27;5;47~",
    ]);
}

#[test]
fn cursor_keys_have_several_encodings() {
    for (letter, number) in [('A', 57419), ('B', 57420), ('C', 57418), ('D', 57417)] {
        same(&[
            &format!("\x1b[{letter}"),
            &format!("\x1bO{letter}"),
            &format!("\x1b[1;1{letter}"),
            &format!("\x1b[1;1:2{letter}"),
            &format!("\x1b[1;129{letter}"),
            &format!("\x1b[1;2{letter}"),
            &format!("\x1b[{}", letter.to_ascii_lowercase()),
            &format!("\x1b[{number}u"),
            &format!("\u{9b}{letter}"),
        ]);
    }
    for letter in ['C', 'D'] {
        same(&[
            &format!("\x1b[1;5{letter}"),
            &format!("\x1b[5{letter}"),
            &format!("\x1bO5{letter}"),
            &format!("\x1bO1;5{letter}"),
            &format!("\x1b[1;69:1{letter}"),
            &format!("\x1b[>1;5{letter}"),
            &format!("\x1bO{}", letter.to_ascii_lowercase()),
        ]);
    }
    same(&[
        "\x1b[H",
        "\x1bOH",
        "\x1b[1~",
        "\x1b[7~",
        "\x1b[7$",
        "\x1b[7^",
        "\x1b[7@",
        "\x1b[1;5H",
        "\x1b[57423u",
    ]);
    same(&[
        "\x1b[F",
        "\x1bOF",
        "\x1b[4~",
        "\x1b[8~",
        "\x1b[8$",
        "\x1b[8^",
        "\x1b[8@",
        "\x1b[1;2F",
        "\x1b[57424u",
    ]);
    same(&[
        "\x1b[3~",
        "\x1b[3;5~",
        "\x1b[3$",
        "\x1b[3^",
        "\x1b[3@",
        "\x1b[57426u",
        "\x1b[3;1:2~",
    ]);
}

#[test]
fn keys_with_text_type_it() {
    for (sequence, text) in [
        ("\x1b[97u", "a"),
        ("\x1b[97;1:2u", "a"),
        ("\x1b[97;129u", "a"),
        ("\x1b[97:65;2u", "A"),
        ("\x1b[97;2u", "A"),
        ("\x1b[49:33;2u", "!"),
        ("\x1b[97;2;65u", "A"),
        ("\x1b[97;;229u", "å"),
        ("\x1b[0;;20320:22909u", "你好"),
        ("\x1b[1092::97u", "ф"),
        ("\x1b[1092:1060:97;2u", "Ф"),
        ("\x1b[32u", " "),
        ("\x1b[27;2;65~", "A"),
        ("\x1b[27;2;1060~", "Ф"),
        ("\x1b[57400u", "1"),
        ("\x1b[57408;129u", "9"),
        (
            "\x1b[57409u\x1b[57410u\x1b[57411u\x1b[57412u\x1b[57413u",
            "./*-+",
        ),
        ("\x1b[57415u\x1b[57416u", "=,"),
        ("\x1bOp\x1bOy", "09"),
        ("\x1bOX\x1bOj\x1bOk\x1bOl\x1bOm\x1bOn\x1bOo", "=*+,-./"),
        // Nothing of a control character.
        ("\x1b[97;;27:91:50:74u", "[2J"),
    ] {
        let expected = Press::Key(Key::Text(text.to_owned()));
        assert_eq!(pressed(sequence.as_bytes()), [expected], "{text}");
    }
}

#[test]
fn keys_without_a_use_do_nothing() {
    let mut sequences = Vec::new();
    // Super, Hyper, Meta, Control and Alt together, and such with others.
    for held in 1..=64 {
        let bits = held - 1;
        let is_command = bits & 0b111000 != 0 || bits & 0b110 == 0b110;
        if is_command {
            sequences.push(format!("\x1b[97;{held}u"));
            sequences.push(format!("\x1b[233;{held}u"));
            sequences.push(format!("\x1b[27;{held};97~"));
        }
        if bits & 0b111000 != 0 {
            sequences.push(format!("\x1b[97;{held};97u"));
            sequences.push(format!("\x1b[13;{held}u"));
        }
    }
    // Of kitty's functional keys only the keypad is known.
    let keypad = [57399..=57420, 57423..=57424, 57426..=57426];
    for number in FUNCTIONAL {
        if !keypad.iter().any(|known| known.contains(&number)) {
            sequences.push(format!("\x1b[{number}u"));
            sequences.push(format!("\x1b[{number};2u"));
        }
    }
    // Function keys, Insert, Page Up and Down, in the forms of xterm and kitty.
    for key in [
        "P", "Q", "R", "S", "1;2P", "1;5R", "2~", "5~", "6;5~", "15~", "24;2~", "29~", "E",
    ] {
        sequences.push(format!("\x1b[{key}"));
    }
    for key in ["P", "2P", "1;2S", "E", " "] {
        sequences.push(format!("\x1bO{key}"));
    }
    // C-Space, C-; and the like.
    for key in [
        "32;5u", "59;5u", "27;5;44~", "27;5;32~", "3u", "0u", "u", "1114112u", "55296u",
    ] {
        sequences.push(format!("\x1b[{key}"));
    }
    for key in ['[', ']', 'O', 'P', 'X', '^', '_', '\\', '1', 'é'] {
        sequences.push(format!("\x1b{key}"));
    }
    does_nothing(&sequences);
}

#[test]
fn keys_that_are_let_go_do_nothing() {
    let released = [
        "97;1:3u",
        "13;1:3u",
        "99;5:3u",
        "27;1:3u",
        "57400;1:3u",
        "97;2:3;65u",
        "1;1:3A",
        "3;1:3~",
        "1;5:3D",
        "1;1:3H",
    ];
    does_nothing(&released.map(|released| format!("\x1b[{released}")));
}

#[track_caller]
fn does_nothing(sequences: &[String]) {
    for sequence in sequences {
        let escaped = sequence.escape_debug();
        assert_eq!(pressed(sequence.as_bytes()), [], "{escaped}");
    }
}

/// The Private Use Area as far as kitty has taken it for keys.
const FUNCTIONAL: std::ops::RangeInclusive<u32> = 57344..=63743;

/// Sequences that are no keys take no key with them.
#[test]
fn sequences_that_are_no_keys_are_passed_over() {
    let too_long = ["\x1b[", &"1;".repeat(MAX_PARAMETERS / 2), "1A"].concat();
    for bytes in [
        &b"\x1b[5~"[..],
        b"\x1b[[A",
        // A mouse: X10's report, also as characters and beyond column 95;
        // SGR's, also a release; urxvt's.
        b"\x1b[Mabc",
        b"\x1b[M \x7f\xff",
        "\x1b[M \u{84}\u{85}".as_bytes(),
        b"\x1b[<0;10;20M",
        b"\x1b[<0;10;20m",
        b"\x1b[32;10;20M",
        // The focus.
        b"\x1b[I\x1b[O",
        // Answers to queries of other programs: attributes, status, cursor, modes,
        // size, colour scheme, kitty's flags, keyboard, checksum, locator.
        b"\x1b[=1;0c",
        b"\x1b[0n\x1b[?13n\x1b[24;80R\x1b[?24;80R",
        b"\x1b[?2026;2$y\x1b[4;1$y\x1b[8;24;80t\x1b[?997;1n",
        b"\x1b[?5u\x1b[>4;2m\x1b[2;1;1;128;128;1;0x\x1b[0;1;1;1;0&w",
        b"\x1bOP",
        too_long.as_bytes(),
        b"\x1b[3u",
        b"\0",
        b"\xff\xa0\xc0",
        b"\xe4\xb8",
        b"\xed\xa0\x80",
        "\u{80}\u{85}\u{9c}".as_bytes(),
    ] {
        check(&[bytes, b"x"].concat(), &typed("x"));
    }
    let ctrl_c = key(KeyCode::Char('c'), CONTROL);
    for begun in [&b"\x1b[12;"[..], b"\x1bO1;", b"\x1b[Ma", b"\x1b[["] {
        let expected = [vec![ctrl_c.clone()], typed("x")].concat();
        check(&[begun, b"\x03x"].concat(), &expected);
    }
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
