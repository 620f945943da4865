use std::cell::Cell;

use super::*;

fn key(number: u8) -> Fingerprint {
    Fingerprint::Sha256([number; 32])
}

fn pin(number: u8) -> Option<Pin> {
    Some(key(number).to_string()[..30].parse().expect("a pin"))
}

/// Whether the public roots vouch for the server, or are not to be asked.
enum Roots {
    Vouch,
    DoNot,
    NotAsked,
}

/// The server shows the key 1.
#[track_caller]
fn check(
    pin: Option<Pin>,
    known: Option<Known>,
    roots: Roots,
    expected: Result<Trusted, Distrust>,
) {
    let asked = Cell::new(false);
    let trust = Trust { pin, known };
    let judged = trust.judge(key(1), || {
        asked.set(true);
        match roots {
            Roots::Vouch => Ok(()),
            _ => Err("the certificate has expired".to_owned()),
        }
    });
    assert_eq!(judged, expected);
    assert_eq!(asked.get(), !matches!(roots, Roots::NotAsked));
}

fn trusted(known: Known, news: News) -> Result<Trusted, Distrust> {
    Ok(Trusted { known, news })
}

fn same() -> Known {
    Known::Key(key(1))
}

fn other() -> Known {
    Known::Key(key(2))
}

#[test]
fn a_pin_decides_whatever_is_remembered() {
    check(pin(1), None, Roots::NotAsked, trusted(same(), News::New));
    check(
        pin(1),
        Some(same()),
        Roots::NotAsked,
        trusted(same(), News::Nothing),
    );
    for known in [other(), Known::Roots] {
        let news = News::Replaced(known.clone());
        check(pin(1), Some(known), Roots::NotAsked, trusted(same(), news));
    }
    let pin = pin(2).expect("a pin");
    for known in [None, Some(same()), Some(other()), Some(Known::Roots)] {
        let refused = Distrust::Pinned {
            pin: pin.to_string(),
            shown: key(1).to_string(),
        };
        check(Some(pin.clone()), known, Roots::NotAsked, Err(refused));
    }
}

#[test]
fn a_key_that_is_remembered_decides_without_the_roots() {
    check(
        None,
        Some(same()),
        Roots::NotAsked,
        trusted(same(), News::Nothing),
    );
    let (known, shown) = (key(2).to_string(), key(1).to_string());
    let refused = Distrust::Changed { known, shown };
    check(None, Some(other()), Roots::NotAsked, Err(refused));
}

/// So that a renewed key is no alarm.
#[test]
fn a_server_of_the_roots_needs_them_again_and_no_key() {
    let known = Some(Known::Roots);
    check(
        None,
        known.clone(),
        Roots::Vouch,
        trusted(Known::Roots, News::Nothing),
    );
    let why = "the certificate has expired".to_owned();
    check(
        None,
        known,
        Roots::DoNot,
        Err(Distrust::NotVouchedFor { why }),
    );
}

#[test]
fn a_server_that_is_not_known_is_remembered() {
    check(None, None, Roots::Vouch, trusted(Known::Roots, News::New));
    check(None, None, Roots::DoNot, trusted(same(), News::FirstUse));
}

#[test]
fn a_plain_answer_is_told_by_what_was_before() {
    let before = |pin, known| Trust { pin, known }.plaintext();
    let server = HostPort::new("example.org", 5000);
    for known in [same(), Known::Roots] {
        let told = before(None, Some(known)).tell(&server).to_string();
        let begins = "that server used TLS before and does not now: nothing was sent. ";
        assert!(told.starts_with(begins), "{told}");
        assert!(
            told.ends_with(": chat-client --forget example.org:5000"),
            "{told}"
        );
    }
    for pin in [None, pin(1)] {
        let told = before(pin, None).tell(&server).to_string();
        assert_eq!(
            told,
            "that server does not use TLS: nothing was sent to example.org:5000"
        );
    }
}

