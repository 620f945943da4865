use super::*;
use crate::tests::panic_message;

/// Two ends of one connection.
fn pair() -> (Peer, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let client = Peer::connect(listener.local_addr().expect("it is bound"));
    let server = Peer::accept(&listener);
    (client, server)
}

#[test]
fn a_peer_hears_what_the_other_says() {
    let (mut client, mut server) = pair();
    client.send_str("par");
    assert_eq!(server.expect("ar"), "par");
    client.send(b"tial\nline\r\n");
    assert_eq!(server.expect_line(), "tial");
    assert_eq!(server.expect_line(), "line\r");
    assert_eq!(server.received(), b"partial\nline\r\n");
    client.expect_nothing_for(Duration::from_millis(1));

    client.half_close();
    assert_eq!(server.expect_eof(), "");
    server.send_str("bye");
    assert_eq!(client.expect("bye"), "bye");
}

#[test]
fn a_silent_peer_times_out() {
    let (mut client, mut server) = pair();
    server.send_str("so far");
    client.expect("so");
    client.set_deadline(Duration::from_millis(20));
    let message = panic_message(|| client.expect("further"));
    assert!(message.contains("20ms have passed"), "{message}");
    assert!(message.contains("so far"), "{message}");
}

#[test]
fn a_reset_is_no_end_of_file() {
    let (client, mut server) = pair();
    client.reset();
    let message = panic_message(|| server.expect_eof());
    assert!(message.contains("ConnectionReset"), "{message}");
    assert_eq!(
        server.expect_end(),
        End::Failed(io::ErrorKind::ConnectionReset)
    );
}

#[test]
fn a_peer_of_which_nothing_is_expected_does_not_read() {
    let (_client, mut server) = pair();
    server
        .stream()
        .set_write_timeout(Some(Duration::from_millis(20)))
        .expect("a deadline that is not zero");
    let chunk = vec![b'x'; 1 << 20];
    // The buffers of the system take some, but not without end.
    let stuck = (0..1000).any(|_| server.try_send(&chunk).is_err());
    assert!(stuck);
}

#[test]
fn a_json_peer_skips_the_greeting() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let server = std::thread::spawn(move || {
        let mut server = Peer::accept(&listener);
        server.send_str("\r-- chat/1 hello\n\r-- say /help\n");
        let hello = server.expect_line();
        let hello = hello.strip_prefix("/hello ").expect("a hello");
        let hello: Value = serde_json::from_str(hello).expect("an object");
        assert_eq!(hello, json!({ "protocol": 1, "name": "alice" }));
        server.send_str("{\"type\":\"welcome\",\"position\":7}\n");
        let said: Value = serde_json::from_str(&server.expect_line()).expect("an object");
        assert_eq!((&said["text"], &said["id"]), (&json!("hi"), &json!(1)));
        server.send_str("{\"type\":\"ping\"}\n{\"type\":\"ack\",\"id\":0}\n");
        server.send_str("{\"type\":\"ack\",\"id\":1}\n{\"type\":\"bye\"}\n");
        server.expect_eof();
    });
    let mut alice = JsonPeer::connect(addr, "alice");
    assert_eq!(alice.welcome["position"], 7);
    alice.say("hi", 1);
    assert_eq!(alice.expect_type("ack")["id"], 0);
    assert_eq!(alice.wait_for(|value| value["id"] == 1)["type"], "ack");
    assert_eq!(alice.next(), json!({ "type": "bye" }));
    drop(alice);
    server.join().expect("all was as the server expected");
}
