use super::*;

fn admission(limits: Limits) -> Admission {
    Admission::new(Arc::new(Config::of(limits)))
}

/// As many as [`Config::of`] lets back.
const RETURNING: usize = 16;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn come(admission: &mut Admission, addresses: &[&str], now: Instant) -> Vec<bool> {
    let come = |address: &&str| admission.arrive(ip(address), now).is_ok();
    addresses.iter().map(come).collect()
}

/// Who goes makes room for another one.
#[test]
fn so_many_in_all() {
    let mut admission = admission(Limits {
        clients: 2,
        ..Limits::default()
    });
    let now = Instant::now();
    let [a, b] = [ip("127.0.0.1"), ip("10.0.0.1")];
    assert_eq!(admission.arrive(a, now), Ok(()));
    assert_eq!(admission.arrive(b, now), Ok(()));
    assert_eq!(admission.arrive(a, now), Err(Refusal::Full));
    admission.leave(b, Visit::Inside, now);
    assert_eq!(admission.arrive(a, now), Ok(()));
    assert_eq!(admission.connections(), 2);
}

/// IPv6 by its first half, IPv4 as itself in every form, and this
/// machine not at all.
#[test]
fn so_many_from_one_address() {
    let limits = Limits {
        per_address: 2,
        ..Limits::default()
    };
    let now = Instant::now();
    for [same, other] in [
        ["10.0.0.1", "10.0.0.2"],
        ["::ffff:10.0.0.1", "::ffff:10.0.0.2"],
        ["2001:db8:1:1::1", "2001:db8:1:2::1"],
    ] {
        let mut admission = admission(limits);
        assert_eq!(
            come(&mut admission, &[same, same, same, other], now),
            [true, true, false, true]
        );
        admission.leave(ip(same), Visit::Inside, now);
        assert_eq!(come(&mut admission, &[same, same], now), [true, false]);
    }
    let mut admission = admission(limits);
    assert_eq!(
        come(&mut admission, &["10.0.0.1", "::ffff:10.0.0.1"], now),
        [true, true]
    );
    assert_eq!(come(&mut admission, &["10.0.0.1"], now), [false]);
    assert_eq!(
        come(&mut admission, &["2001:db8::1", "2001:db8::ffff"], now),
        [true, true]
    );
    assert_eq!(come(&mut admission, &["2001:db8::2"], now), [false]);
    assert_eq!(come(&mut admission, &["127.0.0.1"; 3], now), [true; 3]);
    assert_eq!(come(&mut admission, &["::1"; 3], now), [true; 3]);
    let mut strict = Admission::new(Arc::new(Config {
        limit_loopback: true,
        ..Config::of(limits)
    }));
    let come_twice = come(&mut strict, &["127.0.0.2"; 3], now);
    assert_eq!(come_twice, [true, true, false]);
    assert_eq!(come(&mut strict, &["127.0.0.3"], now), [true]);
}

#[test]
fn so_many_from_one_address_in_ten_minutes() {
    let mut admission = admission(Limits::default());
    let address = ip("10.0.0.1");
    let mut now = Instant::now();
    let come = |admission: &mut Admission, now| {
        let mut count = 0;
        while admission.arrive(address, now).is_ok() {
            admission.leave(address, Visit::Inside, now);
            count += 1;
        }
        count
    };
    assert_eq!(come(&mut admission, now), 60);
    assert_eq!(admission.arrive(address, now), Err(Refusal::AddressBusy));
    now += Duration::from_secs(10);
    assert_eq!(come(&mut admission, now), 1);
    now += WINDOW;
    assert_eq!(come(&mut admission, now), 60);
}

/// Probes of the port cost no person a place, and have a limit of their own.
#[test]
fn probes_are_counted_apart() {
    let mut admission = admission(Limits::default());
    let address = ip("10.0.0.1");
    let mut now = Instant::now();
    let probe = |admission: &mut Admission, now| {
        let come = admission.arrive(address, now);
        come.inspect(|()| admission.leave(address, Visit::Outside, now))
    };
    let mut probes = 0;
    while probe(&mut admission, now).is_ok() {
        probes += 1;
    }
    assert_eq!(probes, 6000);
    assert_eq!(probe(&mut admission, now), Err(Refusal::AddressProbing));
    // A person has to wait only as long as that flood lasts.
    now += Duration::from_secs(1);
    for _ in 0..60 {
        assert_eq!(admission.arrive(address, now), Ok(()));
        admission.leave(address, Visit::Inside, now);
    }
    assert_eq!(admission.arrive(address, now), Err(Refusal::AddressBusy));
    // And so does a probe when all turns of people are taken.
    assert_eq!(probe(&mut admission, now), Err(Refusal::AddressBusy));
    now += Duration::from_secs(10);
    for _ in 0..100 {
        assert_eq!(probe(&mut admission, now), Ok(()));
    }
    assert_eq!(admission.arrive(address, now), Ok(()));
}

