//! What the catalogue says of a command.

use crate::command::{Command, Given, Hello, Kind, Operation, Past, Slot, Unfit};
use crate::event::{MessageId, Rank};
use crate::name::NamePrefix;
use crate::password::Password;
use crate::text::Text;

/// A command.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which one it is.
    pub kind: Kind,
    /// How it stands in text form, if it can be said there with a `/`.
    pub text: Option<TextForm>,
    /// Its `type` in JSON form, if it can be said there.
    pub json: Option<&'static str>,
    /// What stands behind it.
    pub arguments: Arguments,
    /// When it may be said.
    pub when: When,
    /// The least rank of those who may say it.
    pub rank: Rank,
}

/// A command in text form.
#[derive(Debug, Clone, Copy)]
pub struct TextForm {
    /// Its name, without the `/`.
    pub word: &'static str,
    /// What people are shown in place of its argument, such as `NAME`; empty if there is
    /// none.
    pub argument: &'static str,
    /// What it does, if `/help` lists it.
    pub help: Option<&'static str>,
    /// The refusal if the argument is missing or wrong; empty if neither can be.
    pub usage: &'static str,
    /// What other chats call it.
    pub synonyms: &'static [&'static str],
    /// Who types it.
    pub typist: Typist,
}

/// Who types a command in text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typist {
    /// People: completion and the refusal of an unknown command propose it.
    Person,
    /// A person whom the room asks for it, before they join: neither `/help` nor completion
    /// has it.
    Newcomer,
    /// Programs only.
    Program,
}

/// What stands behind a command, with the constructor of the command.
#[derive(Debug, Clone, Copy)]
pub enum Arguments {
    /// Nothing; what stands there is skipped.
    None(fn() -> Command),
    /// An `id` in JSON form, nothing in text form.
    Id(fn(Option<MessageId>) -> Command),
    /// A `text`, and in JSON form an `id`.
    Text(fn(Text, Option<MessageId>) -> Command),
    /// How names begin, as `prefix` in JSON form, or nothing.
    Prefix(fn(Option<NamePrefix>) -> Command),
    /// A `name`.
    Name(fn(String) -> Command),
    /// A password, in text form only.
    Password(fn(Password) -> Command),
    /// A part of the past, and in JSON form an `id`.
    Past(fn(Past, Option<MessageId>) -> Command),
    /// The object of a hello, in text form only.
    Hello(fn(Hello) -> Command),
    /// These pieces, and in JSON form an `id`.
    Operation {
        /// In this order.
        slots: &'static [Slot],
        /// What becomes of them.
        make: fn(&Given) -> Result<Operation, Unfit>,
    },
}

/// When a command may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Also before joining: it settles the name under which the peer joins.
    Joining,
    /// In the room: a peer that says it first joins under its address.
    Joined,
    /// As [`When::Joined`], but it needs no place in the room: at the server's control
    /// socket it is done for a peer that has not joined, and that does not join by it.
    Anywhere,
}
