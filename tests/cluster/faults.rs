//! What people and operators are told when NATS does not answer, or is not what it was.

use std::time::Duration;

use chat_testkit::proxy::Plan;
use chat_testkit::{DEADLINE, JsonPeer, Peer, Proxy, Random, ServerProcess, Signal, run_piped};

use crate::nats::{Nats, Setup, Stranger};
use crate::order::{Crowd, assert_one_room, until_slowly};
use crate::{Cluster, SERVER};

/// What people are told is refused after 15 s; to read goes on. THREATS B-03.
#[test]
fn people_are_told_when_nats_does_not_answer() {
    let cluster = Cluster::start(1, Nats::start(1), &[]);
    let server = &cluster.servers[0];
    let mut ann = Peer::connect(server.addr());
    ann.set_deadline(3 * DEADLINE);
    ann.send_str("/nick ann\nis it well?\n");
    let mut bo = JsonPeer::connect(server.addr(), "bo");
    bo.say("yes", "1");
    ann.expect("<bo> yes");
    let mut talkers: Vec<Peer> = (0..20).map(|_| Peer::connect(server.addr())).collect();
    for talker in &mut talkers {
        talker.send_str("hello\n");
    }
    for _ in &talkers {
        ann.expect("> hello");
    }
    cluster.nats.signal(0, Signal::Stop);
    ann.send_str("does this wait?\n");
    ann.expect("the room does not answer; what you say waits");
    // To look around goes on.
    ann.send_str("/who\n");
    ann.expect("ann");
    ann.send_str("/history 50\n");
    ann.expect("Z <ann> is it well?");
    // More than may wait: of each connection 64 are taken.
    for talker in &mut talkers {
        talker.send_str(&("much\n".repeat(60) + "/who\n"));
    }
    for talker in &mut talkers {
        talker.set_deadline(3 * DEADLINE);
        talker.expect("here (22 in all)");
    }
    bo.say("is it too much?", "2");
    bo.peer.set_deadline(3 * DEADLINE);
    bo.wait_for(|object| {
        object
            .to_string()
            .contains("does not answer; try again when it does")
    });
    cluster.nats.signal(0, Signal::Continue);
    ann.expect("the room answers again");
    bo.wait_for(|object| object["text"] == "does this wait?");
}

/// THREATS B-06: the people of a server that is cut off are told, the others go on, and when
/// it is back it is one of them again.
#[test]
fn a_server_that_is_cut_off_joins_again() {
    let mut cluster = Cluster::start(2, Nats::start(1), &["--gone-after", "10"]);
    let whole = |_, _: &mut Random| Plan::default();
    let link = Proxy::with_plans(cluster.nats.address(0), Random::new(1), whole);
    let url = format!("nats://{}/{}", link.addr(), cluster.room);
    cluster.servers.push(cluster.begin_at(2, &url));
    let crowd = Crowd::of(&cluster, 1);
    crowd.talk(20);
    let mut ann = Peer::connect(cluster.servers[2].addr());
    ann.set_deadline(3 * DEADLINE);
    ann.send_str("/nick ann\n");
    let mut bo = JsonPeer::connect(cluster.servers[0].addr(), "bo");
    bo.wait_for(|object| object["type"] == "message");
    link.set_still(true);
    ann.expect("the room does not answer; what you say waits");
    until_slowly("its people have left", || {
        let log = cluster.servers[0].log();
        log.contains("server 2 is gone, and its people with it")
    });
    link.set_still(false);
    ann.expect_eof();
    crowd.talk(20);
    let ledgers = crowd.settle();
    drop(bo);
    assert_one_room(&cluster, &ledgers);
}

