//! What the lines of a server tell, without parsing more of them than is needed.

use serde_json::Value;

/// The room of a welcome: the same in each run of its server.
pub fn room_of(welcome: &Value) -> &str {
    without_run(welcome["room"].as_str().unwrap_or_default())
}

pub(super) fn without_run(room: &str) -> &str {
    room.split('.').next().unwrap_or(room)
}

/// The number of an event, from its line. That is looked at only as far as
/// necessary: to parse all of each would cost more than the server's own work.
pub fn event(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let (seq, rest) = line.strip_prefix("{\"seq\":")?.split_once(',')?;
    let (_, rest) = rest.split_once("\"type\":\"")?;
    let (kind, _) = rest.split_once('"')?;
    // These have a number as well.
    let is_reply = matches!(kind, "welcome" | "confirmed");
    (!is_reply).then_some(seq.parse().ok()?)
}

/// The id of a message, which is the last member of its line.
pub fn id_at_the_end(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, id) = line.strip_suffix("\"}")?.rsplit_once("\"id\":\"")?;
    Some(id)
}
