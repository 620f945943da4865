//! Names that belong to keys, at the real server.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chat_testkit::{Peer, ServerProcess, Signal, run_piped, until};

use super::client::{Key, TlsPeer};
use super::server;
use crate::{SERVER, join};

/// A folder for what the server keeps, with these lines in its file of people.
struct State {
    folder: tempfile::TempDir,
}

impl State {
    fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let state = Self { folder };
        if !lines.is_empty() {
            fs::write(state.people(), lines).expect("a writable directory");
        }
        state
    }

    fn people(&self) -> PathBuf {
        self.folder.path().join("people")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.people()).unwrap_or_default()
    }

    #[track_caller]
    fn server(&self, args: &[&str]) -> ServerProcess {
        let folder = self.folder.path().to_str().expect("a name in UTF-8");
        server("offer", &[&["--state", folder], args].concat())
    }
}

/// A person with this key who comes in under a name.
#[track_caller]
fn come(server: &ServerProcess, name: &str, key: &Key) -> TlsPeer {
    let mut peer = TlsPeer::with_key(server.addr(), key);
    peer.expect("welcome: ");
    peer.send_str(&format!("/nick {name}\n"));
    peer.expect(&format!("you are now known as {name}\n"));
    peer
}

const CLAIMED: &str = "ann belongs to your key now";
const HELD: &str = "ann belongs to another person's key\n";

#[test]
fn a_claim_is_kept_over_a_restart() {
    let state = State::new("");
    let (key, other) = (Key::new(), Key::new());
    let server = state.server(&[]);
    let mut ann = come(&server, "ann", &key);
    ann.send_str("hi\n");
    ann.expect(CLAIMED);
    server.wait_for_log("info the name belongs to a key now name=ann ");
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(3)).success());
    let text = state.text();
    let line = format!("name=\"ann\" {} claimed ", key.line());
    assert!(text.starts_with(&line), "{text}");

    let server = state.server(&[]);
    let mut bo = TlsPeer::with_key(server.addr(), &other);
    bo.send_str("/nick ann\n");
    bo.expect(HELD);
    let mut nc = Peer::connect(server.addr());
    nc.send_str("/nick ann\n");
    nc.expect(HELD);
    nc.send_str("/nick cyd\n");
    nc.expect("you are now known as cyd\n");
    come(&server, "ann", &key);
}

/// While the server runs, a claim is in the file soon, and one in the file counts soon.
#[test]
fn the_file_and_the_room_follow_each_other() {
    let state = State::new("# ours\n");
    let (key, other) = (Key::new(), Key::new());
    let server = state.server(&[]);
    let mut ann = come(&server, "ann", &key);
    ann.send_str("hi\n");
    ann.expect(CLAIMED);
    until("the claim is written", || state.text().contains("claimed "));
    let text = state.text();
    assert!(text.starts_with("# ours\nname=\"ann\" "), "{text}");
    // The operator gives another name to another person, and takes that one away.
    let edited = format!("{} bo@home\n", other.line());
    fs::write(state.people(), &edited).expect("a writable file");
    server.signal(Signal::Hangup);
    server.wait_for_log(" names=1\n");
    ann.send_str("/quit\n");
    ann.expect_end();
    let mut plain = Peer::connect(server.addr());
    plain.send_str("/nick bo\n");
    plain.expect("bo belongs to another person's key\n");
    plain.send_str("/nick ann\n");
    plain.expect("you are now known as ann\n");
    come(&server, "bo", &other);
    assert_eq!(state.text(), edited);
    // Without a signal it takes a moment.
    fs::write(state.people(), "").expect("a writable file");
    server.wait_for_log(" names=0\n");
}

#[test]
fn lines_that_cannot_be_used_are_told_at_the_start() {
    let key = Key::new();
    let state = State::new(&format!("{}\nnonsense\n", key.line()));
    let server = state.server(&[]);
    server.wait_for_log("people problem=\"line 1 is not used: whose key is it?");
    server.wait_for_log("people problem=\"line 2 is not used: ");
}

#[test]
fn only_known_keys_come_in() {
    let (key, other) = (Key::new(), Key::new());
    let state = State::new(&format!("name=\"ann\" {}\n", key.line()));
    let server = state.server(&["--names", "known"]);
    server.wait_for_log("the people whose key is listed can join");
    let mut ann = come(&server, "ann", &key);
    let mut stranger = TlsPeer::with_key(server.addr(), &other);
    let told = stranger.expect_end();
    assert!(told.starts_with("\r-- chat/1 keys only: "), "{told}");
    assert!(told.contains(&other.fingerprint()), "{told}");
    assert!(told.contains(&other.line()), "{told}");
    assert!(!told.contains("ann"), "{told}");
    let mut plain = Peer::connect(server.addr());
    plain.expect("-- chat/1 tls keys only: ");
    plain.expect_eof();
    // The line that the stranger was shown is what the operator needs.
    let text = state.text() + &format!("name=\"bo\" {}\n", other.line());
    fs::write(state.people(), text).expect("a writable file");
    server.signal(Signal::Hangup);
    server.wait_for_log(" names=2\n");
    let mut bo = come(&server, "bo", &other);
    bo.send_str("hi\n");
    ann.expect("\r<bo> hi\n");
}

#[test]
fn keys_mean_nothing_where_names_are_free() {
    let key = Key::new();
    let state = State::new(&format!("name=\"ann\" {}\n", key.line()));
    let server = state.server(&["--names", "free"]);
    let mut ann = join(server.addr(), "ann");
    ann.send_str("hi\n");
    let mut bo = TlsPeer::with_key(server.addr(), &key);
    bo.send_str("/nick ann\n");
    bo.expect("you keep your name: ann is taken");
}

/// Without encryption no person could show a key.
#[test]
fn known_keys_need_encryption() {
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--tls",
        "off",
        "--names",
        "known",
    ];
    let output = run_piped(SERVER, &args, &[], b"");
    assert_eq!(output.code(), 2, "{output}");
    assert!(output.stderr.contains("leave out --tls off"), "{output}");
}

/// Where a server would go on without encryption it does not, and says what is missing.
#[test]
fn known_keys_need_a_folder_for_the_servers_own() {
    let args = ["--listen", "127.0.0.1:0", "--names", "known"];
    let nowhere = [("XDG_STATE_HOME", "/dev/null")];
    let output = run_piped(SERVER, &args, &nowhere, b"");
    assert_eq!(output.code(), 1, "{output}");
    assert!(output.stderr.contains("/dev/null/chat-server"), "{output}");
    assert!(!output.stderr.contains("--tls off"), "{output}");
}
