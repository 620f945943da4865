//! Records of each client of a test, and the one checker that compares them with the
//! history that the server has written.
//!
//! A client enters the messages that it sends and receives into its [`Ledger`], over
//! all its connections. At the end [`check`] tells whether the room kept its promises:
//! every confirmed message is in the history once, under the number that was confirmed;
//! the history has no message that no client sent; all clients saw the events of the
//! history in the same order, without a gap or a double.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The messages that one client has sent and received.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The client's name, for the errors.
    pub name: String,
    sent: Vec<(String, String)>,
    refused: Vec<String>,
    confirmed: Vec<(String, u64)>,
    heard: Vec<Heard>,
}

#[derive(Clone, Debug)]
enum Heard {
    /// The room began for it behind this event.
    Joined(u64),
    /// An event, with its whole line.
    Event(u64, Vec<u8>),
    /// So many events that it was told it has missed.
    Gap(u64),
    /// Something that must not be.
    Wrong(String),
}

impl Ledger {
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// It says something for the first time, or again after it was refused.
    pub fn sent(&mut self, id: impl Into<String>, text: impl Into<String>) {
        let id = id.into();
        self.refused.retain(|refused| *refused != id);
        self.sent.push((id, text.into()));
    }

    /// The room did not take what it has said.
    pub fn refused(&mut self, id: &str) {
        self.sent.retain(|(sent, _)| sent != id);
        self.refused.push(id.to_owned());
    }

    /// The room says that this message is that event.
    pub fn confirmed(&mut self, id: impl Into<String>, seq: u64) {
        self.confirmed.push((id.into(), seq));
    }

    /// It was welcomed, and the newest event was this one.
    pub fn joined(&mut self, seq: u64) {
        self.heard.push(Heard::Joined(seq));
    }

    /// It heard an event; `line` is without its LF.
    pub fn saw(&mut self, seq: u64, line: impl Into<Vec<u8>>) {
        self.heard.push(Heard::Event(seq, line.into()));
    }

    /// It was told that it has missed so many events.
    pub fn missed(&mut self, count: u64) {
        self.heard.push(Heard::Gap(count));
    }

    /// Something happened to it that must not happen.
    pub fn wrong(&mut self, what: impl Into<String>) {
        self.heard.push(Heard::Wrong(what.into()));
    }

    /// How many messages were confirmed.
    pub fn confirmations(&self) -> usize {
        let ids: HashSet<&str> = self.confirmed.iter().map(|(id, _)| id.as_str()).collect();
        ids.len()
    }

    /// How many events it was told it has missed.
    pub fn missed_in_all(&self) -> u64 {
        let missed = |heard: &Heard| match heard {
            Heard::Gap(count) => *count,
            _ => 0,
        };
        self.heard.iter().map(missed).sum()
    }

    /// What it saw, as they are in the history, in the order of arrival.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.heard.iter().filter_map(|heard| match heard {
            Heard::Event(seq, line) => Some((*seq, &line[..])),
            _ => None,
        })
    }
}

/// The events in the files of a history.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Whole lines without their LF, in order.
    pub lines: Vec<Vec<u8>>,
    /// Older files have been dropped.
    pub is_cut: bool,
}

impl History {
    /// Reads `FILE.000001` and so on, as far as they are there, and `FILE`.
    ///
    /// # Errors
    ///
    /// When one of them ends in the middle of a line.
    pub fn read(file: &Path) -> Result<Self, String> {
        let numbered = numbered(file);
        let mut history = Self {
            lines: Vec::new(),
            is_cut: numbered.first().is_some_and(|(number, _)| *number > 1),
        };
        let newest = file.to_owned();
        for path in numbered.into_iter().map(|(_, path)| path).chain([newest]) {
            let show = path.display();
            let mut bytes = std::fs::read(&path).map_err(|err| format!("{show}: {err}"))?;
            match bytes.pop() {
                None | Some(b'\n') => {}
                Some(_) => return Err(format!("{show} ends in the middle of a line")),
            }
            if !bytes.is_empty() {
                let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec);
                history.lines.extend(lines);
            }
        }
        Ok(history)
    }
}