#[test]
fn every_refusal_says_that_nothing_was_sent() {
    let [pin, shown, known] = ["SHA256:pin…", "SHA256:shown", "SHA256:known"].map(str::to_owned);
    let why = || "why".to_owned();
    for (distrust, told) in [
        (
            Distrust::Pinned {
                pin: pin.clone(),
                shown: shown.clone(),
            },
            vec![pin, shown.clone()],
        ),
        (
            Distrust::Changed {
                known: known.clone(),
                shown: shown.clone(),
            },
            vec![known, shown, "--forget [::1]:1".to_owned()],
        ),
        (
            Distrust::NotVouchedFor { why: why() },
            vec!["now: why. ".to_owned(), "--forget [::1]:1".to_owned()],
        ),
        (Distrust::Unfit(why()), vec!["must: why. ".to_owned()]),
        (
            Distrust::Unreadable("a place".to_owned()),
            vec!["in a place".to_owned()],
        ),
    ] {
        let words = distrust.tell(&HostPort::new("::1", 1)).to_string();
        assert!(words.to_lowercase().contains("nothing was sent"), "{words}");
        assert!(!words.contains('\n'), "one line: {words}");
        for part in told {
            assert!(words.contains(&part), "{part} in {words}");
        }
    }
}

#[test]
fn a_server_has_one_name_however_it_is_written() {
    for (host, named) in [
        ("Chat.Example.ORG", "chat.example.org:5000"),
        ("chat.example.org.", "chat.example.org:5000"),
        ("BÜCHER.example", "bücher.example:5000"),
        ("192.0.2.1", "192.0.2.1:5000"),
        ("2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:5000"),
        ("::1", "[::1]:5000"),
        ("FE80::1%Eth0", "[fe80::1%Eth0]:5000"),
    ] {
        let server = HostPort::new(host, 5000);
        assert_eq!(server.to_string(), named);
        assert_eq!(HostPort::parse(named), Some(server));
    }
    assert_ne!(HostPort::new("a", 1), HostPort::new("a", 2));
    for wrong in [
        "a", "a:", ":1", "a:0", "a:x", "a:65536", "::1", "[::1", "[::1]", "a b:1",
    ] {
        assert_eq!(HostPort::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_pin_is_a_fingerprint_or_a_long_beginning_of_one() {
    let (one, two) = (key(1), key(2));
    let whole = one.to_string();
    for text in [&whole, &whole[..30], &whole[..7 + 16], &format!("{whole}=")] {
        let pin: Pin = text.parse().expect("a pin");
        assert!(pin.matches(&one) && !pin.matches(&two), "{text}");
    }
    assert_eq!(whole.parse::<Pin>().expect("a pin").to_string(), whole);
    let part = whole[..30].parse::<Pin>().expect("a pin");
    assert_eq!(part.to_string(), format!("{}…", &whole[..30]));
    let wrong_end = format!("{}B", &whole[..whole.len() - 1]);
    for (text, told) in [
        ("", "begins with SHA256:"),
        ("MD5:00:11", "begins with SHA256:"),
        ("sha256:AAAAAAAAAAAAAAAAAAAA", "begins with SHA256:"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAA", "begins with SHA256:"),
        (
            &whole[..7 + 15],
            "15 characters behind SHA256: are too few: 16",
        ),
        ("SHA256:", "0 characters"),
        (
            &format!("{whole}A"),
            "44 characters behind SHA256: are too many",
        ),
        ("SHA256:AAAAAAAAAAAA-AAAAAAA", "only letters, digits"),
        ("SHA256:AAAAAAAAAAAAÄÄÄÄÄÄÄÄ", "only letters, digits"),
        (&wrong_end, "its last character is wrong"),
    ] {
        let error = text.parse::<Pin>().expect_err(text);
        assert!(error.contains(told), "{text}: {error}");
    }
}
