//! A transport that has taken bytes and not passed them on yet, as TLS does.

use std::io::IoSlice;
use std::net::SocketAddr;

use super::*;
use crate::net::transport::{Received, Transport};

/// Takes everything, and holds it back until the system has space.
#[derive(Debug, Default)]
struct Slow {
    /// What it holds back.
    held: usize,
    /// How much the system takes.
    space: usize,
    /// Bytes of a record of which more is to come.
    unready: usize,
    /// Our end waits for space as well.
    needs_space_to_shut: bool,
    shut: bool,
}

impl Transport for Slow {
    type Registry = ();

    fn register(&mut self, (): &(), _: usize) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, (): &()) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, _: &mut [u8]) -> io::Result<Received> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        if self.holds_back() {
            return Ok(0);
        }
        self.held = bytes.len();
        let _ = self.flush();
        Ok(bytes.len())
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write(&slices[0])
    }

    fn unready(&self) -> usize {
        self.unready
    }

    fn holds_back(&self) -> bool {
        self.held > 0
    }

    fn flush(&mut self) -> io::Result<()> {
        let count = self.held.min(self.space);
        self.held -= count;
        self.space -= count;
        match count {
            0 if self.held > 0 => Err(ErrorKind::WouldBlock.into()),
            _ => Ok(()),
        }
    }

    fn shut(&mut self) -> io::Result<()> {
        if self.needs_space_to_shut && self.space == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.shut = true;
        Ok(())
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    fn set_stall_timer(&self, _: StallTimer) {}
}

/// One that has been sent the greeting, of which the system has taken this much.
fn greeted(space: usize) -> (Connection<Slow>, Hub, Now) {
    let mut hub = Hub::new(crate::room::identity::tests::identity(), 1000);
    let now = crate::runtime::system_clock::now();
    let client = crate::hub::testing::client(0);
    let address: SocketAddr = "192.0.2.1:5000".parse().unwrap();
    let caller = Caller {
        remote: address.into(),
        carrier: Carrier::Tls,
        key: None,
    };
    let session = Session::new(client, caller, &mut hub, now);
    let transport = Slow {
        space,
        ..Slow::default()
    };
    let mut connection = Connection::new(transport, session);
    connection.ready.readable = false;
    connection.write(&hub, now);
    assert_eq!(connection.session.pending(&hub), Pending::Nothing);
    (connection, hub, now)
}

const STALL: Duration = Duration::from_secs(60);

/// The limit on lines without an end is one on records without an end as well.
#[test]
fn the_beginning_of_a_record_counts_as_that_of_a_line() {
    let (mut connection, mut hub, now) = greeted(1000);
    connection.session.receive(b"half", &mut hub, now);
    connection.transport.unready = 100;
    assert_eq!(connection.held().partial, 104);
}

#[test]
fn what_is_held_back_waits_for_space_and_is_then_sent() {
    let (mut connection, hub, now) = greeted(10);
    assert!(connection.holds_back());
    assert!(!connection.ready.writable, "it spins");
    assert!(!connection.can_send(&hub));
    connection.transport.space = 1000;
    connection.note(Readiness {
        writable: true,
        ..Readiness::default()
    });
    assert!(connection.can_send(&hub));
    connection.write(&hub, now);
    assert!(!connection.holds_back());
    assert!(!connection.can_send(&hub));
    assert_eq!(connection.stall_timer, StallTimer::System);
}

#[test]
fn who_does_not_take_what_is_held_back_stalls() {
    let (mut connection, mut hub, mut now) = greeted(10);
    assert_eq!(
        connection.stalled_until(STALL),
        Some(now.instant + STALL),
        "the timer runs"
    );
    // Each byte that is taken is a beginning.
    now.instant += STALL / 2;
    connection.transport.space = 1;
    connection.ready.writable = true;
    connection.write(&hub, now);
    assert!(connection.holds_back());
    assert_eq!(connection.stalled_until(STALL), Some(now.instant + STALL));
    now.instant += STALL;
    connection.expire(STALL, &mut hub, now);
    assert!(connection.ready.writable, "it is tried once more");
    connection.write(&hub, now);
    now.instant += STALL;
    connection.expire(STALL, &mut hub, now);
    assert!(connection.is_closed());
    assert_eq!(connection.session.reason(), Reason::TookNothing);
}

#[test]
fn an_end_waits_for_what_is_held_back_and_for_itself() {
    let (mut connection, mut hub, now) = greeted(10);
    connection.transport.needs_space_to_shut = true;
    connection
        .session
        .goodbye(Reason::ServerStopped, Duration::ZERO, &hub, now);
    hub.timeline.show_all();
    connection.ready.writable = true;
    connection.transport.space = 100_000;
    connection.write(&hub, now);
    assert!(connection.has_sent_all(&hub));
    connection.transport.held = 10;
    connection.close(&hub, now);
    assert_eq!(connection.state, State::Open);
    assert!(!connection.transport.shut);
    (connection.transport.held, connection.transport.space) = (0, 0);
    connection.close(&hub, now);
    assert_eq!(connection.state, State::Open);
    assert!(!connection.ready.writable, "it spins");
    assert!(connection.stalled_until(STALL).is_some());
    connection.transport.space = 1;
    connection.ready.writable = true;
    connection.close(&hub, now);
    assert_eq!(connection.state, State::Lingering);
    assert!(connection.transport.shut);
}

/// Else a peer that is gone would hold the connection until it stalls.
#[test]
fn one_who_is_gone_is_not_waited_for() {
    let (mut connection, hub, now) = greeted(10);
    connection.fail(&ErrorKind::ConnectionReset.into());
    assert!(!connection.holds_back());
    assert!(!connection.can_send(&hub));
    connection.settle(now);
    connection.session.break_off();
    assert!(connection.has_sent_all(&hub));
}
