//! The state that a newcomer to several servers begins with: bytes are a state, or none; and
//! what is restored is saved as a state that is the same.
#![no_main]

use std::time::Instant;

use chat_proto::event::{RoomId, RunId, Timestamp};
use chat_server::clock::Now;
use chat_server::room::apply::Room;
use chat_server::room::identity::{Identity, Key};
use chat_server::room::request::Request;
use chat_server::sequencer::stream::servers::Servers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(servers) = Servers::restore(bytes) {
        assert_eq!(Servers::restore(&servers.save()), Ok(servers));
    }
    let identity = Identity {
        room: RoomId::new("room").expect("a name"),
        run: RunId::new(1, 0),
        key: Key::of([1; Key::BYTES]),
    };
    let now = Now {
        time: Timestamp::from_unix_milliseconds(1_800_000_000_000),
        instant: Instant::now(),
    };
    if let Ok(mut room) = Room::restore(bytes, &identity, now) {
        let saved = room.save(now);
        let again = Room::restore(&saved, &identity, now).expect("it was restored once");
        assert_eq!(again.save(now), saved);
        let mut events = Vec::new();
        for request in [Request::TellPending, Request::Open] {
            room.apply(request, now, &mut events);
        }
    }
});
