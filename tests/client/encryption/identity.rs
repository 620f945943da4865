//! The person's key: which one a server is shown, and that nothing in between can show it.

#[cfg(unix)]
mod agent;
#[path = "../../../chat-client/src/identity/fixtures.rs"]
mod fixtures;
mod relay;
mod rooms;

use chat_server::access::keys;
use chat_testkit::{Proof, run_piped};
use fixtures::{ED25519, Fixture, OLD_FORMAT, P256, P384, P521, RSA, SHORT_P256, WITH_PASSPHRASE};
use ssh_key::{HashAlg, PublicKey};

use super::*;

/// The key of a proof, as chat-server reads it.
#[track_caller]
fn fingerprint(proof: &Proof) -> String {
    let key = keys::of_spki(&proof.spki()).expect("a key of a kind that servers know");
    keys::fingerprint(&key).to_string()
}

/// The keys that clients have shown.
#[track_caller]
fn shown(front: &TlsFront) -> Vec<String> {
    front.proofs().iter().map(fingerprint).collect()
}

impl Home {
    fn own_key(&self) -> PathBuf {
        self.0.path().join("chat/id_ed25519")
    }

    /// Puts a key there as ssh-keygen would.
    #[track_caller]
    fn put_key(&self, text: &str) -> String {
        let path = self.0.path().join("key");
        fs::write(&path, text).expect("our own directory");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&path, mode).expect("our own file");
        }
        path.to_str().expect("a plain path").to_owned()
    }

    /// The line that the client prints for an operator.
    #[track_caller]
    fn show_key(&self, args: &[&str]) -> Output {
        let args = [&["--show-key", "--name", "ann"], args].concat();
        run_piped(client(), &args, &[("XDG_STATE_HOME", self.state())], b"")
    }

    /// Comes into a room with these arguments, and goes; what it has printed.
    #[track_caller]
    fn visit(&self, front: &TlsFront, listener: &TcpListener, args: &[&str]) -> Output {
        let mut program = self.pipe(front.addr(), args);
        let _inner = welcome(listener, "ann");
        program.stdout.expect("-- you are ann");
        program.close_stdin();
        program.finish()
    }
}

/// Made once, shown on each connection, and printed for the operator.
#[test]
fn the_own_key_is_the_same_in_each_run_and_on_each_connection() {
    let (front, listener) = front(&Identity::new());
    let home = Home::new();
    assert!(!home.own_key().exists());
    for _ in 0..2 {
        let output = home.visit(&front, &listener, &["--tls"]);
        assert_eq!(output.code(), 0, "{output}");
    }
    let mut program = home.pipe(front.addr(), &[]);
    let inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
    front.cut();
    drop(inner);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- back after");

    let line = home.show_key(&[]).success().stdout;
    let line = line.strip_suffix('\n').expect("a line");
    let key = PublicKey::from_openssh(line).expect("a line of authorized_keys");
    assert_eq!(key.comment(), "ann");
    let expected = key.fingerprint(HashAlg::Sha256).to_string();
    assert_eq!(shown(&front), vec![expected; 4]);
}

/// A talk on one machine needs no key.
#[test]
fn a_session_in_plain_makes_no_key() {
    let home = Home::new();
    let (listener, addr) = listen();
    let mut program = home.pipe(addr, &[]);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
    program.close_stdin();
    assert_eq!(program.finish().code(), 0);
    assert!(!home.own_key().exists());
}

#[test]
fn a_person_who_wants_none_shows_none() {
    let (front, listener) = front(&Identity::new());
    let home = Home::new();
    let output = home.visit(&front, &listener, &["--tls", "--identity", "none"]);
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(front.proofs(), []);
    assert!(!home.own_key().exists());
    let output = home.show_key(&["--identity", "none"]);
    assert_eq!(output.code(), 2, "{output}");
    assert!(output.stderr.contains("there is no key to show"));
}

#[test]
fn each_kind_of_file_that_ssh_keygen_writes_is_shown() {
    let (front, listener) = front(&Identity::new());
    let mut expected = Vec::new();
    for key in [ED25519, P256, SHORT_P256, P384, RSA] {
        let home = Home::new();
        let path = home.put_key(key.private);
        let output = home.visit(&front, &listener, &["--tls", "--identity", &path]);
        assert_eq!(output.code(), 0, "{output}");
        expected.push(key.fingerprint);
        assert_eq!(shown(&front), expected);
        assert!(!home.own_key().exists());
        // The operator's line has the name that is asked for.
        let line = home.show_key(&["--identity", &path]).success().stdout;
        let (words, _) = key.public.rsplit_once(' ').expect("a comment");
        assert_eq!(line, format!("{words} ann\n"));
    }
}

