//! A restart of the real server, as people at their screens see it.

use std::path::PathBuf;
use std::time::Duration;

use chat_testkit::{ServerProcess, Signal, Terminal, sibling};
use tempfile::TempDir;

#[cfg(unix)]
use crate::open;
use crate::{client, join, nc};

/// Lines written while there is no server are in the room once it is back.
const AWAY: &str = "-- the server is shutting down: goodbye; trying again, and what you type waits";

/// The lines of a screen that say that one was away.
fn lines_about_it(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.starts_with("-- ") && !line.starts_with("-- you are "))
        .filter(|line| !line.starts_with("-- connected to "))
        .collect()
}

/// A room that is kept as long as the test lasts.
struct Kept {
    program: PathBuf,
    directory: TempDir,
}

impl Kept {
    fn new() -> Self {
        Self {
            program: sibling(client(), "chat-server"),
            directory: tempfile::tempdir().expect("a directory"),
        }
    }

    fn start(&self) -> ServerProcess {
        ServerProcess::start(&self.program, &["--history", &self.file()])
    }

    /// On the port of one that has ended.
    fn start_again(&self, ended: &ServerProcess) -> ServerProcess {
        ServerProcess::start_at(&self.program, ended.addr(), &["--history", &self.file()])
    }

    fn file(&self) -> String {
        let file = self.directory.path().join("room.jsonl");
        file.to_str().expect("a name in UTF-8").to_owned()
    }
}

#[track_caller]
fn wait_back(terminal: &Terminal) {
    terminal.wait_for_text("-- back after ");
}

#[test]
fn a_restart_of_the_server_is_one_line_for_each_client() {
    let kept = Kept::new();
    let server = kept.start();
    let ann = join(server.addr(), "ann");
    let bo = join(server.addr(), "bo");
    ann.wait_for_text("[bo] entered room\n<You>");
    bo.type_text("before\r");
    ann.wait_for_text("<bo> before\n<You>");
    bo.type_text("half a dra");
    bo.wait_for_text("<You> half a dra");
    let before = [ann.full_text(), bo.full_text()].map(|text| text.matches(" room").count());

    server.signal(Signal::Terminate);
    ann.wait_for_text(AWAY);
    bo.wait_for_text(AWAY);
    let status = server.wait_exit(Duration::from_secs(5));
    assert!(status.success(), "{}", server.log());
    ann.type_text("typed while away\rand ann's draft");
    ann.wait_for_text("<You> typed while away\n<You> and ann's draft");
    let server = kept.start_again(&server);
    wait_back(&ann);
    wait_back(&bo);
    bo.wait_for_text("<ann> typed while away\n<You> half a dra");
    // Behind all that could still come of the restart.
    bo.type_text("ft\r");
    ann.wait_for_text("<bo> half a draft\n<You> and ann's draft");
    ann.type_text("\r");
    bo.wait_for_text("<ann> and ann's draft\n<You>");
    ann.wait_for_text("<You> and ann's draft\n<You>");

    for (terminal, before, said, heard) in [
        (&ann, before[0], "<You>", "<bo>"),
        (&bo, before[1], "<ann>", "<You>"),
    ] {
        let text = terminal.full_text();
        let lines = lines_about_it(&text);
        assert!(
            lines.len() == 1 && lines[0].starts_with("-- back after "),
            "one line about it, not {lines:#?} in:\n{text}"
        );
        // No client is told of arrivals or departures.
        assert_eq!(text.matches(" room").count(), before, "in:\n{text}");
        assert_eq!(text.matches("offline").count(), 0, "in:\n{text}");
        for row in [
            format!("{said} typed while away"),
            format!("{said} and ann's draft"),
            format!("{heard} before"),
            format!("{heard} half a draft"),
        ] {
            // Messages that came during the outage may have their time before them.
            let times = text.lines().filter(|line| line.ends_with(&row)).count();
            assert_eq!(times, 1, "{row:?} in:\n{text}");
        }
    }
    drop(server);
}

/// The same when the server is killed, and says no goodbye.
#[test]
fn a_kill_of_the_server_is_one_line_as_well() {
    let kept = Kept::new();
    let server = kept.start();
    let ann = join(server.addr(), "ann");
    let bo = join(server.addr(), "bo");
    ann.wait_for_text("[bo] entered room\n<You>");
    ann.type_text("half a dra");
    ann.wait_for_text("<You> half a dra");
    server.kill();
    ann.wait_for_text("-- connection lost; trying again");
    bo.wait_for_text("-- connection lost; trying again");
    bo.type_text("typed while away\r");
    let _server = kept.start_again(&server);
    wait_back(&ann);
    wait_back(&bo);
    ann.wait_for_text("<bo> typed while away\n<You> half a dra");
    for terminal in [&ann, &bo] {
        let text = terminal.full_text();
        assert_eq!(lines_about_it(&text).len(), 1, "in:\n{text}");
        assert_eq!(text.matches("typed while away").count(), 1, "in:\n{text}");
    }
    assert_eq!(ann.full_text().matches(" room").count(), 1);
    assert_eq!(bo.full_text().matches(" room").count(), 0);
}

