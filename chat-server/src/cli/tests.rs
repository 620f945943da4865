use chat_testkit::readme;

use super::values::{MIN_KEEP, size};
use super::*;

/// `Ok` of what was read, or the beginning of what is said.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(
    parser: impl Fn(&str) -> Result<T, String>,
    right: &[(&str, T)],
    wrong: &[(&str, &str)],
) {
    for (text, value) in right {
        assert_eq!(parser(text).as_ref(), Ok(value), "{text}");
    }
    for (text, why) in wrong {
        let error = parser(text).expect_err(text);
        assert!(error.starts_with(why), "{text}: {error}");
        assert!(error.contains(": give a "), "{text}: {error}");
    }
}

#[test]
fn counts() {
    let long = "9".repeat(100);
    check(
        count(1, 64),
        &[("1", 1), ("64", 64), ("+5", 5), ("007", 7)],
        &[
            ("", "not a number"),
            ("0", "too small"),
            ("65", "too large"),
            (&long, "too large"),
            ("-1", "less than 0"),
            ("-0.5", "less than 0"),
            ("1.5", "not a whole number"),
            ("1e3", "not a whole number"),
            ("abc", "not a number"),
            ("10k", "not a number"),
            ("nan", "not a number"),
            ("inf", "not a number"),
            ("0x10", "not a number"),
        ],
    );
}

#[test]
fn sizes() {
    check(
        size,
        &[
            ("1GiB", 1 << 30),
            ("1048576", 1 << 20),
            ("20 mb", 20_000_000),
            ("128k", MIN_KEEP),
        ],
        &[
            ("", "not a size"),
            ("GiB", "not a size"),
            ("-1GiB", "not a size"),
            ("1", "that is 1 byte, and at least 128KiB"),
            ("127KiB", "that is 130048 bytes, and at least 128KiB"),
            ("1.5GiB", "\".5gib\" is no unit"),
            ("1 parsec", "\"parsec\" is no unit"),
            ("99999999999TiB", "too large"),
            ("99999999999999999999999", "too large"),
        ],
    );
}

#[test]
fn times() {
    let wrong = [
        ("", "not a number"),
        ("-1", "less than 0"),
        ("nan", "not a number"),
        ("inf", "too long"),
        ("1e99", "too long"),
        ("86401", "too long"),
        ("1h", "not a number"),
    ];
    let half = ("0.5s", Duration::from_millis(500));
    check(seconds, &[("60", Duration::from_secs(60)), half], &wrong);
    check(seconds, &[], &[("0", "too short"), ("1e-12", "too short")]);
    check(
        seconds_or_0,
        &[("0", Duration::ZERO), ("0s", Duration::ZERO), half],
        &wrong,
    );
}

fn read(given: &[&str]) -> Result<Args, clap::Error> {
    Args::read(["chat-server"].iter().chain(given))
}

/// As in an alias that is given more.
#[test]
fn the_last_of_an_option_counts_and_all_places_to_listen() {
    let args = [
        "--rate", "1", "--rate", "2", "--listen", "1", "--listen", "2",
    ];
    let args = read(&args).unwrap();
    assert_eq!(args.limits(9).rate, 2);
    assert_eq!(args.listen, [Listen::Everywhere(1), Listen::Everywhere(2)]);
}

#[test]
fn what_is_not_given_has_its_default() {
    let args = read(&[]).unwrap();
    let limits = Limits {
        clients: 9,
        ..Limits::default()
    };
    assert_eq!(args.limits(9), limits);
    assert!(args.history().is_none());
}

/// What is wrong is said in words of our own, in at most two lines, and what to give
/// instead.
#[test]
fn wrong_arguments_are_explained() {
    for (given, said) in MISTAKES {
        let error = read(given).expect_err(&format!("{given:?}"));
        let given: Vec<String> = given.iter().map(|&one| one.to_owned()).collect();
        let text = mistakes::explain(&error, &given);
        assert!(text.contains(said), "{given:?}: {text}");
        assert!(text.lines().count() <= 2, "{given:?}: {text}");
        for foreign in ["tip:", "error:", "invalid digit", "'--help'"] {
            assert!(!text.contains(foreign), "{given:?}: {text}");
        }
    }
}

