//! The configuration is read again while people talk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chat_testkit::{JsonPeer, Output, Peer, ServerProcess, Signal, run_piped};
use tempfile::TempDir;

use crate::SERVER;

/// A server with a configuration file.
struct Configured {
    folder: TempDir,
    server: ServerProcess,
}

impl Configured {
    fn start(text: &str, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("server.toml");
        fs::write(&file, text).expect("a file of ours");
        let path = file.to_str().expect("a name in UTF-8");
        // The kit's own --rate would come first.
        let mut all = vec![
            "--listen",
            "127.0.0.1:0",
            "--threads",
            "3",
            "--together",
            "1",
        ];
        all.extend(["--config", path]);
        all.extend(args);
        let server = ServerProcess::start_with(SERVER, &all, &[]);
        Self { folder, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, text: &str) {
        fs::write(self.path("server.toml"), text).expect("a file of ours");
    }

    fn reload(&self) -> Output {
        reload(&self.server.control())
    }
}

fn reload(control: &Path) -> Output {
    let control = control.to_str().expect("a name in UTF-8");
    run_piped(SERVER, &["ctl", "--control", control, "reload"], &[], b"")
}

#[test]
fn limits_the_topic_and_the_greeting_change_without_a_restart() {
    let it = Configured::start("tls = \"off\"\ntopic = \"one\"\n", &[]);
    let mut ann = Peer::connect(it.server.addr());
    ann.expect("-- topic: one");
    ann.send_str("hi\n");
    fs::write(it.path("greeting"), "be kind\nand brief\n").expect("a file of ours");
    it.write(&format!(
        "tls = \"off\"\ntopic = \"two\"\nmax-line = 64\nmax-clients = 2\ngreeting = {:?}\n\
         history-sync = \"off\"\nhistory = {:?}\n",
        it.path("greeting"),
        it.path("room.jsonl"),
    ));
    let output = it.reload();
    assert_eq!(output.code(), 0, "{output}");
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{output}");
    let file = it.path("server.toml");
    let file = file.display();
    for change in [
        format!("max-line = 64 ({file}:3)"),
        format!("max-clients = 2 ({file}:4)"),
        format!("topic = \"two\" ({file}:2)"),
    ] {
        assert!(lines[0].contains(&change), "{change}: {output}");
    }
    assert!(
        lines[1].starts_with("needs a restart: history = "),
        "{output}"
    );
    assert!(lines[1].contains(", history-sync = \"off\" ("), "{output}");
    ann.expect("-- topic, by the operator: two");
    ann.send_str(&format!("{}\n", "x".repeat(65)));
    ann.expect("a message has at most 64 bytes (--max-line)");
    let mut bo = Peer::connect(it.server.addr());
    bo.expect("-- topic: two\n\r-- be kind\n\r-- and brief\n");
    Peer::connect(it.server.addr()).expect("the room is full (at most 2, --max-clients)");
    // An operator's topic stays, unless the configured one changes.
    let control = it.server.control();
    let control = control.to_str().expect("a name in UTF-8");
    run_piped(
        SERVER,
        &["ctl", "--control", control, "topic", "three"],
        &[],
        b"",
    );
    ann.expect("-- topic, by the operator: three");
    fs::write(it.path("greeting"), "be quick\n").expect("a file of ours");
    let text = format!(
        "tls = \"off\"\ntopic = \"two\"\nmax-line = 64\ngreeting = {:?}\n",
        it.path("greeting")
    );
    it.write(&text);
    it.server.signal(Signal::Hangup);
    it.server
        .wait_for_log("read the configuration again: max-clients = 0 (default)");
    Peer::connect(it.server.addr()).expect("-- topic: three\n\r-- be quick\n");
}

#[test]
fn the_level_of_the_log_changes_without_a_restart() {
    let it = Configured::start("tls = \"off\"\nlog-level = \"warn\"\n", &[]);
    it.write("tls = \"off\"\nlog-level = \"debug\"\n");
    let output = it.reload();
    assert!(
        output.stdout.contains("log-level = \"debug\" ("),
        "{output}"
    );
    Peer::connect(it.server.addr()).expect("chat/1 welcome");
    it.server
        .wait_for_log("Z debug connected address=127.0.0.1:");
}

/// The mistakes are answered and logged, and nothing of the rest holds.
#[test]
fn a_mistake_keeps_all_that_holds() {
    let it = Configured::start("tls = \"off\"\nmax-line = 100\n", &[]);
    let mut ann = Peer::connect(it.server.addr());
    ann.send_str("/nick ann\n");
    ann.expect("you are now known as ann");
    let file = it.path("server.toml");
    let file = file.display();
    let missing = it.path("missing");
    for (text, mistakes) in [
        (
            "max-line = 64\nrate = \"x\"\nmax-clint = 5\n".to_owned(),
            vec![
                format!("{file}:2: rate x: not a number: give a number from 0 up"),
                format!("{file}:3: there is no key max-clint: did you mean max-clients?"),
            ],
        ),
        (
            format!("max-line = 64\ngreeting = {missing:?}\npassword-file = {missing:?}\n"),
            vec![
                format!(
                    "the old greeting stays: the greeting {} cannot be read: no such file or \
                     directory",
                    missing.display()
                ),
                format!(
                    "the old password stays: cannot read the password from {}: no such file or \
                     directory",
                    missing.display()
                ),
            ],
        ),
    ] {
        it.write(&text);
        let output = it.reload();
        assert_eq!(output.code(), 1, "{output}");
        assert_eq!(output.stdout, "");
        let last = "the configuration stays as it was".to_owned();
        for said in mistakes.iter().chain([&last]) {
            assert!(output.stderr.contains(said), "{said}: {output}");
            let log = it.server.log();
            assert!(log.contains(said), "{said}: {log}");
        }
        ann.send_str("/help\n");
        ann.expect("a message has at most 100 bytes");
    }
    let control = it.server.control();
    let control = control.to_str().expect("a name in UTF-8");
    let args = ["ctl", "--control", control, "--json", "reload"];
    let output = run_piped(SERVER, &args, &[], b"");
    assert_eq!(output.code(), 1, "{output}");
    assert!(output.stdout.contains(r#""type":"error""#), "{output}");
    fs::remove_file(it.path("server.toml")).expect("a file of ours");
    let output = it.reload();
    assert_eq!(output.code(), 1, "{output}");
    assert!(
        output.stderr.contains("cannot be read: no such file"),
        "{output}"
    );
}

/// However long and strange the mistakes are, they are told in a message of the server's.
#[test]
fn a_file_without_sense_is_answered_too() {
    let it = Configured::start("tls = \"off\"\n", &[]);
    let long = format!("\"{}\" = 1\n", "\u{202e}k".repeat(2000));
    let many: String = (0..5000)
        .map(|number| format!("key{number} = 1\n"))
        .collect();
    for text in [
        long.as_str(),
        &many,
        &"\0".repeat(5000),
        "rate = \"\\u001b[31m\"\n",
    ] {
        it.write(text);
        let output = it.reload();
        assert_eq!(output.code(), 1, "{output}");
        let is_safe = |letter: char| letter == '\n' || !letter.is_control();
        assert!(output.stderr.chars().all(is_safe), "{output}");
        assert!(!output.stderr.is_empty());
    }
    it.write("tls = \"off\"\n");
    assert_eq!(it.reload().code(), 0);
}

/// Each message comes once and in order, whatever is reloaded meanwhile.
#[test]
fn people_talk_on_while_the_configuration_changes() {
    let it = Configured::start("tls = \"off\"\nrate = 0\n", &[]);
    let mut reader = JsonPeer::connect(it.server.addr(), "bo");
    let mut speaker = Peer::connect(it.server.addr());
    speaker.send_str("/nick ann\n");
    speaker.expect("you are now known as ann");
    let is_done = AtomicBool::new(false);
    let reloads = thread::scope(|scope| {
        let reloads = scope.spawn(|| {
            let mut count = 0;
            while !is_done.load(Ordering::SeqCst) || count < 10 {
                let text = match count % 3 {
                    0 => format!("tls = \"off\"\nrate = 0\nmax-line = {}\n", 100 + count),
                    1 => "tls = \"off\"\nrate = 0\nstall = 7\nmax-clients = 50\n".to_owned(),
                    _ => "tls = \"off\"\nrate = \"x\"\n".to_owned(),
                };
                it.write(&text);
                assert_eq!(it.reload().code(), i32::from(count % 3 == 2));
                count += 1;
            }
            count
        });
        for number in 0..MESSAGES {
            speaker.send_str(&format!("message {number}\n"));
            let heard = reader.expect_type("message");
            assert_eq!(heard["text"], format!("message {number}"));
        }
        is_done.store(true, Ordering::SeqCst);
        reloads.join().expect("the reloads")
    });
    assert!(reloads >= 10, "{reloads}");
    speaker.send_str("/who\n");
    speaker.expect("here (2 in all): ann, bo");
    assert_eq!(it.server.count("people"), 2);
}

const MESSAGES: usize = 500;

/// A password can come, change and go; people who are in stay.
#[test]
fn the_password_comes_and_goes() {
    let it = Configured::start("tls = \"off\"\n", &[]);
    let mut ann = Peer::connect(it.server.addr());
    ann.send_str("/nick ann\n");
    ann.expect("you are now known as ann");
    let password = it.path("password");
    fs::write(&password, "correct horse\n").expect("a file of ours");
    it.write(&format!("tls = \"off\"\npassword-file = {password:?}\n"));
    let output = it.reload();
    assert_eq!(output.code(), 0, "{output}");
    let mut bo = Peer::connect(it.server.addr());
    bo.expect("password");
    bo.send_str("/password correct horse\n");
    bo.expect("welcome: 1 person is here");
    it.write("tls = \"off\"\n");
    assert_eq!(it.reload().code(), 0);
    it.server.wait_for_log("the room has no password any more");
    Peer::connect(it.server.addr()).expect("chat/1 welcome");
    ann.send_str("still here\n");
    bo.expect("<ann> still here");
}