/// The full files of a history that are there, in order.
pub fn numbered(file: &Path) -> Vec<(u64, PathBuf)> {
    let directory = file.parent().expect("a file in a directory");
    let name = file.file_name().expect("a file").to_string_lossy();
    let mut found: Vec<(u64, PathBuf)> = std::fs::read_dir(directory)
        .expect("the directory of the history")
        .filter_map(|entry| {
            let path = entry.expect("an entry").path();
            let other = path.file_name()?.to_str()?;
            let digits = other.strip_prefix(&*name)?.strip_prefix('.')?;
            let number = digits.bytes().all(|byte| byte.is_ascii_digit());
            Some((digits.parse().ok().filter(|_| number)?, path))
        })
        .collect();
    found.sort();
    found
}

/// What a check has found to be in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events in the files.
    pub events: usize,
    /// Messages among them.
    pub messages: usize,
    /// Messages that were confirmed to all clients together.
    pub confirmed: usize,
    /// Events that all clients together saw.
    pub seen: usize,
}

/// Asserts that the files and all ledgers agree.
#[track_caller]
pub fn assert_kept(file: &Path, ledgers: &[Ledger]) -> Report {
    let checked = History::read(file)
        .map_err(|error| vec![error])
        .and_then(|history| check(&history, ledgers));
    match checked {
        Ok(report) => report,
        Err(errors) => {
            let count = errors.len();
            let first = errors[..count.min(SHOWN)].join("\n");
            panic!("the room did not keep its word, {count} times:\n{first}");
        }
    }
}

/// Whether the history and all ledgers agree.
///
/// Every client of the test has to have a ledger, and to give each of its
/// messages an id that no other message has.
///
/// # Errors
///
/// All violations, with the client and the message.
pub fn check(history: &History, ledgers: &[Ledger]) -> Result<Report, Vec<String>> {
    let mut check = Check {
        first: 1,
        ..Check::default()
    };
    check.read(history);
    check.only_what_was_sent(ledgers);
    for ledger in ledgers {
        check.confirmed(ledger);
        check.in_the_order_of(ledger);
        check.seen_by(ledger, history);
    }
    if check.errors.is_empty() {
        Ok(check.report)
    } else {
        Err(check.errors)
    }
}

#[derive(Default)]
struct Check {
    errors: Vec<String>,
    report: Report,
    /// The number of the first line.
    first: u64,
    /// Events by the ids of their messages: number and text.
    kept: HashMap<String, (u64, String)>,
}

impl Check {
    fn error(&mut self, text: impl fmt::Display) {
        self.errors.push(text.to_string());
    }

    fn read(&mut self, history: &History) {
        let mut expected = None;
        for line in &history.lines {
            let shown = String::from_utf8_lossy(line);
            let Ok(event) = serde_json::from_slice::<Value>(line) else {
                self.error(format_args!("the file: no JSON: {shown}"));
                continue;
            };
            let Some(seq) = event["seq"].as_u64() else {
                self.error(format_args!("the file: no number: {shown}"));
                continue;
            };
            match expected {
                None => {
                    self.first = seq;
                    if seq != 1 && !history.is_cut {
                        self.error(format_args!("the file: begins with event {seq}"));
                    }
                }
                Some(expected) if expected != seq => self.error(format_args!(
                    "the file: event {expected} should come, and it is event {seq}"
                )),
                Some(_) => {}
            }
            expected = Some(seq + 1);
            self.report.events += 1;
            if event["type"] == "message" || event["type"] == "action" {
                self.report.messages += 1;
                self.message(seq, &event);
            }
        }
    }

    fn message(&mut self, seq: u64, event: &Value) {
        let (Some(id), Some(text)) = (event["id"].as_str(), event["text"].as_str()) else {
            self.error(format_args!("the file: event {seq} has no id or no text"));
            return;
        };
        let earlier = self.kept.insert(id.to_owned(), (seq, text.to_owned()));
        if let Some((earlier, _)) = earlier {
            self.error(format_args!(
                "the file: message {id} is event {earlier} and event {seq}"
            ));
        }
    }