/// Also where the server might turn out to take no TLS.
#[test]
fn a_file_that_cannot_be_used_ends_it_before_anything_is_sent() {
    let (listener, addr) = listen();
    for (Fixture { private, .. }, told) in [
        (
            WITH_PASSPHRASE,
            "has a passphrase. Give it to the ssh-agent (ssh-add ",
        ),
        (P521, "TLS 1.3 has no signatures of its kind"),
        (
            Fixture {
                private: OLD_FORMAT,
                ..ED25519
            },
            "ssh-keygen -p -f ",
        ),
        (
            Fixture {
                private: "no key",
                ..ED25519
            },
            "is damaged",
        ),
    ] {
        let home = Home::new();
        let path = home.put_key(private);
        for args in [&[][..], &["--tls"], &["--send"]] {
            let args = [&["--identity", &path], args].concat();
            ended(&home.say_secret(addr, &args), 2, &[told, &path]);
        }
        assert_eq!(home.show_key(&["--identity", &path]).code(), 2);
        let missing = format!("{path}-missing");
        ended(
            &home.say_secret(addr, &["--identity", &missing]),
            2,
            &["there is no key "],
        );
    }
    is_unvisited(&listener);
}

#[test]
fn a_key_is_not_shown_in_plain() {
    let output = Home::new().say_secret(
        listen().1,
        &["--identity", "none", "--no-tls", "--no-reconnect"],
    );
    assert_eq!(output.code(), 2, "{output}");
    let told = "'--identity <WHICH>' cannot be used with '--no-tls'";
    assert!(output.stderr.contains(told), "{output}");
}

/// As in a container without a home directory.
#[test]
fn a_client_that_can_keep_no_key_goes_on_without_one_and_says_so_once() {
    let (front, listener) = front(&Identity::new());
    let home = Home::new();
    let output = without_a_folder(&home, &front, &listener);
    assert_eq!(output.code(), 0, "{output}");
    let told = "chat-client: servers are shown no key of yours: ";
    assert_eq!(output.stderr.matches(told).count(), 1, "{output}");
    assert_eq!(front.proofs(), []);
    let output = home.show_key(&[]);
    assert_eq!((output.code(), &*output.stdout), (1, ""), "{output}");
}

/// The server's words, and the key for its operator; one visit is enough.
#[test]
fn a_room_for_known_keys_is_left_with_the_key_of_the_person() {
    let reason = "this room lets in only people whose key it knows";
    let (front, listener) = front(&Identity::new());
    front.say_in_plain(&format!("\r-- chat/1 tls keys only: {reason}\n"));
    let refuse = || {
        let mut inner = Peer::accept(&listener);
        inner.send_str(&format!("\r-- chat/1 keys only: {reason}\n"));
        inner.half_close();
        assert_eq!(inner.expect_eof(), "");
    };
    let home = Home::new();
    let line = home.show_key(&[]).success().stdout;
    let key = PublicKey::from_openssh(&line).expect("a line of authorized_keys");
    let key = key.fingerprint(HashAlg::Sha256);
    for args in [&[][..], &["--json"], &["--send"]] {
        let mut program = home.pipe(front.addr(), args);
        program.send_str("secret\n");
        program.close_stdin();
        refuse();
        assert_eq!(
            program.wait_exit(Duration::from_secs(10)).code(),
            Some(1),
            "{args:?}"
        );
        let output = program.finish();
        let told = format!("chat-client: {reason}\nchat-client: your key is {key}; ");
        assert!(output.stderr.contains(&told), "{told} in {output}");
        is_unvisited(&listener);
        listener.set_nonblocking(false).expect("a socket of ours");
    }
    let mut ann = home.open(front.addr(), &[]);
    refuse();
    assert_eq!(ann.wait_exit(), 1);
    let text = ann.full_text().replace('\n', "");
    assert!(
        text.contains(&format!("-- {reason}-- your key is {key}; ")),
        "{text}"
    );
    // Of a client that was slow to begin, the front may have heard a hello of TLS.
    let plain = String::from_utf8_lossy(&front.heard_in_plain()).into_owned();
    assert!(
        !plain.contains("/hello") && !plain.contains("secret"),
        "{plain}"
    );
}
