//! The meaning of control sequences: `ESC [ …` and `ESC O …` in, keys out. Pure.
//!
//! Terminals send the same key in several forms. Which one depends on the
//! terminal and on what this or an earlier program has switched on. All forms
//! are understood, whether or not they were asked for:
//!
//! - VT220, xterm, the Linux console: `CSI A`, `CSI 1 ; 5 D`, `CSI 3 ~`, `SS3 H`;
//! - rxvt: `CSI 7 ~`, `CSI 3 ^`, `CSI d`, `SS3 d`;
//! - xterm's modifyOtherKeys: `CSI 27 ; 5 ; 97 ~`;
//! - kitty's keyboard protocol: `CSI 97 : 65 : 97 ; 5 : 1 ; 97 u`, see
//!   <https://sw.kovidgoyal.net/kitty/keyboard-protocol/>.
//!
//! A sequence that is no key of the editor gives nothing, and never text.

use crossterm::event::{KeyCode, KeyModifiers};

use crate::input::answer::Answer;
use crate::input::event::Typed;

/// Takes `CSI parameters last`.
pub(super) fn csi(parameters: &[u8], last: u8, out: &mut Vec<Typed>) {
    if let Some(answer) = Answer::in_sequence(parameters, last) {
        return out.push(Typed::Answer(answer));
    }
    // xterm with modifyCursorKeys 3 marks a cursor key with `>`.
    let parameters = match (parameters.strip_prefix(b">"), cursor_key(last)) {
        (Some(unmarked), Some(_)) => unmarked,
        _ => parameters,
    };
    // Mouse reports, and answers to questions of other programs.
    if !parameters.iter().all(|byte| matches!(byte, b'0'..=b';')) {
        return;
    }
    let numbers = Numbers(parameters);
    if numbers.get(1, 1) == Some(RELEASE) {
        return;
    }
    let (first, second) = (numbers.get(0, 0), numbers.get(1, 0));
    let mut held = modifiers(second);
    let code = match last {
        b'u' => {
            let text = numbers.text(2);
            if !text.is_empty() && !held.intersects(NOT_TEXT) {
                for character in text.chars() {
                    out.push(Typed::key(KeyCode::Char(character), KeyModifiers::NONE));
                }
                return;
            }
            let (shifted, latin) = (numbers.get(0, 1), numbers.get(0, 2));
            first.and_then(|code| key(code, shifted, latin, held))
        }
        b'~' if first == Some(27) => {
            let code = numbers.get(2, 0);
            code.and_then(|code| key(code, None, None, held))
        }
        b'~' => editing_key(first),
        // rxvt tells the modifiers by the last byte.
        b'$' | b'^' | b'@' => {
            held.set(KeyModifiers::SHIFT, last != b'^');
            held.set(KeyModifiers::CONTROL, last != b'$');
            editing_key(first)
        }
        b'a'..=b'd' => {
            held |= KeyModifiers::SHIFT;
            cursor_key(last.to_ascii_uppercase())
        }
        b'Z' => Some(KeyCode::BackTab),
        _ => {
            // Old terminals: `CSI 5 C`.
            held = modifiers(second.or(first));
            cursor_key(last)
        }
    };
    if let Some(code) = code {
        out.push(Typed::key(code, held));
    }
}

/// Takes `SS3 parameters last`: a cursor key or, in application mode, a key of
/// the keypad. Some terminals put the modifiers before the last byte.
pub(super) fn ss3(parameters: &[u8], last: u8, out: &mut Vec<Typed>) {
    let numbers = Numbers(parameters);
    let mut held = modifiers(numbers.get(1, 0).or_else(|| numbers.get(0, 0)));
    let code = match last {
        b'M' => Some(KeyCode::Enter),
        b'I' => Some(KeyCode::Tab),
        b'X' => Some(KeyCode::Char('=')),
        // The same characters as in ASCII, 64 places on.
        b'j'..=b'y' => Some(KeyCode::Char(char::from(last - 64))),
        // rxvt.
        b'a'..=b'd' => {
            held |= KeyModifiers::CONTROL;
            cursor_key(last.to_ascii_uppercase())
        }
        _ => cursor_key(last),
    };
    if let Some(code) = code {
        out.push(Typed::key(code, held));
    }
}

