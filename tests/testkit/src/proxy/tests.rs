use super::*;
use crate::{End, Peer};

/// A client that has come to a listener through a proxy with these faults.
fn through(faults: &[(u64, Fault)]) -> (Peer, Peer, Proxy) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("ports are left");
    let target = listener.local_addr().expect("a bound socket");
    let faults = faults.to_vec();
    let proxy = Proxy::with_plans(
        target,
        Random::new(0),
        move |direction, _| match direction {
            Direction::ToServer => Plan {
                faults: faults.clone(),
            },
            Direction::ToClient => Plan::default(),
        },
    );
    let client = Peer::connect(proxy.addr());
    let server = Peer::accept(&listener);
    (client, server, proxy)
}

#[test]
fn without_faults_all_passes_both_ways() {
    let (mut client, mut server, proxy) = through(&[]);
    client.send_str("hi\n");
    server.expect("hi\n");
    server.send_str("ho\n");
    client.expect("ho\n");
    client.half_close();
    server.expect_eof();
    server.send_str("still\n");
    client.expect("still\n");
    drop(server);
    client.expect_eof();
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn bytes_come_later() {
    let wait = Duration::from_millis(50);
    let (mut client, mut server, proxy) = through(&[(2, Fault::Delay(wait))]);
    let started = Instant::now();
    client.send_str("hello\n");
    assert_eq!(server.expect("he"), "he");
    server.expect("llo\n");
    assert!(started.elapsed() >= wait);
    assert_eq!(proxy.happened()[0], ("delay", 1));
}

#[test]
fn bytes_come_one_by_one() {
    let (mut client, mut server, _proxy) = through(&[(0, Fault::Crumble(5))]);
    client.send_str("hello, all\n");
    server.expect("hello, all\n");
}

#[test]
fn a_connection_is_cut_in_the_middle_of_a_line() {
    let (mut client, mut server, _proxy) = through(&[(8, Fault::Close)]);
    client.send_str("one\nand two\n");
    assert_eq!(server.expect_eof(), "one\nand ");
    client.expect_eof();
}

#[test]
fn a_connection_is_reset() {
    let (mut client, mut server, _proxy) = through(&[(3, Fault::Reset)]);
    client.send_str("one\n");
    let reset = End::Failed(io::ErrorKind::ConnectionReset);
    assert_eq!(server.expect_end(), reset);
    assert_eq!(client.expect_end(), reset);
}

#[test]
fn one_direction_ends_and_the_other_goes_on() {
    let (mut client, mut server, _proxy) = through(&[(3, Fault::HalfClose)]);
    client.send_str("one, two\n");
    assert_eq!(server.expect_eof(), "one");
    server.send_str("you have left\n");
    client.expect("you have left\n");
    client.send_str("into the void\n");
    server.send_str("again\n");
    client.expect("again\n");
}

#[test]
fn it_becomes_calm() {
    let (mut client, mut server, proxy) =
        through(&[(1, Fault::Delay(DEADLINE * 9)), (3, Fault::Close)]);
    client.send_str("hello\n");
    server.expect("h");
    proxy.calm();
    server.expect("ello\n");
}

#[test]
fn the_target_can_change() {
    let (_client, _server, proxy) = through(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("ports are left");
    proxy.set_target(listener.local_addr().expect("a bound socket"));
    let mut client = Peer::connect(proxy.addr());
    let mut server = Peer::accept(&listener);
    client.send_str("hi\n");
    server.expect("hi\n");
    drop(listener);
    let mut late = Peer::connect(proxy.addr());
    late.expect_end();
}

#[test]
fn nothing_is_left_when_it_is_dropped() {
    let (mut client, mut server, proxy) = through(&[(0, Fault::Delay(DEADLINE * 9))]);
    client.send_str("never\n");
    let addr = proxy.addr();
    let shared = Arc::clone(&proxy.shared);
    drop(proxy);
    assert_eq!(shared.pumps.load(Ordering::SeqCst), 0);
    client.expect_end();
    server.expect_end();
    assert!(TcpStream::connect_timeout(&addr, DEADLINE).is_err());
}

#[test]
fn a_seed_determines_the_faults() {
    let draw = |seed: u64| {
        let mut random = Random::new(seed);
        let plans: Vec<Plan> = (0..100)
            .map(|_| Plan::draw(Direction::ToClient, &mut random))
            .collect();
        plans
    };
    let plans = draw(3);
    assert_eq!(format!("{plans:?}"), format!("{:?}", draw(3)));
    let mut kinds = [0; 6];
    for plan in &plans {
        assert!(plan.faults.is_sorted_by_key(|(place, _)| *place));
        for (_, fault) in &plan.faults {
            kinds[fault.index()] += 1;
        }
    }
    assert!(kinds[1..].iter().all(|&times| times > 10), "{kinds:?}");
}
