use super::*;

struct Talk {
    conversation: Conversation,
    now: Instant,
}

impl Talk {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            conversation: Conversation::new(Some("ann".into()), 7, now),
            now,
        }
    }

    /// A talk in JSON form under the name `ann`.
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
        String::from_utf8(std::mem::take(self.conversation.output())).unwrap()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.conversation.expire(self.now);
    }

    fn shown(&mut self) -> Vec<String> {
        std::mem::take(self.conversation.shown())
    }
}

#[test]
fn a_chat_server_is_asked_for_json() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("typed early"), "");
    talk.hear("\r-- chat/1 wel");
    talk.hear("come\n");
    let output = String::from_utf8(talk.conversation.output().clone()).unwrap();
    assert_eq!(output, "/hello {\"protocol\":1,\"name\":\"ann\"}\n");
    assert!(!talk.conversation.all_delivered());
}

#[test]
fn what_is_said_comes_back_confirmed() {
    let mut talk = Talk::joined();
    let sent = talk.say("hi");
    assert!(
        sent.contains(r#""text":"hi","id":"0000000000000007-1""#),
        "{sent}"
    );
    assert!(!talk.conversation.all_delivered());
    assert_eq!(talk.shown(), [""; 0]);
    talk.hear(r#"{"seq":2,"time":"2026-11-23T10:00:00.123Z","type":"message","name":"ann","text":"hi","id":"0000000000000007-1"}"#);
    talk.hear("\n");
    assert_eq!(talk.shown(), ["<You> hi"]);
    assert!(talk.conversation.all_delivered());
}

#[test]
fn what_is_refused_is_said_so() {
    let mut talk = Talk::joined();
    talk.say("hi");
    talk.hear("{\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"error\",\"code\":\"other\",\"text\":\"no\",\"id\":\"0000000000000007-1\"}\n");
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
fn a_late_greeting_is_not_too_late() {
    let mut talk = Talk::new();
    talk.pass(DECIDE_AFTER);
    talk.hear("\r-- chat/1 welcome\n");
    assert!(talk.conversation.confirms());
}

#[test]
fn a_hostile_server_cannot_reach_the_terminal() {
    let mut talk = Talk::new();
    talk.hear("\x1b[2J\x1b]0;x\x07a\u{9b}b\u{202e}\n");
    assert_eq!(talk.shown(), ["[2J]0;xab"]);
    assert_eq!(
        talk.conversation.receive(&vec![b'x'; 1 << 20], talk.now),
        Err(NotAChat)
    );
}
