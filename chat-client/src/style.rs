//! How a line looks: colours, times, mentions. Pure.
//!
//! Only the 16 colours are used, because the person has chosen them; and of
//! these only such as can be read on dark and on light ground.

use std::ops::Range;
use std::time::{Duration, Instant};

use chat_proto::event::Timestamp;
use chat_proto::name::Name;
use clap::ValueEnum;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::line::{Kind, Line};

/// Which times stand before lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeStyle {
    /// None.
    None,
    /// Hours and minutes; a line tells when the day changes.
    Short,
    /// Date and seconds, too.
    Full,
}

/// When the bell rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bell {
    /// When somebody mentions you.
    Mention,
    /// At whatever somebody else says.
    All,
    /// Never.
    Off,
}

/// How lines look to one reader.
#[derive(Debug)]
pub struct Style {
    color: bool,
    time: TimeStyle,
    zone: TimeZone,
    bell: Bell,
    /// The day of the last line.
    day: Option<Date>,
    rung: Option<Instant>,
}

impl Style {
    /// A style; times are those of `zone`.
    pub fn new(color: bool, time: TimeStyle, bell: Bell, zone: TimeZone) -> Self {
        Self {
            color,
            time,
            zone,
            bell,
            day: None,
            rung: None,
        }
    }

    /// Appends the rows of `line` as the person called `me` reads it. Each is
    /// whole in itself and without a line end; the terminal may wrap it.
    pub fn render(&mut self, line: &Line, me: Option<&Name>, out: &mut Vec<String>) {
        let time = self.time(line.time, out);
        let time = time.as_str();
        match &line.kind {
            Kind::Message { name: None, text } => {
                for row in text.as_str().split('\n') {
                    out.push(format!("{time}<You> {row}"));
                }
            }
            Kind::Message {
                name: Some(name),
                text,
            } => {
                let who = self.name(name);
                for row in text.as_str().split('\n') {
                    let row = self.mention(row, me);
                    out.push(format!("{time}<{who}> {row}"));
                }
            }
            Kind::Action { name, own, text } => {
                let who = self.name(name);
                for row in text.as_str().split('\n') {
                    let row = self.mention(row, me.filter(|_| !own));
                    out.push(format!("{time}* {who} {row}"));
                }
            }
            Kind::Entered(names) => self.crowd(time, names, "entered room", "entered", out),
            Kind::Left(names) => self.crowd(time, names, "is offline", "left", out),
            Kind::Renamed { old, new } => {
                out.push(self.dim(time, &format!("[{old}] is now known as {new}")));
            }
            Kind::Word(text) | Kind::Trouble(text) => {
                out.extend(text.split('\n').map(|row| format!("-- {row}")));
            }
            Kind::Raw(text) => out.push(text.clone()),
        }
    }

    /// Whether the bell rings for `line`, at most once in [`BELL_PAUSE`].
    pub fn rings(&mut self, line: &Line, me: Option<&Name>, now: Instant) -> bool {
        let (text, own) = match &line.kind {
            Kind::Message { name, text } => (text, name.is_none()),
            Kind::Action { own, text, .. } => (text, *own),
            _ => return false,
        };
        let wanted = match self.bell {
            Bell::Off => false,
            Bell::All => !own,
            Bell::Mention => {
                !own && me.is_some_and(|me| find_word(text.as_str(), me.as_str()).is_some())
            }
        };
        let rested = self.rung.is_none_or(|rung| rung + BELL_PAUSE <= now);
        if wanted && rested {
            self.rung = Some(now);
        }
        wanted && rested
    }

    /// Whether colours are used.
    pub fn has_color(&self) -> bool {
        self.color
    }

