//! What people say against the terminals of others: none of it leaves the server,
//! in neither form, nor gets into its log.

use chat_testkit::{JsonPeer, Peer, Signal};
use serde_json::json;

use crate::{join, server};

/// Escape sequences that move, clear, name, ask, and write to the clipboard.
const SEQUENCES: [&str; 14] = [
    "\x1b[2J",
    "\x1b[10A\x1b[2K* server: you are kicked",
    "\x1b]0;pwn\x07",
    "\x1b]52;c;cm0gLXJmIH4K\x07",
    "\x1b]8;;http://x\x1b\\y",
    "\x1bP$q m\x1b\\",
    "\x1b_Gx\x1b\\",
    "\x1b[6n",
    "\x1b[c",
    "\x1bc",
    "\x1b[?1000h",
    "\x1b[?2004l",
    "\x1b]",
    "\u{9d}52;c;QQ==\u{9c}",
];

/// Characters that turn the reading direction, are invisible, pile up or look like a
/// line of their own.
fn characters() -> Vec<String> {
    let mut all: Vec<String> = [
        "ok \u{202e}evil\u{202c}",
        "\u{2066}x",
        "a\u{200e}b\u{200f}c\u{61c}ש",
        "z\u{200b}w\u{2060}n\u{feff}b\u{ad}!",
        "tag\u{e0041}\u{e007f}, selector\u{fe00}\u{e0100}",
        "a\u{2028}* server: bye",
        "a\u{2029}b\x0bc\x0cd\u{85}e",
        "x\r* server: shutting down",
    ]
    .map(str::to_owned)
    .into();
    all.extend(SEQUENCES.map(str::to_owned));
    let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32);
    all.extend(controls.map(|control| format!("a{control}b")));
    all.push(format!("a{}", "\u{301}".repeat(2000)));
    all
}

/// Whether a line shows more than it is, or does something to a terminal.
fn is_hostile(line: &str) -> bool {
    let hidden = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0d}'
                | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    line.contains(hidden) || line.contains("\u{301}".repeat(5).as_str())
}

/// Whatever a peer says in either form, every line that others get stands behind its
/// speaker and holds visible characters only; harmless text arrives as it was.
#[test]
fn nothing_that_attacks_a_terminal_reaches_a_reader() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut bo = join(server.addr(), "bo");
    let mut cy = JsonPeer::connect(server.addr(), "cy");
    let mut bot = JsonPeer::connect(server.addr(), "bot");
    ann.expect("[bot] entered room\n");
    let innocent = [
        "שלום",
        "مرحبا",
        "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}",
        "かな\u{3099}",
        "a\tb",
    ];
    for (number, said) in characters().iter().enumerate() {
        bo.send_str(&format!("{said}\n/me {said}\n"));
        bot.say(said, format!("n{number}"));
    }
    for (number, said) in innocent.iter().enumerate() {
        bo.send_str(&format!("{said}\n"));
        ann.expect(&format!("\r<bo> {said}\n"));
        cy.wait_for(|object| object["text"] == *said);
        bot.say(said, format!("innocent-{number}"));
        ann.expect(&format!("\r<bot> {said}\n"));
    }
    cy.wait_for(|object| object["id"] == format!("innocent-{}", innocent.len() - 1));
    let text = String::from_utf8(ann.received().to_vec()).expect("UTF-8 only");
    for line in text.split_terminator('\n') {
        let line = line.strip_prefix('\r').expect("CR before each line");
        let speakers = ["<bo> ", "<bot> ", "* bo ", "[", "-- "];
        assert!(
            speakers.iter().any(|speaker| line.starts_with(speaker)),
            "forged: {line:?}"
        );
        assert!(!is_hostile(line), "{line:?}");
    }
    // A JSON string could bring back what was escaped in it.
    let lines = String::from_utf8(cy.peer.received().to_vec()).expect("UTF-8 only");
    let (_, lines) = lines.split_once("{\"seq\"").expect("a welcome");
    for line in lines.lines().skip(1) {
        assert!(!is_hostile(line), "{line:?}");
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if let Some(text) = event["text"].as_str() {
            assert!(!is_hostile(&text.replace('\n', " ")), "{event}");
        }
    }
}

/// A name with an invisible character in it is no name. Nothing of the attempts stands
/// in the log, which is read in a terminal as well and has one line an event.
#[test]
fn no_name_and_no_line_of_the_log_attacks_a_terminal() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut names = characters();
    names.extend(
        [
            "ad\u{200b}min",
            "admin\u{feff}",
            "admin\u{e0041}",
            "a\u{200d}b",
            "a\u{fe0f}",
        ]
        .map(str::to_owned),
    );
    let refused = names.iter().filter(|name| {
        let letters = name.trim();
        // What follows a line end is another line.
        let is_one = !letters.contains('\n');
        is_one && is_hostile(letters) || letters.contains(['\u{200d}', '\u{fe0f}', ' ', '\x1b'])
    });
    let mut tried = 0;
    for name in refused {
        let mut peer = Peer::connect(server.addr());
        let address = peer.local_addr().to_string();
        peer.send_str(&format!("/nick {name}\nsaid by {address}.\n"));
        ann.expect(&format!("\r<{address}> said by {address}.\n"));
        let hello = json!({ "protocol": 1, "name": name });
        let program = JsonPeer::hello(server.addr(), &hello);
        let address = program.peer.local_addr().to_string();
        assert_eq!(program.welcome["name"], address, "{name:?}");
        tried += 1;
    }
    assert!(tried > 60, "{tried}");
    server.signal(Signal::Terminate);
    server.wait_for_log("Z info stopped\n");
    let log = server.log();
    assert!(log.contains(" came in name="), "{log}");
    for line in log.lines() {
        assert!(!is_hostile(line), "{line:?}");
    }
    // At most one line when a peer comes, and one when it goes.
    let events = log.lines().filter(|line| line.contains("Z info "));
    assert!(
        events.count() <= 2 * (2 * tried + 1),
        "more lines than events"
    );
    assert!(!log.contains("said by"), "it tells what people say");
}
