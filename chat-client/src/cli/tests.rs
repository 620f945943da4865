use chat_testkit::readme;
use clap::CommandFactory;

use super::*;

fn parsed(args: &[&str]) -> Result<Target, String> {
    let args =
        Args::try_parse_from(["chat-client"].iter().chain(args)).map_err(|e| e.to_string())?;
    args.target()
}

fn target(args: &[&str]) -> Result<(String, u16), String> {
    match parsed(args)? {
        Target::Network(Address { host, port }) => Ok((host, port)),
        Target::Control(path) => panic!("the socket {}", path.display()),
    }
}

#[test]
fn servers() {
    let ok = |host: &str, port| Ok((host.to_owned(), port));
    assert_eq!(target(&[]), ok("localhost", 5000));
    assert_eq!(target(&["example.org"]), ok("example.org", 5000));
    assert_eq!(target(&["example.org", "7"]), ok("example.org", 7));
    assert_eq!(target(&["example.org:7"]), ok("example.org", 7));
    assert_eq!(target(&["[::1]:7"]), ok("::1", 7));
    assert_eq!(target(&["[::1]"]), ok("::1", 5000));
    assert_eq!(target(&["::1", "7"]), ok("::1", 7));
    assert_eq!(target(&["fe80::1%eth0"]), ok("fe80::1%eth0", 5000));
    // Another alias, and not twice the same.
    assert_eq!(target(&["--name", "x", "--name", "y", "a"]), ok("a", 5000));
}

/// A socket is a server by itself, and is never encrypted.
#[cfg(unix)]
#[test]
fn a_control_socket_takes_the_place_of_a_host() {
    let socket = Target::Control("/run/chat/ctl".into());
    assert_eq!(parsed(&["--socket", "/run/chat/ctl"]), Ok(socket));
    for both in [
        &["localhost"][..],
        &["localhost", "5000"],
        &["-p", "5000"],
        &["--tls"],
        &["--fingerprint", "SHA256:Nh0Me49Zh9fDw/VY"],
    ] {
        let error = parsed(&[&["--socket", "x"], both].concat()).expect_err("two servers");
        assert!(error.contains("cannot be used with"), "{both:?}: {error}");
        assert!(error.contains("--socket <PATH>"), "{both:?}: {error}");
    }
    let args = Args::try_parse_from(["chat-client", "--socket", "x"]).expect("a server");
    assert_eq!(args.encryption(), Encryption::Never);
}

#[track_caller]
fn check_wrong(wrong: &[&str], told: &str) {
    let error = target(wrong).expect_err("no server");
    assert!(error.contains(told), "{wrong:?}: {error}");
}

#[test]
fn what_is_no_server_is_told_in_plain_words() {
    for (wrong, told) in [
        (
            &["a:b"][..],
            "\"b\" behind a is no port: a port is a number from 1 to 65535",
        ),
        (
            &["a:0"],
            "\"0\" behind a is no port: a port is a number from 1 to 65535",
        ),
        (
            &["a:"],
            "\"\" behind a is no port: a port is a number from 1 to 65535",
        ),
        (&["a:70000"], "\"70000\" behind a is no port"),
        (&["a", "70000"], "a port is a number from 1 to 65535"),
        (&["a", "0"], "a port is a number from 1 to 65535"),
        (&["a", "-1"], "a port is a number from 1 to 65535"),
        (
            &["a", "x"],
            "invalid value 'x' for '[PORT]': a port is a number",
        ),
        (&["a:1", "2"], "two ports are given, 1 and 2"),
        (&["[::1"], "[::1: ] is missing"),
        (
            &["", "1"],
            "the host is missing: try chat-client localhost 1",
        ),
        (&[":7"], "the host is missing: try chat-client localhost 7"),
        (
            &["5000"],
            "5000 is not a host: try chat-client localhost 5000",
        ),
    ] {
        check_wrong(wrong, told);
    }
}

