//! Servers that mean harm: to the terminal, to the memory, to the patience.

mod foreign;

use std::collections::BTreeSet;
use std::net::TcpListener;
#[cfg(target_os = "linux")]
use std::time::Duration;

use chat_testkit::{Peer, Program, Signal, Terminal, keys};
#[cfg(target_os = "linux")]
use chat_testkit::{proc, until};

use crate::editing::Fixture;
use crate::scripted::{greet, listen, object, send_message, send_reply, send_welcome, welcome};
use crate::{client, controls, count, is_bidi, open, piped_with};

/// Attacks on a terminal: any control character of 7 and of 8 bits but TAB and the line
/// end; clear it, set its title and clipboard, ask it questions, switch its screen,
/// mouse and pastes; leave a sequence open; turn the direction of the text, hide it,
/// pile marks up, and begin a row that looks like another line.
fn attacks() -> Vec<String> {
    let mut attacks: Vec<String> = (0..0x20)
        .chain(0x7f..0xa0)
        .filter(|&code| !matches!(code, b'\t' | b'\n'))
        .map(|code: u8| format!("a{}31mb", char::from(code)))
        .collect();
    let sequences = [
        "\x1b[2J",
        "\x1b[31m",
        "\x1b[10A\x1b[2K* server: you are kicked",
        "\x1b]0;title\x07",
        "\x1b]52;c;cm0gLXJmIH4K\x07",
        "\x1b]8;;http://x\x1b\\y",
        "\x1bP$q m\x1b\\",
        "\x1b_Gx\x1b\\",
        "\x1b[6n\x1b[c",
        "\x1bc",
        "\x1b[?1000h\x1b[?1049h",
        "\x1b[?2004l",
        "\x1b]",
        "\u{9d}52;c;QQ==\u{9c}",
        "\u{9b}2J",
        "\u{202e}evil\u{202c}\u{2066}\u{200e}\u{200f}\u{61c}",
        "ad\u{200b}min\u{feff}\u{2060}\u{ad}\u{e0041}",
        "a\u{2028}* server: bye\u{2029}\u{85}\u{b}\u{c}-- x\r<bo> x",
    ];
    attacks.extend(sequences.map(str::to_owned));
    attacks.push(format!("a{}", "\u{301}".repeat(1000)));
    attacks.push("\u{3042}".repeat(1300));
    attacks
}

/// The same without any harm.
fn harmless() -> Vec<String> {
    attacks().iter().map(|_| "x".to_owned()).collect()
}

