//! How a client ends: with which status, and with the terminal given back.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use chat_client::output::screen::RawMode;
#[cfg(target_os = "linux")]
use chat_testkit::Peer;
use chat_testkit::{Output, Program, Signal, Terminal, assert_version, keys, run_piped};

use crate::scripted::listen;
use crate::{client, join, nc, open_with, piped, piped_with, server};

/// The terminal is as it was found.
#[track_caller]
pub(crate) fn given_back(terminal: &Terminal) {
    modes_given_back(terminal);
    // The shell's prompt begins a row of its own.
    let (_, column) = terminal.cursor();
    assert_eq!(column, 0, "the cursor is at the start of a row");
}

/// Likewise, wherever the cursor is.
#[track_caller]
fn modes_given_back(terminal: &Terminal) {
    assert_eq!(terminal.termios_line(), terminal.termios_before());
    assert_eq!(terminal.private_mode(25), Some(true), "the cursor is shown");
    assert_ne!(terminal.private_mode(7), Some(false), "lines wrap");
    assert_ne!(terminal.private_mode(2026), Some(true), "updates are seen");
    assert_eq!(terminal.private_mode(2004), Some(false), "pastes are bare");
    assert_eq!(terminal.keyboard(), [0; 0], "keys are as they were");
    assert_eq!(terminal.private_mode(1049), Some(false), "the main screen");
}

/// Ends a client that is in the room in some way; the screen at the end.
#[track_caller]
fn check(draft: &str, end: impl FnOnce(&Terminal), status: i32) -> String {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    ann.type_text(draft);
    ann.wait_for_text(format!("<You> {draft}").trim_end());
    assert_ne!(ann.termios_line(), ann.termios_before(), "raw meanwhile");
    assert_eq!(ann.keyboard(), [5], "keys are told apart");
    end(&ann);
    assert_eq!(ann.wait_exit(), status);
    given_back(&ann);
    ann.screen()
}

#[test]
fn quit_gives_the_terminal_back() {
    let screen = check("/quit", |ann| ann.type_text(keys::ENTER), 0);
    assert!(!screen.contains("<You>"), "{screen}");
}

#[test]
fn ctrl_d_gives_the_terminal_back() {
    let screen = check("", |ann| ann.type_text(&keys::ctrl('d')), 0);
    assert!(!screen.contains("<You>"), "{screen}");
}

#[test]
fn ctrl_c_gives_the_terminal_back() {
    let screen = check(
        "",
        |ann| {
            ann.type_text(&keys::ctrl('c'));
            ann.wait_for_text("-- press Ctrl-C again to leave");
            ann.type_text(&keys::ctrl('c'));
        },
        128 + 2,
    );
    assert!(!screen.contains("<You>"), "{screen}");
}

/// In every state that a signal can find it in.
#[test]
fn sigterm_gives_the_terminal_back() {
    let screen = check("half typed", |ann| ann.signal(Signal::Terminate), 128 + 15);
    assert_eq!(screen.matches("half typed").count(), 1, "{screen}");
}

#[test]
fn sighup_gives_the_terminal_back() {
    check("half typed", |ann| ann.signal(Signal::Hangup), 128 + 1);
}

#[test]
fn sigint_gives_the_terminal_back() {
    check("half typed", |ann| ann.signal(Signal::Interrupt), 128 + 2);
}

#[test]
fn sigquit_gives_the_terminal_back() {
    check("half typed", |ann| ann.signal(Signal::Quit), 128 + 3);
}

/// By all others that would end it, too.
#[test]
fn any_signal_that_ends_it_gives_the_terminal_back() {
    for name in [
        "USR1", "USR2", "ALRM", "VTALRM", "PROF", "XCPU", "XFSZ", "SYS", "ABRT", "TRAP",
    ] {
        let server = server();
        let mut ann = join(server.addr(), "ann");
        let kill = format!("kill -{name} {}", ann.pid());
        assert!(run_piped("sh", &["-c", &kill], &[], b"").status.success());
        let status = ann.wait_exit();
        assert!(status > 128, "{name}: {status}");
        given_back(&ann);
    }
}

