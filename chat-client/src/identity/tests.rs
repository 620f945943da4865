use std::fs;
use std::path::Path;
use std::thread;

use chat_server::access::keys;
use proptest::prelude::*;

use super::fixtures::{
    ED25519, Fixture, OLD_FORMAT, P256, P384, P521, RSA, SHORT_P256, WITH_PASSPHRASE,
};
use super::*;
use crate::sys::AgentStream;

#[cfg(unix)]
mod agents;
mod handshake;

use handshake::key_seen_by_server;

/// Writes a key file as ssh-keygen does.
fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    chmod(path, 0o600);
}

#[cfg(unix)]
fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn load(path: &Path) -> anyhow::Result<Identity> {
    Identity::load(&Source::File(path.to_owned()))
}

fn own(path: &Path) -> anyhow::Result<Identity> {
    Identity::of_key(own::find_or_make(path)?)
}

/// The server knows the key by the same fingerprint as ssh.
#[track_caller]
fn check(identity: &Identity, expected: &Fixture) {
    assert_eq!(identity.fingerprint().to_string(), expected.fingerprint);
    check_seen(identity);
}

#[track_caller]
fn check_seen(identity: &Identity) {
    let spki = key_seen_by_server(identity).unwrap();
    let seen = keys::of_spki(&spki).unwrap();
    assert_eq!(seen.key_data(), identity.public_key().key_data());
    assert_eq!(keys::fingerprint(&seen), identity.fingerprint());
}

#[test]
fn keys_of_ssh_are_shown_to_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    for key in [ED25519, P256, SHORT_P256, P384, RSA] {
        write(&path, key.private);
        let identity = load(&path).unwrap();
        assert_eq!(identity.public_key().to_openssh().unwrap(), key.public);
        check(&identity, &key);
        // As an editor of Windows may leave it.
        write(
            &path,
            &format!("\n{}\r\n", key.private.replace('\n', "\r\n")),
        );
        check(&load(&path).unwrap(), &key);
    }
}

#[test]
fn files_that_cannot_be_used_say_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let refused = |text: &str, why: &str| {
        write(&path, text);
        let error = format!("{:#}", load(&path).unwrap_err());
        assert!(
            error.contains(why) && error.contains(&*path.to_string_lossy()),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    };
    let instead = match AgentStream::AVAILABLE {
        true => "and start with --identity agent",
        false => "ssh-keygen -t ed25519",
    };
    refused(WITH_PASSPHRASE.private, instead);
    refused(OLD_FORMAT, "ssh-keygen -p -f");
    refused(P521.private, "no signatures of its kind");
    refused(&SHORT_P256.private.replace("AAAA", "AAAB"), "damaged");
    refused("", "damaged");
    refused("hello", "damaged");
    refused(&ED25519.private.replace("AAAA", "AAAB"), "damaged");
    refused(&ED25519.private[..200], "damaged");
    refused(&"x".repeat(70_000), "more than 64 KiB");
    fs::write(&path, [0xff; 100]).unwrap();
    assert!(format!("{:#}", load(&path).unwrap_err()).contains("damaged"));
    fs::remove_file(&path).unwrap();
    assert!(
        load(&path)
            .unwrap_err()
            .to_string()
            .contains("there is no key")
    );
    fs::create_dir(&path).unwrap();
    assert!(load(&path).is_err());
}

#[cfg(not(unix))]
#[test]
fn where_no_agent_is_reached_the_file_of_a_private_key_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pub");
    write(&path, ED25519.public);
    for source in [Source::Agent, Source::File(path)] {
        let error = Identity::load(&source).unwrap_err().to_string();
        assert!(error.contains("the file of a private key"), "{error}");
    }
}

#[test]
fn the_two_parts_of_a_key_belong_together() {
    use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey};
    use ssh_key::public::Ed25519PublicKey;
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey([1; 32]),
        private: Ed25519PrivateKey::from_bytes(&[2; 32]),
    };
    let key = ssh_key::PrivateKey::new(pair.into(), "").unwrap();
    let error = Key::of_private(&key, Path::new("key")).unwrap_err();
    assert!(error.to_string().contains("do not belong together"));
}

#[test]
fn the_own_key_is_made_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/chat/id_ed25519");
    let made = own(&path).unwrap();
    check_seen(&made);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    assert_eq!(own(&path).unwrap().fingerprint(), made.fingerprint());
    assert_eq!(load(&path).unwrap().fingerprint(), made.fingerprint());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    // Without the file there is another one.
    fs::remove_file(&path).unwrap();
    assert_ne!(own(&path).unwrap().fingerprint(), made.fingerprint());
}

