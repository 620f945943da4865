//! What a person does that the log tells.

use chat_proto::event::KeyId;
use chat_proto::name::Name;

use super::reason::Reason;
use crate::net::remote::Remote;
use crate::ops::logger::Topic;

/// Something that has become of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It came into the room.
    Came(Name),
    /// It has the place of another connection of the same person.
    CameBack(Name),
    /// It has another name.
    Renamed { old: Name, new: Name },
    /// Its name belongs to its key from now on.
    Claimed(Name, KeyId),
    /// It has kept order, as an operator, under this name.
    Ordered(Option<Name>, String),
    /// It left the room.
    Left(Name),
}

impl Change {
    /// The line for it, if it is worth one, with its topic if there may be too many lines of
    /// that; `reason` is why the session ended, if it did.
    pub(crate) fn line(&self, remote: Remote, reason: Reason) -> Option<(Option<Topic>, String)> {
        let who = |name: &Name| match name.is_address() {
            true => name.to_string(),
            false => format!("{name} ({remote})"),
        };
        let (topic, text) = match self {
            Self::Came(name) => (Topic::People, format!("{} came in", who(name))),
            Self::CameBack(name) => {
                let text = format!("{} came back over another connection", who(name));
                (Topic::People, text)
            }
            Self::Renamed { old, new } => {
                let text = format!("{} is now known as {new}", who(old));
                (Topic::Renames, text)
            }
            Self::Claimed(name, key) => {
                let text = format!("{} belongs to the key SHA256:{key}… now", who(name));
                (Topic::Renames, text)
            }
            Self::Ordered(name, done) => {
                let by = name.as_ref().map(who);
                let by = by.unwrap_or_else(|| "the control socket".to_owned());
                return Some((None, format!("{by}: {done}")));
            }
            // The end of the server is told once, and not for each.
            Self::Left(_) if reason == Reason::ServerStopped => return None,
            Self::Left(name) => (Topic::People, format!("{} left: {reason}", who(name))),
        };
        Some((Some(topic), text))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn people_are_named_with_their_address() {
        let address: SocketAddr = "192.0.2.7:40112".parse().unwrap();
        let [ann, anna] = ["ann", "anna"].map(|name| Name::choose(name).unwrap());
        let unnamed = Name::of_address(address);
        let renamed = |old: &Name, new: &Name| Change::Renamed {
            old: old.clone(),
            new: new.clone(),
        };
        for (change, line) in [
            (Change::Came(ann.clone()), "ann (192.0.2.7:40112) came in"),
            (Change::Came(unnamed.clone()), "192.0.2.7:40112 came in"),
            (
                Change::CameBack(ann.clone()),
                "ann (192.0.2.7:40112) came back over another connection",
            ),
            (
                renamed(&ann, &anna),
                "ann (192.0.2.7:40112) is now known as anna",
            ),
            (
                renamed(&unnamed, &anna),
                "192.0.2.7:40112 is now known as anna",
            ),
            (
                Change::Left(ann.clone()),
                "ann (192.0.2.7:40112) left: said /quit",
            ),
            (
                Change::Claimed(ann.clone(), KeyId::of_digest(&[0; 32])),
                "ann (192.0.2.7:40112) belongs to the key SHA256:AAAAAAAAAAAAAAAA… now",
            ),
            (Change::Left(unnamed), "192.0.2.7:40112 left: said /quit"),
        ] {
            let told = change.line(address.into(), Reason::Quit);
            assert_eq!(told.map(|(_, text)| text), Some(line.to_owned()));
        }
        let operator = Change::Came(ann.clone()).line(Remote::Control, Reason::Closed);
        let line = "ann (control socket) came in".to_owned();
        assert_eq!(operator, Some((Some(Topic::People), line)));
        let stopped = Change::Left(ann).line(address.into(), Reason::ServerStopped);
        assert_eq!(stopped, None);
    }
}
