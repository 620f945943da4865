//! The keys of all terminals that terminfo knows: each is decoded to that key
//! or to nothing, and never to text.

use crossterm::event::KeyEvent;

use super::*;
use crate::input::keymap::press_of;

/// A row of the table.
struct Row {
    capability: &'static str,
    escaped: &'static str,
    bytes: Vec<u8>,
    terminal: &'static str,
}

fn rows() -> impl Iterator<Item = Row> {
    let table = include_str!("terminfo.tsv");
    let rows = table.lines().filter(|row| !row.starts_with('#'));
    rows.map(|row| {
        let columns: Vec<&str> = row.split('\t').collect();
        let [capability, escaped, _, terminal] = columns[..] else {
            panic!("{row:?}");
        };
        Row {
            capability,
            escaped,
            bytes: unescaped(escaped),
            terminal,
        }
    })
}

/// What terminfo(5) writes as `escaped`.
fn unescaped(escaped: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'^' => rest.next().expect("a letter") & 0x1f,
            b'\\' => match rest.next().expect("a character") {
                b'E' => ESC,
                b's' => b' ',
                first @ b'0'..=b'7' => {
                    let digits = rest.by_ref().take(2).map(|digit| digit - b'0');
                    digits.fold(first - b'0', |octal, digit| (octal << 3) + digit)
                }
                character => character,
            },
            byte => byte,
        });
    }
    bytes
}

/// The key of a capability, if the editor knows it. The names of xterm's own end
/// in the number of the modifiers.
fn expected(capability: &str) -> Option<KeyCode> {
    let unmodified = capability.trim_end_matches(|c| matches!(c, '2'..='8'));
    Some(match unmodified {
        "kcuu1" | "kUP" => KeyCode::Up,
        "kcud1" | "kDN" => KeyCode::Down,
        "kcub1" | "kLFT" => KeyCode::Left,
        "kcuf1" | "kRIT" => KeyCode::Right,
        "khome" | "kHOM" => KeyCode::Home,
        "kend" | "kEND" => KeyCode::End,
        "kdch1" | "kDC" => KeyCode::Delete,
        "kent" => KeyCode::Enter,
        "kcbt" => KeyCode::BackTab,
        "kbs" => KeyCode::Backspace,
        _ => return None,
    })
}

/// The keys that do something, of those that a sequence gives.
fn decoded(bytes: &[u8]) -> Vec<KeyEvent> {
    let typed = decode(&[bytes]).into_iter();
    let keys = typed.filter_map(|typed| match typed {
        Typed::Key(key) => Some(key),
        _ => None,
    });
    keys.filter(|key| press_of(*key).is_some()).collect()
}

/// Where two kinds of terminal disagree on a sequence, the one that is still in
/// use wins.
const DECIDED: [(&str, &str); 9] = [
    ("kbs", r"\EOl"),
    ("kbs", r"\E[D"),
    ("kcud1", r"\E[A"),
    ("kdch1", r"\E[4~"),
    ("kend", r"\E[1~"),
    ("kend", r"\E[24;1H"),
    ("kend", r"\E[d"),
    ("kent", r"\E[8~"),
    ("kent", r"\2338~"),
];

#[test]
fn a_key_is_itself_or_nothing() {
    let mut recognised = 0;
    for row in rows() {
        let Some(code) = expected(row.capability) else {
            continue;
        };
        if !is_sequence(&row.bytes) || DECIDED.contains(&(row.capability, row.escaped)) {
            continue;
        }
        let keys = decoded(&row.bytes);
        assert!(
            keys.iter().all(|key| key.code == code),
            "{} of {} is {}: {keys:?}",
            row.capability,
            row.terminal,
            row.escaped,
        );
        recognised += keys.len();
    }
    assert!(recognised > 100, "only {recognised}");
}

#[test]
fn no_key_is_text() {
    for row in rows().filter(|row| is_sequence(&row.bytes) && !is_keypad(&row.bytes)) {
        let keys = decoded(&row.bytes);
        let text = keys.iter().any(|key| matches!(key.code, KeyCode::Char(_)));
        assert!(
            !text,
            "{} of {} is {}: {keys:?}",
            row.capability, row.terminal, row.escaped
        );
    }
}

/// Whether it is one control sequence (ECMA-48 §5.4). Some old terminals send
/// one with more behind it, which is another key to all others.
fn is_sequence(bytes: &[u8]) -> bool {
    let body = bytes
        .strip_prefix(b"\x1b[")
        .or_else(|| bytes.strip_prefix(b"\x1bO"))
        .or_else(|| bytes.strip_prefix(b"\x9b"))
        .or_else(|| bytes.strip_prefix(b"\x8f"));
    let (last, parameters) = body.and_then(<[u8]>::split_last).unwrap_or((&0, b""));
    // Those of Linux' console have one byte more, those of rxvt one less.
    let parameters = parameters.strip_prefix(b"[").unwrap_or(parameters);
    parameters.iter().all(|byte| matches!(byte, b' '..=b'?')) && matches!(last, b'@'..=b'~' | b'$')
}

/// Whether it is a key of the keypad in application mode.
fn is_keypad(bytes: &[u8]) -> bool {
    matches!(bytes, [ESC, b'O', b'j'..=b'y' | b'X'] | [0x8f, b'j'..=b'y'])
}
