//! The screen that a program's bytes make.

use std::collections::BTreeMap;
use std::mem;
use std::num::NonZeroU16;

use unicode_width::UnicodeWidthChar;
use vt100::{Callbacks, MouseProtocolEncoding, MouseProtocolMode, Parser, Screen};

/// A [`vt100`] screen and what it lacks.
pub(super) struct Model {
    parser: Parser<Rest>,
    /// Everything fed so far.
    pub(super) raw: Vec<u8>,
    /// The beginning of a character whose rest has not been fed yet.
    held: Vec<u8>,
    /// Nothing more will come.
    pub(super) ended: bool,
}

/// What `vt100` recognises and hands on.
#[derive(Default)]
struct Rest {
    /// Only those that `vt100` does not know itself.
    modes: BTreeMap<u16, bool>,
    bells: usize,
    /// What was pushed of kitty's keyboard protocol and not popped.
    keyboard: Vec<u16>,
    /// To be sent to the program.
    answer: Vec<u8>,
}

impl Model {
    pub(super) fn new(rows: u16, cols: u16) -> Self {
        let rest = Rest::default();
        let parser = Parser::new_with_callbacks(nonzero(rows), nonzero(cols), SCROLLBACK, rest);
        Self {
            parser,
            raw: Vec::new(),
            held: Vec::new(),
            ended: false,
        }
    }

    /// Draws bytes; what the terminal answers.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.raw.extend_from_slice(bytes);
        let held = mem::take(&mut self.held);
        let bytes = [&held, bytes].concat();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            // Character by character while lines do not wrap. Otherwise up to
            // the next byte with which a mode could change.
            let len = if self.wraps() {
                let last = rest.iter().position(|&b| b == b'l');
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
            self.parser.process(&rest[..len]);
            rest = &rest[len..];
            if !self.wraps() {
                self.keep_in_last_column();
            }
        }
        mem::take(&mut self.parser.callbacks_mut().answer)
    }

    pub(super) fn set_size(&mut self, rows: u16, cols: u16) {
        self.parser.set_size(nonzero(rows), nonzero(cols));
    }

    pub(super) fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    pub(super) fn screen_text(&mut self) -> String {
        joined(rows_of(self.parser.screen_mut(), 0))
    }

    /// The scrollback can only be seen through a window as high as the
    /// screen, so that is moved from the oldest row down.
    pub(super) fn full_text(&mut self) -> String {
        let screen = self.parser.screen_mut();
        let height = usize::from(screen.size().0.get());
        let mut rows = Vec::new();
        let mut left = screen.scrollback_len();
        while left > 0 {
            let window = rows_of(screen, left);
            rows.extend(window.into_iter().take(left));
            left = left.saturating_sub(height);
        }
        rows.extend(rows_of(screen, 0));
        joined(rows)
    }

    pub(super) fn cursor(&self) -> (u16, u16) {
        let screen = self.screen();
        let (row, col) = screen.cursor_position();
        (row, col.min(screen.size().1.get() - 1))
    }

    pub(super) fn private_mode(&self, mode: u16) -> Option<bool> {
        let screen = self.screen();
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

    pub(super) fn keyboard(&self) -> &[u16] {
        &self.parser.callbacks().keyboard
    }

    pub(super) fn bells(&self) -> usize {
        self.parser.callbacks().bells
    }

    /// Whether the program has asked not to be looked at.
    pub(super) fn is_half_drawn(&self) -> bool {
        self.private_mode(SYNCHRONIZED_OUTPUT) == Some(true)
    }

    fn wraps(&self) -> bool {
        self.private_mode(AUTOWRAP) != Some(false)
    }

    /// A wide character that does not fit would go to the next row.
    fn make_room_in_last_columns(&mut self, character: char) {
        let (_, cols) = self.screen().size();
        let is_last = self.screen().cursor_position().1 + 1 >= cols.get();
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
        let (_, cols) = self.screen().size();
        if self.screen().cursor_position().1 >= cols.get() {
            let to_last_column = format!("\x1b[{cols}G");
            self.parser.process(to_last_column.as_bytes());
        }
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
    fn audible_bell(&mut self, _: &mut Screen) {
        self.bells += 1;
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
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
            _ => {}
        }
    }
}

/// The rows that are seen when the window is moved up by this many rows.
fn rows_of(screen: &mut Screen, up: usize) -> Vec<String> {
    screen.set_scrollback(up);
    // A row from when the screen was wider is shown in full.
    let rows = screen.rows(0, u16::MAX).collect();
    screen.set_scrollback(0);
    rows
}

fn joined(mut rows: Vec<String>) -> String {
    for row in &mut rows {
        row.truncate(row.trim_end_matches(' ').len());
    }
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows.join("\n")
}

fn nonzero(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a screen has rows and columns")
}

const AUTOWRAP: u16 = 7;
const SYNCHRONIZED_OUTPUT: u16 = 2026;

const SCROLLBACK: usize = 10_000;
