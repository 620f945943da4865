//! A room that shows events only when they are safe on the disk, which can take long:
//! only peers that wait for events wait for that.

use super::*;
use crate::timeline::log::ORIGIN;
use crate::timeline::mark::Mark;

impl Hall {
    fn late() -> Self {
        let mut hall = Self::new();
        hall.hub.timeline.keep(1, ORIGIN, u64::MAX);
        hall.hub.timeline.show_late();
        hall
    }

    /// Says something that may not be shown yet.
    fn say(&mut self, who: usize, lines: &str) {
        self.sessions[who].receive(lines.as_bytes(), &mut self.hub, self.now);
    }

    /// What a connection is sent meanwhile.
    fn hears(&mut self, who: usize) -> Vec<String> {
        let session = &mut self.sessions[who];
        let mut slices = Slices::new();
        session.output(&self.hub, &mut slices);
        let bytes: Vec<u8> = slices
            .as_slice()
            .iter()
            .flat_map(|it| it.to_vec())
            .collect();
        session.sent(bytes.len());
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| line.trim_start().to_owned())
            .collect()
    }

    fn objects_so_far(&mut self, who: usize) -> Vec<Value> {
        let lines = self.hears(who);
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[test]
fn a_newcomer_is_greeted_and_welcomed_and_pings_are_answered() {
    let mut hall = Hall::late();
    let ann = hall.join("ann");
    hall.say(ann, "not safe yet\n");
    let bot = hall.connect();
    assert!(hall.hears(bot)[0].starts_with("-- chat/1 welcome: 1 person is here"));
    hall.say(
        bot,
        "/hello {\"protocol\":1,\"name\":\"bot\"}\n{\"type\":\"ping\",\"id\":\"p\"}\n",
    );
    let got = hall.objects_so_far(bot);
    assert_eq!(types(&got), ["welcome", "pong"]);
    // Events that are not safe may be lost: the bot does not begin behind them.
    let shown = hall.hub.timeline.shown().seq;
    assert_eq!(got[0]["seq"], shown);
    assert_eq!(got[0]["names"], json!(["ann", "bot"]));
    assert_eq!(hall.hub.timeline.head().seq, shown + 2);
    // A peer in text form is given a name and told so.
    let nc = hall.connect();
    hall.say(nc, "/nick cy\n/who\n/help\n/history 5\n/bad\n");
    let heard = hall.hears(nc).join("\n");
    for answer in [
        "you are now known as cy",
        "people are here",
        "/me TEXT",
        "/bad",
    ] {
        assert!(heard.contains(answer), "no {answer} in {heard}");
    }
    assert!(!heard.contains("not safe yet"), "{heard}");

    hall.hub.timeline.show_all();
    let rest = hall.objects(bot);
    assert_eq!(types(&rest), ["message", "entered", "entered"]);
    assert_eq!(seqs(&rest), [shown + 1, shown + 2, shown + 3]);
    assert!(hall.read(nc).contains("<ann> not safe yet"));
}

/// No peer is told that a message is in the room before it is.
#[test]
fn nothing_is_confirmed_before_it_is_safe() {
    let mut hall = Hall::late();
    let ann = hall.join("ann");
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.read(ann);
    let id = "0123456789abcdef012345";
    let message = json!({"type": "message", "text": "hi", "id": id}).to_string() + "\n";
    hall.say(bot, &message);
    // The same holds when it is sent again, over this connection or another one.
    let other = hall.connect();
    hall.say(
        other,
        &format!("/hello {{\"protocol\":1,\"name\":\"other\"}}\n{message}"),
    );
    hall.say(bot, &format!("{message}{{\"type\":\"ping\"}}\n"));
    assert_eq!(types(&hall.objects_so_far(bot)), ["pong"]);
    let got = hall.hears(other);
    assert!(!got.iter().any(|line| line.contains(id)), "{got:?}");
    hall.say(ann, "/nick anna\n");
    assert_eq!(hall.hears(ann), [""; 0], "the room has to know it first");
    hall.hub.timeline.show_all();
    let heard = hall.hears(ann);
    assert_eq!(heard.last().unwrap(), "-- you are now known as anna");
    let confirmed = |got: &[Value]| got.iter().filter(|it| it["id"] == id).count();
    assert_eq!(confirmed(&hall.objects(bot)), 1);
    assert_eq!(confirmed(&hall.objects(other)), 1);
    hall.say(bot, &message);
    assert_eq!(types(&hall.objects(bot)), ["confirmed"]);
}

/// A peer that has asked before is not in the way of those words.
#[test]
fn a_disk_that_does_not_answer_is_told_to_all_people() {
    let mut hall = Hall::late();
    let ann = hall.join("ann");
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.read(ann);
    // All that she reads is her own, which she does not get back.
    hall.say(ann, "hi\n/nick anna\n");
    hall.say(bot, "{\"type\":\"message\",\"text\":\"hi\"}\n");
    hall.hub
        .timeline
        .set_trouble(Some(crate::hub::notice("no answer")));
    for who in [ann, bot] {
        hall.sessions[who].tell("the disk does not answer", &hall.hub, hall.now);
        let heard = hall.hears(who).join("\n");
        assert!(heard.contains("the disk does not answer"), "{heard}");
    }
    hall.say(
        bot,
        "{\"type\":\"message\",\"text\":\"ho\"}\n{\"type\":\"ping\"}\n",
    );
    assert_eq!(types(&hall.objects_so_far(bot)), ["error", "pong"]);
}

/// The last word is the last.
#[test]
fn goodbye_comes_behind_everything() {
    let mut hall = Hall::late();
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.say(bot, "{\"type\":\"message\",\"text\":\"hi\"}\n");
    hall.sessions[bot].goodbye(Reason::ServerStopped, Duration::ZERO, &hall.hub, hall.now);
    assert_eq!(hall.hears(bot), [""; 0]);
    hall.hub.timeline.show_all();
    assert_eq!(types(&hall.objects_so_far(bot)), ["message", "goodbye"]);
}

#[test]
fn while_nothing_can_be_kept_nothing_is_taken_and_people_are_told() {
    let mut hall = Hall::new();
    hall.hub.timeline.keep(1, ORIGIN, u64::MAX);
    let ann = hall.join("ann");
    let (bot, got) = hall.program(json!({"protocol": 1, "name": "bot"}));
    assert_eq!(got[0]["kept"], true);
    hall.read(ann);
    let trouble = chat_proto::text::Text::clean("the disk is full").unwrap();
    let shown = hall.hub.timeline.shown();
    hall.hub.timeline.set_trouble(Some(trouble));
    let say = |hall: &mut Hall, who: usize, line: &str| {
        let now = hall.now;
        hall.sessions[who].receive(line.as_bytes(), &mut hall.hub, now);
        hall.hub.timeline.show(shown);
    };
    say(&mut hall, ann, "hi\n/nick anna\n");
    say(
        &mut hall,
        bot,
        "{\"type\":\"message\",\"text\":\"hi\",\"id\":\"7\"}\n",
    );
    // Newcomers can see what there is, and are announced later.
    let late = hall.connect();
    say(
        &mut hall,
        late,
        "/hello {\"protocol\":1,\"name\":\"late\"}\n",
    );
    assert_eq!(hall.hub.timeline.head().seq, shown.seq + 1);
    let output = |hall: &mut Hall, who: usize| {
        let mut slices = Slices::new();
        hall.sessions[who].output(&hall.hub, &mut slices);
        let bytes: Vec<u8> = slices
            .as_slice()
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(
        output(&mut hall, ann),
        "\r-- that was not sent: the disk is full\n\r-- you keep your name: the disk is full\n"
    );
    let refused = output(&mut hall, bot);
    assert!(
        refused.contains("not_kept") && refused.contains("\"id\":\"7\""),
        "{refused}"
    );
    let welcome = output(&mut hall, late);
    assert!(
        welcome.contains(&format!("\"seq\":{}", shown.seq)),
        "{welcome}"
    );
    hall.hub.timeline.set_trouble(None);
    hall.hub.timeline.show_all();
    assert!(hall.read(ann).ends_with("\r[late] entered room\n"));
    assert!(hall.read(late).contains("\"entered\""));
}

/// A program that is not let in is shown nothing of what was said before that, also if it
/// is safe only later.
#[test]
fn a_program_that_is_refused_is_shown_nothing_of_the_room() {
    let mut hall = Hall::late();
    let ann = hall.join("ann");
    hall.say(ann, "not safe yet\n");
    for (refusal, protocol) in [(None, 2), (Some(Refusal::Full), 1)] {
        let bot = hall.connect_unless(refusal);
        hall.hears(bot);
        hall.say(bot, &format!("/hello {{\"protocol\":{protocol}}}\n"));
        hall.hub.timeline.show_all();
        assert_eq!(types(&hall.objects_so_far(bot)), ["error"]);
        hall.hub.timeline.show(Mark {
            seq: 0,
            text: 0,
            json: 0,
        });
    }
}