    fn only_what_was_sent(&mut self, ledgers: &[Ledger]) {
        let mut sent = HashMap::new();
        let mut refused = HashMap::new();
        for ledger in ledgers {
            let texts = ledger.sent.iter();
            sent.extend(texts.map(|(id, text)| (id.as_str(), (text.as_str(), &ledger.name))));
            let ids = ledger.refused.iter();
            refused.extend(ids.map(|id| (id.as_str(), &ledger.name)));
        }
        let mut errors = Vec::new();
        for (id, (seq, text)) in &self.kept {
            if let Some(name) = refused.get(id.as_str()) {
                errors.push(format!(
                    "{name}: message {id} was refused, and is event {seq}"
                ));
                continue;
            }
            match sent.get(id.as_str()) {
                None => errors.push(format!("the file: event {seq}: no peer sent message {id}")),
                Some((sent, name)) if sent != text => errors.push(format!(
                    "{name}: message {id} is event {seq} with another text: {text:?} for {sent:?}"
                )),
                Some(_) => {}
            }
        }
        errors.sort();
        self.errors.append(&mut errors);
    }

    fn confirmed(&mut self, ledger: &Ledger) {
        let name = &ledger.name;
        for (id, seq) in &ledger.confirmed {
            match self.kept.get(id) {
                Some((kept, _)) if kept == seq => {}
                // Dropped by the limit since, which is no loss.
                None if *seq < self.first => {}
                Some((kept, _)) => {
                    let error =
                        format!("{name}: message {id} was confirmed as {seq}, and is {kept}");
                    self.error(error);
                }
                None => self.error(format_args!(
                    "{name}: message {id} was confirmed as {seq}, and is lost"
                )),
            }
        }
        self.report.confirmed += ledger.confirmations();
    }

    fn in_the_order_of(&mut self, ledger: &Ledger) {
        let mut latest = 0;
        for (id, _) in &ledger.sent {
            let Some(&(seq, _)) = self.kept.get(id) else {
                continue;
            };
            if seq < latest {
                let name = &ledger.name;
                self.error(format_args!(
                    "{name}: message {id} is event {seq}, before an earlier one, {latest}"
                ));
            }
            latest = latest.max(seq);
        }
    }

    fn seen_by(&mut self, ledger: &Ledger, history: &History) {
        let name = &ledger.name;
        let mut next = None;
        for heard in &ledger.heard {
            match heard {
                Heard::Joined(seq) => {
                    if next.replace(seq + 1).is_some() {
                        self.error(format_args!("{name}: began anew behind event {seq}"));
                    }
                }
                Heard::Gap(count) => match &mut next {
                    Some(next) => *next += count,
                    None => self.error(format_args!("{name}: a gap before the welcome")),
                },
                Heard::Wrong(what) => self.error(format_args!("{name}: {what}")),
                Heard::Event(seq, line) => {
                    self.report.seen += 1;
                    if let Some(next) = next.filter(|next| next != seq) {
                        self.error(format_args!(
                            "{name}: event {next} should come, and event {seq} came"
                        ));
                    }
                    next = Some(seq + 1);
                    self.is_in_the_file(name, *seq, line, history);
                }
            }
        }
    }

    fn is_in_the_file(&mut self, name: &str, seq: u64, line: &[u8], history: &History) {
        if seq < self.first {
            return;
        }
        let place = usize::try_from(seq - self.first).unwrap_or(usize::MAX);
        match history.lines.get(place) {
            Some(kept) if kept == line => {}
            Some(kept) => self.error(format_args!(
                "{name}: event {seq} is not what it saw:\n  {}\n  {}",
                String::from_utf8_lossy(kept),
                String::from_utf8_lossy(line)
            )),
            None => self.error(format_args!("{name}: saw event {seq}, which is lost")),
        }
    }
}

/// Of many errors only the first ones are shown.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests;