/// Another person takes the name of a missing one before that one is shown as gone: the
/// reader sees both. A name whose owner has no secret is not kept, so that this can
/// happen at once.
#[test]
fn another_one_under_a_name_that_was_here_is_told_of() {
    let kept = Kept::new();
    let server = kept.start();
    let ann = join(server.addr(), "ann");
    let bo = nc(server.addr(), "bo");
    ann.wait_for_text("[bo] entered room\n<You>");
    server.kill();
    drop(bo);
    ann.wait_for_text(AWAY_AFTER_A_KILL);
    let server = kept.start_again(&server);
    wait_back(&ann);
    let mut eve = nc(server.addr(), "bo");
    eve.send_str("it is me, bo\n");
    ann.wait_for_text("<bo> it is me, bo\n<You>");
    let text = ann.full_text();
    let told = [
        "[bo] entered room",
        "[bo] is offline",
        "[bo] entered room",
        "<bo> it is me",
    ];
    let mut rest = &text[..];
    for line in told {
        let place = rest.find(line);
        let place = place.unwrap_or_else(|| panic!("no {line:?} in turn in:\n{text}"));
        rest = &rest[place + line.len()..];
    }
}

/// Another person comes before the owner of a name, and is told why they get a
/// different one.
#[cfg(unix)]
#[test]
fn a_stranger_gets_another_name_than_one_who_comes_back() {
    let kept = Kept::new();
    let server = kept.start();
    let ann = join(server.addr(), "ann");
    server.kill();
    ann.wait_for_text(AWAY_AFTER_A_KILL);
    ann.signal(Signal::Stop);
    let server = kept.start_again(&server);
    let eve = join(server.addr(), "eve");
    eve.type_text("/nick ann\r");
    eve.wait_for_text("ann is kept for 1");
    let mallory = open(server.addr(), "ann", 24, 80);
    mallory.wait_for_text("-- you are ann-2;");
    mallory.wait_for_text("ann is kept for 1");
    ann.signal(Signal::Continue);
    wait_back(&ann);
    assert!(!ann.full_text().contains("back as"), "{}", ann.full_text());
    ann.type_text("mine\r");
    eve.wait_for_text("<ann> mine\n<You>");
}

/// The last messages are lost with the power: people who have seen them are told so,
/// and see the messages in their place once.
#[test]
fn messages_in_place_of_lost_ones_are_seen() {
    let kept = Kept::new();
    let server = kept.start();
    let ann = join(server.addr(), "ann");
    let mut bo = nc(server.addr(), "bo");
    for text in ["kept", "lost", "lost, too"] {
        bo.send_str(&format!("{text}\n"));
        ann.wait_for_text(&format!("<bo> {text}\n<You>"));
    }
    server.kill();
    drop(bo);
    ann.wait_for_text(AWAY_AFTER_A_KILL);
    let history = std::fs::read_to_string(kept.file()).expect("a history");
    let end = history.find("\"lost\"").expect("what was said");
    let end = history[..end].rfind('\n').expect("lines") + 1;
    std::fs::write(kept.file(), &history[..end]).expect("space");
    let server = kept.start_again(&server);
    let mut cy = nc(server.addr(), "cy");
    for number in 1..=4 {
        cy.send_str(&format!("new {number}\n"));
    }
    wait_back(&ann);
    ann.wait_for_text("<cy> new 4\n<You>");
    cy.send_str("live\n");
    ann.wait_for_text("<cy> live\n<You>");
    let text = ann.full_text();
    assert!(
        text.contains("has lost the last 2 events that you saw"),
        "{text}"
    );
    for line in [
        "kept",
        "lost",
        "lost, too",
        "new 1",
        "new 2",
        "new 3",
        "new 4",
        "live",
    ] {
        let times = text
            .lines()
            .filter(|row| row.ends_with(&format!("> {line}")))
            .count();
        assert_eq!(times, 1, "{line:?} in:\n{text}");
    }
}

/// Lines written after the server has gone without a word.
const AWAY_AFTER_A_KILL: &str = "-- connection lost; trying again";
