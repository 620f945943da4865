//! What operators ask for, and what people ask about the order of the room.

use crate::moderation::{Remark, Target, Term};
use crate::text::Text;

/// A request that concerns the order of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Remove this person.
    Kick {
        /// The person's name as it was given.
        name: String,
        /// Why.
        reason: Option<Remark>,
    },
    /// Remove these people, and let them in no more.
    Ban {
        /// Whom.
        target: Target,
        /// For how long; `None` for the usual time.
        term: Option<Term>,
        /// Why.
        reason: Option<Remark>,
        /// Whether the operator's own connections may be hit.
        own: OwnConnections,
    },
    /// End a ban.
    Unban {
        /// Whose.
        target: Target,
    },
    /// Which bans are there?
    Bans,
    /// Let this person read only.
    Mute {
        /// The person's name as it was given.
        name: String,
        /// For how long; `None` for the usual time.
        term: Option<Term>,
    },
    /// End a mute.
    Unmute {
        /// The person's name as it was given.
        name: String,
    },
    /// What is the room about? Or: it is about this; `-` removes the topic.
    Topic {
        /// The words.
        text: Option<Remark>,
    },
    /// Each person may say one thing in so many seconds.
    Slow {
        /// 0 for as many as they want.
        seconds: u32,
    },
    /// Let no newcomers in.
    Lock,
    /// Let newcomers in.
    Unlock,
    /// Make this person an operator.
    Op {
        /// The person's name as it was given.
        name: String,
    },
    /// Make this operator an ordinary person.
    Deop {
        /// The person's name as it was given.
        name: String,
    },
    /// Who is this person?
    Whois {
        /// The person's name as it was given.
        name: String,
    },
    /// Tell this to all, as a word of the server.
    Announce {
        /// What.
        text: Text,
    },
    /// Remove the text of a message.
    Erase {
        /// The number of the message.
        target: u64,
        /// Why.
        reason: Option<Remark>,
    },
    /// Read the configuration of the server again.
    Reload,
}

/// Whether a ban may hit the connections of the operator who sets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OwnConnections {
    /// It is refused if it would.
    #[default]
    Spared,
    /// It may: `/ban! WHAT`.
    Included,
}

/// What stands behind a command, piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A word, and its member in JSON form.
    Word(&'static str),
    /// A time, which may be missing; in JSON form a string `duration`.
    Term,
    /// A number, and its member in JSON form.
    Number(&'static str),
    /// The rest, which may be missing; in JSON form `text`.
    Rest,
    /// A `!` behind the name of the command, which may be missing; in JSON form `force`.
    Emphasis,
}

/// The pieces that were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// For [`Slot::Word`].
    pub word: Option<String>,
    /// For [`Slot::Term`].
    pub term: Option<Term>,
    /// For [`Slot::Number`].
    pub number: Option<u64>,
    /// For [`Slot::Rest`].
    pub text: Option<String>,
    /// For [`Slot::Emphasis`].
    pub own: OwnConnections,
}

/// Why what was given is no operation, for people; empty if it is to be told how the
/// command is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit(pub String);

impl Given {
    pub(crate) fn word(&self) -> Result<String, Unfit> {
        self.word.clone().ok_or(Unfit(String::new()))
    }

    pub(crate) fn number(&self) -> Result<u64, Unfit> {
        self.number.ok_or(Unfit(String::new()))
    }

    pub(crate) fn target(&self) -> Result<Target, Unfit> {
        self.word().map(|word| Target::parse(&word))
    }

    /// The rest as a reason, or as a topic.
    pub(crate) fn remark(&self) -> Result<Option<Remark>, Unfit> {
        let text = self.text.as_deref().filter(|text| !text.trim().is_empty());
        let remark = text.map(Remark::new).transpose();
        remark.map_err(|error| Unfit(format!("that was not done: {error}")))
    }

    pub(crate) fn text(&self) -> Result<Text, Unfit> {
        let text = self.text.as_deref().ok_or(Unfit(String::new()))?;
        Text::clean(text).map_err(|error| Unfit(format!("that was not sent: {error}")))
    }
}

impl Operation {
    /// Whether it changes the room, unlike a question.
    pub fn is_measure(&self) -> bool {
        !matches!(
            self,
            Self::Bans | Self::Whois { .. } | Self::Topic { text: None } | Self::Reload
        )
    }

    /// The word of its command.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Kick { .. } => "kick",
            Self::Ban { .. } => "ban",
            Self::Unban { .. } => "unban",
            Self::Bans => "bans",
            Self::Mute { .. } => "mute",
            Self::Unmute { .. } => "unmute",
            Self::Topic { .. } => "topic",
            Self::Slow { .. } => "slow",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Op { .. } => "op",
            Self::Deop { .. } => "deop",
            Self::Whois { .. } => "whois",
            Self::Announce { .. } => "announce",
            Self::Reload => "reload",
            Self::Erase { .. } => "erase",
        }
    }

    /// The pieces that it is made of.
    pub fn given(&self) -> Given {
        let mut given = Given::default();
        let mut set_reason = |reason: &Option<Remark>| {
            given.text = reason.as_ref().map(ToString::to_string);
        };
        match self {
            Self::Kick { reason, .. } | Self::Erase { reason, .. } | Self::Ban { reason, .. } => {
                set_reason(reason);
            }
            Self::Topic { text } => set_reason(text),
            Self::Announce { text } => given.text = Some(text.to_string()),
            _ => {}
        }
        match self {
            Self::Kick { name, .. }
            | Self::Mute { name, .. }
            | Self::Unmute { name }
            | Self::Op { name }
            | Self::Deop { name }
            | Self::Whois { name } => given.word = Some(name.clone()),
            Self::Ban { target, .. } | Self::Unban { target } => {
                given.word = Some(target.to_string());
            }
            Self::Slow { seconds } => given.number = Some(u64::from(*seconds)),
            Self::Erase { target, .. } => given.number = Some(*target),
            Self::Bans
            | Self::Topic { .. }
            | Self::Lock
            | Self::Unlock
            | Self::Announce { .. }
            | Self::Reload => {}
        }
        if let Self::Ban { term, .. } | Self::Mute { term, .. } = self {
            given.term = *term;
        }
        if let Self::Ban { own, .. } = self {
            given.own = *own;
        }
        given
    }
}
