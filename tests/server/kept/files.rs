//! What is in the files, and who may write to them.

use std::time::Duration;

use chat_testkit::{JsonPeer, Random, Signal, room_of, run_piped};
use serde_json::{Value, json};

use super::{Kept, id, resume, seq};
use crate::{SERVER, join};

/// No message forges a line of the file or attacks a terminal.
#[test]
fn the_file_is_what_programs_are_sent_while_the_server_runs() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut ann = join(server.addr(), "ann");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    ann.send_str("hi\n/me waves \u{1f44b}\n/nick anna\n");
    ann.send_str("\"quoted\" \\ and \u{202e}turned\u{202c} \x1b[2J\n");
    bot.say("two\nlines\u{2028}or three", id(1));
    drop(join(server.addr(), "bo"));
    bot.wait_for(|object| object["type"] == "left");
    let mut reader = resume(server.addr(), "reader", &bot.welcome["room"], 0);
    assert_eq!(reader.welcome["resumed"], true);
    assert_eq!(reader.welcome["kept"], true);
    let newest = seq(&reader.welcome);
    let mut heard = Vec::new();
    for _ in 0..newest {
        heard.push(reader.peer.expect_line().into_bytes());
    }
    // They have all been shown, so they all stand there.
    let lines = kept.history().lines;
    assert_eq!(lines, heard);
    assert!(lines.len() > 10);
    let mut types = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let text = std::str::from_utf8(line).expect("UTF-8");
        assert!(!text.contains(char::is_control), "{text:?}");
        let event: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(seq(&event), index as u64 + 1);
        let kind = event["type"].as_str().expect("a type").to_owned();
        let members: &[&str] = match kind.as_str() {
            "message" | "action" => &["name", "text"],
            "entered" | "left" => &["names"],
            "renamed" => &["old", "new"],
            "room" => &["room", "people"],
            other => panic!("a {other} has no place in a history: {text}"),
        };
        for member in members.iter().chain(&["time"]) {
            assert!(!event[member].is_null(), "no {member} in {text}");
        }
        types.push(kind);
    }
    types.sort();
    types.dedup();
    let all = ["action", "entered", "left", "message", "renamed", "room"];
    assert_eq!(types, all);
}

/// No other user may read the file.
#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let kept = Kept::new(&[]);
    let _server = kept.start();
    let mode = std::fs::metadata(kept.file())
        .expect("a file")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

/// A second server is refused until the first one is gone, however it went.
#[test]
fn a_second_server_on_the_same_file_refuses() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    let file = kept.file();
    let file = file.to_str().expect("a name in UTF-8");
    let before = kept.history().lines;
    let second = run_piped(
        SERVER,
        &["--listen", "127.0.0.1:0", "--history", file],
        &[],
        b"",
    );
    assert_eq!(second.code(), 1, "{second}");
    assert!(second.stderr.contains("in use"), "{second}");
    assert!(second.stderr.contains(file), "{second}");
    assert_eq!(kept.history().lines, before, "nothing was changed");
    bot.say("still", id(1));
    assert_eq!(bot.expect_type("message")["text"], "still");
    server.kill();
    let server = kept.start();
    let again = resume(server.addr(), "bot", &bot.welcome["room"], 0);
    assert_eq!(again.welcome["resumed"], true);
}

/// Bytes that were cut off are kept beside the file.
#[test]
fn a_torn_end_is_cut_off_and_told() {
    let mut random = Random::of_test();
    let kept = Kept::new(&[]);
    let mut server = kept.start();
    let mut newest = 0;
    let mut room = String::new();
    for round in 0..8 {
        let mut bot = JsonPeer::connect(server.addr(), "bot");
        if round > 0 {
            assert_eq!(room_of(&bot.welcome), room);
            // Opened and entered, and what was cut is not counted.
            assert_eq!(seq(&bot.welcome), newest + 2);
        }
        room = room_of(&bot.welcome).to_owned();
        bot.say("kept", id(round));
        bot.expect_type("message");
        server.kill();
        let mut lines = kept.history().lines;
        let torn = match round {
            // A beginning of what could come next, as after a power cut.
            0 => br#"{"seq":4,"time":"2026-"#.to_vec(),
            1 => vec![0; 4096],
            2 => b"\xf0\x9f".to_vec(),
            // The last line itself has lost its end.
            _ => {
                let mut line = lines.pop().expect("some");
                line.truncate(random.within(1..line.len() as u64) as usize);
                line
            }
        };
        newest = lines.len() as u64;
        let mut whole = lines.join(&b'\n');
        whole.push(b'\n');
        whole.extend_from_slice(&torn);
        std::fs::write(kept.file(), &whole).expect("space");
        server = kept.start();
        let count = torn.len();
        let is_zeros = torn.iter().all(|&byte| byte == 0);
        let what = if is_zeros { "zeros" } else { "bytes" };
        server.wait_for_log(&format!("{count} {what} behind the last event were cut"));
        if !is_zeros {
            let kept_rest = std::fs::read(kept.beside("torn")).expect("what was cut");
            assert!(kept_rest.ends_with(&torn), "{kept_rest:?}");
        }
        let now = kept.history().lines;
        assert_eq!(now[..lines.len()], lines);
        let opened: Value = serde_json::from_slice(&now[lines.len()]).expect("JSON");
        assert_eq!(
            (seq(&opened), &opened["type"]),
            (newest + 1, &json!("room"))
        );
    }
}

/// Damage that no kill leaves behind is left for the operator.
#[test]
fn a_file_that_is_damaged_in_the_middle_is_left_alone() {
    let kept = Kept::new(&[]);
    let server = kept.start();
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    bot.say("one", id(1));
    bot.say("two", id(2));
    bot.wait_for(|object| object["text"] == "two");
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(Duration::from_secs(5)).success());
    let mut bytes = std::fs::read(kept.file()).expect("a file");
    let middle = bytes.iter().position(|&byte| byte == b'\n').expect("lines") + 10;
    bytes[middle] = b'\n';
    std::fs::write(kept.file(), &bytes).expect("space");
    let file = kept.file();
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--history",
        file.to_str().expect("a name in UTF-8"),
    ];
    let refused = run_piped(SERVER, &args, &[], b"");
    assert_eq!(refused.code(), 1, "{refused}");
    assert!(refused.stderr.contains("is damaged at byte"), "{refused}");
    assert_eq!(std::fs::read(kept.file()).expect("a file"), bytes);
}
