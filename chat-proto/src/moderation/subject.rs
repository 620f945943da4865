//! Whom a ban or a mute hits.

use std::fmt;
use std::str::FromStr;

use super::network::Network;
use crate::identity::{Fingerprint, KeyId, Tag};

/// Whom a ban or a mute hits, over all connections and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The person with this key.
    Key(Fingerprint),
    /// People from these addresses.
    Network(Network),
    /// People from these addresses who show no key, where people with a key share an
    /// address with a person who was banned by name.
    Guests(Network),
    /// The program that the server knows by this tag, wherever it comes from.
    Program(Tag),
}

/// Whom an operator names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The person with this name. The room finds out who that is.
    Name(String),
    /// This subject.
    Subject(Subject),
    /// The person with this key, by the beginning of its fingerprint.
    Key(KeyId),
}

const KEY: &str = "key:";
const GUESTS: &str = "guests:";
const PROGRAM: &str = "program:";

impl FromStr for Subject {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(key) = text.strip_prefix(KEY) {
            return Fingerprint::parse(key).map(Self::Key).ok_or(());
        }
        if let Some(network) = text.strip_prefix(GUESTS) {
            return network.parse().map(Self::Guests);
        }
        if let Some(tag) = text.strip_prefix(PROGRAM) {
            return Tag::parse(tag).map(Self::Program).ok_or(());
        }
        text.parse().map(Self::Network)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{KEY}{key}"),
            Self::Network(network) => network.fmt(f),
            Self::Guests(network) => write!(f, "{GUESTS}{network}"),
            Self::Program(tag) => write!(f, "{PROGRAM}{tag}"),
        }
    }
}

impl Target {
    /// Reads what an operator has written. What is no address and no key is a name.
    pub fn parse(text: &str) -> Self {
        if let Ok(subject) = text.parse() {
            return Self::Subject(subject);
        }
        match text.strip_prefix(KEY).and_then(KeyId::parse) {
            Some(key) => Self::Key(key),
            None => Self::Name(text.to_owned()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Subject(subject) => subject.fmt(f),
            Self::Key(key) => write!(f, "{KEY}{key}"),
        }
    }
}