/// What ends in a terminal that was taken, some way or other; run by the test
/// below, in a terminal of its own.
#[test]
#[ignore = "it breaks the terminal that it runs in, were it not given back"]
fn end_in_raw_mode() {
    let Ok(how) = std::env::var(HOW_TO_END) else {
        return;
    };
    if how == "abort" {
        // As in a program without unwinding: there is only the hook.
        std::panic::set_hook(Box::new(|_| std::process::abort()));
    }
    let raw = RawMode::enter().expect("it is a terminal");
    // In the middle of a repaint.
    print!("\x1b[?2026h\x1b[?25l\x1b[?7lhalf drawn");
    std::io::stdout().flush().expect("a terminal");
    match how.as_str() {
        "error" => drop(raw),
        "abort" => panic!("on purpose"),
        _ => {
            // Nor does it depend on the thread that panics.
            let thread = std::thread::spawn(|| panic!("on purpose"));
            assert!(thread.join().is_err());
            // Not given back twice.
            std::mem::forget(raw);
        }
    }
}

const HOW_TO_END: &str = "CHAT_TEST_HOW_TO_END";

/// A panic gives the terminal back, with unwinding and without, and so
/// does an error between the raw mode and the first repaint.
#[test]
fn a_panic_gives_the_terminal_back() {
    let tests = std::env::current_exe().expect("it runs");
    for (how, status) in [("error", 0), ("panic", 0), ("abort", 128 + 6)] {
        let args = [
            "--ignored",
            "--exact",
            "--nocapture",
            "status::end_in_raw_mode",
        ];
        let env = [(HOW_TO_END, how)];
        let mut terminal = Terminal::spawn(&tests, &args, &env, 24, 80);
        assert_eq!(
            terminal.wait_exit(),
            status,
            "{how}:\n{}",
            terminal.screen()
        );
        let raw = String::from_utf8(terminal.raw()).expect("only UTF-8 is written");
        assert!(
            raw.contains("\x1b[?2004h")
                && raw.contains("\x1b7\x1b[>5u")
                && raw.contains("half drawn"),
            "{raw}"
        );
        modes_given_back(&terminal);
        let told = terminal.screen().contains("on purpose");
        assert_eq!(told, how == "panic", "{how}:\n{}", terminal.screen());
    }
}

/// An output that is closed or full, with a terminal as the input.
#[test]
fn an_output_that_takes_nothing_leaves_the_terminal_alone() {
    let program = client().to_str().expect("a plain path");
    for (output, status) in [(">&-", 0), (">/dev/full", 1)] {
        let server = server();
        let addr = server.addr().to_string();
        let script = format!(r#""$0" "$@" {output}; echo "-- status $?""#);
        let args = ["-c", &script, program, &addr, "--name", "ann"];
        let mut ann = Terminal::spawn("sh", &args, &[], 24, 80);
        if status == 0 {
            server.wait_for_log("came in");
            ann.type_text(&keys::ctrl('d'));
        }
        ann.wait_for_text(&format!("-- status {status}"));
        assert_eq!(ann.wait_exit(), 0);
        assert_eq!(ann.termios_line(), ann.termios_before());
        assert!(!ann.raw().contains(&0x1b));
        let told = ann
            .screen()
            .contains("chat-client: cannot write to standard output");
        assert_eq!(told, status == 1, "{}", ann.screen());
    }
}

#[test]
fn a_lost_server_gives_the_terminal_back() {
    for signal in [Signal::Kill, Signal::Terminate] {
        let server = server();
        let mut ann = open_with(server.addr(), "ann", &["--no-reconnect"], &[]);
        ann.wait_for_text("-- you are ann;");
        let draft = "a draft of several rows that nobody will see ".repeat(4);
        ann.type_text(&draft);
        ann.wait_screen(
            |screen| screen.matches("will see").count() == 4,
            "the draft",
        );
        server.signal(signal);
        assert_eq!(ann.wait_exit(), 1);
        given_back(&ann);
        let screen = ann.screen();
        assert_eq!(
            screen.matches("-- the server went away").count(),
            1,
            "{screen}"
        );
        assert_eq!(screen.matches("will see").count(), 4, "{screen}");
        let goodbye = screen.contains("the server is shutting down");
        assert_eq!(goodbye, signal == Signal::Terminate, "{screen}");
    }
}

/// While much is drawn.
#[test]
fn it_gives_the_terminal_back_in_a_flood() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut ann = join(server.addr(), "ann");
    ann.type_text("half typed");
    ann.wait_for_text("<You> half typed");
    let flood: String = (0..2000).map(|n| format!("{n}\n")).collect();
    bo.send_str(&flood);
    ann.wait_for_text("<bo> ");
    ann.signal(Signal::Terminate);
    assert_eq!(ann.wait_exit(), 128 + 15);
    given_back(&ann);
}

