use super::*;
use crate::output::style::{Bell, Colors, Style, TimeStyle};

mod beginning;
mod bounded;
mod door;
mod encryption;
mod held;
mod keys_only;
mod measures;
mod model;
mod password;
mod returning;

/// Without a key of the person's.
const ENCRYPTED: Carrier = Carrier::Encrypted { key: None };

struct Talk {
    conversation: Conversation,
    now: Instant,
}

impl Talk {
    fn new() -> Self {
        Self::with_replay(0)
    }

    fn with_replay(replay: usize) -> Self {
        Self::with(JoinOptions {
            replay,
            server: ServerKind::PlainLines,
            ..JoinOptions::default()
        })
    }

    /// Ann's, with these options.
    fn with(options: JoinOptions) -> Self {
        let now = Instant::now();
        let options = JoinOptions {
            name: Some("ann".into()),
            ..options
        };
        // A key that is always the same.
        let random = Random::with_key(&[0; 16]);
        Self {
            conversation: Conversation::new(options, random, now),
            now,
        }
    }

    /// A conversation in JSON form under the name `ann`.
    fn joined() -> Self {
        let mut talk = Self::new();
        talk.hear("\r-- chat/1 welcome\n");
        talk.hear("\r<bo> not yet for us\n");
        talk.hear(r#"{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"welcome","name":"ann","people":2,"names":["ann","bo"],"limits":{"text":4096,"line":1,"name":1}}"#);
        talk.hear("\n");
        talk.conversation.output().clear();
        talk.conversation.shown().clear();
        talk
    }

    fn hear(&mut self, bytes: &str) {
        self.conversation
            .receive(bytes.as_bytes(), self.now)
            .unwrap();
    }

    fn say(&mut self, line: &str) -> String {
        self.conversation.say(line.to_owned());
        self.output()
    }

    /// What goes to the server.
    fn output(&mut self) -> String {
        String::from_utf8(std::mem::take(self.conversation.output())).unwrap()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.conversation.expire(self.now);
    }

    /// As a person without colours and times reads it.
    fn shown(&mut self) -> Vec<String> {
        let zone = jiff::tz::TimeZone::UTC;
        let today = || "2026-11-23T12:00:00Z".parse().unwrap();
        let mut style = Style::new(Colors::Off, TimeStyle::None, Bell::Off, zone, today);
        let mut out = String::new();
        for line in std::mem::take(self.conversation.shown()) {
            style.render(&line, None, &mut out);
        }
        out.lines().map(str::to_owned).collect()
    }
}

/// Ann's hello, with these members at its end.
fn hello(members: &str) -> String {
    format!("/hello {{\"protocol\":1,\"name\":\"ann\",\"program\":\"{PROGRAM}\"{members}}}\n")
}

/// The id of the message in this line.
fn id_of(line: &str) -> &str {
    let (_, rest) = line.split_once("\"id\":\"").expect("it has a mark");
    rest.split_once('"').expect("a whole line").0
}

#[test]
fn a_chat_server_is_asked_for_json() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("typed early"), "");
    talk.hear("\r-- chat/1 wel");
    talk.hear("come\n");
    let output = String::from_utf8(talk.conversation.output().clone()).unwrap();
    assert_eq!(output, hello(""));
    let version = env!("CARGO_PKG_VERSION");
    assert!(output.contains(&format!(r#""program":"chat-client {version}""#)));
    assert!(!talk.conversation.all_delivered());
}

#[test]
fn a_message_comes_back_confirmed() {
    let mut talk = Talk::joined();
    let sent = talk.say("hi");
    assert!(sent.contains(r#""text":"hi","id":""#), "{sent}");
    assert_eq!(id_of(&sent).len(), 32, "{sent}");
    assert!(!talk.conversation.all_delivered());
    assert_eq!(talk.shown(), [""; 0]);
    let id = id_of(&sent);
    talk.hear(&format!(
        r#"{{"seq":2,"time":"2026-11-23T10:00:00.123Z","type":"message","name":"ann","text":"hi","id":"{id}"}}"#
    ));
    talk.hear("\n");
    assert_eq!(talk.shown(), ["<You> hi"]);
    assert!(talk.conversation.all_delivered());
}

#[test]
fn a_refusal_is_told() {
    let mut talk = Talk::joined();
    let sent = talk.say("hi");
    let id = id_of(&sent);
    talk.hear(&format!("{{\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"error\",\"code\":\"other\",\"text\":\"no\",\"id\":\"{id}\"}}\n"));
    assert_eq!(talk.shown(), ["-- no: hi"]);
    assert!(talk.conversation.all_delivered());
    assert_eq!(talk.say("/dance"), "");
    assert!(talk.shown()[0].starts_with("-- there is no /dance"));
}

#[test]
fn the_tutorials_server_is_talked_to_in_plain_lines() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("early"), "");
    talk.pass(DECIDE_AFTER);
    assert_eq!(talk.conversation.output(), b"early\n");
    talk.conversation.output().clear();
    assert_eq!(talk.say("hello"), "hello\n");
    talk.hear("\r<('127.0.0.1', 38378)> hello\n");
    talk.hear("Client (127.0.0.1, 38378) is offline");
    assert_eq!(
        talk.shown(),
        ["<You> early", "<You> hello", "<('127.0.0.1', 38378)> hello"]
    );
    talk.pass(SHOW_PARTIAL_AFTER);
    assert_eq!(talk.shown(), ["Client (127.0.0.1, 38378) is offline"]);
    talk.hear("Client is offline\r<bo> hi\n");
    assert_eq!(talk.shown(), ["Client is offline", "<bo> hi"]);
}

#[test]
fn lines_that_a_plain_server_does_not_take_are_counted() {
    let mut talk = Talk::new();
    talk.conversation.say("early".to_owned());
    assert_eq!(talk.conversation.unsent(), 0);
    talk.pass(DECIDE_AFTER);
    talk.conversation.say("one\ntwo".to_owned());
    assert_eq!(talk.conversation.unsent(), 3);
    // Half a line is none.
    talk.conversation.output().drain(.."early\non".len());
    assert_eq!(talk.conversation.unsent(), 2);
    talk.output();
    assert_eq!(talk.conversation.unsent(), 0);
    // A chat server's messages are known by their ids.
    let mut talk = Talk::joined();
    talk.conversation.say("hi".to_owned());
    assert_eq!(talk.conversation.unsent(), 0);
}

#[test]
fn a_late_greeting_is_not_too_late() {
    let mut talk = Talk::new();
    assert!(!talk.conversation.is_plain());
    talk.pass(DECIDE_AFTER);
    assert!(talk.conversation.is_plain());
    talk.hear("\r-- chat/1 welcome\n");
    assert!(!talk.conversation.is_plain());
}

#[test]
fn a_hostile_server_cannot_reach_the_terminal() {
    let mut talk = Talk::new();
    talk.hear("\x1b[2J\x1b]0;x\x07a\u{9b}b\u{202e}\n");
    assert_eq!(talk.shown(), ["a"]);
    assert_eq!(
        talk.conversation.receive(&vec![b'x'; 1 << 20], talk.now),
        Err(NotAChat)
    );
}

#[test]
fn people_are_known_from_the_events() {
    let mut talk = Talk::joined();
    let event = |seq: u64, rest: &str| {
        format!("{{\"seq\":{seq},\"time\":\"2026-11-23T10:00:00.123Z\",{rest}}}\n")
    };
    talk.hear(&event(2, r#""type":"entered","names":["cy","di"]"#));
    talk.hear(&event(3, r#""type":"message","name":"di","text":"hi""#));
    talk.hear(&event(4, r#""type":"renamed","old":"ann","new":"anna""#));
    talk.hear(&event(5, r#""type":"left","names":["bo"]"#));
    let names: Vec<&str> = talk
        .conversation
        .people()
        .names()
        .map(Name::as_str)
        .collect();
    assert_eq!(names, ["di", "cy"]);
    assert_eq!(talk.conversation.me().map(Name::as_str), Some("anna"));
}

/// Arrivals and departures of a crowd are told a moment later: what the welcome has
/// told already comes again, our own arrival too.
#[test]
fn what_the_welcome_has_told_may_come_again() {
    let mut talk = Talk::joined();
    let event = |seq: u64, kind: &str, names: &[&str]| {
        let time = "2026-11-23T10:00:00.123Z";
        format!("{{\"seq\":{seq},\"time\":\"{time}\",\"type\":\"{kind}\",\"names\":{names:?}}}\n")
    };
    talk.shown();
    talk.hear(&event(2, "left", &["ann", "gone"]));
    talk.hear(&event(3, "entered", &["ann", "bo", "cy"]));
    assert_eq!(
        talk.shown(),
        [
            "[gone] is offline",
            "[bo] entered room",
            "[cy] entered room"
        ]
    );
    let names: Vec<&Name> = talk.conversation.people().names().collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_crowd_in_one_event_is_one_line_and_all_are_here() {
    let mut talk = Talk::joined();
    talk.shown();
    let names: Vec<String> = (0..2000).map(|number| format!("p{number}")).collect();
    talk.hear(&format!(
        "{{\"seq\":2,\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"entered\",\"names\":{names:?}}}\n"
    ));
    assert_eq!(talk.shown(), ["-- p0, p1 and 1998 others entered"]);
    assert_eq!(talk.conversation.people().names().count(), 2001);
}

#[test]
fn objects_are_kept_as_they_came() {
    let mut talk = Talk::new();
    talk.conversation.keep_objects(Presence::Hidden);
    talk.hear("\r-- chat/1 welcome\n\r<bo> not an object\n");
    let left = r#"{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"left","names":["bo"]}"#;
    let newer = r#"{"type":"weather","text":"sun"}"#;
    let hostile = r#"{"a":"\u001b[2Jb"}"#;
    talk.hear(&format!("{left}\n{newer}\n{hostile}\n"));
    // A line that is not JSON would end the program that reads it.
    talk.hear(concat!(
        r#"{"a":"#,
        "\n",
        r#"{"a":1}{"b":2}"#,
        "\n",
        r"{'a':'\u001b[2J'}",
        "\n",
        "{\"a\":\"\x1b[2J\"}\n{\n",
        r#"{"half":"\ud800"}"#,
        "\n",
    ));
    let expected = [newer, r#"{"a":"b"}"#, "{\"half\":\"\u{fffd}\"}"];
    assert_eq!(talk.conversation.objects(), &expected);
}

#[test]
fn what_a_plain_server_says_at_the_end_is_heard() {
    let mut talk = Talk::new();
    talk.pass(DECIDE_AFTER);
    talk.conversation.quit();
    talk.hear("bye\n");
    assert_eq!(talk.shown(), ["bye"]);
}

/// A server that greets and never welcomes would hold a pipe for ever.
#[test]
fn a_server_that_never_welcomes_is_given_up() {
    let mut talk = Talk::new();
    talk.say("early");
    talk.hear("\r-- chat/1 welcome\n");
    // Also if it says other things meanwhile.
    talk.pass(LET_IN_WITHIN / 2);
    talk.hear("\r<bo> not for us\n");
    talk.pass(LET_IN_WITHIN / 2 - Duration::from_millis(1));
    assert!(!talk.conversation.is_unfit());
    let deadline = talk.conversation.deadline().unwrap();
    assert_eq!(deadline, talk.now + Duration::from_millis(1));
    talk.pass(Duration::from_millis(1));
    assert!(talk.conversation.is_unfit());
    let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
    assert_eq!(undelivered, ["early"]);
}

#[test]
fn leaving_before_it_is_decided_lists_the_lines_that_waited() {
    let decisions: [fn(&mut Talk); 3] = [
        |talk| talk.pass(DECIDE_AFTER),
        |talk| talk.hear("hello\n"),
        |talk| {
            talk.hear("\r-- chat/1 welcome\n");
            talk.hear(r#"{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"welcome","name":"ann","people":1,"names":["ann"],"limits":{"text":4096,"line":1,"name":1}}"#);
            talk.hear("\n");
        },
    ];
    for decide in decisions {
        let mut talk = Talk::new();
        talk.say("early");
        talk.conversation.quit();
        decide(&mut talk);
        assert!(!talk.output().contains("early"));
        let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
        assert_eq!(undelivered, ["early"]);
    }
}

/// However much of the input is read before the server can be told.
#[test]
fn lines_behind_a_quit_are_not_said() {
    let welcome = r#"{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"welcome","name":"ann","people":1,"names":["ann"],"limits":{"text":4096,"line":1,"name":1}}"#;
    let lines = ["one", "/quit", "two"];
    for early in 0..=lines.len() {
        let mut talk = Talk::new();
        for line in &lines[..early] {
            assert_eq!(talk.say(line), "");
        }
        talk.hear(&format!("\r-- chat/1 welcome\n{welcome}\n"));
        for line in &lines[early..] {
            talk.conversation.say((*line).to_owned());
        }
        let output = talk.output();
        let sent: Vec<&str> = output.lines().skip(1).collect();
        let [one, quit] = sent[..] else {
            panic!("{early}: {output}");
        };
        assert!(one.contains(r#""text":"one""#), "{early}: {one}");
        assert_eq!(quit, r#"{"type":"quit"}"#, "{early}");
        assert!(talk.conversation.is_leaving());
        let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
        assert_eq!(undelivered, ["one"], "{early}");
        // A server of plain lines.
        let mut talk = Talk::new();
        for line in &lines[..early] {
            assert_eq!(talk.say(line), "");
        }
        talk.pass(DECIDE_AFTER);
        for line in &lines[early..] {
            talk.conversation.say((*line).to_owned());
        }
        assert_eq!(talk.output(), "one\n", "{early}");
        assert!(talk.conversation.is_leaving() && talk.conversation.all_delivered());
    }
    // Nor is it told as not delivered where nothing is sent.
    let mut talk = Talk::new();
    for line in lines {
        talk.say(line);
    }
    let undelivered: Vec<&str> = talk.conversation.undelivered().collect();
    assert_eq!(undelivered, ["one"]);
}
