//! Whether the connections of a run are encrypted, and with whom.

use std::io;

use chat_proto::text;

use super::failure::{Cause, ConnectError};
use super::target::Address;
use super::tls::Roots;
use crate::identity::{Identity, NoKey, ShownKey};
use crate::reason::reason;
use crate::store::known_hosts::{KnownHosts, Remembered};
use crate::trust::{Distrust, HostPort, Known, News, Pin, Trust, Trusted};

/// How the connections of a run are encrypted, and what is known of the server.
#[derive(Debug, Clone)]
pub struct Security {
    /// Whether they are.
    pub encryption: Encryption,
    /// The key that the person expects.
    pub pin: Option<Pin>,
    /// What is remembered from one run to the next, if that is possible.
    pub memory: Option<KnownHosts>,
    /// Who vouches for servers that are not known.
    pub roots: Roots,
    /// The person's key, which servers are shown.
    pub key: ShownKey,
    /// What this run has found out. From then on all its connections are encrypted, and
    /// lead to that server, also where nothing can be remembered.
    pub met: Option<Known>,
}

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// If the server was encrypted before, or offers it.
    #[default]
    IfOffered,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A word to the person about the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Something new.
    Notice(String),
    /// Something that went wrong, and is no reason to end.
    Trouble(String),
    /// Nothing can be remembered, or read of what is.
    NoMemory(String),
}

/// How one connection is to be made.
#[derive(Debug)]
pub(super) enum Plan {
    /// As it is. The server may offer encryption.
    Plain,
    /// Encrypted from its first byte.
    Tls(Trust),
}

impl Security {
    /// The first connection of a client that takes what is offered, has only this memory,
    /// and shows no key.
    pub fn new(memory: Option<KnownHosts>) -> Self {
        Self {
            encryption: Encryption::default(),
            pin: None,
            memory,
            roots: Roots::of_system(),
            key: ShownKey::default(),
            met: None,
        }
    }

    /// Decides how to connect, before anything is sent.
    pub(super) fn plan(
        &self,
        target: &Address,
        remarks: &mut Vec<Remark>,
    ) -> Result<Plan, ConnectError> {
        if self.encryption == Encryption::Never {
            return Ok(Plan::Plain);
        }
        let known = match &self.met {
            Some(met) => Some(met.clone()),
            None => self.look_up(target, remarks)?,
        };
        let pin = self.pin.clone();
        Ok(match self.encryption {
            Encryption::IfOffered if pin.is_none() && known.is_none() => Plan::Plain,
            _ => Plan::Tls(Trust { pin, known }),
        })
    }

    /// The person's key, if one is to be shown. One that was asked for has to be there, also
    /// where the server may turn out not to be encrypted.
    pub(super) fn key(
        &self,
        plan: &Plan,
        target: &Address,
        remarks: &mut Vec<Remark>,
    ) -> Result<Option<&Identity>, ConnectError> {
        if matches!(plan, Plan::Plain) && !self.key.is_asked_for() {
            return Ok(None);
        }
        match self.key.find() {
            Ok(identity) => Ok(identity),
            Err(NoKey::Own(why)) => {
                let trouble = format!("servers are shown no key of yours: {}", text::clean(why));
                remarks.push(Remark::Trouble(trouble));
                Ok(None)
            }
            Err(NoKey::AskedFor(why)) => {
                let why = text::clean(why).into_owned();
                Err(ConnectError::new(target, Cause::NoKey(why)))
            }
        }
    }

    fn look_up(
        &self,
        target: &Address,
        remarks: &mut Vec<Remark>,
    ) -> Result<Option<Known>, ConnectError> {
        let Some(memory) = &self.memory else {
            return Ok(None);
        };
        let path = text::clean(&memory.path().to_string_lossy()).into_owned();
        let found = match memory.look_up(&server(target)) {
            Ok(found) => found,
            Err(error) => {
                let why = reason(&error);
                let trouble = format!("which servers are known cannot be read in {path}: {why}");
                remarks.push(Remark::NoMemory(trouble));
                return Ok(None);
            }
        };
        if let Some(first) = found.damaged.first() {
            let lines = match found.damaged.len() {
                1 => format!("line {first}"),
                count => format!("{count} lines, the first is line {first},"),
            };
            let trouble = format!("{path}: {lines} cannot be read and is left as it is");
            remarks.push(Remark::Trouble(trouble));
        }
        match found.unreadable {
            // A pin says what the line would.
            Some(line) if self.pin.is_none() => {
                let place = format!("line {line} of {path}");
                let distrust = Distrust::Unreadable(place);
                Err(ConnectError::new(target, Cause::Distrusted(distrust)))
            }
            _ => Ok(found.known),
        }
    }

    /// Remembers a server that was met, and has proved its key.
    pub(super) fn remember(
        &self,
        target: &Address,
        trusted: &Trusted,
        remarks: &mut Vec<Remark>,
    ) -> Result<(), ConnectError> {
        let before = match &trusted.news {
            News::Nothing => return Ok(()),
            News::New | News::FirstUse => None,
            News::Replaced(before) => Some(before),
        };
        let kept = match &self.memory {
            Some(memory) => memory.remember(&server(target), &trusted.known, before),
            None => Err(io::Error::other("there is no folder for it")),
        };
        match kept {
            Ok(Remembered::Kept) => {
                if let Some(news) = told(trusted) {
                    remarks.push(Remark::Notice(news));
                }
                Ok(())
            }
            Ok(Remembered::Contradicted(other)) => {
                let distrust = contradiction(&trusted.known, &other);
                Err(ConnectError::new(target, Cause::Distrusted(distrust)))
            }
            Err(error) => {
                let why = reason(&error);
                let what = match &trusted.known {
                    Known::Key(key) => format!("the key {key} of {}", server(target)),
                    Known::Roots => format!("that {} is encrypted", server(target)),
                };
                let place = match &self.memory {
                    Some(memory) => {
                        let path = memory.path().to_string_lossy();
                        format!(", in {}", text::clean(&path))
                    }
                    None => String::new(),
                };
                let trouble = format!("{what} is not kept for the next time{place}: {why}");
                // That says more than a word about reading.
                remarks.retain(|remark| !matches!(remark, Remark::NoMemory(_)));
                remarks.push(Remark::NoMemory(trouble));
                Ok(())
            }
        }
    }
}

/// What the person is told of a server that is remembered from now on.
fn told(trusted: &Trusted) -> Option<String> {
    match (&trusted.news, &trusted.known) {
        (News::FirstUse, Known::Key(key)) => {
            Some(format!("first time here; the key {key} is kept"))
        }
        (News::Replaced(Known::Key(other)), Known::Key(key)) => {
            Some(format!("the key {key} is kept in the place of {other}"))
        }
        (News::Replaced(Known::Roots), Known::Key(key)) => Some(format!(
            "the key {key} is kept; before, a public authority vouched for the server"
        )),
        _ => None,
    }
}

/// Another client has met another server meanwhile, under the same name.
fn contradiction(ours: &Known, other: &Known) -> Distrust {
    match (ours, other) {
        (Known::Key(shown), Known::Key(known)) => Distrust::Changed {
            known: known.to_string(),
            shown: shown.to_string(),
        },
        _ => Distrust::NotVouchedFor {
            why: "another client has just found otherwise".to_owned(),
        },
    }
}

fn server(target: &Address) -> HostPort {
    HostPort::new(&target.host, target.port)
}

#[cfg(test)]
mod tests;
