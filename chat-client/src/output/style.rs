//! How a line looks: colours, times, mentions. Pure.
//!
//! Only the 16 colours are used, because the person has chosen them; and of
//! these only such as can be read on dark and on light ground.

mod mention;

use std::time::{Duration, Instant};

use chat_proto::name::Name;
use chat_proto::text_form;
use clap::ValueEnum;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ansi;
use super::line::{Age, Kind, Line, Speaker};

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
    /// When another person mentions you.
    Mention,
    /// At every message of another person.
    All,
    /// Never.
    Off,
}

/// Whether colours, bold and dim text are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colors {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// How lines look to one reader.
#[derive(Debug)]
pub struct Style {
    /// What ends a row.
    end: &'static str,
    colors: Colors,
    time: TimeStyle,
    zone: TimeZone,
    /// The present time, since lines of today need no date.
    clock: fn() -> jiff::Timestamp,
    bell: Bell,
    /// The day of the last line.
    day: Option<Date>,
    rung: Option<Instant>,
}

impl Style {
    /// A style; times are those of `zone`, where it is as late as `clock`
    /// tells.
    pub fn new(
        colors: Colors,
        time: TimeStyle,
        bell: Bell,
        zone: TimeZone,
        clock: fn() -> jiff::Timestamp,
    ) -> Self {
        Self {
            end: "\n",
            colors,
            time,
            zone,
            clock,
            bell,
            day: None,
            rung: None,
        }
    }

    /// Appends the rows of `line` as the person called `me` reads it, each with
    /// its end. The terminal may wrap them.
    pub fn render(&mut self, line: &Line, me: Option<&Name>, out: &mut String) {
        match &line.kind {
            Kind::Message { speaker, text } => {
                for row in text.as_str().split('\n') {
                    self.front(line, out);
                    out.push('<');
                    match speaker {
                        Some(speaker) => self.speaker(speaker, out),
                        None => out.push_str("You"),
                    }
                    out.push_str("> ");
                    self.mention(row, me.filter(|_| speaker.is_some()), "", out);
                    out.push_str(self.end);
                }
            }
            Kind::Action { speaker, own, text } => {
                for row in text.as_str().split('\n') {
                    self.front(line, out);
                    out.push_str("* ");
                    self.speaker(speaker, out);
                    out.push(' ');
                    self.mention(row, me.filter(|_| !own), "", out);
                    out.push_str(self.end);
                }
            }
            Kind::Entered(names) => self.dim_rows(line, &text_form::entered(names.iter()), out),
            Kind::Left(names) => self.dim_rows(line, &text_form::left(names.iter()), out),
            Kind::People(people) => {
                self.dim_row(line, &text_form::people_are_here(*people), out);
            }
            Kind::Renamed { old, new } => {
                self.dim_row(line, &format!("[{old}] is now known as {new}"), out);
            }
            Kind::Measure(rows) => self.dim_rows(line, rows, out),
            Kind::Announced { own, text } => {
                for row in text.as_str().split('\n') {
                    self.front(line, out);
                    self.announced(row, me.filter(|_| !own), out);
                }
            }
            Kind::Notice(text) | Kind::Status(text) => self.notice(ansi::DIM, text, out),
            Kind::Warning(text) | Kind::Error(text) => self.notice(ERROR, text, out),
            Kind::Raw(text) => {
                for row in text.split('\n') {
                    out.extend([row, self.end]);
                }
            }
        }
    }

    /// Whether the bell rings for `line`, at most once in [`BELL_PAUSE`]. Never for old
    /// messages that the reader asked for.
    pub fn rings(&mut self, line: &Line, me: Option<&Name>, now: Instant) -> bool {
        let paused = self.rung.is_some_and(|rung| now < rung + BELL_PAUSE);
        if paused || line.age == Age::Old {
            return false;
        }
        let (text, own) = match &line.kind {
            Kind::Message { speaker, text } => (text, speaker.is_none()),
            Kind::Action { own, text, .. } | Kind::Announced { own, text } => (text, *own),
            _ => return false,
        };
        let wanted = match self.bell {
            Bell::Off => false,
            Bell::All => !own,
            Bell::Mention => {
                !own && me.is_some_and(|me| mention::find(text.as_str(), me.as_str()).is_some())
            }
        };
        if wanted {
            self.rung = Some(now);
        }
        wanted
    }

    /// The same for a terminal in raw mode, where LF alone goes straight down.
    pub fn raw(self) -> Self {
        Self {
            end: ansi::NEXT_ROW,
            ..self
        }
    }

    /// Whether colours are used.
    pub fn colors(&self) -> Colors {
        self.colors
    }

