//! One connection over a socket of the system.

use std::io::Write;

use mio::net::TcpStream;

use super::*;
use crate::net::transport::Carrier;
use crate::session::Caller;
use crate::timeline::cursor::Pending;
use crate::timeline::log::ORIGIN;
use crate::timeline::replay::{NoFiles, Page};

mod held_back;

/// Thousands of idle connections cost hardly more than this each, so what
/// only few need at a time belongs into a [`Cold`]. mio's socket is larger
/// where it checks how it is used.
#[test]
#[cfg(target_pointer_width = "64")]
fn a_connection_is_small() {
    let own = size_of::<Connection>() - size_of::<Wire>();
    assert!(own <= 136, "{own} bytes");
}

fn accepted() -> (std::net::TcpStream, Connection, Hub) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (socket, address) = listener.accept().unwrap();
    let mut hub = Hub::new(crate::room::identity::tests::identity(), 1000);
    let client_id = crate::hub::testing::client(0);
    let session = Session::new(
        client_id,
        Caller {
            remote: address.into(),
            carrier: Carrier::Plain,
            key: None,
        },
        &mut hub,
        crate::runtime::system_clock::now(),
    );
    let connection = Connection::new(TcpStream::from_std(socket).into(), session);
    (client, connection, hub)
}

/// While nothing can be kept, those who leave do not wait for what was said
/// last. It can be kept before their connection is gone.
#[test]
fn nothing_is_sent_after_our_side_is_shut() {
    let (mut client, mut connection, mut hub) = accepted();
    let now = crate::runtime::system_clock::now();
    hub.timeline.keep(1, ORIGIN, u64::MAX);
    client.write_all(b"/hello {\"protocol\":1}\n").unwrap();
    connection.read(&mut [0; 100], &mut hub, now);
    hub.timeline
        .set_trouble(Some(crate::hub::notice("the disk is full")));
    client.write_all(b"{\"type\":\"quit\"}\n").unwrap();
    connection.ready.readable = true;
    connection.read(&mut [0; 100], &mut hub, now);
    connection.write(&hub, now);
    connection.close(&hub, now);
    assert_eq!(connection.state, State::Lingering);
    hub.timeline.set_trouble(None);
    hub.timeline.show_all();
    assert_eq!(connection.session.pending(&hub), Pending::Log);
    assert!(!connection.can_send(&hub));
    connection.write(&hub, now);
    assert_eq!(connection.state, State::Lingering);
}

/// Else a peer that asks for all of a long past and goes has it read all the same.
#[test]
fn the_past_is_not_looked_up_for_one_who_is_gone() {
    let (mut client, mut connection, mut hub) = accepted();
    let now = crate::runtime::system_clock::now();
    client
        .write_all(b"hi\n/hello {\"protocol\":1,\"replay\":1}\n")
        .unwrap();
    connection.read(&mut [0; 1000], &mut hub, now);
    hub.timeline.show_all();
    connection.write(&hub, now);
    assert!(connection.wants_past(&hub));
    connection.fail(&ErrorKind::ConnectionReset.into());
    let (files, mut page) = (NoFiles, Page::default());
    assert_eq!(
        connection.write_past(&hub, &files, None, &mut page, now),
        (0, None),
        "it is not sent"
    );
    assert!(!connection.wants_past(&hub));
}

#[test]
fn who_takes_nothing_any_more_needs_an_earlier_timer_than_the_one_that_is_set() {
    let (_client, mut connection, _) = accepted();
    let (stall, now) = (Duration::from_secs(1), crate::runtime::system_clock::now());
    connection.ready.readable = false;
    connection.set_timer(Some(now.instant + Duration::from_secs(30)));
    connection.written(Err(ErrorKind::WouldBlock.into()), now);
    assert!(connection.needs_turn(stall));
    connection.set_timer(connection.needs_timer(stall));
    assert!(!connection.needs_turn(stall));
}

#[test]
fn who_could_not_be_heard_in_time_comes_in_under_their_name_all_the_same() {
    let (mut client, mut connection, mut hub) = accepted();
    let mut now = crate::runtime::system_clock::now();
    let stall = Duration::from_secs(60);
    assert_eq!(connection.deadline(stall), None);
    client
        .write_all(b"/hello {\"protocol\":1,\"name\":\"ann\"}\n")
        .unwrap();
    now.instant += Duration::from_secs(10);
    connection.expire(stall, &mut hub, now);
    assert_eq!(hub.people().count(), 0);
    connection.read(&mut [0; 1000], &mut hub, now);
    let (names, _) = hub.people().names(None, 10);
    assert_eq!(
        names.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["ann"]
    );
}

/// Not even one who took nothing before: there is still something to hear. Of
/// others the time for that has an end.
#[test]
fn who_has_closed_in_order_is_not_too_late() {
    let stall = Duration::from_secs(60);
    for (reason, is_closed) in [(Reason::Closed, false), (Reason::Reset, true)] {
        let (_client, mut connection, mut hub) = accepted();
        let mut now = crate::runtime::system_clock::now();
        let blocked = Err(ErrorKind::WouldBlock.into());
        connection.written(blocked, now);
        connection.state = State::Gone(reason);
        connection.settle(now);
        assert!(!connection.is_closed());
        now.instant += stall;
        connection.expire(stall, &mut hub, now);
        assert_eq!(connection.is_closed(), is_closed, "{reason:?}");
        if !is_closed {
            assert_eq!(connection.stalled_until(stall), None, "it would spin");
        }
    }
}
