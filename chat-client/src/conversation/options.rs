//! The options of joining.

use chat_proto::event::Rank;
use chat_proto::password::Password;

use super::foreign::ServerKind;

/// How to join, as the command line says.
#[derive(Debug, Clone, Default)]
pub struct JoinOptions {
    /// The name to ask for.
    pub name: Option<String>,
    /// How many of the last messages to see again on joining.
    pub replay: usize,
    /// The audience.
    pub audience: Audience,
    /// The password of the room, if the person has given it.
    pub password: Option<Password>,
    /// What the person says that the server is.
    pub server: ServerKind,
    /// What to do where the server offers TLS.
    pub tls: TlsOffer,
    /// What the way in lets the person do at least: at the control socket of a server, run it.
    pub rank: Rank,
}

/// Who reads and types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audience {
    /// A program or a file.
    #[default]
    Program,
    /// A person, line by line.
    Lines,
    /// A person at a prompt, which has keys of its own.
    Prompt,
}

/// What to do where a server offers TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsOffer {
    /// Come again that way.
    #[default]
    Take,
    /// Stay.
    Decline,
}

impl JoinOptions {
    /// Whether a server that does not greet is talked to in plain lines: by a person,
    /// who sees its answers, and by a program with `--plain-server`.
    pub(super) fn may_be_plain(&self) -> bool {
        self.server == ServerKind::PlainLines || self.audience != Audience::Program
    }
}
