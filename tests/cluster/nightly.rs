//! Faults at random, for as long as one wants: `CHAT_CLUSTER_FAULTS` of them, or 200.

use std::time::{Duration, Instant};
use std::{env, thread};

use chat_testkit::{Random, Signal};

use crate::Cluster;
use crate::nats::{Nats, Setup};
use crate::order::{Crowd, assert_one_room};

/// What happens to a server, of the one kind or the other.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill(usize),
    Stop(usize, Duration),
    KillNats(usize),
    KillLeader,
    StopNats(usize, Duration),
    KillAllNats,
}

impl Fault {
    fn draw(random: &mut Random) -> Self {
        let which = random.within(0..3) as usize;
        let time = Duration::from_millis(random.magnitude(100..20_000));
        match random.within(0..12) {
            0..4 => Self::Kill(which),
            4..6 => Self::Stop(which, time),
            6..8 => Self::KillNats(which),
            8 | 9 => Self::KillLeader,
            10 => Self::StopNats(which, time),
            _ => Self::KillAllNats,
        }
    }
}

/// Each confirmed message is kept once, under its number, in one order, and the histories are
/// equal, byte for byte.
#[test]
#[ignore = "an hour"]
fn two_hundred_faults() {
    let faults = env::var("CHAT_CLUSTER_FAULTS").ok();
    let faults = faults.map_or(200, |it| it.parse().expect("a number"));
    let mut random = Random::of_test();
    let setup = Setup {
        sync_always: true,
        ..Setup::default()
    };
    let nats = Nats::start_with(3, setup);
    let mut cluster = Cluster::start(3, nats, &["--gone-after", "15"]);
    let crowd = Crowd::of(&cluster, 3);
    let mut longest = Duration::ZERO;
    for number in 0..faults {
        let fault = Fault::draw(&mut random);
        happen(fault, &mut cluster, &crowd);
        let begun = Instant::now();
        crowd.talk(10);
        longest = longest.max(begun.elapsed());
        println!("{number}: {fault:?}, heard after {:?}", begun.elapsed());
    }
    let confirmed = crowd.confirmed();
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
    println!("{faults} faults, {confirmed} messages confirmed, longest wait {longest:?}");
}

fn happen(fault: Fault, cluster: &mut Cluster, crowd: &Crowd) {
    match fault {
        Fault::Kill(which) => {
            cluster.servers[which].kill();
            crowd.turn(cluster, which, (which + 1) % 3);
            cluster.servers[which] = cluster.begin(which);
            crowd.turn(cluster, which, which);
        }
        Fault::Stop(which, time) => {
            cluster.servers[which].signal(Signal::Stop);
            // The fault itself takes time.
            thread::sleep(time);
            cluster.servers[which].signal(Signal::Continue);
        }
        Fault::KillNats(which) => again(which, cluster),
        Fault::KillLeader => again(cluster.nats.leader(&cluster.room), cluster),
        Fault::StopNats(which, time) => {
            cluster.nats.signal(which, Signal::Stop);
            thread::sleep(time);
            cluster.nats.signal(which, Signal::Continue);
        }
        Fault::KillAllNats => {
            (0..3).for_each(|which| cluster.nats.kill(which));
            (0..3).for_each(|which| cluster.nats.begin(which));
            (0..3).for_each(|which| cluster.nats.wait_for(which));
        }
    }
}

fn again(which: usize, cluster: &mut Cluster) {
    cluster.nats.kill(which);
    cluster.nats.restart(which);
}
