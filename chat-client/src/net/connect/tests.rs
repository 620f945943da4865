use std::net::TcpListener;

use super::*;

const LONG: Duration = Duration::from_secs(10);

fn target(port: u16) -> Target {
    let host = "127.0.0.1".to_owned();
    Target { host, port }
}

/// A port that no program listens at.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}

#[test]
fn an_attempt_tells_when_it_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let (done, over) = mpsc::channel();
    let attempt = Attempt::begin(target(port), Security::new(None), move || {
        done.send(()).expect("a receiver")
    });
    over.recv_timeout(LONG).expect("it is over");
    let connected = attempt.poll().expect("it is over").expect("a listener");
    assert!(matches!(connected.transport, Transport::Tcp(_)));
    assert_eq!((connected.met, connected.remarks), (None, Vec::new()));
    listener.accept().expect("the connection");
}

#[test]
fn waiting_and_asking_have_the_same_error() {
    let port = closed_port();
    let waited = Attempt::begin(target(port), Security::new(None), || {}).wait();
    let waited = waited.expect_err("nothing listens").to_string();
    let expected = format!("cannot connect to 127.0.0.1 port {port}: nobody listens at 127.0.0.1");
    assert!(waited.starts_with(&expected), "{waited}");

    let (done, over) = mpsc::channel();
    let attempt = Attempt::begin(target(port), Security::new(None), move || {
        done.send(()).expect("a receiver")
    });
    over.recv_timeout(LONG).expect("it is over");
    let asked = attempt.poll().expect("it is over");
    let asked = asked.expect_err("nothing listens").to_string();
    assert_eq!(asked, waited);
}

#[test]
fn an_address_of_one_link_needs_the_link() {
    let address: SocketAddr = "[fe80::1]:1".parse().expect("an address");
    let failed = attempt(address, LONG).expect_err("which link?");
    assert_eq!(
        failed,
        Failure::Other(
            "the address needs the name of an interface behind it, like %eth0".to_owned()
        )
    );
}
