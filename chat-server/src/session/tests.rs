mod catalogue;
mod foreign;
mod ghosts;
mod identity;
mod late;
mod limits;
mod past;
mod sequenced;
mod telnet;

use super::*;
use crate::hub::testing::client;
use crate::room::identity::tests::identity;
use crate::room::presence::{ONE_BY_ONE, TOGETHER_AFTER};
use crate::session::input::{TURN_BYTES, TURN_LINES};
use crate::timeline::mark::Form;
use crate::timeline::replay::{NoFiles, Page};
use crate::timeline::slices::Slices;
use chat_proto::event::{Limits, Timestamp};
use chat_proto::name::Name;
use serde_json::{Value, json};

struct Hall {
    hub: Hub,
    now: Now,
    sessions: Vec<Session>,
}

impl Hall {
    fn new() -> Self {
        Self::of(Hub::new(identity(), 1 << 20))
    }

    fn of(mut hub: Hub) -> Self {
        let now = Now {
            time: Timestamp::from_unix_milliseconds(0),
            instant: Instant::now(),
        };
        hub.set_limits(Limits {
            rate: 0,
            ..Limits::default()
        });
        Self {
            hub,
            now,
            sessions: Vec::new(),
        }
    }

    fn connect(&mut self) -> usize {
        self.connect_unless(None)
    }

    fn connect_unless(&mut self, refusal: Option<Refusal>) -> usize {
        let port = 1000 + self.sessions.len() as u16;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let client = client(self.sessions.len() as u32);
        self.sessions.push(match refusal {
            None => Session::new(client, address, &self.hub, self.now),
            Some(refusal) => Session::refused(client, address, refusal, &self.hub, self.now),
        });
        self.sessions.len() - 1
    }

    /// One who is in the room, and has read the greeting.
    fn join(&mut self, name: &str) -> usize {
        let who = self.connect();
        self.send(who, format!("/nick {name}\n"));
        for session in 0..self.sessions.len() {
            self.read(session);
        }
        who
    }

    fn send(&mut self, who: usize, bytes: impl AsRef<[u8]>) {
        self.sessions[who].receive(bytes.as_ref(), &mut self.hub, self.now);
        self.hub.timeline.show_all();
    }

    /// Connections are told what came of their requests.
    fn deliver(&mut self) {
        for (client, answer) in self.hub.take_outcomes() {
            let session = &mut self.sessions[client.key as usize];
            session.outcome(answer, &mut self.hub, self.now);
        }
    }

    fn read(&mut self, who: usize) -> String {
        String::from_utf8(self.read_bytes(who)).unwrap()
    }

    fn read_bytes(&mut self, who: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let mut page = Page::default();
        loop {
            let session = &mut self.sessions[who];
            let mut slices = Slices::new();
            session.output(&self.hub, &mut slices);
            let mut bytes: Vec<u8> = slices
                .as_slice()
                .iter()
                .flat_map(|slice| slice.to_vec())
                .collect();
            session.sent(bytes.len());
            let past = session.past(&self.hub, &NoFiles, None, &mut page, self.now);
            if past == Past::Page {
                bytes.extend(page.bytes());
                session.past_sent(page.bytes().len(), &page);
            }
            session.go_on(&mut self.hub, self.now);
            self.hub.timeline.show_all();
            if bytes.is_empty() && session.pending(&self.hub) == Pending::Nothing {
                return all;
            }
            all.extend(bytes);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        for session in &mut self.sessions {
            session.expire(&mut self.hub, self.now);
        }
        self.hub.tell_presence(self.now);
        self.hub.timeline.show_all();
    }
}

#[test]
fn text_form_as_others_see_it() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, "hi\n/me waves\n//x\n");
    assert_eq!(hall.read(bo), "\r<ann> hi\n\r* ann waves\n\r<ann> /x\n");
    assert_eq!(hall.read(ann), "");
    hall.send(ann, "/nick anna\n");
    assert_eq!(hall.read(bo), "\r[ann] is now known as anna\n");
    assert_eq!(hall.read(ann), "\r-- you are now known as anna\n");
    hall.send(ann, "/dance\n");
    assert!(hall.read(ann).starts_with("\r-- there is no /dance"));
    hall.send(ann, "/quit\n");
    assert_eq!(hall.read(bo), "\r[anna] is offline\n");
    assert_eq!(hall.read(ann), "\r-- goodbye\n");
    assert!(hall.sessions[ann].is_finished(&hall.hub, hall.now));
}