/// As JSON has it.
fn escaped(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

/// Runs a client against a script and sends it home; what it wrote beside text.
#[track_caller]
fn controls_after(args: &[&str], script: impl FnOnce(&TcpListener, &Terminal)) -> BTreeSet<String> {
    let (listener, addr) = listen();
    // Colours of ours depend on names, and these are the attacker's.
    let addr = addr.to_string();
    let args = [&[&addr, "--name", "ann", "--no-history"], args].concat();
    let mut ann = Terminal::spawn(client(), &args, &[("NO_COLOR", "1")], 24, 80);
    script(&listener, &ann);
    ann.type_text(&keys::ctrl('d'));
    ann.wait_exit();
    assert_eq!(ann.bells(), 0);
    assert_eq!(ann.private_mode(1049), Some(false));
    assert_eq!(ann.termios_line(), ann.termios_before());
    controls(&ann)
}

/// The ways to use a terminal.
const WAYS: [&[&str]; 2] = [&[], &["--plain"]];

/// A server of plain lines.
#[test]
fn a_hostile_plain_server_does_not_reach_the_terminal() {
    for args in WAYS {
        let talk = |attacks: &[String]| {
            controls_after(args, |listener, ann| {
                let mut server = Peer::accept(listener);
                for (number, attack) in attacks.iter().enumerate() {
                    server.send_str(&format!("\rbefore{attack}after {number}\n"));
                    // Without a line end, and cut within.
                    server.send_str(attack);
                }
                server.send(b"\xff\xfe\x9b2J\n");
                server.send_str("\nthat was it\n");
                ann.wait_for_text("that was it");
                assert_eq!(ann.full_text().matches("before").count(), attacks.len());
            })
        };
        assert_eq!(talk(&attacks()), talk(&harmless()), "{args:?}");
    }
}

/// Says hello, everything hostile in each place that a text can have, and
/// goodbye.
#[track_caller]
fn attack(server: &mut Peer, attacks: &[String]) {
    for (attack, seq) in attacks.iter().zip((1..).step_by(10)) {
        // As JSON has it, and as it must not be.
        for attack in [escaped(attack), attack.clone()] {
            send_message(server, seq, "bo", &format!("text{attack}!"), None);
            send_message(server, seq, &format!("name{attack}"), "hi", None);
            for members in [
                format!(r#""seq":{seq},"type":"action","name":"bo","text":"does{attack}""#),
                format!(r#""seq":{seq},"type":"entered","names":["in{attack}"]"#),
                format!(r#""seq":{seq},"type":"left","names":["out{attack}"]"#),
                format!(r#""seq":{seq},"type":"renamed","old":"o{attack}","new":"n{attack}""#),
                format!(r#""type":"notice","text":"notice{attack}""#),
                format!(r#""type":"error","code":"other","text":"error{attack}""#),
                format!(r#""type":"error","code":"{attack}","text":"code{attack}""#),
                format!(r#""type":"who","people":1,"names":["who{attack}"],"more":false"#),
                format!(r#""type":"{attack}","text":"type""#),
            ] {
                send_reply(server, &members);
            }
            server.send_str(&object(&attack, r#""type":"notice","text":"time""#));
            server.send_str(&format!("no object{attack}\n"));
        }
    }
    send_message(server, 10_000, "bo", "that was it", None);
}

/// A server of the protocol, in the greeting, in all that it can say, in
/// its goodbye, and when it does not let the client in again.
#[test]
fn a_hostile_chat_server_does_not_reach_the_terminal() {
    for args in WAYS {
        let talk = |attacks: &[String]| {
            let all: String = attacks.concat().chars().take(1000).collect();
            let all = escaped(&all);
            controls_after(args, |listener, ann| {
                let mut server = Peer::accept(listener);
                server.send_str(&format!("\r-- chat/1 {}\n", attacks[20]));
                server.expect_line();
                send_welcome(&mut server, &format!("n{all}"));
                send_welcome(&mut server, "ann");
                ann.wait_for_text("-- you are ann;");
                attack(&mut server, attacks);
                ann.wait_for_text("<bo> that was it");
                let full = ann.full_text();
                for word in ["<bo> text", " notice", "* bo does", " error"] {
                    let seen = full.matches(word).count();
                    assert!(seen >= attacks.len(), "{word} in:\n{full}");
                }
                let goodbye = format!(r#""type":"goodbye","text":"bye{all}","after_ms":0"#);
                send_reply(&mut server, &goodbye);
                drop(server);
                ann.wait_for_text("-- bye");
                let mut server = greet(listener);
                send_reply(
                    &mut server,
                    &format!(r#""type":"error","code":"other","text":"no{all}""#),
                );
                server.send_str(&format!("{}\n", attacks.concat()));
                send_welcome(&mut server, "ann");
                send_reply(&mut server, r#""type":"notice","text":"over""#);
                ann.wait_for_text("-- over");
            })
        };
        assert_eq!(talk(&attacks()), talk(&harmless()), "{args:?}");
    }
}

/// The same for pipes, where a terminal may be at the other end.
#[test]
fn a_hostile_server_does_not_reach_a_pipe_either() {
    for args in [&[][..], &["--plain"], &["--json"], &["--send"]] {
        for plain in [true, false] {
            let (listener, addr) = listen();
            let known_as_plain = plain && args != ["--json"];
            let args = [
                args,
                if known_as_plain {
                    &["--plain-server"]
                } else {
                    &[]
                },
            ]
            .concat();
            let mut program = piped_with(addr, "pipe", &args);
            if plain {
                let mut server = Peer::accept(&listener);
                let lines = attacks().into_iter();
                let lines: String = lines
                    .map(|attack| format!("before{attack}after\n"))
                    .collect();
                // One that wants objects, or nothing, may go before it has heard all.
                let sent = server.try_send(format!("{lines}that was it\n").as_bytes());
                if !args.contains(&"--json") && !args.contains(&"--send") {
                    sent.expect("the client listens");
                    program.stdout.expect("that was it\n");
                }
            } else {
                let mut server = welcome(&listener, "pipe");
                attack(&mut server, &attacks());
                if !args.contains(&"--send") {
                    program.stdout.expect("that was it");
                }
            }
            let output = program.finish();
            for text in [&output.stdout, &output.stderr] {
                let is_bad = |c: char| c != '\n' && c.is_control() || is_bidi(c);
                assert!(!text.contains(is_bad), "{args:?}: {output}");
                // Nor does it when a program has decoded it, as `jq -r` does.
                for object in text.lines().filter(|line| line.starts_with('{')) {
                    assert_harmless(&serde_json::from_str(object).expect("an object"));
                }
            }
        }
    }
}

/// No string of it has control characters but line ends and tabs, or what turns the
/// direction.
#[track_caller]
fn assert_harmless(value: &serde_json::Value) {
    let check = |text: &str| {
        let is_bad = |c: char| !matches!(c, '\n' | '\t') && c.is_control() || is_bidi(c);
        assert!(!text.contains(is_bad), "{text:?}");
    };
    match value {
        serde_json::Value::String(text) => check(text),
        serde_json::Value::Array(values) => values.iter().for_each(assert_harmless),
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                check(name);
                assert_harmless(value);
            }
        }
        _ => {}
    }
}

/// Sequences that a server escapes reach no reader that decodes them, wherever they
/// stand; the members keep their order and numbers as they were.
#[test]
fn escaped_sequences_are_gone_from_decoded_objects() {
    let (listener, addr) = listen();
    let mut program = piped_with(addr, "ann", &["--json"]);
    let mut server = welcome(&listener, "ann");
    server.send_str(
        "{\"z\":1.50,\"type\":\"weather\",\"big\":12345678901234567890123,\
         \"\\u001b[31mkey\":{\"deep\":[\"\\u001b]0;title\\u0007sun\",\"\\u009b2J\"]},\
         \"a\":\"two\\nlines\"}\n",
    );
    program.stdout.expect(
        "{\"z\":1.50,\"type\":\"weather\",\"big\":12345678901234567890123,\
         \"key\":{\"deep\":[\"sun\",\"\"]},\"a\":\"two\\nlines\"}\n",
    );
    drop(server);
    program.finish();
}

/// Marks without end, a line of wide characters and line ends of
/// other kinds disturb neither the prompt nor the lines around them.
#[test]
fn piled_up_and_wide_lines_keep_the_prompt() {
    let (listener, addr) = listen();
    let ann = open(addr, "ann", 24, 80);
    let mut server = welcome(&listener, "ann");
    ann.type_text("draft");
    ann.wait_for_text("<You> draft");
    for (text, row) in [
        (
            format!("a{}", "\u{301}".repeat(2000)),
            format!("<bo> a{}\n", "\u{301}".repeat(2)),
        ),
        (
            "\u{3042}".repeat(1365),
            format!("\n{}", "\u{3042}".repeat(40)),
        ),
        (
            "a\u{2028}* server: bye".to_owned(),
            "<bo> a * server: bye\n".to_owned(),
        ),
        (
            "a\u{85}b\u{b}c\u{c}d\u{2029}e".to_owned(),
            "<bo> a b c d e\n".to_owned(),
        ),
    ] {
        for (seq, text) in (1..).zip(["before", &escaped(&text), "after"]) {
            send_message(&mut server, seq, "bo", text, None);
        }
        ann.wait_for_text("<bo> after\n<You> draft");
        let full = ann.full_text();
        assert!(full.contains(&row), "{row} in:\n{full}");
        assert_eq!(full.matches("<You>").count(), 1, "in:\n{full}");
        ann.type_text(&keys::ctrl('l'));
        ann.wait_screen(|screen| screen == "<You> draft", "an empty screen");
    }
    assert_eq!(count(&ann.full_text(), "<bo> before"), 4);
    assert_eq!(count(&ann.full_text(), "<bo> after"), 4);
}

/// A server that stands still. Messages are shown as waiting; the person can leave at
/// once and is told which ones were not delivered; and when the server goes on, each is
/// there once.
#[test]
fn a_server_that_stands_still_can_be_left() {
    let Fixture {
        server,
        mut bo,
        mut ann,
    } = Fixture::new();
    server.signal(Signal::Stop);
    ann.type_text("hello\r");
    ann.wait_for_text("<You> hello\n<You>");
    server.signal(Signal::Continue);
    bo.expect("\r<ann> hello\n");
    server.signal(Signal::Stop);
    ann.type_text("are you there?\r");
    ann.wait_for_text("<You> hello\n<You> are you there?\n<You>");
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 1);
    let full = ann.full_text();
    assert!(full.ends_with("-- not delivered: are you there?"), "{full}");
    assert_eq!(count(&full, "<You> hello"), 1, "in:\n{full}");
    server.signal(Signal::Continue);
    // It had been sent, which the client cannot know.
    bo.expect("\r<ann> are you there?\n");
    let rest = bo.expect("\r[ann] is offline\n");
    assert!(!rest.contains("<ann>"), "{rest}");
}

/// A client that leaves waits a moment for a silent server, and uses no processor time
/// meanwhile.
#[cfg(target_os = "linux")]
#[test]
fn waiting_for_the_servers_goodbye_costs_nothing() {
    let (listener, addr) = listen();
    let mut ann = open(addr, "ann", 24, 80);
    let mut server = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann;");
    let before = proc::cpu_time(ann.pid());
    ann.type_text(&keys::ctrl('d'));
    server.expect_eof();
    // Until shortly before it ends.
    let mut spent = Duration::ZERO;
    until("it has ended", || {
        if !proc::has_ended(ann.pid()) {
            spent = proc::cpu_time(ann.pid()) - before;
        }
        !ann.is_running()
    });
    assert!(spent < Duration::from_millis(100), "{spent:?}");
    assert_eq!(ann.wait_exit(), 0);
}

/// A script may have put together the arguments of what others have written.
#[test]
fn an_argument_that_is_told_does_no_harm() {
    for host in [
        "no.invalid\x1b[31m",
        "http://\x1b]0;title\x07a",
        "a:\u{9b}2J",
    ] {
        let output = Program::spawn(client(), &[host], &[]).finish();
        assert_ne!(output.code(), 0, "{output}");
        let is_bad = |c: char| c.is_control() && c != '\n';
        assert!(!output.stderr.contains(is_bad), "{:?}", output.stderr);
    }
}