    fn time(&mut self, time: Option<Timestamp>, out: &mut Vec<String>) -> String {
        let Some(time) = time.filter(|_| self.time != TimeStyle::None) else {
            return String::new();
        };
        let milliseconds = time.unix_milliseconds();
        let Ok(time) = jiff::Timestamp::from_millisecond(milliseconds) else {
            return String::new();
        };
        let time = time.to_zoned_datetime(self.zone.clone());
        if self
            .day
            .replace(time.date())
            .is_some_and(|day| day != time.date())
        {
            let day = time.strftime("-- %A, %-d %B %Y").to_string();
            out.push(self.dim("", &day));
        }
        let format = match self.time {
            TimeStyle::Full => "%Y-%m-%d %H:%M:%S",
            _ => "%H:%M",
        };
        self.dim("", &time.strftime(format).to_string()) + " "
    }

    fn crowd(&self, time: &str, names: &[Name], one: &str, many: &str, out: &mut Vec<String>) {
        match names {
            [first, second, others @ ..] if names.len() > MAX_ONE_BY_ONE => {
                let others = others.len();
                let text = format!("-- {first}, {second} and {others} others {many}");
                out.push(self.dim(time, &text));
            }
            _ => out.extend(
                names
                    .iter()
                    .map(|name| self.dim(time, &format!("[{name}] {one}"))),
            ),
        }
    }

    fn dim(&self, time: &str, text: &str) -> String {
        if self.color {
            format!("{time}{DIM}{text}{RESET}")
        } else {
            format!("{time}{text}")
        }
    }

    fn name(&self, name: &Name) -> String {
        if self.color {
            format!("\x1b[{}m{name}{RESET}", color_of(name))
        } else {
            name.to_string()
        }
    }

    fn mention(&self, row: &str, me: Option<&Name>) -> String {
        let Some(me) = me.filter(|_| self.color) else {
            return row.to_owned();
        };
        let mut rest = row;
        let mut marked = String::new();
        while let Some(found) = find_word(rest, me.as_str()) {
            marked.push_str(&rest[..found.start]);
            marked.push_str(MENTION);
            marked.push_str(&rest[found.clone()]);
            marked.push_str(RESET);
            rest = &rest[found.end..];
        }
        marked.push_str(rest);
        marked
    }
}

/// The colour of a person, the same in every run.
fn color_of(name: &Name) -> u8 {
    // FNV-1a: std's hashes are not promised to stay the same.
    let hash = name
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3_u64)
        });
    COLORS[(hash % COLORS.len() as u64) as usize]
}

/// Where `word` stands in `text` as a whole word, in any case.
fn find_word(text: &str, word: &str) -> Option<Range<usize>> {
    let mut before = None;
    for (start, character) in text.char_indices() {
        let begins = !before.is_some_and(char::is_alphanumeric);
        before = Some(character);
        if !begins {
            continue;
        }
        if let Some(length) = prefix_in_any_case(&text[start..], word) {
            let end = start + length;
            if !text[end..].starts_with(char::is_alphanumeric) {
                return Some(start..end);
            }
        }
    }
    None
}

/// The length of the prefix of `text` that is `word` in any case.
fn prefix_in_any_case(text: &str, word: &str) -> Option<usize> {
    let mut wanted = word.chars().flat_map(char::to_lowercase).peekable();
    for (index, character) in text.char_indices() {
        if wanted.peek().is_none() {
            return Some(index);
        }
        for character in character.to_lowercase() {
            if wanted.next() != Some(character) {
                return None;
            }
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

/// The bell rings at most this often.
pub const BELL_PAUSE: Duration = Duration::from_secs(1);

/// More people than this are told of together.
const MAX_ONE_BY_ONE: usize = 3;

/// Red, green, magenta, cyan, and the bright red, blue and magenta: neither
/// yellow, which nobody reads on white, nor blue, which nobody reads on black.
const COLORS: [u8; 7] = [31, 32, 35, 36, 91, 94, 95];

const DIM: &str = "\x1b[2m";
/// Bold and reversed.
const MENTION: &str = "\x1b[1;7m";
const RESET: &str = "\x1b[0m";

#[cfg(test)]
mod tests;