/// Where everybody has told that nothing before a place is needed any more, the
/// log may be cut there at any moment, also right after somebody comes in.
#[test]
fn a_newcomer_begins_where_the_log_may_be_cut() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let late = hall.connect();
    hall.read(late);
    for number in 0..3000 {
        hall.send(ann, format!("{number:04} {}\n", "x".repeat(1000)));
    }
    let floor = [Form::Text, Form::Json].map(|form| hall.hub.timeline.trim_point(form));
    hall.send(late, "/nick bo\n");
    hall.hub.trim(floor, hall.now);
    let got = hall.read(late);
    let numbers: Vec<&str> = got
        .lines()
        .filter_map(|line| line.strip_prefix("\r<ann> "))
        .map(|line| &line[..4])
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert_eq!(numbers.last(), Some(&"2999"));
    assert!(got.ends_with("-- you are now known as bo\n"), "{got}");
}

#[test]
fn one_who_waits_for_nothing_holds_no_memory() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bo, hello) = (hall.connect(), r#"{"protocol":1,"name":"bo","replay":5}"#);
    hall.send(bo, format!("/hello {hello}\n"));
    hall.send(ann, "in two ");
    hall.send(ann, "pieces\n/who\n/history\n");
    hall.send(
        bo,
        "{\"type\":\"who\"}\n{\"type\":\"nick\",\"name\":\"ann\"}\n",
    );
    for session in [ann, bo] {
        hall.read(session);
        // The log is told in each round.
        hall.sessions[session].take_changes();
    }
    for session in [ann, bo].map(|session| &hall.sessions[session]) {
        assert_eq!(session.input.partial(), 0);
        assert_eq!(session.participant.reader.detours(), 0);
        assert_eq!(session.input.backlog(), 0);
        assert_eq!(session.participant.names.get(), None);
    }
}

#[test]
fn a_newcomer_is_announced_once_under_the_final_name() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let silent = hall.connect();
    hall.pass(ANNOUNCE_AFTER - Duration::from_millis(1));
    assert_eq!(hall.read(ann), "");
    hall.send(ann, "hi\n");
    hall.pass(Duration::from_millis(1));
    assert_eq!(hall.read(ann), "\r[127.0.0.1:1001] entered room\n");
    assert!(hall.read(silent).ends_with("to stay\n\r<ann> hi\n"));

    let bo = hall.connect();
    hall.send(bo, "/nick bo\n");
    assert_eq!(hall.read(ann), "\r[bo] entered room\n");
    let late = hall.connect();
    hall.send(late, "/nick bo\n");
    assert_eq!(hall.read(ann), "\r[127.0.0.1:1003] entered room\n");
    assert!(hall.read(late).contains("bo is taken"));
    let program = hall.connect();
    hall.send(program, "/hello {\"protocol\":1,\"name\":\"ann\"}\n");
    assert_eq!(hall.read(ann), "\r[ann-2] entered room\n");
    let speaker = hall.connect();
    hall.send(speaker, "hello\n");
    assert_eq!(
        hall.read(ann),
        "\r[127.0.0.1:1005] entered room\n\r<127.0.0.1:1005> hello\n"
    );
    hall.pass(Duration::from_secs(9));
    assert_eq!(hall.read(ann), "");
}

#[test]
fn a_program_gets_welcome_and_then_every_event() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let bot = hall.connect();
    hall.send(ann, "before\n");
    hall.send(bot, "/hello {\"protocol\":1,\"name\":\"bot\"}\n{\"type\":\"message\",\"text\":\"hi\",\"id\":\"1\"}\n");
    hall.send(ann, "after\n");
    let got = hall.read(bot);
    let json = &got[got.find('{').unwrap()..];
    assert!(!got.contains("before"), "{got}");
    let lines: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "welcome");
    assert_eq!(lines[0]["seq"], 3);
    assert_eq!(lines[0]["names"], json!(["ann", "bot"]));
    assert_eq!(
        (&lines[1]["seq"], &lines[1]["id"]),
        (&4.into(), &"1".into())
    );
    assert_eq!(
        (&lines[2]["seq"], &lines[2]["text"]),
        (&5.into(), &"after".into())
    );
}

/// A refusal is a word, not the end.
#[test]
fn refused_lines_are_answered_and_the_connection_lives() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, [&[b'x'; 4097][..], b"\na\xff\nstill\n"].concat());
    assert_eq!(hall.read(bo), "\r<ann> still\n");
    let answers = hall.read(ann);
    assert_eq!(
        answers.matches("-- that was not sent").count(),
        2,
        "{answers}"
    );
    hall.send(ann, [b'x'; 65536]);
    assert!(hall.read(ann).contains("goodbye"));
    assert_eq!(hall.read(bo), "\r[ann] is offline\n");
}