/// Its window is closed.
#[test]
fn a_closed_terminal_ends_it() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut ann = join(server.addr(), "ann");
    bo.expect("[ann] entered room\n");
    ann.type_text("half typed");
    ann.wait_for_text("<You> half typed");
    ann.set_deadline(Duration::from_secs(2));
    ann.close_master();
    ann.wait_exit();
    bo.expect("\r[ann] is offline\n");
}

#[test]
fn the_end_of_a_pipe_is_status_0_and_a_lost_server_1() {
    let server = server();
    let mut idle = piped_with(server.addr(), "idle", &["--no-reconnect"]);
    idle.stdout.expect("-- you are idle");
    let mut left = piped(server.addr(), "left");
    left.stdout.expect("-- you are left");
    assert_eq!(left.finish().code(), 0);
    server.signal(Signal::Kill);
    assert_eq!(idle.wait_exit(Duration::from_secs(5)).code(), Some(1));
    idle.stderr.expect("chat-client: the server went away\n");
}

#[test]
fn signals_end_a_client_with_pipes() {
    let server = server();
    for (signal, status) in [(Signal::Terminate, 128 + 15), (Signal::Interrupt, 128 + 2)] {
        let mut ann = piped(server.addr(), "ann");
        ann.stdout.expect("-- you are ann");
        ann.signal(signal);
        assert_eq!(ann.wait_exit(Duration::from_secs(5)).code(), Some(status));
    }
}

/// A client whose output has no reader waits and does not notice a signal, and obeys it
/// all the same.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_client_that_cannot_write() {
    let (listener, addr) = listen();
    let directory = tempfile::tempdir().expect("room for a pipe");
    let pipe = directory.path().join("pipe");
    let pipe = pipe.to_str().expect("a plain path");
    let script = r#"mkfifo "$0"; exec 3<>"$0"; exec "$@" >"$0""#;
    let program = client().to_str().expect("a plain path");
    let args = [
        "-c",
        script,
        pipe,
        program,
        &addr.to_string(),
        "--plain-server",
    ];
    let mut ann = Program::spawn("sh", &args, &[]);
    let server = Peer::accept(&listener);
    let mut stream = server.stream();
    let patience = Some(Duration::from_millis(300));
    stream.set_write_timeout(patience).expect("a socket");
    // Until it takes nothing any more.
    while stream.write_all(&b"line\n".repeat(1000)).is_ok() {}
    ann.signal(Signal::Terminate);
    let status = ann.wait_exit(Duration::from_secs(5));
    assert_eq!(status.code(), Some(128 + 15));
}

#[test]
fn bad_usage_is_status_2() {
    for args in [
        &["localhost", "99999"][..],
        &["localhost", "0"],
        &["localhost", "port"],
        &["localhost:port"],
        &["localhost:1", "2"],
        &["", "1"],
        &["[::1"],
        &["localhost", "1", "2"],
        &["--no-such-flag"],
        &["--name"],
        &["--name", "a b", "localhost", "1"],
        &["--name", "<ann>", "localhost", "1"],
        &["--name", "", "localhost", "1"],
    ] {
        let output = run_piped(client(), args, &[], b"");
        assert_eq!(output.code(), 2, "{args:?}: {output}");
        assert_eq!(output.stdout, "", "{args:?}");
        assert!(!output.stderr.trim().is_empty(), "{args:?}");
    }
    let env = [("CHAT_NAME", "a b")];
    let output = run_piped(client(), &["localhost", "1"], &env, b"");
    assert_eq!(output.code(), 2, "{output}");
    assert!(output.stderr.contains("CHAT_NAME"), "{output}");
}

