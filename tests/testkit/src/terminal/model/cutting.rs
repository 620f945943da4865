//! A terminal that cuts rows off: [`vt100`] and what it lacks.
//!
//! That is lines that do not wrap (`CSI ?7l`), modes that ESC 8 restores, screens that
//! are not to be looked at half drawn (`CSI ?2026h`), and answers to the questions
//! where the cursor is and what terminal this is.

use std::collections::BTreeMap;
use std::mem;
use std::num::NonZeroU16;

use unicode_width::UnicodeWidthChar;
use vt100::{Callbacks, Color, MouseProtocolEncoding, MouseProtocolMode, Parser};

use super::{Core, Emulator, SCROLLBACK};
use crate::terminal::screen::{Cell, Screen};

pub(super) struct Cutting {
    emulator: Emulator,
    parser: Parser<Rest>,
    /// The beginning of a character whose rest has not been fed yet.
    held: Vec<u8>,
    /// The byte that was drawn last.
    last: u8,
    /// Whether lines wrapped when the cursor was saved.
    saved_wrap: bool,
}

/// What `vt100` recognises and hands on.
struct Rest {
    emulator: Emulator,
    /// Only those that `vt100` does not know itself.
    modes: BTreeMap<u16, bool>,
    bells: usize,
    /// The flags of kitty's keyboard protocol that were pushed and not popped.
    keyboard: Vec<u16>,
    /// To be sent to the program.
    answer: Vec<u8>,
}

impl Cutting {
    pub(super) fn new(emulator: Emulator, rows: u16, cols: u16) -> Self {
        let rest = Rest {
            emulator,
            modes: BTreeMap::new(),
            bells: 0,
            keyboard: Vec::new(),
            answer: Vec::new(),
        };
        let parser = Parser::new_with_callbacks(nonzero(rows), nonzero(cols), SCROLLBACK, rest);
        Self {
            emulator,
            parser,
            held: Vec::new(),
            last: 0,
            saved_wrap: true,
        }
    }

    /// ESC 7 and ESC 8, which `vt100` has carried out for what it knows itself.
    fn save_and_restore(&mut self, drawn: &[u8]) {
        let Some(&byte) = drawn.last() else {
            return;
        };
        let before = drawn.iter().rev().nth(1).copied().unwrap_or(self.last);
        self.last = byte;
        match byte {
            _ if self.emulator != Emulator::Mosh || before != ESC => {}
            b'7' => self.saved_wrap = self.wraps(),
            b'8' => {
                let modes = &mut self.parser.callbacks_mut().modes;
                modes.insert(AUTOWRAP, self.saved_wrap);
            }
            _ => {}
        }
    }

    fn wraps(&self) -> bool {
        self.private_mode(AUTOWRAP) != Some(false)
    }

    /// A wide character that does not fit would go to the next row.
    fn make_room_in_last_columns(&mut self, character: char) {
        let (_, cols) = self.parser.screen().size();
        let is_last = self.parser.screen().cursor_position().1 + 1 >= cols.get();
        if is_last && character.width() == Some(2) && cols.get() > 1 {
            let before_last_column = format!("\x1b[{}G", cols.get() - 1);
            self.parser.process(before_last_column.as_bytes());
        }
    }

    /// A character in the last column has left the cursor behind it, to wrap
    /// with the next one. It shall be overwritten instead.
    ///
    /// A character was just printed then, so no escape sequence is cut in two.
    fn keep_in_last_column(&mut self) {
        let (_, cols) = self.parser.screen().size();
        if self.parser.screen().cursor_position().1 >= cols.get() {
            let to_last_column = format!("\x1b[{cols}G");
            self.parser.process(to_last_column.as_bytes());
        }
    }
}