/// For 30 s, and then the connection is over.
#[test]
fn half_closed_peers_still_listen() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let printf = hall.connect();
    hall.send(printf, "hi\ntail");
    hall.sessions[printf].input_ended(&mut hall.hub, hall.now);
    assert_eq!(
        hall.read(ann),
        "\r[127.0.0.1:1001] entered room\n\r<127.0.0.1:1001> hi\n\r[127.0.0.1:1001] is offline\n"
    );
    hall.send(ann, "reply\n");
    let got = hall.read(printf);
    assert!(
        got.contains("last line had no end") && got.ends_with("\r<ann> reply\n"),
        "{got}"
    );
    hall.pass(LISTEN_FOR);
    assert!(hall.sessions[printf].is_finished(&hall.hub, hall.now));
}

#[test]
fn one_who_says_nothing_and_goes_leaves_no_trace() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let probe = hall.connect();
    hall.sessions[probe].input_ended(&mut hall.hub, hall.now);
    hall.read(probe);
    assert!(hall.sessions[probe].is_finished(&hall.hub, hall.now));
    assert_eq!(hall.read(ann), "");
}

/// What waits for one who asks is bounded.
#[test]
fn who_asks_without_reading_is_not_answered_without_end() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "/help\n".repeat(10_000));
    let session = &hall.sessions[ann];
    assert!(!session.wants_input());
    assert!(session.participant.reader.private_bytes() < MAX_PRIVATE + 1024);
    assert_eq!(hall.read(ann).matches("/who").count(), 10_000);
    assert_eq!(hall.sessions[ann].input.backlog(), 0);
}

/// Many lines at once are one turn after the other.
#[test]
fn one_turn_is_bounded_in_lines_and_in_bytes() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, "a\n".repeat(1000));
    assert_eq!(hall.read(bo).lines().count(), TURN_LINES);
    assert!(hall.sessions[ann].has_work() && hall.sessions[ann].is_held());
    let mut turns = 1;
    while hall.sessions[ann].has_work() {
        hall.sessions[ann].go_on(&mut hall.hub, hall.now);
        turns += 1;
    }
    assert_eq!(turns, 1000usize.div_ceil(TURN_LINES));
    assert_eq!(hall.read(bo).lines().count(), 1000 - TURN_LINES);
    assert!(!hall.sessions[ann].is_held());

    hall.send(ann, format!("{}\n", "x".repeat(4000)).repeat(20));
    let written = hall.hub.timeline.written();
    assert!(hall.sessions[ann].has_work());
    hall.sessions[ann].go_on(&mut hall.hub, hall.now);
    assert!(hall.hub.timeline.written() - written < TURN_BYTES + 10_000);
}

#[test]
fn who_tells_everyone_in_pieces() {
    let mut hall = Hall::new();
    for number in 0..450 {
        hall.hub.enter(
            &Name::choose(&format!("n{number}x")).unwrap(),
            None,
            hall.now,
        );
    }
    let ann = hall.join("ann");
    hall.send(ann, "/who\n");
    let got = hall.read(ann);
    assert_eq!(got.lines().count(), 3, "{got}");
    assert_eq!(got.matches(", ").count() + 3, 451);
}

impl Hall {
    /// A program that says this hello, and what it got but for text lines.
    fn program(&mut self, hello: Value) -> (usize, Vec<Value>) {
        let who = self.connect();
        self.send(who, format!("/hello {hello}\n"));
        let got = self.objects(who);
        (who, got)
    }

