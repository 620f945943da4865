//! What the program tells about itself and about mistakes in its arguments.

use chat_testkit::{ServerProcess, assert_version, run_piped};

use crate::SERVER;

/// After a change: `chat-server --help >tests/server/help/long.txt`, and with `-h`
/// `short.txt`.
#[test]
fn help_is_as_it_was_read_last() {
    for (flag, expected) in [
        ("--help", include_str!("help/long.txt")),
        ("-h", include_str!("help/short.txt")),
    ] {
        let output = run_piped(SERVER, &[flag], &[("COLUMNS", "100")], b"");
        assert_eq!(output.code(), 0, "{output}");
        assert_eq!(output.stderr, "");
        assert!(
            output.stdout == expected,
            "{flag} says now:\n{}",
            output.stdout
        );
        let widest = expected.lines().map(str::len).max();
        assert!(widest.is_some_and(|width| width <= 100), "{widest:?}");
    }
}

/// `.ci/completions` has real shells and formatters read them.
#[test]
fn the_man_page_and_completions_are_printed() {
    let generate = |what: &str| {
        let output = run_piped(SERVER, &["--generate", what], &[], b"");
        assert_eq!(output.code(), 0, "{output}");
        output.stdout
    };
    let page = generate("man");
    let help = include_str!("help/long.txt");
    let options = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    for option in options.map(|word| word.trim_end_matches([',', '.', ':'])) {
        let option = option.replace('-', "\\-");
        assert!(page.contains(&option), "{option} is not in:\n{page}");
    }
    assert!(
        page.contains(".SH FILES\n.TP\n\\fB\\(ti/.local/state/"),
        "{page}"
    );
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = generate(&format!("complete-{shell}"));
        assert!(script.contains("max-unjoined-per-address"), "{script}");
    }
}

/// Status 2, one line that says what is wrong, and nothing on standard output.
#[test]
fn wrong_arguments_are_status_2() {
    for (args, said) in [
        (
            &["--listen", "nonsense"][..],
            "--listen nonsense: the port is missing",
        ),
        (&["--listen", "127.0.0.1:99999"], "99999 is no port"),
        (&["--frobnicate"], "there is no option --frobnicate"),
        (
            &["5000"],
            "there is no option 5000: did you mean --listen 5000?",
        ),
        (&["--rate", "abc"], "--rate abc: not a number"),
    ] {
        let output = run_piped(SERVER, args, &[], b"");
        assert_eq!(output.code(), 2, "{args:?}: {output}");
        assert_eq!(output.stdout, "");
        let first = output.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with("chat-server: "), "{output}");
        assert!(first.contains(said), "{said}: {output}");
    }
}

/// The commit is there in a release build from a repository.
#[test]
fn the_version_has_the_commit() {
    let output = run_piped(SERVER, &["--version"], &[], b"");
    assert_eq!(output.code(), 0, "{output}");
    assert_version(output.stdout.trim_end(), "chat-server");
}

/// Status 1 is a history that cannot be kept, in words and not in numbers of the
/// system's.
#[test]
fn a_history_that_cannot_be_kept_is_status_1() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a name in UTF-8");
    let missing = format!("{path}/missing");
    let mut places = vec![
        (
            format!("{missing}/room.jsonl"),
            format!("{missing} does not exist: make"),
        ),
        (
            path.to_owned(),
            format!("{path} is a folder: name a file in it"),
        ),
    ];
    if cfg!(target_os = "linux") {
        // There even root may not make a file.
        let why = "cannot write in /sys: permission denied".to_owned();
        places.push(("/sys/room.jsonl".to_owned(), why));
    }
    for (history, said) in places {
        let args = ["--listen", "127.0.0.1:0", "--history", &history];
        let output = run_piped(SERVER, &args, &[], b"");
        assert_eq!(output.code(), 1, "{output}");
        let said = format!("chat-server: {said}");
        assert!(output.stderr.contains(&said), "{said}: {output}");
        assert!(!output.stderr.contains("os error"), "{output}");
    }
}

/// The limits of the system are told if they are below what was wanted, or very low.
#[cfg(unix)]
#[test]
fn too_few_files_are_told() {
    let script = |files: usize, args: &str| {
        format!("ulimit -n {files}; exec \"$0\" --listen 127.0.0.1:0 --threads 1 {args}")
    };
    let output = run_piped("bash", &["-c", &script(24, ""), SERVER], &[], b"");
    assert_eq!(output.code(), 1, "{output}");
    let said = "chat-server: this process may have 24 files open, and needs";
    assert!(output.stderr.contains(said), "{output}");
    assert!(output.stderr.contains("ulimit -n"), "{output}");
    for (files, args, is_told) in [
        (100, "", true),
        (100, "--max-clients 10", false),
        (500, "", false),
        (500, "--max-clients 1000", true),
    ] {
        let args = ["-c", &script(files, args), SERVER];
        let server = ServerProcess::start_with("bash", &args, &[]);
        server.wait_for_log("any person who can reach this port");
        let log = server.log();
        assert_eq!(log.contains("connections are possible"), is_told, "{log}");
    }
}
