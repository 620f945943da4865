//! Options from files and from the environment, as the program takes them.

use std::fs;

use chat_testkit::{Peer, ServerProcess, run_piped};

use crate::SERVER;

/// A folder in which the file of the user is, with this text.
fn with_file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("chat")).expect("a folder of ours");
    fs::write(folder.path().join("chat/server.toml"), text).expect("a file of ours");
    let path = folder.path().to_str().expect("a name in UTF-8").to_owned();
    (folder, path)
}

#[test]
fn the_server_starts_with_what_the_file_and_the_environment_say() {
    let (_folder, path) =
        with_file("listen = [\"127.0.0.1:0\"]\nmax-line = 100\ntls = \"off\"\ntopic = \"lunch\"\n");
    let env = [("XDG_CONFIG_HOME", &*path), ("CHAT_SERVER_MAX_LINE", "64")];
    let server = ServerProcess::start_with(SERVER, &[], &env);
    let mut ann = Peer::connect(server.addr());
    ann.expect("-- topic: lunch");
    ann.send_str("/help\n");
    ann.expect("a message has at most 64 bytes");
}

/// With what is right and with what is wrong, and by a start too.
#[test]
fn a_check_prints_what_holds_or_each_mistake() {
    let (folder, path) = with_file("rate = 7\n");
    let env = [("XDG_CONFIG_HOME", &*path), ("CHAT_SERVER_STALL", "5")];
    let output = run_piped(SERVER, &["--check-config", "--max-line", "99"], &env, b"");
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(output.stderr, "");
    let line = |key: &str| {
        let mut lines = output.stdout.lines();
        let line = lines.find(|line| line.starts_with(&format!("{key} = ")));
        line.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let file = folder.path().join("chat/server.toml");
    let file = file.display();
    assert_eq!(line("rate"), Some(format!("rate = 7 # {file}:1")));
    assert_eq!(
        line("stall").as_deref(),
        Some("stall = 5 # CHAT_SERVER_STALL")
    );
    assert_eq!(line("max-line").as_deref(), Some("max-line = 99 # option"));
    assert_eq!(line("tls").as_deref(), Some("tls = \"offer\" # default"));
    // What is printed is a file that says the same.
    fs::write(folder.path().join("again.toml"), &output.stdout).expect("a file of ours");
    let again = format!("{path}/again.toml");
    let output = run_piped(SERVER, &["--check-config", "--config", &again], &[], b"");
    assert_eq!(output.code(), 0, "{output}");
    assert!(output.stdout.contains("again.toml:"), "{output}");

    let greeting = folder.path().join("missing");
    let text = format!("rate = \"x\"\nmax-clint = 1\ngreeting = {greeting:?}\n");
    fs::write(folder.path().join("chat/server.toml"), text).expect("a file of ours");
    for args in [&["--check-config"][..], &["--listen", "127.0.0.1:0"]] {
        let output = run_piped(SERVER, args, &env, b"");
        assert_eq!(output.code(), 2, "{output}");
        assert_eq!(output.stdout, "");
        let expected = format!(
            "chat-server: {file}:1: rate x: not a number: give a number from 0 up\n\
             chat-server: {file}:2: there is no key max-clint: did you mean max-clients?\n"
        );
        assert_eq!(output.stderr, expected);
    }
    // Also who mends the file wants to see these.
    for args in [&["--print-default-config"][..], &["--generate", "man"]] {
        let output = run_piped(SERVER, args, &env, b"");
        assert_eq!(output.code(), 0, "{output}");
    }
    let text = format!("greeting = {greeting:?}\n");
    fs::write(folder.path().join("chat/server.toml"), text).expect("a file of ours");
    let output = run_piped(SERVER, &["--check-config"], &env, b"");
    assert_eq!(output.code(), 2, "{output}");
    assert!(
        output.stderr.contains("server.toml:1: the greeting "),
        "{output}"
    );
}

/// A server that passes the check starts, unless the machine is in its way.
#[test]
fn a_check_looks_whether_values_fit_each_other() {
    let (folder, path) = with_file("tls = \"off\"\nnames = \"known\"\n");
    let env = [("XDG_CONFIG_HOME", &*path)];
    let file = folder.path().join("chat/server.toml");
    let said = "without encryption no person can show a key";
    let output = run_piped(SERVER, &["--check-config"], &env, b"");
    assert_eq!(output.code(), 2, "{output}");
    let line = format!("chat-server: {}:2: {said}", file.display());
    assert!(output.stderr.starts_with(&line), "{output}");
    let output = run_piped(SERVER, &["--listen", "127.0.0.1:0"], &env, b"");
    assert_eq!(output.code(), 2, "{output}");
    assert!(output.stderr.contains(said), "{output}");
}

#[test]
fn the_printed_defaults_pass_the_check() {
    let printed = run_piped(SERVER, &["--print-default-config"], &[], b"");
    assert_eq!(printed.code(), 0, "{printed}");
    let uncommented = printed
        .stdout
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if key.starts_with(|first: char| first.is_ascii_lowercase()) => key,
            _ => line,
        });
    let uncommented = uncommented.collect::<Vec<_>>().join("\n");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    let path = file.to_str().expect("a name in UTF-8");
    for text in [&printed.stdout, &uncommented] {
        fs::write(&file, text).expect("a file of ours");
        let output = run_piped(SERVER, &["--check-config", "--config", path], &[], b"");
        assert_eq!(output.code(), 0, "{output}");
    }
}

/// As where the server is configured to have its socket elsewhere.
#[cfg(unix)]
#[test]
fn orders_from_a_shell_find_the_configured_socket() {
    let (folder, path) = with_file("");
    let socket = folder.path().join("here");
    let text = format!("control = {socket:?}\nlisten = \"127.0.0.1:0\"\n");
    fs::write(folder.path().join("chat/server.toml"), text).expect("a file of ours");
    let env = [("XDG_CONFIG_HOME", &*path)];
    let _server = ServerProcess::start_with(SERVER, &["--tls", "off"], &env);
    let output = run_piped(SERVER, &["ctl", "who"], &env, b"");
    assert_eq!(output.code(), 0, "{output}");
    assert_eq!(output.stdout, "no person is in the room\n");
}
