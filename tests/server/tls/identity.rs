//! The key of the server: made once, kept, and read again.

use std::fs;

use chat_testkit::run_piped;
use tempfile::TempDir;

use super::*;

/// The fingerprint in the line that says how to join.
#[track_caller]
fn shown(server: &ServerProcess) -> String {
    server.wait_for_log("any person who can reach this port");
    let log = server.log();
    let known = log.split_once("join with: chat-client --fingerprint ");
    let (_, known) = known.unwrap_or_else(|| panic!("{log}"));
    let (known, _) = known.split_once(' ').expect("a host follows");
    known.to_owned()
}

/// The server makes its key at the first start, for its own eyes only, shows by what it is
/// known, and is known by the same after a restart.
#[test]
fn a_restarted_server_has_the_same_key() {
    let home = tempfile::tempdir().expect("a directory");
    let folder = home.path().join("state/chat");
    let args = ["--state", folder.to_str().expect("a name in UTF-8")];
    let server_at = || server("require", &args);
    let first = server_at();
    let known = shown(&first);
    assert!(!first.log().contains("nc 127"), "{}", first.log());
    assert_eq!(TlsPeer::connect(first.addr()).fingerprint(), known);
    let file = folder.join("server.key");
    #[cfg(unix)]
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    let key = fs::read(&file).expect("it is there");
    drop(first);
    let second = server_at();
    assert_eq!(shown(&second), known);
    assert_eq!(TlsPeer::connect(second.addr()).fingerprint(), known);
    assert_eq!(fs::read(&file).expect("it is there"), key);
}

/// A key that is there and is wrong is never replaced, nor gone without.
#[test]
fn a_wrong_key_is_status_1() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("server.key");
    fs::write(&file, "x").expect("a file");
    let state = home.path().to_str().expect("a name in UTF-8");
    let args = ["--listen", "127.0.0.1:0", "--state", state];
    let readable = run_piped(SERVER, &args, &[], b"");
    #[cfg(unix)]
    {
        assert!(readable.stderr.contains("chmod 600"), "{readable}");
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("it is ours");
    }
    assert_eq!(readable.code(), 1, "{readable}");
    let damaged = run_piped(SERVER, &args, &[], b"");
    assert_eq!(damaged.code(), 1, "{damaged}");
    let said = "server.key is not a key and its certificate";
    assert!(damaged.stderr.contains(said), "{damaged}");
    assert_eq!(fs::read(&file).expect("it is there"), b"x");
}

/// Where no key can be kept the server goes on without TLS, and says so; but not if it was
/// told to encrypt, or where to keep the key.
#[test]
fn without_a_place_for_a_key_nothing_is_encrypted() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("file");
    fs::write(&file, "").expect("a file");
    let blocked = file.to_str().expect("a name in UTF-8");
    let env = [("XDG_STATE_HOME", blocked)];
    let listen = ["--listen", "127.0.0.1:0"];
    let server = ServerProcess::start_with(SERVER, &listen, &env);
    server.wait_for_log("can join, and nothing is encrypted\n");
    server.wait_for_log("warning: no connection will be encrypted: cannot look at ");
    Peer::connect(server.addr()).expect("\r-- chat/1 welcome: ");
    for more in [["--tls", "require"], ["--state", blocked]] {
        let args = [listen, more].concat();
        let refused = run_piped(SERVER, &args, &env, b"");
        assert_eq!(refused.code(), 1, "{refused}");
        assert!(refused.stderr.contains(blocked), "{refused}");
    }
}

/// The folder that systemd names comes before that of the user.
#[cfg(unix)]
#[test]
fn systemd_says_where_the_key_is() {
    let home = tempfile::tempdir().expect("a directory");
    let [first, second] = ["one", "two"].map(|name| home.path().join(name));
    let folders = format!("{}:{}", first.display(), second.display());
    let env = [("STATE_DIRECTORY", &*folders)];
    let server = ServerProcess::start_with(SERVER, &["--listen", "127.0.0.1:0"], &env);
    shown(&server);
    assert!(first.join("server.key").exists());
    assert!(!second.exists());
}

/// A pair of files of the operator.
struct Pair(TempDir);

impl Pair {
    fn new() -> Self {
        let pair = Self(tempfile::tempdir().expect("a directory"));
        pair.renew();
        pair
    }

    fn path(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("a name in UTF-8").to_owned()
    }

    fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(["chat.example.org".to_owned()]);
        let made = made.expect("a key");
        let pem = (made.cert.pem(), made.signing_key.serialize_pem());
        fs::write(self.path("cert.pem"), pem.0).expect("a file");
        fs::write(self.path("key.pem"), pem.1).expect("a file");
    }
}

/// A certificate of the operator's is shown instead, read again on SIGHUP, and kept if what
/// comes then is wrong. Connections that are there stay.
#[cfg(unix)]
#[test]
fn a_certificate_is_read_again_on_sighup() {
    let pair = Pair::new();
    let (cert, key) = (pair.path("cert.pem"), pair.path("key.pem"));
    let server = server("offer", &["--cert", &cert, "--key", &key]);
    let known = |server: &ServerProcess| TlsPeer::connect(server.addr()).fingerprint();
    let first = shown(&server);
    assert_eq!(known(&server), first);
    server.wait_for_log("every user of this machine can read the key ");
    let mut ann = TlsPeer::connect(server.addr());
    ann.send_str("/nick ann\n");
    ann.expect("you are now known as ann\n");

    pair.renew();
    server.signal(Signal::Hangup);
    server.wait_for_log("info the certificate and the key were read again from=");
    let second = known(&server);
    assert_ne!(second, first);
    assert!(server.log().contains(&second));

    fs::write(&cert, "x").expect("a file");
    server.signal(Signal::Hangup);
    server.wait_for_log("the old certificate and key stay: ");
    assert_eq!(known(&server), second);
    ann.send_str("/who\n");
    ann.expect("ann");
}

#[test]
fn a_pair_that_does_not_fit_is_status_1() {
    let pair = Pair::new();
    let (cert, key) = (pair.path("cert.pem"), Pair::new().path("key.pem"));
    let args = ["--listen", "127.0.0.1:0", "--cert", &cert, "--key"];
    let refused = run_piped(SERVER, &[&args[..], &[&key]].concat(), &[], b"");
    assert_eq!(refused.code(), 1, "{refused}");
    assert!(refused.stderr.contains("cannot read the key"), "{refused}");
    let other = Pair::new();
    let key = other.path("key.pem");
    let refused = run_piped(SERVER, &[&args[..], &[&key]].concat(), &[], b"");
    assert_eq!(refused.code(), 1, "{refused}");
    assert!(refused.stderr.contains("does not fit"), "{refused}");
}
