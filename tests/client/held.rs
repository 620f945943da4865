//! Names that belong to keys, as people and programs see them.

use chat_testkit::{Peer, keys};

use crate::scripted::{greet, listen, send_reply};
use crate::{open_with, piped, piped_with};

const KEY: &str = r#""held":"47DEQpj8HBSa+/TI""#;

/// Welcomes a client that has said hello among bo, whose name is held, and cy. Both speak,
/// and then a bo who has not the key.
#[track_caller]
fn play(server: &mut Peer) {
    send_reply(
        server,
        r#""seq":0,"type":"welcome","protocol":1,"name":"ann","people":3,"names":["ann","bo","cy"],"held":[null,"47DEQpj8HBSa+/TI",null],"limits":{"text":4096,"line":32768,"name":32}"#,
    );
    for (seq, name, held) in [(1, "bo", Some(KEY)), (2, "cy", None), (3, "bo", None)] {
        let held = held.map_or_else(String::new, |held| format!(",{held}"));
        send_reply(
            server,
            &format!(r#""seq":{seq},"type":"message","name":"{name}","text":"hi"{held}"#),
        );
    }
}

const CAREFUL: &str = "careful: this bo has not shown the key that bo had before";

#[test]
fn a_held_name_is_seen_on_each_kind_of_terminal() {
    for env in [
        &[][..],
        &[("LC_ALL", "C"), ("LANG", "C")],
        &[("NO_COLOR", "1")],
        &[("TERM", "dumb")],
    ] {
        let (listener, addr) = listen();
        let mut ann = open_with(addr, "ann", &[], env);
        let mut server = greet(&listener);
        play(&mut server);
        let help = match env.contains(&("TERM", "dumb")) {
            true => "/help for commands",
            false => "/help for commands and keys",
        };
        ann.wait_for_text(&format!(
            "-- you are ann; here: @bo, cy. {help}\n<@bo> hi\n<cy> hi\n-- {CAREFUL}\n<bo> hi"
        ));
        ann.type_text("/help\r");
        ann.wait_for_text("-- <@ann> hi  ");
        ann.type_text(&keys::ctrl('d'));
        assert_eq!(ann.wait_exit(), 0);
    }
}

/// What reads lines reads names as ever; what wants to know more reads objects.
#[test]
fn a_pipe_gets_names_alone() {
    let (listener, addr) = listen();
    let mut program = piped(addr, "ann");
    let mut server = greet(&listener);
    play(&mut server);
    program
        .stdout
        .expect(&format!("<bo> hi\n<cy> hi\n-- {CAREFUL}\n<bo> hi\n"));
    let stdout = program.finish().stdout;
    assert!(
        stdout.contains("\n-- you are ann; here: bo, cy\n"),
        "{stdout}"
    );

    let (listener, addr) = listen();
    let mut program = piped_with(addr, "ann", &["--json"]);
    let mut server = greet(&listener);
    play(&mut server);
    program.stderr.expect(&format!("chat-client: {CAREFUL}\n"));
    let stdout = program.finish().stdout;
    assert!(!stdout.contains("careful"), "{stdout}");
    assert_eq!(stdout.lines().count(), 4, "{stdout}");
}
