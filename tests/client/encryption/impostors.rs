//! Servers that are not the one that is meant: nothing of what is typed reaches them.

use super::*;

/// A client's hello, and alerts. Nothing else is sent to a server that is not trusted.
#[track_caller]
fn is_only_a_hello(heard: &[u8]) {
    let mut rest = heard;
    let mut kinds = Vec::new();
    while let [kind, 3, _, high, low, more @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        kinds.push((*kind, more[0]));
        rest = &more[length..];
    }
    assert_eq!(rest, b"", "in {heard:?}");
    assert_eq!(kinds[0], (22, 1), "a hello of TLS");
    assert!(kinds[1..].iter().all(|&(kind, _)| kind == 21), "{kinds:?}");
}

/// What a server that says this has heard, and how the client has ended.
#[track_caller]
fn meet(says: &[u8], args: &[&str], home: &Home) -> (Output, Vec<u8>) {
    let (listener, addr) = listen();
    let mut program = home.pipe(addr, args);
    program.send_str("secret\n");
    let mut server = Peer::accept(&listener);
    server.send(says);
    program.wait_exit(Duration::from_secs(10));
    server.expect_end();
    (program.finish(), server.received().to_vec())
}

#[test]
fn a_plain_server_hears_a_hello_of_tls_and_nothing_else() {
    let key = Identity::new();
    for args in [
        &["--tls"][..],
        &["--fingerprint", key.fingerprint()],
        &["--tls", "--send"],
    ] {
        for says in [
            "\r-- chat/1 welcome: type to talk\n",
            "hello\n",
            "SSH-2.0-OpenSSH_9.2\r\n",
        ] {
            let home = Home::new();
            let (output, heard) = meet(says.as_bytes(), args, &home);
            ended(
                &output,
                4,
                &["that server does not use TLS: nothing was sent"],
            );
            is_only_a_hello(&heard);
            assert_eq!(home.remembered(), [""; 0]);
        }
    }
}

#[test]
fn a_server_of_tls_1_2_is_refused() {
    let mut hello = b"\x16\x03\x03\0\x2a\x02\0\0\x26\x03\x03".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\0\xc0\x2b\0");
    // Its hello, and the alert of one that is told the versions.
    for says in [&hello[..], b"\x15\x03\x01\0\x02\x02\x46"] {
        let (output, heard) = meet(says, &["--tls"], &Home::new());
        ended(
            &output,
            4,
            &["does not encrypt as it must: it offers no TLS 1.3"],
        );
        is_only_a_hello(&heard);
    }
}

/// Also where it was met with `chat/1 tls` in the first place.
#[test]
fn a_server_that_was_encrypted_is_not_talked_to_in_plain() {
    let (front, listener) = front(&Identity::new());
    let home = Home::new();
    let mut program = home.pipe(front.addr(), &["--tls"]);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
    drop(program);
    front.say_only_in_plain("\r-- chat/1 welcome: type to talk\n");
    let forget = format!("chat-client --forget {}", front.addr());
    let told = "that server used TLS before and does not now: nothing was sent";
    for args in [&[][..], &["--tls"], &["--json"], &["--plain-server"]] {
        let output = home.say_secret(front.addr(), args);
        ended(&output, 4, &[told, &forget]);
    }
    // As a screen shows it.
    let mut ann = home.open(front.addr(), &[]);
    assert_eq!(ann.wait_exit(), 4);
    assert!(ann.full_text().contains("that server used TLS before"));
    is_unvisited(&listener);
    until("all is heard", || front.heard_in_plain().len() > 100);
    assert!(!String::from_utf8_lossy(&front.heard_in_plain()).contains("secret"));
}

#[test]
fn a_changed_key_ends_it_with_both_keys() {
    let (old, new) = (Identity::new(), Identity::new());
    let (front, listener) = front(&old);
    let home = Home::new();
    let mut program = home.pipe(front.addr(), &["--tls"]);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
    drop(program);
    let before = home.remembered();
    front.show(&new);
    let forget = format!("chat-client --forget {}", front.addr());
    for args in [&[][..], &["--tls"], &["--send"]] {
        let output = home.say_secret(front.addr(), args);
        ended(&output, 4, &[old.fingerprint(), new.fingerprint(), &forget]);
    }
    is_unvisited(&listener);
    assert_eq!(home.remembered(), before);
    // The old one is welcome as ever.
    front.show(&old);
    let mut program = home.pipe(front.addr(), &[]);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
}

