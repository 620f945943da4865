use super::*;

fn listen(text: &str) -> Listen {
    Listen::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn addresses(places: &[Place]) -> Vec<String> {
    let show = |place: &Place| match place.optional {
        true => format!("{}?", place.address),
        false => place.address.to_string(),
    };
    places.iter().map(show).collect()
}

/// What is opened for these.
fn planned(wanted: &[&str]) -> Vec<String> {
    let places = wanted.iter().map(|text| listen(text).places().unwrap());
    addresses(&plan(places.flatten().collect()))
}

#[test]
fn ports_addresses_and_names() {
    assert_eq!(listen("0"), Listen::Everywhere(0));
    for text in [":7", "*:7"] {
        assert_eq!(listen(text), Listen::Everywhere(7));
    }
    for [text, meant] in [
        ["127.0.0.1:0", "127.0.0.1:0"],
        ["[::1]:7", "[::1]:7"],
        ["[::ffff:10.0.0.1]:7", "10.0.0.1:7"],
        ["[fe80::1%3]:7", "[fe80::1%3]:7"],
    ] {
        assert_eq!(listen(text), Listen::At(meant.parse().unwrap()));
    }
    for [text, host] in [
        ["localhost:7", "localhost"],
        ["3com.example:7", "3com.example"],
        ["bücher.example:7", "bücher.example"],
        ["[fe80::1%eth0]:7", "fe80::1%eth0"],
    ] {
        assert_eq!(listen(text), Listen::Host(host.to_owned(), 7));
    }
}

/// Each says what is wrong, and what to give.
#[test]
fn what_is_no_place_to_listen() {
    for [text, said] in [
        ["", "give ADDR:PORT"],
        ["localhost", "the port is missing: give localhost:5000"],
        ["127.0.0.1", "the port is missing: give 127.0.0.1:5000"],
        ["[::1]", "the port is missing: give [::1]:5000"],
        ["::", "the port is missing: give [::]:5000"],
        [
            "2001:db8::1",
            "the port is missing: give [2001:db8::1]:5000",
        ],
        ["::1:5000", "in brackets: give [::1]:5000"],
        [":::5000", "in brackets: give [::]:5000"],
        ["fe80::1%eth0:5000", "in brackets: give [fe80::1%eth0]:5000"],
        ["[::1:5000", "in brackets: give [::1]:5000"],
        ["::1]:5000", "in brackets: give [::1]:5000"],
        ["[::1", "the port is missing: give [::1]:5000"],
        [
            "[fe80::1%eth0]",
            "the port is missing: give [fe80::1%eth0]:5000",
        ],
        ["zz::1:5000", "zz::1:5000 is not an address"],
        ["5000,5001", "several places: give --listen for each"],
        [
            "127.0.0.1:5000, [::1]:5000",
            "several places: give --listen for each",
        ],
        ["127.0.0.1:5000,nowhere", "5000,nowhere is no port"],
        ["[fe80::1]:5000", "its interface is missing"],
        ["5000x", "that is no port"],
        ["-1", "that is no port"],
        ["65536", "65536 is no port: give a number from 0 to 65535"],
        ["127.0.0.1:65536", "65536 is no port"],
        ["localhost:", "the port is missing"],
        ["localhost:http", "http is no port"],
        ["1.2.3:5000", "1.2.3 is not an address"],
        ["256.0.0.1:5000", "256.0.0.1 is not an address"],
        ["[127.0.0.1]:5000", "[127.0.0.1] is not an address"],
        ["local host:5000", "local host is not an address"],
        ["http://localhost:5000", "leave out http://"],
    ] {
        let error = Listen::parse(text).expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
    }
}

/// Whatever overlaps is opened once, and no IPv6 socket takes IPv4 from
/// another one.
#[test]
fn nothing_is_opened_twice() {
    let both = ["0.0.0.0:5", "[::]:5?"];
    for (wanted, opened) in [
        (&["5"][..], &both[..]),
        (&["5", "5"], &both),
        (
            &["5", "127.0.0.1:5", "0.0.0.0:5", "[::1]:5"],
            &["0.0.0.0:5", "[::]:5"],
        ),
        (&["127.0.0.1:5", "[::ffff:127.0.0.1]:5", "5"], &both),
        (&["0.0.0.0:5", "[::]:5"], &["0.0.0.0:5", "[::]:5"]),
        (&["[::]:5", "0.0.0.0:5"], &["[::]:5", "0.0.0.0:5"]),
        (&["[::]:5"], &["[::]:5", "0.0.0.0:5?"]),
        (&["[::]:5", "127.0.0.1:5"], &["[::]:5", "127.0.0.1:5"]),
        (
            &["[::]:5", "127.0.0.1:6"],
            &["[::]:5", "127.0.0.1:6", "0.0.0.0:5?"],
        ),
        (&["127.0.0.1:5", "127.0.0.1:5"], &["127.0.0.1:5"]),
        (
            &["127.0.0.1:5", "127.0.0.2:5"],
            &["127.0.0.1:5", "127.0.0.2:5"],
        ),
        (&["[::1]:5", "[::]:5"], &["[::]:5", "0.0.0.0:5?"]),
        (
            &["[fe80::1%1]:5", "[fe80::1%2]:5"],
            &["[fe80::1%1]:5", "[fe80::1%2]:5"],
        ),
        (
            &["0", "[::]:0", "5"],
            &["0.0.0.0:5", "[::]:5?", "0.0.0.0:0", "[::]:0"],
        ),
    ] {
        assert_eq!(planned(wanted), opened, "{wanted:?}");
    }
}

/// Of a name that has addresses of both families IPv4 is enough.
#[test]
fn a_name_is_all_that_it_stands_for() {
    let places = listen("localhost:5").places().unwrap();
    assert!(places.iter().all(|place| place.address.ip().is_loopback()));
    assert!(!places[..].is_empty());
    let has_v4 = places.iter().any(|place| place.address.is_ipv4());
    for place in places {
        assert_eq!(place.optional, has_v4 && place.address.is_ipv6());
    }
    // Too long for a name, so that no name server is asked.
    let unknown = "x".repeat(64);
    let error = listen(&format!("{unknown}:5")).places().unwrap_err();
    let said = format!("no address is known for {unknown}\ncheck the spelling");
    assert!(error.contains(&said), "{error}");
}

/// Any two places can be had together, whether they overlap or not.
#[test]
fn every_pair_can_be_had() {
    let mut hosts = vec!["", "0.0.0.0:", "127.0.0.1:", "127.0.0.2:", "localhost:"];
    if Listener::bind("[::1]:0".parse().unwrap()).is_ok() {
        hosts.extend(["[::]:", "[::1]:"]);
    }
    let pairs = hosts
        .iter()
        .flat_map(|one| hosts.iter().map(move |other| [one, other]));
    for pair in pairs {
        let at = |port| pair.map(|host| listen(&format!("{host}{port}")));
        let (listeners, _) = open(&at(0)).unwrap_or_else(|error| panic!("{pair:?}: {error}"));
        let ports = listeners.iter().map(|listener| listener.address().port());
        let mut ports: Vec<u16> = ports.collect();
        ports.dedup();
        assert_eq!(ports.len(), 1, "{pair:?}");
    }
}

/// The port that is picked for one address can be taken on another one.
#[test]
fn a_port_is_picked_that_is_free_everywhere() {
    let taken: Vec<Listener> = (0..200)
        .map(|_| Listener::bind("127.0.0.2:0".parse().unwrap()).unwrap())
        .collect();
    let is_taken = |port| taken.iter().any(|other| other.address().port() == port);
    for _ in 0..500 {
        let wanted = ["127.0.0.1:0", "127.0.0.2:0"].map(listen);
        let (listeners, _) = open(&wanted).unwrap();
        assert!(!is_taken(listeners[0].address().port()));
    }
}

fn refused(address: &str, error: io::Error) -> String {
    let refused = Refused {
        address: address.parse().unwrap(),
        picked: false,
        error,
    };
    refused.explain(&["192.0.2.2".parse().unwrap()])
}

/// What happened, and what to do.
#[test]
fn what_cannot_be_had_is_told_with_what_to_do() {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    for (address, kind, why, what) in [
        (
            "127.0.0.1:5000",
            AddrInUse,
            "cannot listen on 127.0.0.1:5000: the port is in use, perhaps by another",
            "another port: --listen 127.0.0.1:5001",
        ),
        (
            "0.0.0.0:5000",
            AddrInUse,
            "in use",
            "another port: --listen 5001",
        ),
        ("[::1]:65535", AddrInUse, "in use", "--listen [::1]:0"),
        (
            "0.0.0.0:80",
            PermissionDenied,
            "ports below 1024 are for root",
            "--listen 5000",
        ),
        ("0.0.0.0:8080", PermissionDenied, "permission denied", ""),
        (
            "203.0.113.5:5000",
            AddrNotAvailable,
            "this machine does not have that address",
            "one that it has (192.0.2.2), or all: --listen 5000",
        ),
        (
            "[::1]:5000",
            AddrNotAvailable,
            "this machine has no IPv6",
            "all that it has: --listen 5000",
        ),
    ] {
        let text = refused(address, kind.into());
        assert!(text.contains(why) && text.contains(what), "{text}");
    }
}