/// The key with this code point or, in kitty's protocol, this number. Where the
/// terminal tells them, `shifted` is the character that Shift makes of it, and
/// `latin` the one at the same place of a Latin keyboard.
fn key(code: u32, shifted: Option<u32>, latin: Option<u32>, held: KeyModifiers) -> Option<KeyCode> {
    let shift = held.contains(KeyModifiers::SHIFT);
    Some(match code {
        0x08 | 0x7f => KeyCode::Backspace,
        0x09 if shift => KeyCode::BackTab,
        0x09 => KeyCode::Tab,
        0x0d => KeyCode::Enter,
        0x1b => KeyCode::Esc,
        FIRST_FUNCTIONAL..=LAST_FUNCTIONAL => return keypad(code),
        _ => {
            let plain = char::from_u32(code)?;
            let character = match shifted.and_then(char::from_u32) {
                _ if !shift => plain,
                Some(shifted) => shifted,
                None => upper(plain),
            };
            // C-c is at its place on a Cyrillic keyboard, too.
            let latin = latin.and_then(char::from_u32);
            let latin = latin.filter(|_| held.intersects(NOT_TEXT) && !character.is_ascii());
            let character = latin.unwrap_or(character);
            (!character.is_control()).then_some(KeyCode::Char(character))?
        }
    })
}

/// A key of the keypad by kitty's number. The other numbers are keys that have
/// no use here: function and media keys, and the modifiers by themselves.
fn keypad(code: u32) -> Option<KeyCode> {
    const FIRST: u32 = 57399;
    let character = |index: u32| "0123456789./*-+".chars().nth(index as usize);
    Some(match code {
        FIRST..=57413 => KeyCode::Char(character(code - FIRST)?),
        57414 => KeyCode::Enter,
        57415 => KeyCode::Char('='),
        57416 => KeyCode::Char(','),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57426 => KeyCode::Delete,
        _ => return None,
    })
}

fn cursor_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        _ => return None,
    })
}

/// VT220's keys: Find and Select are where Home and End are now.
fn editing_key(number: Option<u32>) -> Option<KeyCode> {
    Some(match number? {
        1 | 7 => KeyCode::Home,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        _ => return None,
    })
}

/// Modifiers as xterm and kitty number them: 1, and a bit for each. That Caps
/// Lock or Num Lock is on makes no other key.
fn modifiers(number: Option<u32>) -> KeyModifiers {
    let bits = number.unwrap_or(1).saturating_sub(1);
    let all = [
        KeyModifiers::SHIFT,
        KeyModifiers::ALT,
        KeyModifiers::CONTROL,
        KeyModifiers::SUPER,
        KeyModifiers::HYPER,
        KeyModifiers::META,
    ];
    let held = all.into_iter().enumerate();
    held.filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, modifier)| modifier)
        .collect()
}

/// The letter with Shift, if that is one character.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

/// The parameters of a sequence: fields between `;`, of numbers between `:`.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn get(&self, field: usize, place: usize) -> Option<u32> {
        self.field(field).nth(place)?
    }

    /// The text whose code points are the numbers of a field.
    fn text(&self, field: usize) -> String {
        let characters = self.field(field).flatten().filter_map(char::from_u32);
        characters
            .filter(|character| !character.is_control())
            .collect()
    }

    fn field(&self, index: usize) -> impl Iterator<Item = Option<u32>> {
        let field = self.0.split(|&byte| byte == b';').nth(index);
        let numbers = field
            .into_iter()
            .flat_map(|field| field.split(|&byte| byte == b':'));
        numbers.map(|number| str::from_utf8(number).ok()?.parse().ok())
    }
}

/// Modifiers with which a key types nothing.
const NOT_TEXT: KeyModifiers = KeyModifiers::SHIFT.complement();

/// kitty's kind of event for a key that is let go.
const RELEASE: u32 = 3;

/// The code points of the Private Use Area that kitty has taken for keys.
const FIRST_FUNCTIONAL: u32 = 57344;
const LAST_FUNCTIONAL: u32 = 63743;
