//! A terminal that breaks rows anew: the core of Alacritty.

use std::sync::mpsc::{Receiver, Sender, channel};

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{self, Flags};
use alacritty_terminal::term::{Config, TermMode};
use alacritty_terminal::vte::ansi::{Color, NamedColor, Processor};

use super::{Core, SCROLLBACK};
use crate::terminal::screen::{Cell, Screen};

pub(super) struct Reflowing {
    term: Term<Events>,
    /// Holds back what the program does not want to be seen half drawn.
    parser: Processor,
    events: Receiver<Event>,
    bells: usize,
}

/// Where the terminal says what it has to say.
struct Events(Sender<Event>);

struct Size {
    rows: usize,
    cols: usize,
}

impl Reflowing {
    pub(super) fn new(rows: u16, cols: u16) -> Self {
        let (sender, events) = channel();
        let config = Config {
            scrolling_history: SCROLLBACK,
            ..Config::default()
        };
        Self {
            term: Term::new(config, &Size::new(rows, cols), Events(sender)),
            parser: Processor::new(),
            events,
            bells: 0,
        }
    }

    fn row(&self, line: i32) -> Vec<Cell> {
        let row = &self.term.grid()[Line(line)];
        (0..self.term.columns())
            .map(|col| cell(&row[Column(col)]))
            .collect()
    }
}

impl Core for Reflowing {
    fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.parser.advance(&mut self.term, bytes);
        let mut answer = Vec::new();
        for event in self.events.try_iter() {
            match event {
                Event::PtyWrite(text) => answer.extend(text.into_bytes()),
                Event::Bell => self.bells += 1,
                _ => {}
            }
        }
        answer
    }

    fn set_size(&mut self, rows: u16, cols: u16) {
        self.term.resize(Size::new(rows, cols));
    }

    fn screen(&self) -> Screen {
        let rows = (0..self.term.screen_lines() as i32).map(|line| self.row(line));
        let cursor = self.term.grid().cursor.point;
        Screen::new(
            rows.collect(),
            (cursor.line.0 as u16, cursor.column.0 as u16),
        )
    }

    fn scrolled_off(&mut self) -> Vec<String> {
        let history = self.term.grid().history_size() as i32;
        let rows = (-history..0).map(|line| self.row(line)).collect::<Vec<_>>();
        if rows.is_empty() {
            return Vec::new();
        }
        Screen::new(rows, (0, 0)).lines()
    }

    fn private_mode(&self, mode: u16) -> Option<bool> {
        let flag = match mode {
            7 => TermMode::LINE_WRAP,
            25 => TermMode::SHOW_CURSOR,
            1049 => TermMode::ALT_SCREEN,
            2004 => TermMode::BRACKETED_PASTE,
            _ => return None,
        };
        Some(self.term.mode().contains(flag))
    }

    fn is_half_drawn(&self) -> bool {
        // Bytes that are held back have not been drawn at all.
        false
    }

    fn keyboard(&self) -> &[u16] {
        &[]
    }

    fn bells(&self) -> usize {
        self.bells
    }
}

fn cell(cell: &cell::Cell) -> Cell {
    let is_continuation = cell.flags.contains(Flags::WIDE_CHAR_SPACER);
    let zero_width = cell.zerowidth().unwrap_or_default();
    let characters = [cell.c].into_iter().chain(zero_width.iter().copied());
    Cell {
        // A blank is not told from a cell that was never written.
        text: match cell.c {
            ' ' => String::new(),
            _ => characters.collect(),
        },
        is_continuation,
        bold: cell.flags.contains(Flags::BOLD),
        dim: cell.flags.contains(Flags::DIM),
        inverse: cell.flags.contains(Flags::INVERSE),
        color: match cell.fg {
            Color::Indexed(number) => Some(number),
            Color::Named(named) if named < NamedColor::Foreground => Some(named as u8),
            _ => None,
        },
    }
}

impl EventListener for Events {
    fn send_event(&self, event: Event) {
        // The model that listens lives as long as this.
        let _ = self.0.send(event);
    }
}

impl Size {
    fn new(rows: u16, cols: u16) -> Self {
        Self {
            rows: rows.into(),
            cols: cols.into(),
        }
    }
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows
    }

    fn screen_lines(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.cols
    }
}