    fn objects(&mut self, who: usize) -> Vec<Value> {
        let got = self.read(who);
        got.lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn types(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .map(|object| object["type"].as_str().unwrap())
        .collect()
}

fn seqs(objects: &[Value]) -> Vec<u64> {
    objects
        .iter()
        .filter_map(|object| object["seq"].as_u64())
        .collect()
}

/// A reader for whom the text form does not reach back far enough gets the rest
/// out of the JSON form, and misses nothing.
#[test]
fn a_slow_reader_gets_all_that_is_held_in_either_form() {
    let mut hall = Hall::new();
    let (ann, slow) = (hall.join("ann"), hall.join("slow"));
    let mut said = String::new();
    for number in 0.. {
        let line = format!("{number} {}\n", "x".repeat(4000));
        said += &format!("\r<ann> {line}");
        hall.send(ann, line);
        hall.read(ann);
        if hall.sessions[slow].is_too_far_behind(&hall.hub) {
            break;
        }
    }
    hall.sessions[slow].fall_behind(&hall.hub);
    hall.hub.trim([u64::MAX; 2], hall.now);
    assert_eq!(hall.hub.timeline.first(), 1);
    assert!(hall.hub.timeline.log(Form::Text).first() > 3);
    assert!(hall.read(slow) == said);
}

/// A reader that falls behind is told by how much.
#[test]
fn a_slow_reader_is_told_what_it_missed_and_goes_on() {
    let mut hall = Hall::new();
    let (ann, slow) = (hall.join("ann"), hall.join("slow"));
    let mut said = 0;
    while hall.hub.timeline.first() < 100 {
        hall.send(ann, format!("{said} {}\n", "x".repeat(4000)));
        said += 1;
        hall.read(ann);
        if hall.sessions[slow].is_too_far_behind(&hall.hub) {
            hall.sessions[slow].fall_behind(&hall.hub);
        }
        hall.hub.trim([u64::MAX; 2], hall.now);
    }
    let got = hall.read(slow);
    let mut lines = got.lines();
    let missed = lines.next().unwrap();
    let missed: usize = missed
        .strip_prefix("\r-- you missed ")
        .and_then(|rest| rest.strip_suffix(" lines"))
        .expect(missed)
        .parse()
        .unwrap();
    assert!(missed > 0);
    let first = lines.next().unwrap();
    assert!(
        first.starts_with(&format!("\r<ann> {missed} x")),
        "{missed}: {}",
        &first[..20]
    );
    assert_eq!(lines.count() + 1 + missed, said);
    hall.send(ann, "still there?\n");
    assert_eq!(hall.read(slow), "\r<ann> still there?\n");
}

#[test]
fn while_nothing_can_be_kept_nothing_is_taken_and_people_are_told() {
    let mut hall = Hall::new();
    hall.hub.timeline.keep(1, 0, u64::MAX);
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
    // Those who come can see what there is, and are announced later.
    let late = hall.connect();
    say(
        &mut hall,
        late,
        "/hello {\"protocol\":1,\"name\":\"late\"}\n",
    );
    assert_eq!(hall.hub.timeline.head().seq, shown.seq + 1);
    let output = |hall: &Hall, who: usize| {
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
        output(&hall, ann),
        "\r-- that was not sent: the disk is full\n\r-- you keep your name: the disk is full\n"
    );
    let refused = output(&hall, bot);
    assert!(
        refused.contains("not_kept") && refused.contains("\"id\":\"7\""),
        "{refused}"
    );
    let welcome = output(&hall, late);
    assert!(
        welcome.contains(&format!("\"seq\":{}", shown.seq)),
        "{welcome}"
    );
    hall.hub.timeline.set_trouble(None);
    hall.hub.timeline.show_all();
    assert!(hall.read(ann).ends_with("\r[late] entered room\n"));
    assert!(hall.read(late).contains("\"entered\""));
}

impl Hall {
    /// So many came just now that the next ones are told together.
    fn crowded(&mut self) {
        for number in 0..ONE_BY_ONE {
            let name = Name::choose(&format!("n{number}x")).unwrap();
            self.hub.enter(&name, None, self.now);
        }
        self.hub.tell_pending(self.now);
        self.hub.timeline.show_all();
        for session in 0..self.sessions.len() {
            self.read(session);
        }
    }
}

#[test]
fn who_comes_in_a_crowd_is_told_together_with_others() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.crowded();
    let names = ["bo", "cy", "di", "ed"];
    let others: Vec<usize> = names.iter().map(|name| hall.join(name)).collect();
    hall.sessions[others[3]].lost(Reason::Reset, &mut hall.hub, hall.now);
    let (late, got) = hall.program(json!({"protocol": 1, "name": "late"}));
    let welcome = &got[0];
    assert_eq!(welcome["people"], 6 + ONE_BY_ONE);
    hall.pass(TOGETHER_AFTER - Duration::from_millis(1));
    assert_eq!(hall.read(ann), "");
    hall.pass(Duration::from_millis(1));
    let told = "\r-- bo, cy and 2 others entered\n";
    assert_eq!(hall.read(ann), told);
    assert_eq!(hall.read(others[0]), told);
    for program in [bot, late] {
        let got = hall.objects(program);
        assert_eq!(types(&got), ["entered"]);
        assert_eq!(got[0]["names"], json!(["bo", "cy", "di", "late"]));
        assert_eq!(got[0]["seq"], welcome["seq"].as_u64().unwrap() + 1);
    }
    // It is quiet again.
    hall.pass(Duration::from_secs(1));
    hall.sessions[late].lost(Reason::Reset, &mut hall.hub, hall.now);
    hall.hub.timeline.show_all();
    assert_eq!(hall.read(ann), "\r[late] is offline\n");
}

#[test]
fn nobody_speaks_before_it_is_told_that_they_came() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.crowded();
    let bo = hall.join("bo");
    hall.join("cy");
    hall.send(ann, "nobody new\n");
    assert_eq!(hall.read(bo), "\r<ann> nobody new\n");
    assert_eq!(hall.read(ann), "");
    hall.send(bo, "hi\n");
    let told = "\r[bo] entered room\n\r[cy] entered room\n";
    assert_eq!(hall.read(ann), format!("{told}\r<bo> hi\n"));
    // In a batch not even their own is left out.
    assert_eq!(hall.read(bo), told);
    // Nor has anybody another name, or that of another one, before.
    let di = hall.join("di");
    hall.send(ann, "/nick anna\n");
    assert_eq!(hall.read(bo), "\r[ann] is now known as anna\n");
    hall.send(di, "/nick diana\n");
    let told = "\r[di] entered room\n\r[di] is now known as diana\n";
    assert_eq!(hall.read(bo), told);
    hall.sessions[di].lost(Reason::Reset, &mut hall.hub, hall.now);
    hall.send(bo, "/nick diana\n");
    assert!(
        hall.read(ann)
            .ends_with("\r[diana] is offline\n\r[bo] is now known as diana\n")
    );
}