    /// The time of a line, and its number if the reader is to see it.
    fn front(&mut self, line: &Line, out: &mut String) {
        self.time(line, out);
        if let Some(number) = line.number {
            self.dim(&format!("#{number}"), out);
            out.push(' ');
        }
    }

    /// Old lines always have their time, and their date if that is not today's.
    fn time(&mut self, line: &Line, out: &mut String) {
        let past = line.age != Age::New;
        let Some(time) = line.time.filter(|_| past || self.time != TimeStyle::None) else {
            return;
        };
        let Ok(time) = jiff::Timestamp::from_millisecond(time.unix_milliseconds()) else {
            return;
        };
        let time = time.to_zoned_datetime(self.zone.clone());
        let today = || (self.clock)().to_zoned_datetime(self.zone.clone()).date();
        let dated = past && time.date() != today();
        // Lines with a date of their own are outside of the course of days.
        if !dated && self.time != TimeStyle::None {
            let before = self.day.replace(time.date());
            if before.is_some_and(|day| day != time.date()) {
                let day = time.strftime("-- %A, %-d %B %Y").to_string();
                self.dim(&day, out);
                out.push_str(self.end);
            }
        }
        let format = match self.time {
            TimeStyle::Full => "%Y-%m-%d %H:%M:%S",
            _ if dated => "%Y-%m-%d %H:%M",
            _ => "%H:%M",
        };
        self.dim(&time.strftime(format).to_string(), out);
        out.push(' ');
    }

    fn dim_rows(&mut self, line: &Line, rows: &[String], out: &mut String) {
        for row in rows {
            self.dim_row(line, row, out);
        }
    }

    fn dim_row(&mut self, line: &Line, text: &str, out: &mut String) {
        self.front(line, out);
        self.dim(text, out);
        out.push_str(self.end);
    }

    /// In bold, which no person can speak in.
    fn announced(&self, row: &str, me: Option<&Name>, out: &mut String) {
        let (bold, usual) = match self.colors {
            Colors::On => (ansi::BOLD, ansi::RESET),
            Colors::Off => ("", ""),
        };
        out.extend([bold, text_form::ANNOUNCED]);
        self.mention(row, me, bold, out);
        out.extend([usual, self.end]);
    }

    /// The client's own words.
    fn notice(&self, how: &str, text: &str, out: &mut String) {
        for row in text.split('\n') {
            self.put(how, &format!("-- {row}"), out);
            out.push_str(self.end);
        }
    }

    fn dim(&self, text: &str, out: &mut String) {
        self.put(ansi::DIM, text, out);
    }

    fn put(&self, how: &str, text: &str, out: &mut String) {
        if self.colors == Colors::On {
            out.extend([how, text, ansi::RESET]);
        } else {
            out.push_str(text);
        }
    }

    fn speaker(&self, speaker: &Speaker, out: &mut String) {
        let Speaker { name, .. } = speaker;
        if self.colors == Colors::On {
            out.extend([color_of(name), speaker.mark(), name.as_str(), ansi::RESET]);
        } else {
            out.extend([speaker.mark(), name.as_str()]);
        }
    }

    /// A row with the name `me` standing out, in a text that is written in the way `how`.
    fn mention(&self, row: &str, me: Option<&Name>, how: &str, out: &mut String) {
        let mut rest = row;
        if let Some(me) = me.filter(|_| self.colors == Colors::On) {
            while let Some(found) = mention::find(rest, me.as_str()) {
                let (before, behind) = rest.split_at(found.end);
                out.extend([
                    &before[..found.start],
                    ansi::BOLD_REVERSED,
                    &before[found.start..],
                    ansi::RESET,
                    how,
                ]);
                rest = behind;
            }
        }
        out.push_str(rest);
    }
}

/// The sequence for the colour of a person, the same in every run.
fn color_of(name: &Name) -> &'static str {
    // FNV-1a: std's hashes are not promised to stay the same.
    let hash = name
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3_u64)
        });
    COLORS[(hash % COLORS.len() as u64) as usize]
}

/// The bell rings at most this often.
pub const BELL_PAUSE: Duration = Duration::from_secs(1);

/// Red, green, magenta, cyan, and the bright red, blue and magenta: neither yellow,
/// which is illegible on white, nor blue, which is illegible on black.
const COLORS: [&str; 7] = [
    ansi::RED,
    ansi::GREEN,
    ansi::MAGENTA,
    ansi::CYAN,
    ansi::BRIGHT_RED,
    ansi::BRIGHT_BLUE,
    ansi::BRIGHT_MAGENTA,
];

/// As errors are elsewhere.
const ERROR: &str = ansi::RED;

#[cfg(test)]
mod tests;
