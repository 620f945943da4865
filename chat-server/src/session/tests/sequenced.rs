//! Sessions whose requests get their place later, as when several servers agree on the
//! order first.

use super::ghosts::secret_of;
use super::*;
use crate::sequencer::Flow;
use crate::sequencer::shared::SharedOrder;

/// A room whose order the test moves on.
struct Test {
    hall: Hall,
    order: SharedOrder,
}

impl Test {
    fn new() -> Self {
        let (mut hall, order) = (Hall::new(), SharedOrder::new());
        hall.hub.set_sequencer(order.clone());
        Self { hall, order }
    }

    /// So many requests get their place, and are done.
    fn apply(&mut self, count: usize) {
        self.order.state().place(count);
        self.hall.hub.advance(self.hall.now);
    }

    /// So many requests get their place, and their connections know the outcome.
    fn order(&mut self, count: usize) {
        self.apply(count);
        self.hall.deliver();
        self.hall.hub.timeline.show_all();
    }

    /// All requests get their place, also those that come of that.
    fn order_all(&mut self) {
        loop {
            let count = self.waiting();
            if count == 0 {
                return;
            }
            self.order(count);
            for session in &mut self.hall.sessions {
                session.go_on(&mut self.hall.hub, self.hall.now);
            }
        }
    }

    /// How many requests wait for their place.
    fn waiting(&self) -> usize {
        self.order.state().proposed.len()
    }

    /// A peer that is in the room, and has read all there was.
    fn join(&mut self, name: &str) -> usize {
        let who = self.hall.connect();
        self.hall.send(who, format!("/nick {name}\n"));
        self.order_all();
        for session in 0..self.hall.sessions.len() {
            self.hall.read(session);
        }
        who
    }

    /// A program that is in the room, and its secret.
    fn program(&mut self, name: &str) -> (usize, Value) {
        let who = self.hall.connect();
        let hello = json!({"protocol": 1, "name": name});
        self.hall.send(who, format!("/hello {hello}\n"));
        self.order_all();
        let secret = secret_of(&self.hall.read(who));
        (who, secret)
    }

    /// This program comes back over another connection, as far as asking for that.
    fn come_back(&mut self, secret: &Value) -> usize {
        let who = self.hall.connect();
        let room = self.hall.hub.room().id();
        let resume = json!({"room": room.as_str(), "seq": 1, "secret": secret});
        let hello = json!({"protocol": 1, "name": "other", "resume": resume});
        self.hall.send(who, format!("/hello {hello}\n"));
        who
    }
}

/// A connection that asks to come in is not heard before it knows how that went.
#[test]
fn what_depends_on_the_outcome_waits_for_it() {
    let mut test = Test::new();
    let bo = test.join("bo");
    let ann = test.hall.connect();
    test.hall
        .send(ann, "/nick ann\nhi\n/nick anna\nthere\n/who\n/quit\n");
    assert_eq!(test.waiting(), 1);
    let session = &test.hall.sessions[ann];
    assert!(session.is_held() && !session.has_work());
    assert_eq!(session.stage(), Stage::Joining);
    assert_eq!(test.hall.read(bo), "");
    test.order_all();
    assert_eq!(
        test.hall.read(bo),
        "\r[ann] entered room\n\r<ann> hi\n\r[ann] is now known as anna\n\
         \r<anna> there\n\r[anna] is offline\n"
    );
    let read = test.hall.read(ann);
    let replies = read.split_once("-- you are now known as ann\n").unwrap().1;
    assert_eq!(
        replies,
        "\r-- you are now known as anna\n\r-- here (2 in all): anna, bo\n\r-- goodbye\n"
    );
}

