//! What a person does that the log tells.

use chat_proto::event::KeyId;
use chat_proto::name::Name;

use super::reason::Reason;
use crate::net::remote::Remote;
use crate::ops::logger::{Record, Topic};

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
    /// It has freed this name, under another one or none.
    Freed { by: Option<Name>, name: Name },
    /// It has taken a measure, as an operator, under this name.
    Measured {
        name: Option<Name>,
        /// The command.
        measure: &'static str,
        /// What the operator was answered.
        done: String,
    },
    /// It left the room.
    Left(Name),
}

impl Change {
    /// The record for it, if it is worth one, with its topic if there may be too many lines of
    /// that; `reason` is why the session ended, if it did.
    pub(crate) fn record(&self, remote: Remote, reason: Reason) -> Option<(Option<Topic>, Record)> {
        let of = |message, name: &Name| {
            let record = Record::new(message).with("name", name);
            record.with("address", remote)
        };
        let (topic, record) = match self {
            Self::Came(name) => (Topic::People, of("came in", name)),
            Self::CameBack(name) => (Topic::People, of("came back", name)),
            Self::Renamed { old, new } => (Topic::Renames, of("renamed", old).with("new", new)),
            Self::Claimed(name, key) => {
                let record = of("the name belongs to a key now", name);
                (Topic::Renames, record.with("key", format!("SHA256:{key}…")))
            }
            Self::Freed { by, name } => {
                let record = of("the name belongs to no key now", name);
                (Topic::Renames, record.with_some("by", by.as_ref()))
            }
            Self::Measured {
                name,
                measure,
                done,
            } => {
                let record = Record::new("measure").with_some("by", name.as_ref());
                let record = record.with("address", remote).with("measure", measure);
                return Some((None, record.with("done", done)));
            }
            // The end of the server is told once, and not for each.
            Self::Left(_) if reason == Reason::ServerStopped => return None,
            Self::Left(name) => (Topic::People, of("left", name).with("reason", reason)),
        };
        Some((Some(topic), record))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::ops::logger::{Format, Level};
    use crate::runtime::system_clock::now;

    fn shown(change: &Change, remote: Remote) -> Option<String> {
        let (_, record) = change.record(remote, Reason::Quit)?;
        let line = Format::Journal.line(now().time, Level::Info, &record);
        Some(line.trim_end().trim_start_matches("<6>").to_owned())
    }

    #[test]
    fn people_are_named_with_their_address() {
        let address: SocketAddr = "192.0.2.7:40112".parse().unwrap();
        let [ann, anna] = ["ann", "anna"].map(|name| Name::choose(name).unwrap());
        let unnamed = Name::of_address(address);
        let renamed = |old: &Name, new: &Name| Change::Renamed {
            old: old.clone(),
            new: new.clone(),
        };
        let ban = |name| Change::Measured {
            name,
            measure: "ban",
            done: "bo is banned for 1 day: 192.0.2.9".to_owned(),
        };
        let at = "address=192.0.2.7:40112";
        for (change, line) in [
            (Change::Came(ann.clone()), format!("came in name=ann {at}")),
            (
                Change::Came(unnamed),
                format!("came in name=192.0.2.7:40112 {at}"),
            ),
            (
                Change::CameBack(ann.clone()),
                format!("came back name=ann {at}"),
            ),
            (
                renamed(&ann, &anna),
                format!("renamed name=ann {at} new=anna"),
            ),
            (
                Change::Left(ann.clone()),
                format!("left name=ann {at} reason=\"said /quit\""),
            ),
            (
                Change::Claimed(ann.clone(), KeyId::of_digest(&[0; 32])),
                format!("the name belongs to a key now name=ann {at} key=SHA256:AAAAAAAAAAAAAAAA…"),
            ),
            (
                ban(Some(ann.clone())),
                format!(
                    "measure by=ann {at} measure=ban done=\"bo is banned for 1 day: 192.0.2.9\""
                ),
            ),
        ] {
            assert_eq!(shown(&change, address.into()), Some(line));
        }
        assert_eq!(
            shown(&ban(None), Remote::Control).as_deref(),
            Some("measure address=control measure=ban done=\"bo is banned for 1 day: 192.0.2.9\"")
        );
        let stopped = Change::Left(ann).record(address.into(), Reason::ServerStopped);
        assert_eq!(stopped, None);
    }

    /// A name may look like a field, and have blanks in some languages.
    #[test]
    fn a_name_is_one_value() {
        let Ok(name) = Name::choose("a=\"b") else {
            return;
        };
        let line = shown(&Change::Came(name), Remote::Control);
        assert_eq!(
            line.as_deref(),
            Some(r#"came in name="a=\"b" address=control"#)
        );
    }
}
