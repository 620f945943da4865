//! The catalogue of commands: its names, arguments and help, who may say it, and when.
//!
//! Both forms look a command up here, and `/help`, completion and refusals are made from
//! it. A new command is an [`Entry`], a variant of [`Command`](crate::command::Command), and an arm in the server
//! that does it; the compiler asks for its [`Kind`] and for how JSON form writes it.

mod entries;
mod entry;
mod nearest;
mod operations;

use crate::command::Kind;
use crate::event::Rank;

pub use entries::CATALOGUE;
pub use entry::{Arguments, Entry, TextForm, Typist, When};

/// The command with this word in text form, and how it stands there.
pub fn by_word(word: &str) -> Option<(&'static Entry, &'static TextForm)> {
    text_forms().find(|(_, form)| form.word.eq_ignore_ascii_case(word))
}

/// The command with this `type` in JSON form.
pub fn by_type(kind: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.json == Some(kind))
}

/// The words of the commands that people of this rank type, without their `/`, in
/// alphabetical order.
pub fn words(rank: Rank) -> Vec<&'static str> {
    let mut words: Vec<_> = text_forms()
        .filter(|(entry, form)| form.typist == Typist::Person && entry.rank <= rank)
        .map(|(_, form)| form.word)
        .collect();
    words.sort_unstable();
    words
}

/// Each `type` of JSON form that a peer of this rank may say.
pub fn types(rank: Rank) -> impl Iterator<Item = &'static str> {
    let allowed = CATALOGUE.iter().filter(move |entry| entry.rank <= rank);
    allowed.filter_map(|entry| entry.json)
}

/// The command that is probably meant by an unknown word, of those that people of this
/// rank type: the word begins a command, is a slip of the finger away from one, or is what
/// another chat calls one. Without its `/`, as `word` is.
pub fn nearest(word: &str, rank: Rank) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let mut allowed = text_forms().filter(|(entry, _)| entry.rank <= rank);
    match allowed.find(|(_, form)| form.synonyms.contains(&&*word)) {
        Some((_, form)) => Some(form.word),
        None => nearest::nearest(&word, &words(rank)),
    }
}

/// What `/help` says about commands to people of this rank, a row each. A `remark` stands at
/// the end of the row of its command.
pub fn help(rank: Rank, remark: Option<(Kind, &str)>) -> String {
    let last = "says a line that begins with /".to_owned();
    let rows = rows(|entry| entry.rank <= rank, remark);
    let rows = rows.chain([("//TEXT".to_owned(), last)]).collect();
    "whatever you type is said to everyone here".to_owned() + &table(rows)
}

/// The same rows for the commands that may be said [anywhere](When::Anywhere), by operators:
/// for a program that is not in the room.
pub fn help_outside() -> String {
    table(rows(|entry| entry.when == When::Anywhere, None).collect())
}

fn rows(
    is_meant: impl Fn(&Entry) -> bool,
    remark: Option<(Kind, &str)>,
) -> impl Iterator<Item = (String, String)> {
    let forms = text_forms().filter(move |(entry, _)| is_meant(entry));
    forms.filter_map(move |(entry, form)| {
        let remark = remark.filter(|(kind, _)| *kind == entry.kind);
        let remark = remark.map_or("", |(_, remark)| remark);
        let start = format!("/{} {}", form.word, form.argument);
        Some((start, format!("{}{remark}", form.help?)))
    })
}

/// The rows as a text, with a line end before each.
fn table(rows: Vec<(String, String)>) -> String {
    let width = rows.iter().map(|(start, _)| start.len() + 1).max();
    let width = width.unwrap_or(0).max(14);
    let lines = rows.iter();
    lines
        .map(|(start, does)| format!("\n{start:<width$}{does}"))
        .collect()
}

fn text_forms() -> impl Iterator<Item = (&'static Entry, &'static TextForm)> {
    let text_form = |entry: &'static Entry| Some((entry, entry.text.as_ref()?));
    CATALOGUE.iter().filter_map(text_form)
}

impl Kind {
    /// What the catalogue says about it.
    pub fn entry(self) -> &'static Entry {
        let entry = CATALOGUE.iter().find(|entry| entry.kind == self);
        entry.expect("each kind has an entry")
    }
}

#[cfg(test)]
mod tests;
