//! Members that vanish while a person speaks: a few times for every change, and many
//! times in the soak.

use std::ops::Range;

use chat_testkit::{JsonPeer, ServerProcess};

/// So many rounds with fifty members, of which half are reset.
#[track_caller]
pub(crate) fn resets_while_a_peer_speaks(server: &ServerProcess, rounds: Range<usize>) {
    let mut speaker = JsonPeer::connect(server.addr(), "speaker");
    let mut staying: Vec<JsonPeer> = (0..25)
        .map(|number| JsonPeer::connect(server.addr(), &format!("s{number}x")))
        .collect();
    for round in rounds.clone() {
        let leaving: Vec<JsonPeer> = (0..25)
            .map(|number| JsonPeer::connect(server.addr(), &format!("l{number}x")))
            .collect();
        for (number, one) in leaving.into_iter().enumerate() {
            speaker.say("hear", format!("{round}-{number}"));
            one.peer.reset();
        }
        speaker.say("end", format!("{round}-end"));
        speaker.wait_for(|object| object["id"] == format!("{round}-end"));
    }
    let mut heard: Vec<Vec<String>> = Vec::new();
    let end = format!("\"id\":\"{}-end\"}}\n", rounds.end - 1);
    for peer in &mut staying {
        peer.peer.expect(&end);
        let all = String::from_utf8_lossy(peer.peer.received()).into_owned();
        let messages = all
            .lines()
            .filter(|line| line.contains("\"type\":\"message\""));
        heard.push(messages.map(str::to_owned).collect());
    }
    assert_eq!(heard[0].len(), rounds.len() * 26);
    for (one, next) in heard[0].iter().zip(&heard[0][1..]) {
        assert_ne!(one, next, "twice");
    }
    for other in &heard[1..] {
        assert!(*other == heard[0], "another order, or one is missing");
    }
}
