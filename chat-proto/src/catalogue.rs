//! The catalogue of commands: its names, arguments and help, who may say it, and when.
//!
//! Both forms look a command up here, and `/help`, completion and refusals are made from
//! it. A new command is an [`Entry`], a variant of [`Command`], and an arm in the server
//! that does it; the compiler asks for its [`Kind`] and for how JSON form writes it.

mod nearest;

use crate::command::{Command, Hello, Kind, Past};
use crate::event::MessageId;
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
    /// Who may say it.
    pub role: Role,
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
    /// A `name`.
    Name(fn(String) -> Command),
    /// A password, in text form only.
    Password(fn(Password) -> Command),
    /// A part of the past, and in JSON form an `id`.
    Past(fn(Past, Option<MessageId>) -> Command),
    /// The object of a hello, in text form only.
    Hello(fn(Hello) -> Command),
}

/// When a command may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Also before joining: it settles the name under which the peer joins.
    Joining,
    /// In the room: a peer that says it first joins under its address.
    Joined,
}

/// Who may say a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Every peer.
    Anyone,
}

/// All commands, in the order in which `/help` and the refusal of a `type` list them.
pub static CATALOGUE: [Entry; 11] = [
    Entry {
        kind: Kind::Message,
        // Said by a line that does not begin with a `/`.
        text: None,
        json: Some("message"),
        arguments: Arguments::Text(|text, id| Command::Message { text, id }),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Action,
        text: Some(TextForm {
            word: "me",
            argument: "TEXT",
            help: Some("says what you do: * ann waves"),
            usage: "/me TEXT: say what you do",
            synonyms: &["action", "do", "emote"],
            typist: Typist::Person,
        }),
        json: Some("action"),
        arguments: Arguments::Text(|text, id| Command::Action { text, id }),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Nick,
        text: Some(TextForm {
            word: "nick",
            argument: "NAME",
            help: Some("gives you another name"),
            usage: "/nick NAME: say which name you want",
            synonyms: &["name", "rename"],
            typist: Typist::Person,
        }),
        json: Some("nick"),
        arguments: Arguments::Name(|name| Command::Nick { name }),
        when: When::Joining,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Who,
        text: Some(TextForm {
            word: "who",
            argument: "",
            help: Some("tells who is here"),
            usage: "",
            synonyms: &["here", "list", "members", "names", "users", "w"],
            typist: Typist::Person,
        }),
        json: Some("who"),
        arguments: Arguments::None(|| Command::Who),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::History,
        text: Some(TextForm {
            word: "history",
            argument: "N",
            help: Some("shows the last N things that were said"),
            usage: "/history N: say how many messages you want to see",
            synonyms: &["backlog", "last", "log", "scrollback"],
            typist: Typist::Person,
        }),
        json: Some("history"),
        arguments: Arguments::Past(|past, id| Command::History { past, id }),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Ping,
        text: None,
        json: Some("ping"),
        arguments: Arguments::Id(|id| Command::Ping { id }),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Forget,
        text: Some(TextForm {
            word: "forget",
            argument: "NAME",
            help: Some("frees a name that belongs to your key"),
            usage: "/forget NAME: say which name is to belong to no key any more",
            synonyms: &["drop", "unclaim", "unregister"],
            typist: Typist::Person,
        }),
        json: Some("forget"),
        arguments: Arguments::Name(|name| Command::Forget { name }),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Quit,
        text: Some(TextForm {
            word: "quit",
            argument: "",
            help: Some("leaves"),
            usage: "",
            synonyms: &["bye", "disconnect", "exit", "leave", "logout", "part"],
            typist: Typist::Person,
        }),
        json: Some("quit"),
        arguments: Arguments::None(|| Command::Quit),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Help,
        text: Some(TextForm {
            word: "help",
            argument: "",
            // Its reader knows it.
            help: None,
            usage: "",
            synonyms: &["?", "commands", "keys", "man"],
            typist: Typist::Person,
        }),
        json: None,
        arguments: Arguments::None(|| Command::Help),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Password,
        text: Some(TextForm {
            word: "password",
            argument: "PASSWORD",
            help: None,
            usage: "/password PASSWORD: say the password of the room",
            synonyms: &[],
            typist: Typist::Newcomer,
        }),
        json: None,
        arguments: Arguments::Password(Command::Password),
        when: When::Joined,
        role: Role::Anyone,
    },
    Entry {
        kind: Kind::Hello,
        text: Some(TextForm {
            word: "hello",
            argument: r#"{"protocol":1,"name":"ann"}"#,
            help: None,
            usage: r#"/hello is for programs: /hello {"protocol":1,"name":"ann"}; //hello says it to everyone"#,
            synonyms: &[],
            typist: Typist::Program,
        }),
        json: None,
        arguments: Arguments::Hello(Command::Hello),
        when: When::Joining,
        role: Role::Anyone,
    },
];

/// The command with this word in text form, and how it stands there.
pub fn by_word(word: &str) -> Option<(&'static Entry, &'static TextForm)> {
    text_forms().find(|(_, form)| form.word.eq_ignore_ascii_case(word))
}

/// The command with this `type` in JSON form.
pub fn by_type(kind: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.json == Some(kind))
}

/// The words of the commands that people type, without their `/`, in alphabetical order.
pub fn words() -> Vec<&'static str> {
    let mut words: Vec<_> = text_forms()
        .filter(|(_, form)| form.typist == Typist::Person)
        .map(|(_, form)| form.word)
        .collect();
    words.sort_unstable();
    words
}

/// Each `type` of JSON form.
pub fn types() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().filter_map(|entry| entry.json)
}

/// The command that is probably meant by an unknown word: the word begins a command, is
/// a slip of the finger away from one, or is what another chat calls one. Without its
/// `/`, as `word` is.
pub fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    match text_forms().find(|(_, form)| form.synonyms.contains(&&*word)) {
        Some((_, form)) => Some(form.word),
        None => nearest::nearest(&word, &words()),
    }
}

/// What `/help` says about commands, a row each. A `remark` stands at the end of the row
/// of its command.
pub fn help(remark: Option<(Kind, &str)>) -> String {
    let row = |start: &str, does: &str| format!("{start:<14}{does}");
    let mut rows = vec!["whatever you type is said to everyone here".to_owned()];
    for (entry, form) in text_forms() {
        let Some(help) = form.help else { continue };
        let remark = remark.filter(|(kind, _)| *kind == entry.kind);
        let remark = remark.map_or("", |(_, remark)| remark);
        let start = format!("/{} {}", form.word, form.argument);
        rows.push(row(&start, help) + remark);
    }
    rows.push(row("//TEXT", "says a line that begins with /"));
    rows.join("\n")
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