/// Errors in plain words, with the right command.
#[test]
fn bad_usage_is_told_with_what_to_do() {
    let port = "a port is a number from 1 to 65535";
    for (args, told) in [
        (
            &["http://localhost:5000"][..],
            "http://localhost:5000 is not a host: try chat-client localhost 5000",
        ),
        (&["localhost:abc"], port),
        (&["localhost", "0"], port),
        (&["localhost", "70000"], port),
        (
            &["5000"],
            "5000 is not a host: try chat-client localhost 5000",
        ),
        (
            &["--replay", "-1"],
            "it is how many messages to show, 0 or more",
        ),
    ] {
        let output = run_piped(client(), args, &[], b"");
        assert_eq!(output.code(), 2, "{args:?}: {output}");
        assert!(output.stderr.contains(told), "{args:?}: {output}");
    }
}

/// `.ci/completions` has real shells and formatters read them.
#[test]
fn the_man_page_and_completions_are_printed() {
    let generate = |what: &str| {
        let output = run_piped(client(), &["--generate", what], &[], b"").success();
        output.stdout
    };
    let page = generate("man");
    let options = include_str!("help.txt").split_whitespace();
    for option in options.filter(|word| word.starts_with("--")) {
        let option = option.trim_end_matches([',', '.', ':', ')', ';']);
        let option = option.replace('-', "\\-");
        assert!(page.contains(&option), "{option} is not in:\n{page}");
    }
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = generate(&format!("complete-{shell}"));
        assert!(script.contains("no-reconnect"), "{script}");
        assert!(!script.contains("show-input"), "{script}");
    }
}

#[test]
fn help_and_version_are_status_0() {
    let version = run_piped(client(), &["--version"], &[], b"").success();
    assert_version(version.stdout.trim_end(), "chat-client");
    for flag in ["--help", "-h"] {
        let help = run_piped(client(), &[flag], &[], b"").success();
        assert_eq!(
            help.stdout,
            include_str!("help.txt"),
            "if it is meant to be so: chat-client --help > tests/client/help.txt"
        );
    }
    assert!(
        include_str!("help.txt")
            .lines()
            .all(|line| line.len() <= 80)
    );
}

/// Fails to connect, in time; what it says.
#[track_caller]
fn cannot_connect(host: &str, port: &str) -> Output {
    let started = Instant::now();
    let mut program = Program::spawn(client(), &[host, port], &[]);
    let status = program.wait_exit(Duration::from_secs(5));
    assert!(started.elapsed() < Duration::from_secs(5));
    let output = program.finish();
    assert_eq!(status.code(), Some(3), "{output}");
    assert_eq!(output.stdout, "");
    let stderr = &output.stderr;
    assert_eq!(stderr.lines().count(), 1, "one line: {output}");
    let said = stderr.contains(host) && stderr.contains(port);
    assert!(said, "host and port: {output}");
    output
}

#[test]
fn a_port_without_a_listener_is_status_3() {
    // A connected socket keeps its port, so that no other program can listen there.
    let (_listener, addr) = listen();
    let socket = TcpStream::connect(addr).expect("it listens");
    let port = socket.local_addr().expect("a connected socket").port();
    for host in ["127.0.0.1", "localhost"] {
        let output = cannot_connect(host, &port.to_string());
        assert!(output.stderr.contains(": nobody listens at "), "{output}");
        let advice = ". Is chat-server running there, and is the port right?\n";
        assert!(output.stderr.ends_with(advice), "{output}");
    }
}

#[test]
fn an_unknown_host_name_is_status_3() {
    let output = cannot_connect("nosuchhost.invalid", "5000");
    let told = "port 5000: no such host: nosuchhost.invalid";
    assert!(output.stderr.contains(told), "{output}");
    assert!(
        output.stderr.contains("Is the name spelt right"),
        "{output}"
    );
}

/// Nothing was taken yet.
#[test]
fn a_failed_connection_does_not_touch_the_terminal() {
    let (_listener, addr) = listen();
    let socket = TcpStream::connect(addr).expect("it listens");
    let addr = socket.local_addr().expect("a connected socket");
    let mut ann = Terminal::spawn(client(), &[&addr.to_string()], &[], 24, 80);
    assert_eq!(ann.wait_exit(), 3);
    given_back(&ann);
    assert!(!ann.raw().contains(&0x1b));
}