#[test]
fn clients_that_start_at_once_have_one_key() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..10 {
        let path = directory.path().join(format!("{round}/id_ed25519"));
        let start = std::sync::Barrier::new(8);
        let keys: Vec<_> = thread::scope(|scope| {
            let client = || {
                start.wait();
                own(&path).unwrap().fingerprint()
            };
            let clients: Vec<_> = (0..8).map(|_| scope.spawn(client)).collect();
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn what_is_in_the_place_of_the_own_key_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("id_ed25519");
    for bad in ["", "half a key", ED25519.public, WITH_PASSPHRASE.private] {
        write(&path, bad);
        assert!(own(&path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), bad);
    }
    // A person may put a key of ssh there.
    write(&path, P256.private);
    check(&own(&path).unwrap(), &P256);
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_a_key() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/id_ed25519");
    own(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    for bad in [0o644, 0o640, 0o604, 0o620, 0o601] {
        chmod(&path, bad);
        for error in [own(&path).unwrap_err(), load(&path).unwrap_err()] {
            let advice = format!("chmod 600 {}", path.display());
            assert!(error.to_string().contains(&advice), "{error}");
        }
        assert_eq!(mode(&path), bad);
    }
    chmod(&path, 0o400);
    own(&path).unwrap();
    // A link is followed, as ssh does, but none is made for.
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(
        own(&link).unwrap().fingerprint(),
        own(&path).unwrap().fingerprint()
    );
    fs::remove_file(&path).unwrap();
    assert!(
        own(&link)
            .unwrap_err()
            .to_string()
            .contains("leads to no file")
    );
    assert!(!path.exists());
    // A pipe is not waited for.
    let pipe = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&pipe).unwrap();
    assert!(own(&pipe).is_err());
}

#[test]
fn the_option_names_a_file_or_the_agent() {
    let of = |text: &str| Source::of_option(OsStr::new(text));
    assert_eq!(of("agent"), Some(Source::Agent));
    assert_eq!(of("none"), None);
    for file in ["./agent", "./none", "id"] {
        assert_eq!(of(file), Some(Source::File(file.into())));
    }
}

#[test]
fn a_key_is_looked_for_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    let absent = ShownKey::of(Some(Source::File(path.clone())));
    let present = ShownKey::of(Some(Source::File(path.clone())));
    let why = format!("there is no key {}", path.display());
    assert_eq!(absent.find().err(), Some(NoKey::AskedFor(&why)));
    write(&path, ED25519.private);
    assert_eq!(absent.find().err(), Some(NoKey::AskedFor(&why)));
    let clone = present.clone();
    let found = |key: &ShownKey| key.find().unwrap().unwrap().fingerprint().to_string();
    assert_eq!(found(&present), ED25519.fingerprint);
    fs::remove_file(&path).unwrap();
    assert_eq!(found(&clone), ED25519.fingerprint);
    assert!(ShownKey::of(None).find().unwrap().is_none());
}

#[test]
fn the_line_for_an_operator_ends_in_the_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    write(&path, P256.private);
    let mut identity = load(&path).unwrap();
    assert_eq!(identity.line(None).unwrap(), P256.public);
    let (key, _) = P256.public.rsplit_once(' ').unwrap();
    assert_eq!(identity.line(Some("bo")).unwrap(), format!("{key} bo"));
    // An agent cannot add a line of its own.
    identity
        .public
        .set_comment("a\x1b[2J\nssh-ed25519 AAAA mallory");
    let line = identity.line(None).unwrap();
    assert_eq!(line, format!("{key} a ssh-ed25519 AAAA mallory"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        fixture in prop_oneof![
            Just(ED25519), Just(SHORT_P256), Just(P384), Just(WITH_PASSPHRASE),
        ],
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[A-Za-z0-9+/= ]"), 1..4),
    ) {
        let mut text = fixture.private.to_owned();
        for (place, character) in changes {
            let place = place.index(text.len());
            text.replace_range(place..=place, &character);
        }
        let whole = ecdsa_file::read(text.trim());
        for key in whole.into_iter().chain(ssh_key::PrivateKey::from_openssh(&text)) {
            let _ = Key::of_private(&key, Path::new("key")).map(Identity::of_key);
        }
    }
}
