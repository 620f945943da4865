//! Why a server is not talked to, and the words for it.

use std::fmt;

use super::HostPort;

/// Why a server is not talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// Its key is not the one that the person gave.
    Pinned {
        /// The one that was given, as it is shown.
        pin: String,
        /// The one that the server shows.
        shown: String,
    },
    /// Its key is not the one that is remembered.
    Changed {
        /// The one that is remembered.
        known: String,
        /// The one that the server shows.
        shown: String,
    },
    /// Public roots vouched for it, and do not any more.
    NotVouchedFor {
        /// The reason, in words.
        why: String,
    },
    /// It answers without encryption.
    Plain(Plaintext),
    /// It does not encrypt as it must; the reason, in words.
    Unfit(String),
    /// What is remembered of it cannot be read; where it stands.
    Unreadable(String),
}

/// What is known of a server that answers without encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plaintext {
    /// It was encrypted before.
    Encrypted,
    /// Nothing.
    NotKnown,
}

impl Distrust {
    /// The reason and advice, in one line.
    pub fn tell(&self, server: &HostPort) -> impl fmt::Display {
        let forget = format!("chat-client --forget {server}");
        match self {
            Self::Pinned { pin, shown } => format!(
                "the key of {server} is {shown}, and not {pin} as it must be: \
                 nothing was sent"
            ),
            Self::Changed { known, shown } => format!(
                "the key of {server} was {known} before and is {shown} now: nothing was sent. \
                 Another machine may pretend to be the server. \
                 If the server has a new key: {forget}"
            ),
            Self::NotVouchedFor { why } => format!(
                "a public authority vouched for {server} before, and none does now: {why}. \
                 Nothing was sent. Another machine may pretend to be the server. \
                 If the server has a key of its own now: {forget}"
            ),
            Self::Plain(Plaintext::Encrypted) => format!(
                "that server used TLS before and does not now: nothing was sent. \
                 Another machine may pretend to be {server}. \
                 If it is not encrypted any more: {forget}"
            ),
            Self::Plain(Plaintext::NotKnown) => {
                format!("that server does not use TLS: nothing was sent to {server}")
            }
            Self::Unfit(why) => {
                format!("{server} does not encrypt as it must: {why}. Nothing was sent")
            }
            Self::Unreadable(place) => format!(
                "what is remembered of {server} cannot be read, in {place}: nothing was sent. \
                 To meet the server as for the first time: {forget}"
            ),
        }
    }
}
