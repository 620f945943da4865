//! Thousands of bans: they delay no newcomer, and are all read back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_testkit::Peer;
use serde_json::json;

use super::Seat;
use crate::kept::Kept;

const BANS: usize = 10_000;

/// What greetings may take, of the time that they take without bans. Without optimization
/// the lookups alone cost up to a third more.
const MOST_PERCENT: u32 = if cfg!(debug_assertions) { 200 } else { 150 };

/// How long it takes until 300 newcomers are greeted, one after the other.
fn time_of_greetings(server: SocketAddr) -> Duration {
    let start = Instant::now();
    for _ in 0..300 {
        Peer::connect(server).expect("-- chat/1 welcome: ");
    }
    start.elapsed()
}

/// Networks of several sizes, of which each is looked up by itself.
fn network(number: usize) -> String {
    let (high, low) = (number / 256, number % 256);
    match number % 4 {
        0 => format!("10.{high}.{low}.0/24"),
        1 => format!("10.{high}.{low}.128/25"),
        2 => format!("2001:db8:{high:x}:{low:x}::/64"),
        _ => format!("10.{high}.{low}.7"),
    }
}

#[test]
fn ten_thousand_bans_delay_no_newcomer_and_are_read_back() {
    let args = ["--max-new-per-address", "0", "--history-sync", "off"];
    let (without, with) = (Kept::new(&args), Kept::new(&args));
    let (few, many) = (without.start(), with.start());
    let control = with.state().join("ctl");
    let mut seat = Seat::at(&control);
    let commands: String = (0..BANS)
        .map(|number| json!({ "type": "ban", "what": network(number), "duration": "forever" }))
        .map(|command| format!("{command}\n"))
        .collect();
    seat.operator.send_str(&commands);
    for _ in 0..BANS {
        let answer = seat.operator.heard.expect_line();
        assert!(answer.contains("\"type\":\"done\""), "{answer}");
    }
    // What else runs on this machine delays both: the quickest of each is compared.
    let (mut unbanned, mut banned) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        unbanned = unbanned.min(time_of_greetings(few.addr()));
        banned = banned.min(time_of_greetings(many.addr()));
    }
    let most = unbanned * MOST_PERCENT / 100;
    assert!(banned < most, "{banned:?}, without bans {unbanned:?}");
    let before = seat.bans();
    assert_eq!(before.len(), BANS);
    many.kill();
    let _many = with.start();
    let after = Seat::at(&control).bans();
    assert!(before == after, "{} are read back", after.len());
}
