//! What the greeting says about encryption.

use std::sync::Arc;

use super::*;
use crate::config::{Config, TlsMode};

/// The greeting of a server in this mode over such a connection.
fn greeting(tls: TlsMode, carrier: Carrier) -> String {
    let mut hall = Hall::new();
    let config = Config {
        tls,
        ..Config::of(Limits::default())
    };
    hall.hub.set_config(Arc::new(config));
    let address = SocketAddr::from(([127, 0, 0, 1], 1000));
    let session = Session::new(client(0), caller(address, carrier), &mut hall.hub, hall.now);
    hall.sessions.push(session);
    hall.read(0)
}

#[test]
fn a_plain_greeting_offers_tls_where_there_is_such() {
    let off = greeting(TlsMode::Off, Carrier::Plain);
    let (first, rest) = off.split_once('\n').unwrap();
    assert!(first.starts_with("\r-- chat/1 welcome: "), "{off}");
    let with_tls = first.replacen("chat/1 welcome", "chat/1 tls welcome", 1);
    let offered = format!("{with_tls}\n{rest}\r-- this connection is not encrypted\n");
    for mode in [TlsMode::Offer, TlsMode::Require] {
        assert_eq!(greeting(mode, Carrier::Plain), offered);
        assert_eq!(greeting(mode, Carrier::Tls), off);
    }
}