/// A client in a terminal that is in the room, and then finds another server; the
/// screen at its end.
#[track_caller]
fn find_another(home: &Home, change: impl FnOnce(&TlsFront)) -> String {
    let (front, listener) = front(&Identity::new());
    front.say_in_plain(OFFER);
    let mut ann = home.open(front.addr(), &[]);
    let mut inner = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann;");
    change(&front);
    front.cut();
    // It may have ended before it is typed.
    ann.type_text("secret\r");
    assert_eq!(ann.wait_exit(), 4);
    let heard = inner.expect_eof();
    assert!(!heard.contains("secret"), "{heard}");
    is_unvisited(&listener);
    let plain = front.heard_in_plain();
    assert!(!String::from_utf8_lossy(&plain).contains("secret"));
    ann.full_text()
}

#[test]
fn another_key_on_return_ends_it() {
    let other = Identity::new();
    let text = find_another(&Home::new(), |front| front.show(&other));
    let key = other.fingerprint();
    assert!(text.replace('\n', " ").contains("before and is"), "{text}");
    assert!(text.replace("\n-- ", "").contains(key), "{key} in {text}");
}

#[test]
fn a_plain_answer_on_return_ends_it() {
    let text = find_another(&Home::new(), |front| {
        front.say_only_in_plain("\r-- chat/1 welcome: type to talk\n");
    });
    assert!(
        text.contains("that server used TLS before and does not now"),
        "{text}"
    );
}

/// Where nothing can be remembered, a run still knows whom it has met.
#[test]
fn another_key_on_return_ends_it_without_a_memory() {
    let home = Home::new();
    fs::write(home.0.path().join("chat"), "in the way").expect("our own directory");
    let text = find_another(&home, |front| front.show(&Identity::new()));
    assert_eq!(
        text.matches("is not kept for the next").count(),
        1,
        "{text}"
    );
    assert!(!text.contains("first time here"), "{text}");
}

/// A machine in between that has a key of its own.
#[test]
fn a_relay_gets_nothing() {
    let server = server();
    let (real, false_key) = (Identity::new(), Identity::new());
    let relay = TlsFront::start(server.addr(), &false_key);
    let mut bo = nc(server.addr(), "bo");
    let key = real.fingerprint();
    let home = Home::new();
    for pin in [key, &key[..7 + 16]] {
        let output = home.say_secret(relay.addr(), &["--fingerprint", pin]);
        ended(
            &output,
            4,
            &[false_key.fingerprint(), pin, "nothing was sent"],
        );
    }
    assert_eq!(home.remembered(), [""; 0]);
    let known = format!("{} key {key}\n", relay.addr());
    fs::create_dir_all(home.0.path().join("chat")).expect("our own directory");
    fs::write(home.known_hosts(), known).expect("our own directory");
    let output = home.say_secret(relay.addr(), &[]);
    ended(&output, 4, &[false_key.fingerprint(), key]);
    assert_eq!(relay.proofs(), [], "nor does it learn whose client that is");
    // The room has heard of no newcomer.
    bo.send_str("/who\n");
    bo.expect_not_before("ann", "-- here (1 in all): bo\n");
    // With the right key it goes through.
    relay.show(&real);
    for args in [
        &["--fingerprint", key][..],
        &["--fingerprint", &key[..7 + 16]],
        &[],
    ] {
        let output = home.say_secret(relay.addr(), args);
        assert_eq!(output.code(), 0, "{output}");
        assert_eq!(output.stderr, "");
        bo.expect("<ann> secret\n");
    }
}

/// Each client has the certificate of a server. Its key is needed to sign with it.
#[test]
fn a_copied_certificate_is_of_no_use() {
    let real = Identity::new();
    let (front, listener) = front(&real.without_key());
    let home = Home::new();
    let told = "it does not have the key that it shows";
    for args in [&["--tls"][..], &["--fingerprint", real.fingerprint()]] {
        let output = home.say_secret(front.addr(), args);
        ended(&output, 4, &[told]);
        assert_eq!(home.remembered(), [""; 0], "it is not kept");
    }
    is_unvisited(&listener);
}
