//! Peers that speak another protocol, and people who do not.

use super::*;

/// Not a word of it is said.
#[test]
fn nothing_of_another_protocol_reaches_the_room() {
    for first in [
        &b"POST / HTTP/1.1\r\nHost: x\r\n\r\nhello\n"[..],
        b"GET /\r\n",
        b"SSH-2.0-x\r\nhello\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        &[&b"GET /"[..], &[b'x'; 9000], b"\r\nhello\n"].concat(),
        &[&b"patch /"[..], &[b'x'; 9000], b" HTTP/1.1\r\nhello\n"].concat(),
        b"M-SEARCH * HTTP/1.1\r\nhello\n",
        b"\r\nUSER anonymous\r\nPASS hunter2\r\n",
        b"EHLO x\r\nMAIL FROM:<a@b>\r\n",
        b"a1 LOGIN ann hunter2\r\n",
        b"*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n",
        b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0chello\n",
    ] {
        let mut hall = Hall::new();
        let ann = hall.join("ann");
        let stranger = hall.connect();
        hall.send(stranger, first);
        hall.pass(Duration::from_secs(1));
        assert_eq!(hall.read(ann), "", "{first:?}");
        assert!(hall.read(stranger).contains("this is a chat"));
        assert_eq!(hall.sessions[stranger].stage(), Stage::Closing);
    }
}

/// An IRC client is told in a line that it shows, and its password is not.
#[test]
fn irc_clients_are_told_where_they_are() {
    for handshake in [
        "CAP LS 302\r\nPASS hunter2\r\nNICK ann\r\nUSER ann 0 * :Ann\r\n",
        "PASS hunter2\r\nNICK ann\r\n",
        "NICK ann\r\nUSER ann 0 * :Ann\r\n",
    ] {
        let mut hall = Hall::new();
        let ann = hall.join("ann");
        let client = hall.connect();
        hall.send(client, handshake);
        hall.pass(Duration::from_secs(1));
        assert_eq!(hall.read(ann), "");
        let told = hall.read(client);
        let (_, error) = told.split_at(told.find("ERROR").unwrap());
        assert!(error.starts_with("ERROR :this is no IRC server"), "{told}");
        assert!(
            error.ends_with("\r\n") && error.lines().count() == 1,
            "{told}"
        );
        assert_eq!(hall.sessions[client].stage(), Stage::Closing);
    }
}

/// Only how a connection begins is judged, and lines that people say are no login.
#[test]
fn talk_is_no_protocol() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    for (first, last) in [
        ("user error\n", "user error"),
        ("get a life\n", "get a life"),
        ("help\nPASS hunter2\n", "PASS hunter2"),
    ] {
        let person = hall.connect();
        hall.send(person, first);
        assert_ne!(hall.sessions[person].stage(), Stage::Closing);
        assert!(hall.read(ann).ends_with(&format!("> {last}\n")));
    }
    let person = hall.connect();
    hall.send(person, "user ann\npass hunter2\n");
    assert!(hall.read(person).contains("you speak FTP or POP3"));
    assert!(!hall.read(ann).contains("hunter2"));
}