/// THREATS B-05: a stream that is made anew is another one, and nothing is mixed.
#[test]
fn a_stream_that_is_made_anew_stops_the_servers() {
    let cluster = Cluster::start(2, Nats::start(1), &[]);
    let crowd = Crowd::of(&cluster, 1);
    crowd.talk(20);
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
    let mut stranger = Stranger::connect(cluster.nats.address(0));
    stranger.publish("$JS.API.STREAM.DELETE.chat-test", b"");
    for server in &cluster.servers {
        until_slowly("it stops", || !server.is_running());
        let log = server.log();
        assert!(log.contains("the stream is gone"), "{log}");
        assert_eq!(server.wait_exit(DEADLINE).code(), Some(1), "{log}");
    }
    // What they have kept is not mixed with what comes.
    let url = cluster.nats.url(&cluster.room);
    let history = cluster.history(0);
    let history = history.to_str().expect("a name in UTF-8");
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--cluster",
        &url,
        "--cluster-copies",
        "1",
    ];
    let args = [
        &args[..],
        &["--history", history, "--history-keep", "256MiB"],
    ]
    .concat();
    let output = run_piped(SERVER, &args, &[], b"");
    assert_eq!(output.code(), 1, "{output}");
    assert!(output.stderr.contains("history"), "{output}");
}

/// THREATS B-08: of two people who want a name at once, one has it.
#[test]
fn a_name_is_had_once() {
    let cluster = Cluster::start(2, Nats::start(1), &[]);
    for round in 0..20 {
        let name = format!("x{round}");
        let peers: Vec<JsonPeer> = std::thread::scope(|scope| {
            let joining = cluster.servers.iter().map(|server| {
                let name = &name;
                scope.spawn(move || JsonPeer::connect(server.addr(), name))
            });
            let joining: Vec<_> = joining.collect();
            joining
                .into_iter()
                .map(|it| it.join().expect("it joins"))
                .collect()
        });
        let names: Vec<&str> = peers
            .iter()
            .filter_map(|it| it.welcome["name"].as_str())
            .collect();
        assert_eq!(names.len(), 2, "{:?}", peers[0].welcome);
        assert_ne!(names[0], names[1]);
        assert!(names.contains(&name.as_str()), "{names:?}");
    }
}

/// What is wrong is said at the start, and what to do.
#[test]
fn a_server_that_cannot_take_part_says_why() {
    let setup = Setup {
        authorization: Some("user: chat, password: right"),
        ..Setup::default()
    };
    let nats = Nats::start_with(1, setup);
    let url = nats.url("hall");
    let refused = |more: &[&str], expected: &str| {
        let args = ["--listen", "127.0.0.1:0", "--tls", "off", "--cluster", &url];
        let output = run_piped(SERVER, &[&args[..], more].concat(), &[], b"");
        assert_eq!(output.code(), 1, "{output}");
        assert!(output.stderr.contains(expected), "{expected}: {output}");
    };
    refused(&[], "does not let this server in");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("a name in UTF-8").to_owned();
    std::fs::write(&path, "chat:wrong\n").expect("a file");
    refused(
        &["--cluster-credentials", &path],
        "does not let this server in",
    );
    std::fs::write(&path, "chat:right\n").expect("a file");
    let right = ["--cluster-credentials", &path];
    refused(&right, "cannot keep 3 copies of the stream");
    let right = [
        &right[..],
        &["--cluster-copies", "1", "--history-keep", "256MiB"],
    ]
    .concat();
    let usual = ["--cluster", &url];
    let first = ServerProcess::start(SERVER, &[&usual[..], &right].concat());
    first.wait_for_log("takes part");
    // The first one has --names claim by default, but no file of people without TLS.
    let encrypted = [
        "--listen",
        "127.0.0.1:0",
        "--tls",
        "offer",
        "--cluster",
        &url,
    ];
    let other = run_piped(SERVER, &[&encrypted[..], &right].concat(), &[], b"");
    assert_eq!(other.code(), 1, "{other}");
    assert!(other.stderr.contains("go by other rules"), "{other}");
    assert!(first.is_running());
    let begun = std::time::Instant::now();
    let away = [
        "--cluster",
        "nats://127.0.0.1:1/hall",
        "--listen",
        "127.0.0.1:0",
    ];
    let output = run_piped(SERVER, &away, &[], b"");
    assert!(output.stderr.contains("cannot reach NATS"), "{output}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}
