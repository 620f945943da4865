//! What the command line asks for.

use crate::conversation::JoinOptions;
use crate::net::link::Reconnect;
use crate::net::security::Security;
use crate::net::{ConnectError, Target};
use crate::output::line::Presence;
use crate::output::plain::Format;
use crate::output::style::Style;
use crate::store::Store;

/// How the person takes part.
#[derive(Debug)]
pub enum Mode {
    /// With a prompt, and with the history of earlier runs.
    Prompt(Option<Store>),
    /// Line by line.
    Lines(Format),
    /// With one message.
    Block,
}

/// What is shown above the prompt besides the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Nothing.
    Nothing,
    /// The lines of standard input; keys come from the terminal.
    Stdin,
}

impl Mode {
    pub(super) fn format(&self) -> Format {
        match self {
            Self::Prompt(_) => Format::Lines,
            Self::Lines(format) => *format,
            Self::Block => Format::Nothing,
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub struct Settings {
    /// The server.
    pub target: Target,
    /// Whether connections are encrypted, and with whom.
    pub security: Security,
    /// Whether a lost connection is made again.
    pub reconnect: Reconnect,
    /// How to join.
    pub join: JoinOptions,
    /// A word to the person about the name.
    pub note: Option<String>,
    /// How lines look.
    pub style: Style,
    /// How the person takes part.
    pub mode: Mode,
    /// What else is shown.
    pub watch: Watch,
    /// Whether arrivals and departures are shown.
    pub presence: Presence,
}

/// Why the client did not start.
#[derive(Debug)]
pub enum StartError {
    /// The server cannot be connected to.
    Connect(ConnectError),
    /// The system or the terminal does not give what the client needs.
    System(anyhow::Error),
}

impl From<anyhow::Error> for StartError {
    fn from(error: anyhow::Error) -> Self {
        Self::System(error)
    }
}
