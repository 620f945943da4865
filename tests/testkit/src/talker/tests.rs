use std::net::TcpListener;

use super::*;
use crate::ledger::{History, check};
use crate::{JsonPeer, Peer};

/// The next client: its hello, and the peer that `welcome` lets in.
fn greet(listener: &TcpListener, welcome: &str) -> (Value, JsonPeer) {
    let mut peer = Peer::accept(listener);
    peer.send_str("\r-- chat/1 hello\n\r[bo] entered room\n");
    let hello = peer.expect_line();
    let hello = hello.strip_prefix("/hello ").expect("a hello");
    let hello = serde_json::from_str(hello).expect("an object");
    peer.send_str(&format!("{{{welcome}}}\n"));
    let welcome = Value::Null;
    (hello, JsonPeer { peer, welcome })
}

/// A room that remembers the lines of its history.
#[derive(Default)]
struct Room {
    lines: Vec<Vec<u8>>,
}

impl Room {
    /// The event of a message of ann's, as the room tells it.
    fn event(&mut self, seq: u64, message: &Value) -> String {
        let line = json!({ "seq": seq, "time": "t" }).to_string();
        let line = format!(
            r#"{},"type":"message","name":"ann","text":{},"id":{}}}"#,
            line.trim_end_matches('}'),
            message["text"],
            message["id"]
        );
        self.lines.push(line.clone().into_bytes());
        line + "\n"
    }

    /// Tells the events of what a talker says, from `seq` on, until it is done. It
    /// closes when it has all, at any moment, which is no failure.
    fn tell_until(&mut self, mut seq: u64, peer: &Peer, is_done: impl Fn() -> bool) {
        let mut said = peer.unread().to_vec();
        let mut stream = peer.stream().try_clone().expect("a descriptor");
        stream.set_read_timeout(Some(GLANCE)).expect("a socket");
        while !is_done() {
            while let Some(end) = said.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = said.drain(..=end).collect();
                let message = serde_json::from_slice(&line).expect("JSON");
                let _ = stream.write_all(self.event(seq, &message).as_bytes());
                seq += 1;
            }
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => said.extend_from_slice(&chunk[..count]),
                Err(error) if is_timeout(&error) => {}
                Err(_) => break,
            }
        }
    }
}

#[test]
fn it_comes_back_and_sends_again_what_was_not_confirmed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("ports are left");
    let addr = listener.local_addr().expect("a bound socket");
    let talker = Talker::start(addr, "ann", 2, Random::new(1));
    let welcome = r#""seq":3,"type":"welcome","room":"r.1""#;
    let (hello, mut server) = greet(&listener, welcome);
    assert_eq!(hello, json!({ "protocol": 1, "name": "ann" }));
    let (one, two) = (server.next(), server.next());
    assert_eq!(one["text"], "ann says 1");
    assert_eq!(two["text"], "ann says 2");
    let mut room = Room::default();
    let cut = room.event(4, &one);
    server.peer.send_str(&cut[..cut.len() - 5]);
    drop(server);

    let again = r#""seq":4,"type":"welcome","room":"r.2","resumed":true"#;
    let (hello, mut server) = greet(&listener, again);
    assert_eq!(hello["resume"], json!({ "room": "r.1", "seq": 3 }));
    server.peer.send_str(&cut);
    // The first one may not be confirmed yet when it speaks.
    let mut again = server.next();
    if again == one {
        let id = &one["id"];
        let members = r#""seq":4,"time":"t","type":"confirmed""#;
        let confirmed = format!("{{{members},\"id\":{id}}}\n");
        server.peer.send_str(&confirmed);
        again = server.next();
    }
    assert_eq!(again, two);
    let three = server.next();
    assert_eq!(three["text"], "ann says 3");
    let refusal = json!({ "type": "error", "code": "not_kept", "text": "no", "id": two["id"] });
    server.send_json(refusal);
    let four = server.next();
    assert_eq!(four["text"], "ann says 4");
    for (seq, message) in [(5, &three), (6, &four)] {
        server.peer.send_str(&room.event(seq, message));
    }
    let ledgers = thread::spawn(move || settle(vec![talker]));
    // Until it is told to be silent it goes on.
    room.tell_until(7, &server.peer, || ledgers.is_finished());
    let ledgers = ledgers.join().expect("it has settled");
    let history = History {
        lines: room.lines,
        is_cut: true,
    };
    let report = check(&history, &ledgers).expect("all is right");
    assert_eq!(report.messages, report.confirmed);
    assert_eq!(ledgers[0].lines().count(), report.messages);
}

#[test]
fn violations_are_found() {
    for (welcome, wrong) in [
        (
            r#""seq":3,"type":"welcome","room":"s","resumed":true"#,
            "another room",
        ),
        (
            r#""seq":3,"type":"welcome","room":"r","resumed":false"#,
            "not resumed behind 3",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("ports are left");
        let addr = listener.local_addr().expect("a bound socket");
        let talker = Talker::start(addr, "ann", 0, Random::new(1));
        let (_, server) = greet(&listener, r#""seq":3,"type":"welcome","room":"r""#);
        drop(server);
        let (_, _server) = greet(&listener, welcome);
        crate::until("it is welcomed twice", || talker.connections() == 2);
        let ledgers = settle(vec![talker]);
        let history = History::default();
        let errors = check(&history, &ledgers).expect_err("it is wrong");
        assert!(errors[0].contains(wrong), "{errors:?}");
    }
}

#[test]
fn lines_are_looked_at() {
    let message = br#"{"seq":12,"time":"t","type":"message","name":"ann","text":"x","id":"i1"}"#;
    assert_eq!(event(message), Some(12));
    assert_eq!(id_at_the_end(message), Some("i1"));
    assert_eq!(event(br#"{"seq":12,"time":"t","type":"welcome"}"#), None);
    assert_eq!(
        event(br#"{"seq":12,"time":"t","type":"confirmed","id":"i1"}"#),
        None
    );
    assert_eq!(event(br#"{"time":"t","type":"gap","missed":3}"#), None);
    let forged = br#"{"seq":1,"time":"t","type":"message","name":"ann","text":"\"id\":\"i1\"}"}"#;
    assert_eq!(id_at_the_end(forged), None);
}