impl Core for Cutting {
    fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let held = mem::take(&mut self.held);
        let bytes = [&held, bytes].concat();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            // Character by character while lines do not wrap. Otherwise up to
            // the next byte with which a mode could change.
            let len = if self.wraps() {
                let last = rest.iter().position(|b| b"l78".contains(b));
                last.map_or(rest.len(), |at| at + 1)
            } else {
                match first_character(rest) {
                    Ok(Some(character)) => {
                        self.make_room_in_last_columns(character);
                        character.len_utf8()
                    }
                    Ok(None) => 1,
                    Err(Unfinished) => {
                        self.held = rest.to_vec();
                        break;
                    }
                }
            };
            let (drawn, behind) = rest.split_at(len);
            self.parser.process(drawn);
            self.save_and_restore(drawn);
            rest = behind;
            if !self.wraps() {
                self.keep_in_last_column();
            }
        }
        mem::take(&mut self.parser.callbacks_mut().answer)
    }

    fn set_size(&mut self, rows: u16, cols: u16) {
        self.parser
            .screen_mut()
            .set_size(nonzero(rows), nonzero(cols));
    }

    fn screen(&self) -> Screen {
        let screen = self.parser.screen();
        let (rows, cols) = screen.size();
        let cell = |row, col| screen.cell(row, col).map(cell).unwrap_or_default();
        let rows = (0..rows.get())
            .map(|row| (0..cols.get()).map(|col| cell(row, col)).collect())
            .collect();
        Screen::new(rows, screen.cursor_position())
    }

    /// The scrollback can only be seen through a window as high as the screen, so that
    /// is moved from the oldest row down.
    fn scrolled_off(&mut self) -> Vec<String> {
        let screen = self.parser.screen_mut();
        let height = usize::from(screen.size().0.get());
        let mut rows = Vec::new();
        let mut left = screen.scrollback_len();
        while left > 0 {
            screen.set_scrollback(left);
            // A row from when the screen was wider is shown in full.
            rows.extend(screen.rows(0, u16::MAX).take(left.min(height)));
            left = left.saturating_sub(height);
        }
        screen.set_scrollback(0);
        rows
    }

    fn private_mode(&self, mode: u16) -> Option<bool> {
        let screen = self.parser.screen();
        match mode {
            1 => Some(screen.application_cursor()),
            25 => Some(!screen.hide_cursor()),
            47 | 1049 => Some(screen.alternate_screen()),
            9 => Some(screen.mouse_protocol_mode() == MouseProtocolMode::Press),
            1000 => Some(screen.mouse_protocol_mode() == MouseProtocolMode::PressRelease),
            1002 => Some(screen.mouse_protocol_mode() == MouseProtocolMode::ButtonMotion),
            1003 => Some(screen.mouse_protocol_mode() == MouseProtocolMode::AnyMotion),
            1006 => Some(screen.mouse_protocol_encoding() == MouseProtocolEncoding::Sgr),
            2004 => Some(screen.bracketed_paste()),
            _ => self.parser.callbacks().modes.get(&mode).copied(),
        }
    }

    fn is_half_drawn(&self) -> bool {
        self.private_mode(SYNCHRONIZED_OUTPUT) == Some(true)
    }

    fn keyboard(&self) -> &[u16] {
        &self.parser.callbacks().keyboard
    }

    fn bells(&self) -> usize {
        self.parser.callbacks().bells
    }
}

fn cell(cell: &vt100::Cell) -> Cell {
    Cell {
        text: cell.contents().to_owned(),
        is_continuation: cell.is_wide_continuation(),
        bold: cell.bold(),
        dim: cell.dim(),
        inverse: cell.inverse(),
        color: match cell.fgcolor() {
            Color::Idx(number) => Some(number),
            _ => None,
        },
    }
}

/// More bytes are needed to know the character.
struct Unfinished;

/// The character with which these bytes begin, if it is one.
fn first_character(bytes: &[u8]) -> Result<Option<char>, Unfinished> {
    let start = &bytes[..bytes.len().min(4)];
    let valid = match str::from_utf8(start) {
        Ok(start) => start,
        Err(err) if err.valid_up_to() == 0 && err.error_len().is_none() => return Err(Unfinished),
        Err(err) => str::from_utf8(&start[..err.valid_up_to()]).expect("so far it is valid"),
    };
    Ok(valid.chars().next())
}

impl Callbacks for Rest {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        i1: Option<u8>,
        _i2: Option<u8>,
        params: &[&[u16]],
        c: char,
    ) {
        match (i1, params, c) {
            (Some(b'?'), modes, 'h' | 'l') => {
                let modes = modes.iter().filter_map(|mode| mode.first());
                self.modes.extend(modes.map(|&mode| (mode, c == 'h')));
            }
            (Some(b'>'), [[flags]], 'u') => self.keyboard.push(*flags),
            (Some(b'<'), [] | [[0 | 1]], 'u') => {
                self.keyboard.pop();
            }
            (None, [[5]], 'n') => self.answer.extend(b"\x1b[0n"),
            (None, [[6]], 'n') => {
                let (row, col) = screen.cursor_position();
                let col = (col + 1).min(screen.size().1.get());
                self.answer
                    .extend(format!("\x1b[{};{col}R", row + 1).as_bytes());
            }
            (None, [] | [[0]], 'c') => self.answer.extend(b"\x1b[?62;22c"),
            (Some(b'>'), [] | [[0]], 'c') => self.answer.extend(match self.emulator {
                Emulator::Mosh => &b"\x1b[>1;10;0c"[..],
                _ => b"\x1b[>41;390;0c",
            }),
            (Some(b'>'), [] | [[0]], 'q') if self.emulator != Emulator::Mosh => {
                self.answer.extend(b"\x1bP>|XTerm(390)\x1b\\");
            }
            _ => {}
        }
    }
}

fn nonzero(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a screen has rows and columns")
}

const ESC: u8 = 0x1b;
const AUTOWRAP: u16 = 7;
const SYNCHRONIZED_OUTPUT: u16 = 2026;