/// Arguments, and a part of what is said of them.
const MISTAKES: &[(&[&str], &str)] = &[
    (
        &["--rate", "abc"],
        "--rate abc: not a number: give a number from 0 up",
    ),
    (&["--rate", "-1"], "--rate -1: less than 0"),
    (&["--rate=-1"], "--rate -1: less than 0"),
    (&["--rate", ""], "--rate '': not a number"),
    (&["--history", ""], "--history: its value is missing"),
    (&["--rate"], "--rate: its value is missing"),
    (
        &["--rate", "\u{1b}[31m"],
        "--rate '\\u{1b}[31m': not a number",
    ),
    (
        &["--history-keep", "1", "--history", "x"],
        "--history-keep 1: that is 1 byte",
    ),
    (
        &["--history-keep", "-1GiB"],
        "--history-keep -1GiB: less than 0",
    ),
    (
        &["--history-keep", "1GiB"],
        "--history-keep needs --history FILE or --cluster URL as well",
    ),
    (
        &["--history-sync=off"],
        "--history-sync needs --history FILE as well",
    ),
    (&["--cert", "x"], "--cert needs --key FILE as well"),
    (&["--key=x"], "--key needs --cert FILE as well"),
    (&["--key", ""], "--key: its value is missing"),
    (
        &["--tls", "on"],
        "--tls on: give one of: offer, require, off",
    ),
    (
        &["--no-tls"],
        "there is no option --no-tls: did you mean --tls off?",
    ),
    (
        &["--history-sync", "now"],
        "--history-sync now: give one of: always, batch, off",
    ),
    (
        &["--limit-loopback=yes"],
        "--limit-loopback takes no value, such as yes",
    ),
    (
        &["--stall", "1h"],
        "--stall 1h: not a number: give a number of seconds",
    ),
    (
        &["--listen", "localhost"],
        "--listen localhost: the port is missing: give localhost:5000",
    ),
    (&["--listen", "5000x"], "--listen 5000x: that is no port"),
    (&["--listen", "-1"], "--listen -1: that is no port"),
    // Another name, or none.
    (
        &["5002"],
        "there is no option 5002: did you mean --listen 5002?",
    ),
    (
        &["--port", "5002"],
        "there is no option --port: did you mean --listen 5002?",
    ),
    (
        &["--port=5002"],
        "there is no option --port=5002: did you mean --listen 5002?",
    ),
    (
        &["-p", "5002"],
        "there is no option -p: did you mean --listen 5002?",
    ),
    (
        &["-p5002"],
        "there is no option -p5002: did you mean --listen 5002?",
    ),
    (
        &["--port"],
        "there is no option --port: did you mean --listen ADDR:PORT?",
    ),
    (
        &["--bind", "::"],
        "there is no option --bind: did you mean --listen [::]:5000?",
    ),
    (
        &["--host", "example.org"],
        "did you mean --listen example.org:5000?",
    ),
    (
        &["localhost", "5002"],
        "did you mean --listen localhost:5002?",
    ),
    (&["127.0.0.1"], "did you mean --listen 127.0.0.1:5000?"),
    (&["::1", "5002"], "did you mean --listen [::1]:5002?"),
    (
        &["--rate", "1", "0.0.0.0:5002"],
        "did you mean --listen 0.0.0.0:5002?",
    ),
    (&["./room.jsonl"], "did you mean --history ./room.jsonl?"),
    (&["help"], "there is no option help: did you mean --help?"),
    (
        &["--histroy", "x"],
        "there is no option --histroy: did you mean --history?",
    ),
    (
        &["--max_clients", "5"],
        "there is no option --max_clients: did you mean --max-clients?",
    ),
    (
        &["--RATE", "5"],
        "there is no option --RATE: did you mean --rate?",
    ),
    (
        &["-rate", "5"],
        "there is no option -rate: did you mean --rate?",
    ),
    (
        &["--idle", "5"],
        "there is no option --idle: did you mean --idle-join?",
    ),
    (
        &["--max-unj"],
        "did you mean --max-unjoined or --max-unjoined-per-address?",
    ),
    (&["--frobnicate"], "there is no option --frobnicate"),
    (&["-x"], "there is no option -x"),
    (&["-é"], "there is no option -é"),
    (&["--é=1"], "there is no option --é=1"),
    (&["start"], "start is not an option: those begin with --"),
    (&[""], "'' is not an option: those begin with --"),
    (
        &["--", "5002"],
        "there is no option 5002: did you mean --listen 5002?",
    ),
    (&["--", "-5"], "-5"),
    (
        &["--", "--listen", "5002"],
        "--listen stands behind --, where nothing is an option: leave out --",
    ),
    (
        &["--keep", "1GiB"],
        "there is no option --keep: did you mean --history-keep?",
    ),
];

/// The server's README names each option, and none that there is not.
#[test]
fn the_readme_names_the_options() {
    let mut command = Args::command();
    command.build();
    let parts = [&command].into_iter().chain(command.get_subcommands());
    let options: Vec<&str> = parts
        .flat_map(Command::get_arguments)
        .filter(|arg| !arg.is_positional())
        .map(|arg| arg.get_long().expect("all options are long"))
        .collect();
    // How other programs connect and end is told with options of theirs.
    readme::assert_names(
        README,
        &options,
        &[
            "features",
            "fingerprint",
            "name",
            "network",
            "now",
            "once",
            "path",
            "send-only",
            "socket",
            "ssl",
        ],
    );
}

/// Every command for the server that the READMEs and `--help` print can be given.
#[test]
fn the_printed_commands_are_right() {
    let texts = [include_str!("../../../README.md"), README, AFTER_HELP];
    let commands = texts.map(|text| readme::commands("chat-server", text));
    assert!(commands.iter().flatten().count() >= 8, "{commands:?}");
    for given in commands.iter().flatten() {
        read(given).unwrap_or_else(|error| panic!("{given:?}: {error}"));
    }
}

const README: &str = include_str!("../../README.md");