#[test]
fn arguments_for_other_programs_are_told_what_to_do() {
    for (wrong, told) in [
        (
            &["--port", "7", "a"][..],
            "the port stands behind the host: chat-client a 7",
        ),
        (
            &["-p7"],
            "the port stands behind the host: chat-client localhost 7",
        ),
        (
            &["http://localhost:5000"],
            "http://localhost:5000 is not a host: try chat-client localhost 5000",
        ),
        (&["tcp://[::1]:7/x?y"], "try chat-client ::1 7"),
        (
            &["https://a.example"],
            "is not a host: try chat-client a.example",
        ),
        (&["http://a", "7"], "is not a host: try chat-client a 7"),
        (&["http://"], "try chat-client HOST PORT"),
        (&["a 7"], "a 7 is not a host: try chat-client a 7"),
        (&["a/room"], "a/room is not a host: try chat-client a"),
        (
            &["ann@a"],
            "ann@a is not a host: try chat-client --name ann a",
        ),
        (&["irc://ann:pw@a:7/"], "try chat-client --name ann a 7"),
    ] {
        check_wrong(wrong, told);
    }
}

#[test]
fn colours() {
    let colors = |args: &[&str], on_terminal, variables: &[(&str, &str)]| {
        let args = Args::try_parse_from(["chat-client"].iter().chain(args)).unwrap();
        args.colors(
            || on_terminal,
            |key| {
                variables
                    .iter()
                    .find(|(known, _)| *known == key)
                    .map(|(_, value)| (*value).to_owned())
            },
        )
    };
    assert_eq!(colors(&[], true, &[("NO_COLOR", "")]), Colors::On);
    assert_eq!(colors(&[], true, &[("NO_COLOR", "1")]), Colors::Off);
    assert_eq!(colors(&[], true, &[("TERM", "dumb")]), Colors::Off);
    assert_eq!(colors(&[], false, &[]), Colors::Off);
    assert_eq!(
        colors(&["--color", "always"], false, &[("NO_COLOR", "1")]),
        Colors::On
    );
    assert_eq!(colors(&["--color", "never"], true, &[]), Colors::Off);
    assert_eq!(colors(&["--plain"], true, &[]), Colors::Off);
    assert_eq!(
        colors(&["--plain", "--color", "always"], true, &[]),
        Colors::On
    );
    assert!(Args::try_parse_from(["chat-client", "--color", "blue"]).is_err());
}

#[test]
fn people_see_what_was_said_before_and_scripts_do_not() {
    let replay = |args: &[&str], on_terminal| {
        let args = Args::try_parse_from(["chat-client"].iter().chain(args)).unwrap();
        args.replay(args.audience(|| on_terminal, |_| None))
    };
    assert_eq!(replay(&[], true), 20);
    assert_eq!(replay(&["--plain"], true), 20);
    assert_eq!(replay(&[], false), 0);
    assert_eq!(replay(&["--json"], true), 0);
    assert_eq!(replay(&["--send"], true), 0);
    assert_eq!(replay(&["--replay", "0"], true), 0);
    assert_eq!(replay(&["--replay", "7", "--json"], false), 7);
    for wrong in ["all", "-1", "1.5", "-x", "99999999999999999999"] {
        let error = Args::try_parse_from(["chat-client", "--replay", wrong]).unwrap_err();
        let error = error.to_string();
        let told = "it is how many messages to show, 0 or more";
        assert_eq!(error.contains(told), wrong != "-x", "{error}");
    }
}

#[test]
fn names() {
    let name = |args: &[&str], variables: &[(&str, &str)]| {
        let args = Args::try_parse_from(["chat-client"].iter().chain(args)).unwrap();
        args.name(
            |key| {
                variables
                    .iter()
                    .find(|(known, _)| *known == key)
                    .map(|(_, value)| (*value).to_owned())
            },
            || Some("dan".to_owned()),
        )
    };
    let variables = [("CHAT_NAME", "bo"), ("USER", "carl")];
    let plain = |name: &str| {
        Ok(WantedName {
            name: Some(name.to_owned()),
            note: None,
        })
    };
    assert_eq!(name(&["--name", "ann"], &variables), plain("ann"));
    assert_eq!(name(&[], &variables), plain("bo"));
    assert_eq!(name(&[], &variables[1..]), plain("carl"));
    assert_eq!(name(&[], &[("USER", " carl ")]), plain("carl"));
    assert_eq!(name(&[], &[("USER", "")]), plain("dan"));
    // A name that the person chose is for the person to change.
    for (args, variables) in [
        (&["--name", "jane@corp.example"][..], &[][..]),
        (&[], &[("CHAT_NAME", "jane@corp.example")]),
    ] {
        let error = name(args, variables).unwrap_err();
        assert!(error.ends_with("; jane would do"), "{error}");
    }
    assert!(name(&[], &[("CHAT_NAME", "<>")]).is_err());
}

