//! The first entry of a stream: which room it is, and the secret key by which its programs
//! are known at each of its servers.
//!
//! The first server that writes it has founded the room: NATS takes it only where the stream
//! is empty. It goes with the oldest entries; by then it stands in snapshots as well. What
//! reads the stream has the key, and can take any program's place: a stream is for the
//! servers of its room only.

use std::borrow::Cow;

use chat_proto::event::{RoomId, RunId};
use serde::{Deserialize, Serialize};

use crate::room::identity::{Identity, Key};

/// The entry, as bytes for the stream.
pub fn to_bytes(identity: &Identity) -> Vec<u8> {
    let line = Line {
        v: VERSION,
        room: identity.room.as_str().into(),
        run: identity.run.to_string().into(),
        key: hex(identity.key.bytes()).into(),
    };
    serde_json::to_vec(&line).expect("it has no keys but strings")
}

/// Reads what [`to_bytes`] has made; `None` if anything in it breaks a rule.
pub fn parse(bytes: &[u8]) -> Option<Identity> {
    let line: Line<'_> = serde_json::from_slice(bytes).ok()?;
    let is_key =
        line.key.len() == 2 * Key::BYTES && line.key.bytes().all(|it| it.is_ascii_hexdigit());
    if line.v != VERSION || !is_key {
        return None;
    }
    let key = u128::from_str_radix(&line.key, 16).ok()?;
    Some(Identity {
        room: RoomId::new(&line.room)?,
        run: RunId::parse(&line.run)?,
        key: Key::of(key.to_be_bytes()),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    v: u32,
    #[serde(borrow)]
    room: Cow<'a, str>,
    #[serde(borrow)]
    run: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
}

fn hex(bytes: &[u8; Key::BYTES]) -> String {
    format!("{:032x}", u128::from_be_bytes(*bytes))
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use chat_proto::event::Timestamp;

    #[test]
    fn an_identity_comes_back_from_the_stream() {
        let time = Timestamp::from_unix_milliseconds(1_800_000_000_000);
        let identity = Identity::new(time).unwrap();
        let bytes = to_bytes(&identity);
        let read = parse(&bytes).unwrap();
        assert_eq!(read.room, identity.room);
        assert_eq!(read.run, identity.run);
        assert!(read.key == identity.key);
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"key\":\"", "\"key\":\"0"),
            ("\"run\":\"", "\"run\":\"x"),
            ("\"room\"", "\"hall\""),
            ("{", "[{"),
        ] {
            let broken = text.replacen(from, to, 1);
            assert!(parse(broken.as_bytes()).is_none(), "{broken}");
        }
        assert!(parse(b"").is_none());
    }
}