/// Messages do not wait, and come in their order. In text form a peer does not get its
/// own back, whatever others say meanwhile.
#[test]
fn saying_does_not_wait() {
    let mut test = Test::new();
    let (ann, bo) = (test.join("ann"), test.join("bo"));
    test.hall.send(ann, "one\n");
    test.hall.send(bo, "two\n");
    test.hall.send(ann, "three\n/dance\nfour\n");
    assert_eq!(test.waiting(), 4);
    assert!(!test.hall.sessions[ann].is_held());
    // A reply does not wait for messages that are not in the room yet.
    assert!(test.hall.read(ann).starts_with("\r-- there is no /dance"));
    test.order(2);
    test.hall.send(ann, "/help\n");
    test.order(2);
    let read = test.hall.read(ann);
    assert!(read.starts_with("\r<bo> two\n\r-- "), "{read}");
    assert!(!read.contains("<ann>"), "{read}");
    assert_eq!(
        test.hall.read(bo),
        "\r<ann> one\n\r<ann> three\n\r<ann> four\n"
    );
}

/// What a peer is told meanwhile stands where it was told, and its own lines are left out
/// all the same.
#[test]
fn a_word_from_the_server_comes_between() {
    let mut test = Test::new();
    let (ann, bo) = (test.join("ann"), test.join("bo"));
    test.hall.send(
        ann, "one
",
    );
    test.hall.send(
        bo, "two
",
    );
    test.hall.send(
        ann, "three
",
    );
    test.apply(3);
    let Hall { hub, now, sessions } = &mut test.hall;
    sessions[ann].tell("word", hub, *now);
    test.order(0);
    assert_eq!(test.hall.read(ann), "\r<bo> two\n\r-- word\n");
    test.hall.send(bo, "four\n");
    test.order_all();
    assert_eq!(test.hall.read(ann), "\r<bo> four\n");
}

/// Input waits when the outcomes of much that a peer said are not known.
#[test]
fn what_waits_for_its_place_is_bounded() {
    let mut test = Test::new();
    let (ann, bo) = (test.join("ann"), test.join("bo"));
    test.hall.send(ann, "x\n".repeat(1000));
    for _ in 0..3 {
        test.hall.sessions[ann].go_on(&mut test.hall.hub, test.hall.now);
    }
    assert_eq!(test.waiting(), 64);
    assert!(test.hall.sessions[ann].is_held());
    test.order_all();
    assert_eq!(test.hall.read(bo), "\r<ann> x\n".repeat(1000));
    assert_eq!(test.hall.read(ann), "");
}

#[test]
fn a_name_that_another_one_gets_first_is_refused() {
    let mut test = Test::new();
    let (ann, bo) = (test.join("ann"), test.join("bo"));
    test.hall.send(ann, "/nick cy\n");
    test.hall.send(bo, "/nick cy\nhi\n");
    let new = test.hall.connect();
    test.hall.send(new, "/nick cy\nhello\n");
    test.order_all();
    assert_eq!(
        test.hall.read(ann),
        "\r-- you are now known as cy\n\r[127.0.0.1:1002] entered room\n\
         \r<bo> hi\n\r<127.0.0.1:1002> hello\n"
    );
    let read = test.hall.read(bo);
    assert!(read.contains("you keep your name: cy is taken"), "{read}");
    let read = test.hall.read(new);
    assert!(read.contains("you keep your name: cy is taken"), "{read}");
}

/// A peer that goes before it is in the room comes and goes all the same, on each
/// server.
#[test]
fn a_connection_that_is_lost_while_it_asks_leaves() {
    let mut test = Test::new();
    let bo = test.join("bo");
    let ann = test.hall.connect();
    test.hall.send(ann, "/nick ann\nhi\n");
    test.hall.sessions[ann].lost(Reason::Reset, &mut test.hall.hub, test.hall.now);
    assert_eq!(test.hall.sessions[ann].stage(), Stage::Closing);
    test.order_all();
    assert_eq!(
        test.hall.read(bo),
        "\r[ann] entered room\n\r[ann] is offline\n"
    );
    assert_eq!(test.hall.hub.people().count(), 1);
    // The same for a peer that is sent away while it asks for another name.
    test.hall.send(bo, "/nick anna\n");
    let (hub, now) = (&mut test.hall.hub, test.hall.now);
    test.hall.sessions[bo].dismiss("go", Reason::Crowded, hub, now);
    test.order_all();
    assert_eq!(test.hall.hub.people().count(), 0);
    assert!(test.hall.read(bo).ends_with("-- go\n"));
}

