//! How long a message takes to another peer, beside peers that load the server as much
//! as they can: a few seconds for every change, where half of the times count because
//! other tests run as well, and alone and at full size in the soak. Beside a flood that
//! takes all processors, what counts in the first case is how much the server works
//! meanwhile.

use std::fmt;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::{Carrier, Peer, ServerProcess};

/// How long it took, each time.
#[derive(Debug, Default)]
pub(crate) struct Times {
    waits: Vec<Duration>,
    /// The processor time that the server has used meanwhile, and until the next
    /// time. Other programs make the waits longer, and hardly this.
    work: Vec<Duration>,
}

impl Times {
    /// One peer says something to the other, as people do: not at once again.
    pub(crate) fn there(&mut self, from: &mut Peer, to: &mut Peer) {
        let number = self.waits.len();
        let begun = Instant::now();
        from.send_str(&format!("t{number}\n"));
        to.expect(&format!("> t{number}\n"));
        self.waits.push(begun.elapsed());
        thread::sleep(Duration::from_millis(60));
    }

    pub(crate) fn median(&self) -> Duration {
        self.part(50)
    }

    pub(crate) fn median_work(&self) -> Duration {
        part(&self.work, 50)
    }

    /// The time that this many of a hundred did not exceed.
    pub(crate) fn part(&self, percent: usize) -> Duration {
        part(&self.waits, percent)
    }
}

fn part(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() * percent / 100]
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, p99) = (self.median(), self.part(99));
        write!(
            f,
            "{} times, median {median:?}, p99 {p99:?}",
            self.waits.len()
        )?;
        match self.work.is_empty() {
            true => Ok(()),
            false => write!(f, ", median work {:?}", self.median_work()),
        }
    }
}

/// Two people talk while this many peers send as fast as they can, and read.
#[track_caller]
pub(crate) fn beside_flooders(server: &ServerProcess, count: usize, time: Duration) -> Times {
    let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server, name));
    drain(&ann);
    let flooders: Vec<Peer> = (0..count)
        .map(|number| join(server, &format!("f{number}x")))
        .collect();
    for peer in &flooders {
        drain(peer);
        let mut stream = clone(peer);
        thread::spawn(move || {
            let lines = "as fast as it goes\n".repeat(1000);
            while stream.write_all(lines.as_bytes()).is_ok() {}
        });
    }
    let begun = Instant::now();
    let mut times = Times::default();
    while begun.elapsed() < time || times.waits.len() < 10 {
        let before = server.cpu_time();
        times.there(&mut ann, &mut bo);
        times.work.push(server.cpu_time() - before);
    }
    flooders.iter().chain([&ann]).for_each(hang_up);
    times
}

/// Two people talk while this many peers connect and go at once.
#[track_caller]
pub(crate) fn beside_connections(server: &ServerProcess, count: usize) -> Times {
    let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server, name));
    drain(&ann);
    let addr = server.addr();
    let flood = thread::spawn(move || {
        for _ in 0..count {
            drop(TcpStream::connect(addr).expect("the server listens"));
        }
    });
    let mut times = Times::default();
    while !flood.is_finished() || times.waits.len() < 20 {
        times.there(&mut ann, &mut bo);
    }
    flood.join().expect("every peer has its turn");
    hang_up(&ann);
    times
}

/// Two people talk in plain while crowds from all over 127/8 shake hands and go. A crowd of
/// this size comes at once, and another one after half a second, if both sides are able to.
/// Also tells how many did shake hands.
#[track_caller]
pub(crate) fn beside_handshakes(
    server: &ServerProcess,
    crowd: u16,
    time: Duration,
) -> (Times, usize) {
    let [mut ann, mut bo] = ["ann", "bo"].map(|name| join(server, name));
    drain(&ann);
    let target = Carrier::Tls.to(server.addr());
    let begun = Instant::now();
    let storm = thread::spawn(move || {
        let (mut next, mut done) = (Instant::now(), 0);
        while begun.elapsed() < time {
            let greeting: Vec<Peer> = (0..crowd)
                .map(|number| {
                    let [high, low] = number.to_be_bytes();
                    Peer::begin_from([127, 1, high, low], target)
                })
                .collect();
            // None waits for the one before it: all have said hello by now. On a busy
            // machine it may have been too late for some.
            done += greeting.into_iter().flat_map(Peer::shake_hands).count();
            next += Duration::from_millis(500);
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        done
    });
    let mut times = Times::default();
    while !storm.is_finished() {
        times.there(&mut ann, &mut bo);
    }
    hang_up(&ann);
    (times, storm.join().expect("the storm ends"))
}

#[track_caller]
fn join(server: &ServerProcess, name: &str) -> Peer {
    let mut peer = Peer::connect(server.addr());
    peer.send_str(&format!("/nick {name}\n"));
    peer.expect(&format!("-- you are now known as {name}\n"));
    peer
}

/// Takes all that comes, in a thread of its own.
fn drain(peer: &Peer) {
    let mut stream = clone(peer);
    thread::spawn(move || io::copy(&mut stream, &mut io::sink()));
}

/// Ends the connection, also for the threads that have a clone of it.
fn hang_up(peer: &Peer) {
    // The server may have ended it first.
    let _ = peer.stream().shutdown(Shutdown::Both);
}

fn clone(peer: &Peer) -> TcpStream {
    peer.stream().try_clone().expect("descriptors are left")
}
