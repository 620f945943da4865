//! What the metrics are told of a session and of the room.

use chat_proto::password::Password;

use super::*;
use crate::access::password::PasswordHash;
use crate::runtime::census::{HistoryFigures, RoomFigures};

/// A reader lags until it has taken what waits for it.
#[test]
fn a_reader_lags_by_what_it_has_not_taken() {
    let mut hall = Hall::new();
    let [ann, bo] = ["ann", "bo"].map(|name| hall.join(name));
    hall.read(ann);
    hall.read(bo);
    assert_eq!(hall.sessions[bo].lag(&hall.hub), None);
    hall.send(ann, "hi there\n");
    hall.hub.timeline.show_all();
    let lag = hall.sessions[bo].lag(&hall.hub).expect("it is behind");
    let heard = hall.read(bo);
    assert_eq!((lag.bytes, lag.is_past), (heard.len() as u64, false));
    assert_eq!(hall.sessions[bo].lag(&hall.hub), None);
    // Of its own lines a reader in text form gets nothing.
    assert_eq!(hall.sessions[ann].lag(&hall.hub), None);
    // An answer waits as well.
    hall.send(bo, "/who\n");
    let lag = hall.sessions[bo].lag(&hall.hub).expect("it has an answer");
    assert_eq!(lag.bytes, hall.read(bo).len() as u64);
}

#[test]
fn the_room_counts_people_messages_and_passwords() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "one\n/me does two\n/nick anna\n");
    let hash = PasswordHash::of(&Password::said("right"));
    hall.hub.access.set_password(Some(hash));
    let stranger = hall.connect();
    hall.send(stranger, "/password wrong\n");
    let room = RoomFigures::of(&hall.hub, hall.now);
    assert_eq!((room.people, room.messages), (1, 2));
    assert_eq!(room.events, hall.hub.timeline.head().seq);
    assert_eq!(room.barred, [0, 0, 1]);
    assert_eq!(room.history, None);
}

/// The oldest event that is not safe tells how old what can be lost is.
#[test]
fn what_is_not_on_the_disk_has_an_age() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let start = hall.hub.timeline.head().json;
    hall.hub.timeline.keep(1, start, 1 << 20);
    let unsynced = |hall: &Hall| RoomFigures::of(&hall.hub, hall.now).history;
    assert_eq!(unsynced(&hall), Some(HistoryFigures::default()));
    let first = hall.now.time;
    hall.send(ann, "one\n");
    let behind_first = hall.hub.timeline.head().json;
    hall.pass(Duration::from_secs(2));
    let second = hall.now.time;
    hall.send(ann, "two\n");
    let head = hall.hub.timeline.head().json;
    let expected = |unsynced, since| HistoryFigures {
        unsynced,
        unsynced_since: since,
        trouble: None,
    };
    assert_eq!(unsynced(&hall), Some(expected(head - start, Some(first))));
    hall.hub.timeline.set_safe(behind_first);
    let rest = head - behind_first;
    assert_eq!(unsynced(&hall), Some(expected(rest, Some(second))));
    hall.hub.timeline.set_safe(head);
    assert_eq!(unsynced(&hall), Some(HistoryFigures::default()));
}
