//! One order at all servers, whatever happens to them and to NATS.

use chat_testkit::ledger::History;
use chat_testkit::{DEADLINE, Ledger, Proxy, Random, Signal, Talker, assert_kept, poll, settle};

use crate::Cluster;
use crate::nats::{Nats, Setup};

/// People who talk, each over a way that can be turned to another server.
pub(crate) struct Crowd {
    ways: Vec<Proxy>,
    talkers: Vec<Talker>,
}

impl Crowd {
    /// So many at each server.
    pub(crate) fn of(cluster: &Cluster, each: usize) -> Self {
        let mut random = Random::of_test();
        let servers = 0..cluster.servers.len();
        let numbers = servers.flat_map(|server| std::iter::repeat_n(server, each));
        let ways: Vec<Proxy> = numbers.map(|server| cluster.way(server)).collect();
        let talk = |(number, way): (usize, &Proxy)| {
            Talker::start(way.addr(), &format!("t{number}"), 8, random.fork())
        };
        let talkers = ways.iter().enumerate().map(talk).collect();
        Self { ways, talkers }
    }

    /// Waits until each of them has had so many more messages confirmed.
    #[track_caller]
    pub(crate) fn talk(&self, count: u64) {
        let before: Vec<u64> = self.talkers.iter().map(Talker::confirmed).collect();
        until_slowly("all of them are heard", || {
            let now = self.talkers.iter().map(Talker::confirmed);
            now.zip(&before).all(|(now, before)| now >= before + count)
        });
    }

    /// Further connections of those who were at `from` go to `to`.
    pub(crate) fn turn(&self, cluster: &Cluster, from: usize, to: usize) {
        let each = self.ways.len() / cluster.servers.len();
        for way in &self.ways[from * each..(from + 1) * each] {
            way.set_target(cluster.servers[to].addr());
        }
    }

    /// How many messages were confirmed so far.
    pub(crate) fn confirmed(&self) -> u64 {
        self.talkers.iter().map(Talker::confirmed).sum()
    }

    pub(crate) fn settle(self) -> Vec<Ledger> {
        settle(self.talkers)
    }
}

/// NATS may need 11 s until it goes on without one of its servers.
#[track_caller]
pub(crate) fn until_slowly(what: &str, mut condition: impl FnMut() -> bool) {
    if poll(6 * DEADLINE, || condition().then_some(())).is_none() {
        panic!("not in {:?}: {what}", 6 * DEADLINE);
    }
}

/// Every confirmed message is in each history once, under its number, and the histories are
/// equal, byte for byte.
#[track_caller]
pub(crate) fn assert_one_room(cluster: &Cluster, ledgers: &[Ledger]) {
    let numbers = 0..cluster.servers.len();
    let histories = || {
        let read = |number| History::read(&cluster.history(number)).unwrap_or_default();
        numbers.clone().map(read).collect::<Vec<_>>()
    };
    // The last ones leave while this looks.
    let are_equal = || {
        let all = histories();
        all.iter().all(|one| one.lines == all[0].lines) && !all[0].lines.is_empty()
    };
    if poll(DEADLINE, || are_equal().then_some(())).is_none() {
        panic!("the histories differ: {}", first_difference(&histories()));
    }
    for number in numbers {
        assert_kept(&cluster.history(number), ledgers);
    }
}

fn first_difference(histories: &[History]) -> String {
    let longest = histories
        .iter()
        .map(|one| one.lines.len())
        .max()
        .unwrap_or(0);
    let line = |one: &History, at: usize| {
        let line = one.lines.get(at).map(Vec::as_slice);
        String::from_utf8_lossy(line.unwrap_or_default()).into_owned()
    };
    let at = |at: usize| {
        histories
            .iter()
            .map(move |one| line(one, at))
            .collect::<Vec<_>>()
    };
    let found = (0..longest)
        .map(at)
        .find(|all| all.iter().any(|one| *one != all[0]));
    format!("{found:#?}")
}

/// THREATS B-01.
#[test]
fn all_servers_have_one_order() {
    let cluster = Cluster::start(3, Nats::start(3), &[]);
    let crowd = Crowd::of(&cluster, 3);
    crowd.talk(100);
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
}

/// THREATS B-07, B-13: the people of a server that is killed go on at another one.
#[test]
fn a_server_is_killed_and_its_people_go_on_elsewhere() {
    let mut cluster = Cluster::start(3, Nats::start(3), &[]);
    let crowd = Crowd::of(&cluster, 2);
    crowd.talk(30);
    for killed in 0..3 {
        cluster.servers[killed].kill();
        crowd.turn(&cluster, killed, (killed + 1) % 3);
        crowd.talk(30);
        cluster.servers[killed] = cluster.begin(killed);
        crowd.turn(&cluster, killed, killed);
    }
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
}

/// THREATS B-02.
#[test]
fn the_leader_of_the_stream_is_killed() {
    let mut cluster = Cluster::start(3, Nats::start(3), &[]);
    let crowd = Crowd::of(&cluster, 1);
    crowd.talk(30);
    for _ in 0..2 {
        let leader = cluster.nats.leader(&cluster.room);
        cluster.nats.kill(leader);
        crowd.talk(30);
        cluster.nats.restart(leader);
    }
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
}

/// THREATS B-02, B-12: where NATS has one server, or syncs each record.
#[test]
fn all_of_nats_is_killed() {
    let setup = Setup {
        sync_always: true,
        ..Setup::default()
    };
    let mut cluster = Cluster::start(2, Nats::start_with(1, setup), &[]);
    let crowd = Crowd::of(&cluster, 2);
    for _ in 0..3 {
        crowd.talk(20);
        cluster.nats.kill(0);
        cluster.nats.restart(0);
    }
    crowd.talk(20);
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
}

/// THREATS B-03: a server of NATS that does not answer is one that is gone.
#[test]
fn the_leader_of_the_stream_stands_still() {
    let cluster = Cluster::start(3, Nats::start(3), &[]);
    let crowd = Crowd::of(&cluster, 1);
    crowd.talk(30);
    let leader = cluster.nats.leader(&cluster.room);
    cluster.nats.signal(leader, Signal::Stop);
    crowd.talk(30);
    cluster.nats.signal(leader, Signal::Continue);
    crowd.talk(30);
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
}

/// THREATS B-09: the others go on without a server that stands still, and it joins again.
#[test]
fn a_server_that_stood_still_joins_again() {
    let cluster = Cluster::start(3, Nats::start(3), &["--gone-after", "10"]);
    let crowd = Crowd::of(&cluster, 1);
    crowd.talk(20);
    cluster.servers[0].signal(Signal::Stop);
    let log = || cluster.servers[1].log();
    until_slowly("its people have left", || {
        log().contains("is gone, and its people")
    });
    cluster.servers[0].signal(Signal::Continue);
    cluster.servers[0].wait_for_log("have gone on without this one");
    crowd.talk(20);
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
}
