//! chat-client and chat-server: names that belong to keys.

use chat_testkit::{ServerProcess, sibling};

use super::*;

/// A server that keeps its key and its people in this folder.
#[track_caller]
fn start(state: &TempDir, args: &[&str]) -> ServerProcess {
    let state = state.path().to_str().expect("a plain path");
    let args = [&["--tls", "offer", "--state", state], args].concat();
    ServerProcess::start(sibling(client(), "chat-server"), &args)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn a_name_belongs_to_the_key_of_the_first_person_who_speaks_under_it() {
    let (state, [ann_home, bo_home, other]) = (folder(), [(); 3].map(|()| Home::new()));
    let server = start(&state, &[]);
    let bo = bo_home.open(server.addr(), &["--name", "bo"]);
    bo.wait_for_text("-- you are bo;");
    let mut ann = ann_home.open(server.addr(), &[]);
    ann.wait_for_text("-- you are ann; here: bo.");
    ann.type_text("mine\r");
    ann.wait_for_text("-- ann belongs to your key now");
    ann.type_text("hello\r");
    bo.wait_for_text("<@ann> hello");
    ann.type_text(&chat_testkit::keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);

    // While she is away.
    let stranger = other.open(server.addr(), &[]);
    stranger.wait_for_text("-- you are 127.0.0.1:");
    stranger.wait_for_text("-- ann belongs to another person's key; you are 127.0.0.1:");
    stranger.type_text("/nick ann\r");
    stranger.wait_for_text("-- you keep your name: ann belongs to another person's key");

    // Over the restart of the server, too.
    let addr = server.addr();
    until("the claim is kept", || {
        let people = fs::read_to_string(state.path().join("people"));
        people.is_ok_and(|people| people.contains("name=\"ann\" ssh-ed25519 "))
    });
    drop(server);
    let state = state.path().to_str().expect("a plain path");
    let args = ["--tls", "offer", "--state", state];
    let _server = ServerProcess::start_at(sibling(client(), "chat-server"), addr, &args);
    stranger.wait_for_text("-- back");
    let ann = ann_home.open(addr, &[]);
    ann.wait_for_text("-- you are ann; here: ");
}

#[test]
fn the_line_for_an_operator_lets_a_person_in() {
    let (state, home, other) = (folder(), Home::new(), Home::new());
    let line = home.show_key(&[]).success().stdout;
    fs::write(state.path().join("people"), line).expect("our own directory");
    let server = start(&state, &["--names", "known"]);
    let ann = home.open(server.addr(), &[]);
    ann.wait_for_text("-- you are ann;");
    ann.type_text("/who\r");
    ann.wait_for_text("-- here (1 in all): @ann");

    let output = other.say_secret(server.addr(), &["--send"]);
    assert_eq!(output.code(), 1, "{output}");
    for told in [
        "this room lets in only people whose key is listed\n",
        "your key is SHA256:",
    ] {
        assert!(output.stderr.contains(told), "{told} in {output}");
    }
    ann.type_text("still alone\r");
    ann.wait_for_text("-- here (1 in all): @ann\n");
    ann.wait_for_text("<You> still alone");
    assert!(!ann.full_text().contains("entered room"));
}
