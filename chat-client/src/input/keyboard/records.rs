//! Records of Windows' console in, keys out. Pure.
//!
//! crossterm has a reader for this, too, but it loses what is not a single UTF-16 unit (emoji), what is
//! typed by its number with Alt, and the letters of C-c and the like on keyboards that are not
//! Latin. And it takes one record at a time, which cuts pastes into pieces.

use crossterm::event::{KeyCode, KeyModifiers};

use crate::input::event::Typed;

/// A key that was pressed or released (KEY_EVENT_RECORD).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record {
    pub(super) is_down: bool,
    /// How often, if the key is held down.
    pub(super) repeat: u16,
    /// The virtual-key code.
    pub(super) code: u16,
    /// A unit of UTF-16; 0 is none.
    pub(super) unit: u16,
    pub(super) shift: bool,
    pub(super) control: bool,
    pub(super) alt: bool,
}

/// Finds the keys in records.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The first unit of a character that has two.
    leading: Option<u16>,
}

impl Decoder {
    /// Takes a record, and appends the key to `out`, if it completes one.
    pub(super) fn decode(&mut self, record: Record, out: &mut Vec<Typed>) {
        let Some((code, modifiers)) = self.key(record) else {
            return;
        };
        let times = usize::from(record.repeat.max(1));
        out.extend(std::iter::repeat_n(Typed::key(code, modifiers), times));
    }

    fn key(&mut self, record: Record) -> Option<(KeyCode, KeyModifiers)> {
        // A character that was typed by its number comes when Alt is released. So does one of a
        // paste that no key has.
        if record.code == VK_MENU && !record.is_down {
            return Some((self.character(record.unit)?, KeyModifiers::NONE));
        }
        let types_number = record.alt && !record.control && !record.shift;
        if !record.is_down || types_number && matches!(record.code, VK_NUMPAD0..=VK_NUMPAD9) {
            return None;
        }
        let mut modifiers = KeyModifiers::NONE;
        modifiers.set(KeyModifiers::SHIFT, record.shift);
        modifiers.set(KeyModifiers::CONTROL, record.control);
        modifiers.set(KeyModifiers::ALT, record.alt);
        let code = match named(record.code, record.shift) {
            Some(code) => code,
            None => match record.unit {
                0..=0x1f => without_character(record)?,
                unit => self.character(unit)?,
            },
        };
        Some((code, modifiers))
    }

    /// The character that ends with this unit.
    fn character(&mut self, unit: u16) -> Option<KeyCode> {
        let leading = self.leading.take();
        if matches!(unit, 0xd800..=0xdbff) {
            self.leading = Some(unit);
            return None;
        }
        // A second unit without a first one is nothing.
        let units = leading.into_iter().chain([unit]);
        let character = char::decode_utf16(units).last()?.ok()?;
        (!character.is_control()).then_some(KeyCode::Char(character))
    }
}

/// Keys that have a name and no character, whatever unit comes with them.
fn named(code: u16, shift: bool) -> Option<KeyCode> {
    Some(match code {
        0x08 => KeyCode::Backspace,
        0x09 if shift => KeyCode::BackTab,
        0x09 => KeyCode::Tab,
        0x0d => KeyCode::Enter,
        0x1b => KeyCode::Esc,
        0x21 => KeyCode::PageUp,
        0x22 => KeyCode::PageDown,
        0x23 => KeyCode::End,
        0x24 => KeyCode::Home,
        0x25 => KeyCode::Left,
        0x26 => KeyCode::Up,
        0x27 => KeyCode::Right,
        0x28 => KeyCode::Down,
        0x2d => KeyCode::Insert,
        0x2e => KeyCode::Delete,
        _ => return None,
    })
}

/// A key that makes no character: since Ctrl or Alt is held, or as a program sends a control
/// character that is text, without the code of a key.
fn without_character(record: Record) -> Option<KeyCode> {
    if !record.control && !record.alt {
        return Some(match record.unit {
            0x09 => KeyCode::Tab,
            0x0a | 0x0d => KeyCode::Enter,
            _ => return None,
        });
    }
    let code = u8::try_from(record.code).ok()?;
    Some(KeyCode::Char(match code {
        // The codes of these keys are their characters, in any layout.
        b'0'..=b'9' | b'A'..=b'Z' => char::from(code.to_ascii_lowercase()),
        VK_OEM_MINUS => '-',
        VK_OEM_2 => '/',
        // C-_ where `_` is elsewhere.
        _ if record.unit == 0x1f => '_',
        _ => return None,
    }))
}

/// Alt.
const VK_MENU: u16 = 0x12;
const VK_NUMPAD0: u16 = 0x60;
const VK_NUMPAD9: u16 = 0x69;
const VK_OEM_MINUS: u8 = 0xbd;
/// `/` on a keyboard of the USA.
const VK_OEM_2: u8 = 0xbf;

#[cfg(test)]
mod tests;
