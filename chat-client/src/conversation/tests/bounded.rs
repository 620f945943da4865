//! Nothing in the client grows with the length of the room.

use super::*;
use crate::output::fold::Fold;
use crate::output::screen::Size;
use crate::output::screen::view::{Block, Reflow, View};

/// A client without socket and terminal, and how far its room has come.
struct Client {
    talk: Talk,
    fold: Fold,
    style: Style,
    view: View,
    seq: u64,
}

impl Client {
    fn new() -> Self {
        let clock = || "2026-11-23T12:00:00Z".parse().unwrap();
        let zone = jiff::tz::TimeZone::UTC;
        let mut client = Self {
            talk: Talk::new(),
            fold: Fold::default(),
            style: Style::new(Colors::On, TimeStyle::Short, Bell::All, zone, clock),
            view: View::new(Reflow::None, Colors::On),
            seq: 10,
        };
        client.hear("\r-- chat/1 welcome\n");
        client.welcome("");
        client
    }

    fn hear(&mut self, line: &str) {
        self.talk.hear(line);
        self.show();
    }

    fn event(&mut self, rest: &str) {
        self.seq += 1;
        let seq = self.seq;
        self.hear(&format!(
            "{{\"seq\":{seq},\"time\":\"2026-11-23T10:00:00.123Z\",{rest}}}\n"
        ));
    }

    fn welcome(&mut self, resumed: &str) {
        let seq = self.seq;
        self.hear(&format!(
            r#"{{"seq":{seq},"time":"2026-11-23T10:00:00.123Z","type":"welcome","name":"ann","people":2,"names":["ann","bo"],"limits":{{"text":4096,"line":1,"name":1}},"room":"r1","first":1,"kept":true{resumed}}}"#
        ));
        self.hear("\n");
    }

    /// Shows what there is to show, as the loop does.
    fn show(&mut self) {
        let conversation = &mut self.talk.conversation;
        let mut lines = Vec::new();
        for line in conversation.shown().drain(..) {
            self.fold.push(line, self.talk.now, &mut lines);
        }
        self.fold.expire(self.talk.now, &mut lines);
        conversation.output().clear();
        let mut rows = String::new();
        for line in lines {
            self.style.render(&line, conversation.me(), &mut rows);
            self.style.rings(&line, conversation.me(), self.talk.now);
        }
        let size = Size {
            width: 80,
            height: 24,
        };
        let block = Block::prompt("<You> ");
        self.view
            .paint(&mut std::io::sink(), size, b"", &rows, &block)
            .unwrap();
    }

    /// A new person comes, speaks, takes another name and goes; and so does now and
    /// then one of whose going we never hear.
    fn visit(&mut self, number: u64) {
        self.event(&format!(r#""type":"entered","names":["p{number}"]"#));
        self.event(&format!(
            r#""type":"renamed","old":"p{number}","new":"q{number}""#
        ));
        self.event(&format!(
            r#""type":"message","name":"q{number}","text":"hi ann","id":"{number}""#
        ));
        self.event(&format!(r#""type":"left","names":["q{number}"]"#));
        if number.is_multiple_of(3) {
            self.event(&format!(r#""type":"entered","names":["g{number}"]"#));
            self.seq += 1;
            self.hear("{\"time\":\"2026-11-23T10:00:00.123Z\",\"type\":\"gap\",\"missed\":1}\n");
        }
    }

    /// Says something, is cut off, and comes back into a room that was opened
    /// anew meanwhile.
    fn come_back(&mut self) {
        let said = self.talk.say("hello");
        self.talk.conversation.handle_disconnect(self.talk.now);
        self.talk.pass(Duration::from_secs(2));
        self.talk.conversation.handle_reconnect(self.talk.now);
        self.talk.hear("\r-- chat/1 welcome\n");
        self.seq += 1;
        self.welcome(r#","resumed":true"#);
        self.seq -= 1;
        self.event(r#""type":"room","room":"r1","people":0"#);
        let id = id_of(&said);
        self.event(&format!(
            r#""type":"message","name":"ann","text":"hello","id":"{id}""#
        ));
    }

    /// The size of everything that is kept. The text for debugging shows each container
    /// with all that is in it, also those of tomorrow.
    fn size(&self) -> usize {
        let Self {
            talk, fold, view, ..
        } = self;
        let style = &self.style;
        format!("{:?}{fold:?}{view:?}{style:?}", talk.conversation).len()
    }
}

#[test]
fn memory_does_not_grow_with_the_room() {
    let mut client = Client::new();
    let mut sizes = Vec::new();
    for number in 1..=VISITS {
        client.visit(number);
        if number.is_multiple_of(50) {
            client.come_back();
        }
        if number.is_multiple_of(VISITS / 10) {
            client.talk.pass(Duration::from_secs(20));
            client.show();
            sizes.push(client.size());
        }
    }
    // Numbers have more digits in the end.
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    assert!(last < first + 1000, "{sizes:?}");
}

/// Each is five events.
const VISITS: u64 = 20_000;
