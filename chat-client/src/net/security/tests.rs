use std::fs;

use ssh_key::Fingerprint;

use super::*;

fn key(number: u8) -> Known {
    Known::Key(Fingerprint::Sha256([number; 32]))
}

fn pin(number: u8) -> Option<Pin> {
    let shown = Fingerprint::Sha256([number; 32]).to_string();
    Some(shown.parse().expect("a pin"))
}

fn target() -> Address {
    Address {
        host: "Example.org.".to_owned(),
        port: 7,
    }
}

/// A memory of the test's own, with these lines in it.
fn memory(lines: &str) -> (tempfile::TempDir, Security) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("known_hosts");
    fs::write(&path, lines).expect("our own folder");
    (folder, Security::new(Some(KnownHosts::at(path))))
}

/// What is known of the server that is met in TLS; `None` if it is met in plain.
#[track_caller]
fn plan(security: &Security) -> Option<Trust> {
    let mut remarks = Vec::new();
    let planned = security.plan(&target(), &mut remarks);
    assert_eq!(remarks, []);
    match planned.expect("there is nothing wrong") {
        Plan::Plain => None,
        Plan::Tls(trust) => Some(trust),
    }
}

#[test]
fn a_server_is_met_in_plain_only_if_nothing_is_known_of_it() {
    let (_folder, unknown) = memory("other:7 roots\n");
    let (_folder, known) = memory("example.org:7 roots\n");
    let with = |security: &Security, encryption, pin, met| Security {
        encryption,
        pin,
        met,
        ..security.clone()
    };
    use Encryption::{Always, IfOffered, Never};
    assert!(plan(&unknown).is_none());
    for security in [
        known.clone(),
        with(&unknown, Always, None, None),
        with(&unknown, IfOffered, pin(1), None),
        with(&unknown, IfOffered, None, Some(key(1))),
        with(&known, Always, pin(1), Some(Known::Roots)),
    ] {
        let trust = plan(&security).expect("TLS");
        assert_eq!(trust.pin, security.pin);
        let known = security
            .met
            .or_else(|| (security.memory == known.memory).then_some(Known::Roots));
        assert_eq!(trust.known, known);
    }
    // What this run has found comes before what other runs write.
    let trust = plan(&with(&known, IfOffered, None, Some(key(1)))).expect("TLS");
    assert_eq!(trust.known, Some(key(1)));
    for security in [unknown, known] {
        assert!(plan(&with(&security, Never, None, None)).is_none());
    }
}

#[test]
fn a_line_of_the_server_that_cannot_be_read_is_the_end_unless_a_pin_says_it() {
    let (_folder, security) = memory("example.org:7 later\n");
    let error = security
        .plan(&target(), &mut Vec::new())
        .expect_err("which key?");
    assert!(error.is_distrust() && error.status() == 4);
    assert!(error.to_string().contains("line 1 of "), "{error}");
    let pinned = Security {
        pin: pin(1),
        ..security
    };
    assert_eq!(plan(&pinned).expect("TLS").known, None);
}

/// What the person is told, and what the file has then.
#[track_caller]
fn remember(lines: &str, known: Known, news: News) -> (Vec<Remark>, String) {
    let (folder, security) = memory(lines);
    let mut remarks = Vec::new();
    let trusted = Trusted { known, news };
    let kept = security.remember(&target(), &trusted, &mut remarks);
    kept.expect("nothing contradicts it");
    let text = fs::read_to_string(folder.path().join("known_hosts"));
    (remarks, text.expect("the file"))
}

#[test]
fn only_what_the_person_does_not_know_is_told() {
    let (one, two) = (Fingerprint::Sha256([1; 32]), Fingerprint::Sha256([2; 32]));
    let notice = |text: String| vec![Remark::Notice(text)];
    let line = format!("example.org:7 key {one}\n");
    let told = remember("", key(1), News::FirstUse);
    let first = notice(format!("first time here; the key {one} is kept"));
    assert_eq!(told, (first, line.clone()));
    assert_eq!(remember("", key(1), News::New), (Vec::new(), line.clone()));
    let roots = "example.org:7 roots\n".to_owned();
    assert_eq!(
        remember("", Known::Roots, News::New),
        (Vec::new(), roots.clone())
    );
    assert_eq!(
        remember(&roots, Known::Roots, News::Nothing),
        (Vec::new(), roots.clone())
    );

    let other = format!("example.org:7 key {two}\n");
    let told = remember(&other, key(1), News::Replaced(key(2)));
    let replaced = notice(format!("the key {one} is kept in the place of {two}"));
    assert_eq!(told, (replaced, line.clone()));
    let (told, text) = remember(&roots, key(1), News::Replaced(Known::Roots));
    assert!(matches!(&told[..], [Remark::Notice(_)]), "{told:?}");
    assert_eq!(text, line);
}

#[test]
fn two_clients_that_meet_different_servers_at_once_do_not_both_go_on() {
    let two = Fingerprint::Sha256([2; 32]);
    for (lines, known) in [
        (format!("example.org:7 key {two}\n"), key(1)),
        (format!("example.org:7 key {two}\n"), Known::Roots),
        ("example.org:7 roots\n".to_owned(), key(1)),
    ] {
        let (_folder, security) = memory(&lines);
        let news = News::FirstUse;
        let trusted = Trusted { known, news };
        let kept = security.remember(&target(), &trusted, &mut Vec::new());
        assert!(kept.expect_err("which one is it?").is_distrust());
    }
}

#[test]
fn what_cannot_be_kept_is_told() {
    let (folder, security) = memory("");
    let in_the_way = folder.path().join("known_hosts/known_hosts");
    for (memory, told) in [
        (
            Some(KnownHosts::at(in_the_way)),
            "a part of its path is not a folder",
        ),
        (
            None,
            "of example.org:7 is not kept for the next time: there is no folder for it",
        ),
    ] {
        let security = Security {
            memory,
            ..security.clone()
        };
        let mut remarks = Vec::new();
        let planned = security.plan(&target(), &mut remarks);
        assert!(matches!(planned, Ok(Plan::Plain)));
        let trusted = Trusted {
            known: key(1),
            news: News::FirstUse,
        };
        security
            .remember(&target(), &trusted, &mut remarks)
            .expect("no reason to end");
        let [Remark::NoMemory(text)] = &remarks[..] else {
            panic!("{remarks:?}");
        };
        assert!(text.contains(told), "{text}");
    }
}