/// The place of a program is taken over while it asks for something itself.
#[test]
fn what_a_replaced_connection_has_asked_for_is_void() {
    let mut test = Test::new();
    let bo = test.join("bo");
    let (ghost, secret) = test.program("ann");
    test.hall.read(bo);
    let back = test.come_back(&secret);
    let say = json!({"type": "message", "text": "late", "id": "7"});
    let nick = json!({"type": "nick", "name": "anna"});
    test.hall.send(ghost, format!("{say}\n{nick}\n"));
    assert_eq!(test.waiting(), 3);
    test.order_all();
    let read = test.hall.read(ghost);
    assert!(read.contains("over another connection"), "{read}");
    assert_eq!(test.hall.sessions[ghost].reason(), Reason::Replaced);
    let welcome = test.hall.read(back);
    assert!(
        welcome.contains("\"name\":\"ann\",\"people\":2"),
        "{welcome}"
    );
    assert_eq!(test.hall.read(bo), "", "the room is told nothing");
    let hi = json!({"type": "message", "text": "hi"});
    test.hall.send(back, format!("{hi}\n"));
    test.order_all();
    assert_eq!(test.hall.read(bo), "\r<ann> hi\n");
}

/// A welcome is about the moment at which the program came in: messages between then
/// and its delivery follow, once.
#[test]
fn a_welcome_and_what_follows_make_one_whole() {
    let mut test = Test::new();
    let bo = test.join("bo");
    let ann = test.hall.connect();
    let hello = json!({"protocol": 1, "name": "ann"});
    test.hall.send(bo, "one\n");
    test.hall.send(ann, format!("/hello {hello}\n"));
    test.hall.send(bo, "two\n/nick bob\n");
    let cy = test.hall.connect();
    test.hall.send(cy, "/nick cy\n");
    test.order_all();
    let read = test.hall.read(ann);
    let (before, read) = read.split_once("{\"seq\":").unwrap();
    assert!(!before.contains("one"), "{before}");
    let objects: Vec<Value> = format!("{{\"seq\":{read}")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seq = |object: &Value| object["seq"].as_u64().unwrap();
    assert_eq!(
        types(&objects),
        ["welcome", "message", "renamed", "entered"]
    );
    assert_eq!(objects[0]["names"], json!(["ann", "bo"]));
    for (number, object) in objects.iter().enumerate() {
        assert_eq!(seq(object), seq(&objects[0]) + number as u64);
    }
}

/// It would wait for as long as the order stands, and not know why.
#[test]
fn no_newcomer_waits_while_the_order_stands() {
    let mut test = Test::new();
    let (ann, secret) = test.program("ann");
    test.order.state().flow = Flow::Stands;
    for first in ["hi\n", "/nick bo\n", "/hello {\"protocol\":1}\n"] {
        let new = test.hall.connect();
        test.hall.send(new, first);
        assert_eq!(test.waiting(), 0);
        let read = test.hall.read(new);
        assert!(read.contains("because the room does not answer"), "{read}");
        let stage = test.hall.sessions[new].stage();
        assert_eq!(stage, Stage::Closing);
    }
    // One that is here takes its place as soon as that is possible.
    test.come_back(&secret);
    assert_eq!(test.waiting(), 1);
    test.hall.read(ann);
    test.hall.send(ann, "{\"type\":\"who\"}\n");
    assert!(test.hall.read(ann).contains("\"names\":[\"ann\"]"));
}