/// They are counted apart, and each that speaks makes room.
#[test]
fn so_many_who_say_nothing() {
    let mut admission = admission(Limits {
        unjoined: 3,
        unjoined_per_address: 2,
        ..Limits::default()
    });
    let now = Instant::now();
    let [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(ip);
    for address in [a, a, a, b, c] {
        assert_eq!(admission.arrive(address, now), Ok(()));
    }
    // The peer that has waited for longest is first, on whichever thread.
    let silent = |number: u64| Silent {
        since: now + Duration::from_secs(number),
        worker: 9 - number as usize,
        key: 0,
    };
    assert_eq!(admission.wait(silent(1), a), Ok(None));
    assert_eq!(admission.wait(silent(2), a), Ok(None));
    assert_eq!(admission.wait(silent(3), a), Err(Refusal::AddressSilent));
    assert_eq!(admission.wait(silent(4), b), Ok(None));
    assert_eq!(admission.wait(silent(5), c), Ok(Some(silent(1))));
    assert_eq!(admission.silent(), 3);
    // That is counted once, whatever it does before it goes.
    admission.join(&silent(1));
    assert_eq!(admission.silent(), 3);
    admission.join(&silent(4));
    assert_eq!(admission.wait(silent(6), a), Ok(None));
    assert_eq!(admission.wait(silent(7), a), Err(Refusal::AddressSilent));
}

/// A peer that is refused is told the limit and its option, once.
#[test]
fn refusals_name_their_limits() {
    let limits = Limits {
        clients: 11,
        per_address: 12,
        new_per_address: 13,
        unjoined_per_address: 14,
        ..Limits::default()
    };
    let options = [
        "at most 11, --max-clients",
        "at most 12, --max-per-address",
        "at most 13 in ten minutes, --max-new-per-address",
        "at most 1300 in ten minutes, 100 times --max-new-per-address",
        "at most 14, --max-unjoined-per-address",
        "--proxy-protocol",
    ];
    for (refusal, option) in Refusal::ALL.into_iter().zip(options) {
        for text in [refusal.advice(&limits), refusal.greeting(&limits)] {
            assert!(text.contains(&format!("{refusal} ({option})")), "{text}");
            assert_eq!(text.matches("--").count(), 1, "{text}");
        }
    }
}

/// Beyond each limit there is space for some that take their own place again.
#[test]
fn some_may_return_beyond_the_limits() {
    let now = Instant::now();
    let [a, b] = [ip("10.0.0.1"), ip("10.0.0.2")];
    for (clients, per_address) in [(3, 0), (100, 0), (100, 3), (0, 40)] {
        let mut admission = admission(Limits {
            clients,
            per_address,
            new_per_address: 0,
            ..Limits::default()
        });
        while admission.arrive(a, now).is_ok() {}
        let full = admission.connections();
        while admission.may_return(a) {
            admission.let_back(a);
        }
        assert_eq!(admission.connections(), full + RETURNING);
        assert_eq!(admission.may_return(b), full < clients || clients == 0);
        for _ in 0..RETURNING {
            assert!(admission.arrive(a, now).is_err());
            admission.leave(a, Visit::Inside, now);
        }
        assert!(admission.may_return(a));
        admission.leave(a, Visit::Inside, now);
        assert_eq!(admission.arrive(a, now), Ok(()));
    }
}

/// What is remembered has an end.
#[test]
fn memory_is_bounded() {
    let mut admission = admission(Limits::default());
    let now = Instant::now();
    for number in 0..MAX_SOURCES as u32 + 1000 {
        let address = IpAddr::from(number.wrapping_add(1 << 24).to_be_bytes());
        assert_eq!(admission.arrive(address, now), Ok(()));
        admission.leave(address, Visit::Outside, now);
    }
    assert!(admission.from.is_empty());
    assert_eq!(admission.turns.len(), MAX_SOURCES);
    // A while later they make room for others.
    let later = now + WINDOW;
    assert_eq!(admission.arrive(ip("1.1.1.1"), later), Ok(()));
    assert_eq!(admission.turns.len(), 1);
}

/// Handshakes that fail take the turns that are for probes, and no others; and where
/// connections are not limited by address, handshakes are not.
#[test]
fn failed_handshakes_are_probes() {
    let limits = Limits {
        new_per_address: 2,
        ..Limits::default()
    };
    let mut admission = admission(limits);
    let now = Instant::now();
    let [ann, bo, own] = [ip("10.0.0.1"), ip("10.0.0.2"), ip("127.0.0.1")];
    for _ in 0..2 * PROBES {
        assert_eq!(admission.may_begin(ann, now), Ok(()));
        admission.fail(ann, now);
        admission.fail(own, now);
    }
    assert_eq!(admission.may_begin(ann, now), Err(Refusal::AddressProbing));
    assert_eq!(admission.may_begin(own, now), Ok(()));
    assert_eq!(admission.may_begin(bo, now), Ok(()));
    assert_eq!(admission.may_begin(ann, now + WINDOW), Ok(()));
    assert_eq!(admission.connections(), 0);

    assert_eq!(admission.shaking_source(ann), Some(Source::of(ann)));
    assert_eq!(admission.shaking_source(own), None);
    let unlimited = Limits {
        per_address: 0,
        ..limits
    };
    admission.set_config(Arc::new(Config::of(unlimited)));
    assert_eq!(admission.shaking_source(ann), None);
}
