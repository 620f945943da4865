//! Several people in the room, each with a program of their own.

use chat_testkit::{JsonPeer, keys};

use crate::{join, nc, server};

#[test]
fn all_people_see_the_same_order() {
    let server = server();
    let mut nc = nc(server.addr(), "nc");
    let ann = join(server.addr(), "ann");
    let bo = join(server.addr(), "bo");
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    let lines = |name: &str, from: usize| -> Vec<String> {
        (from..from + 10).map(|n| format!("{name} {n}")).collect()
    };
    // All at once, again and again.
    for round in 0..5 {
        ann.type_text(&(lines("a", round * 10).join("\r") + "\r"));
        nc.send_str(&(lines("n", round * 10).join("\n") + "\n"));
        bo.type_text(&(lines("b", round * 10).join("\r") + "\r"));
    }
    let order: Vec<(String, String)> = (0..150)
        .map(|_| {
            let message = witness.expect_type("message");
            let member = |key: &str| message[key].as_str().expect("a text").to_owned();
            (member("name"), member("text"))
        })
        .collect();
    for name in ["a", "n", "b"] {
        let said: Vec<&str> = order
            .iter()
            .map(|(_, text)| text.as_str())
            .filter(|text| text.starts_with(name))
            .collect();
        let expected: Vec<String> = (0..50).map(|n| format!("{name} {n}")).collect();
        assert_eq!(said, expected);
    }
    // Behind everything that waited to be confirmed.
    nc.send_str("the end\n");
    for (screen, me) in [(&ann, "ann"), (&bo, "bo")] {
        screen.wait_for_text("<nc> the end\n<You>");
        let full = screen.full_text();
        let seen: Vec<&str> = full
            .lines()
            .filter(|row| row.starts_with('<') && row.contains("> "))
            .collect();
        let expected: Vec<String> = order
            .iter()
            .map(|(name, text)| format!("<{}> {text}", if name == me { "You" } else { name }))
            .chain(["<nc> the end".to_owned()])
            .collect();
        assert_eq!(seen, expected, "as {me} sees it");
    }
    for (name, text) in order.iter().filter(|(name, _)| name != "nc") {
        let line = nc.expect_line_containing("\r<");
        assert_eq!(line, format!("\r<{name}> {text}"));
    }
}

#[test]
fn each_sees_the_others_come_and_go() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let bo = join(server.addr(), "bo");
    let mut nc = nc(server.addr(), "nc");
    ann.wait_for_text("[bo] entered room\n[nc] entered room\n<You>");
    bo.wait_for_text("[nc] entered room\n<You>");
    bo.type_text("/who\r");
    bo.wait_for_text("-- here (3 in all): ann, bo, nc\n<You>");
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
    bo.wait_for_text("[ann] is offline\n<You>");
    nc.expect("\r[ann] is offline\n");
    drop(nc);
    bo.wait_for_text("[nc] is offline\n<You>");
    // No person is told of their own arrival.
    assert!(!bo.full_text().contains("[bo]"), "{}", bo.full_text());
}
