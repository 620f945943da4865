//! The history file: several clients, links, and things that are no file.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use chat_testkit::{JsonPeer, Terminal, keys};
use tempfile::TempDir;

use crate::{client, count, server};

/// The state directory of a person, and the history file in it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary directory"));
        fs::create_dir(home.0.path().join("chat")).expect("our own directory");
        home
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("chat/history")
    }

    /// A client of this person that is in the room.
    #[track_caller]
    fn join(&self, addr: SocketAddr, name: &str) -> Terminal {
        let addr = addr.to_string();
        let state = self.0.path().to_str().expect("a plain path");
        let env = [("XDG_STATE_HOME", state)];
        let ann = Terminal::spawn(client(), &[&addr, "--name", name], &env, 24, 80);
        ann.wait_for_text(&format!("-- you are {name}"));
        ann
    }
}

#[track_caller]
fn leave(mut ann: Terminal) -> String {
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
    ann.full_text()
}

#[test]
fn clients_of_one_person_lose_none_of_each_others_lines() {
    let server = server();
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    let home = Home::new();
    let names = ["ann", "bo", "cy", "di"];
    let clients = names.map(|name| home.join(server.addr(), name));
    for (ann, name) in clients.iter().zip(names) {
        let lines: String = (0..12).map(|line| format!("{name} {line}\r")).collect();
        ann.type_text(&lines);
    }
    for _ in 0..48 {
        witness.expect_type("message");
    }
    for ann in clients {
        leave(ann);
    }
    let kept = fs::read_to_string(home.file()).expect("a history");
    for name in names {
        for line in 0..12 {
            assert_eq!(count(&kept, &format!("{name} {line}")), 1, "in:\n{kept}");
        }
    }
    assert_eq!(kept.lines().count(), 48);
}

/// What the person has put there stays, and is written to if it is a file.
#[cfg(unix)]
#[test]
fn what_stands_in_the_place_of_the_file_stays() {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    let server = server();
    let home = Home::new();
    let file = home.file();
    let dotfile = home.0.path().join("dotfile");
    fs::write(&dotfile, "from before\n").expect("our own directory");
    for target in [dotfile.as_path(), Path::new("/dev/null")] {
        symlink(target, &file).expect("our own directory");
        let ann = home.join(server.addr(), "ann");
        ann.type_text("hello\r");
        ann.wait_for_text("<You> hello");
        assert!(!leave(ann).contains("not kept"), "{}", target.display());
        assert_eq!(fs::read_link(&file).expect("a link"), target);
        fs::remove_file(&file).expect("our own directory");
    }
    let kept = fs::read_to_string(&dotfile).expect("it is there");
    assert_eq!(kept, "from before\nhello\n");

    rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RWXU).expect("a pipe");
    let ann = home.join(server.addr(), "ann");
    ann.type_text("hello\rand more\r");
    ann.wait_for_text("<You> and more");
    let full = leave(ann);
    assert_eq!(full.matches("not kept").count(), 1, "in:\n{full}");
    assert!(full.contains("it is not a regular file"), "in:\n{full}");
}