fn parse(args: &[&str]) -> Result<Args, String> {
    Args::try_parse_from(["chat-client"].iter().chain(args)).map_err(|error| error.to_string())
}

#[test]
fn encryption() {
    let key = "SHA256:Nh0Me49Zh9fDw/VY";
    for (args, expected) in [
        (&[][..], Encryption::IfOffered),
        (&["--tls"], Encryption::Always),
        (&["--fingerprint", key], Encryption::Always),
        (&["--tls", "--fingerprint", key], Encryption::Always),
        (&["--no-tls"], Encryption::Never),
    ] {
        let args = parse(args).expect("good arguments");
        assert_eq!(args.encryption(), expected);
    }
    for (wrong, told) in [
        (&["--tls", "--no-tls"][..], "cannot be used with"),
        (&["--no-tls", "--fingerprint", key], "cannot be used with"),
        (
            &["--fingerprint", "SHA256:abc"],
            "3 characters behind SHA256: are too few",
        ),
        (
            &["--fingerprint", "MD5:ab:cd"],
            "a fingerprint begins with SHA256:",
        ),
    ] {
        let error = parse(wrong).expect_err("wrong arguments");
        assert!(error.contains(told), "{wrong:?}: {error}");
    }
}

#[test]
fn which_key_is_shown() {
    let file = |path: &str| Some(Source::File(path.into()));
    for (args, expected) in [
        (&[][..], Some(Source::Own)),
        (&["--identity", "agent"], Some(Source::Agent)),
        (&["--identity", "none"], None),
        (&["--identity", "./none"], file("./none")),
        (&["--tls", "--identity", "id"], file("id")),
        (
            &["--identity", "id", "--identity", "agent"],
            Some(Source::Agent),
        ),
    ] {
        let args = parse(args).expect("good arguments");
        assert_eq!(args.identity(), expected);
    }
    for (wrong, told) in [
        (
            &["--identity", "none", "--no-tls"][..],
            "cannot be used with",
        ),
        (&["--identity", ""], "a value is required"),
    ] {
        let error = parse(wrong).expect_err("wrong arguments");
        assert!(error.contains(told), "{wrong:?}: {error}");
    }
}

#[test]
fn what_is_forgotten() {
    let forgotten = |args: &[&str]| {
        let server = parse(args).expect("good arguments").forgotten()?;
        Some(server.map(|server| server.to_string()))
    };
    assert_eq!(forgotten(&["a"]), None);
    for (args, expected) in [
        (&["--forget", "A.example:7"][..], "a.example:7"),
        (&["--forget", "a.example"], "a.example:5000"),
        (&["--forget", "a.example", "7"], "a.example:7"),
        (&["--forget", "a.example:7", "7"], "a.example:7"),
        (&["--forget", "::1", "7"], "[::1]:7"),
        (&["--forget", "[::1]:7"], "[::1]:7"),
    ] {
        assert_eq!(forgotten(args), Some(Ok(expected.to_owned())), "{args:?}");
    }
    for (wrong, told) in [
        (
            &["--forget", "a:7", "8"][..],
            "two ports are given, 7 and 8",
        ),
        (&["--forget", "a:7", "b"], "b is one server too many"),
        (&["--forget", "b:0"], "is no port"),
        (&["--forget", "http://a:7"], "is not a host"),
    ] {
        let error = forgotten(wrong).expect("a server").expect_err("none");
        assert!(error.contains(told), "{wrong:?}: {error}");
    }
}

/// The client's README names each option, and none that there is not.
#[test]
fn the_readme_names_the_options() {
    let mut command = Args::command();
    command.build();
    let options: Vec<&str> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .filter_map(|arg| arg.get_long())
        .collect();
    // Of cargo, ncat and chat-server.
    let of_others = ["bench", "chat", "history"];
    readme::assert_names(README, &options, &of_others);
}

/// Every command for the client that the READMEs and `--help` print can be given.
#[test]
fn the_printed_commands_are_right() {
    let texts = [include_str!("../../../README.md"), README, AFTER_HELP];
    let commands = texts.map(|text| readme::commands("chat-client", text));
    assert!(commands.iter().flatten().count() >= 12, "{commands:?}");
    for given in commands.iter().flatten() {
        parsed(given).unwrap_or_else(|error| panic!("{given:?}: {error}"));
    }
}

const README: &str = include_str!("../../README.md");