#[test]
fn the_last_words_wait_for_what_they_follow_to_be_kept() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let bot = hall.connect();
    hall.send(bot, "/hello {\"protocol\":1,\"name\":\"bot\"}\n");
    hall.objects(bot);
    let said = "{\"type\":\"message\",\"text\":\"hi\",\"id\":\"1\"}\n";
    hall.sessions[bot].receive(said.as_bytes(), &mut hall.hub, hall.now);
    hall.sessions[ann].receive(b"hi\n/quit\n", &mut hall.hub, hall.now);
    hall.sessions[bot].goodbye(Duration::ZERO, &hall.hub, hall.now);
    for who in [ann, bot] {
        assert!(!hall.sessions[who].is_finished(&hall.hub, hall.now));
    }
    hall.hub.timeline.show_all();
    assert_eq!(
        types(&hall.objects(bot))[..],
        ["message", "message", "left", "goodbye"]
    );
    assert!(hall.read(ann).ends_with("-- goodbye\n"));
    for who in [ann, bot] {
        assert!(hall.sessions[who].is_finished(&hall.hub, hall.now));
    }
}

#[test]
fn a_goodbye_says_when_to_come_back() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let (bot, _) = hall.program(json!({"protocol": 1, "name": "bot"}));
    hall.read(ann);
    for who in [ann, bot] {
        hall.sessions[who].goodbye(Duration::from_millis(1500), &hall.hub, hall.now);
    }
    assert_eq!(
        hall.read(ann),
        "\r-- the server is shutting down: goodbye\n"
    );
    let goodbye = hall.objects(bot);
    assert_eq!(types(&goodbye), ["goodbye"]);
    assert_eq!(goodbye[0]["after_ms"], 1500);
}

/// A wall clock that jumps changes the times that are shown, and neither
/// the order nor when anybody is announced or closed.
#[test]
fn a_clock_that_jumps_only_shows_other_times() {
    let mut hall = Hall::new();
    let program = hall.connect();
    hall.send(program, "/hello {\"protocol\":1,\"name\":\"bot\"}\n");
    let ann = hall.join("ann");
    hall.read(program);
    hall.send(ann, "now\n");
    const HOUR: u64 = 3_600_000;
    let mut heard = Vec::new();
    for time in [1_000 * HOUR, 999 * HOUR, 100_000 * HOUR, 0, 1_000 * HOUR] {
        hall.now.time = Timestamp::from_unix_milliseconds(time);
        let stranger = hall.connect();
        hall.pass(ANNOUNCE_AFTER - Duration::from_millis(1));
        let stage = hall.sessions[stranger].stage();
        assert!(matches!(stage, Stage::Arriving(_)), "not before its time");
        hall.pass(Duration::from_millis(1));
        assert_eq!(
            hall.sessions[stranger].stage(),
            Stage::Present,
            "at its time"
        );
        hall.send(ann, format!("at {time}\n"));
        hall.send(stranger, "/quit\n");
        assert_ne!(hall.sessions[ann].stage(), Stage::Closing);
        heard.extend(hall.read(program).lines().map(str::to_owned));
    }
    let mut last = None;
    for line in heard {
        let event: Value = serde_json::from_str(&line).unwrap();
        let seq = event["seq"].as_u64().unwrap();
        assert!(last.is_none_or(|last| seq == last + 1), "{line}");
        last = Some(seq);
    }
    assert!(last.is_some_and(|last| last > 15));
}
