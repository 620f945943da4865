use super::*;
use chat_proto::name::Name;

struct Hall {
    room: Room,
    now: Now,
    sessions: Vec<Session>,
}

impl Hall {
    fn new() -> Self {
        let now = Now {
            time: Timestamp::from_unix_milliseconds(0),
            instant: Instant::now(),
        };
        Self {
            room: Room::new(1 << 20),
            now,
            sessions: Vec::new(),
        }
    }

    fn connect(&mut self) -> usize {
        let port = 1000 + self.sessions.len() as u16;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        self.sessions
            .push(Session::new(address, &self.room, self.now));
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
        self.sessions[who].receive(bytes.as_ref(), &mut self.room, self.now);
    }

    fn read(&mut self, who: usize) -> String {
        let mut all = Vec::new();
        loop {
            let session = &mut self.sessions[who];
            let mut slices = Slices::new();
            session.output(&self.room, &mut slices);
            let bytes: Vec<u8> = slices
                .as_slice()
                .iter()
                .flat_map(|slice| slice.to_vec())
                .collect();
            session.sent(bytes.len());
            session.go_on(&mut self.room, self.now);
            if bytes.is_empty() {
                return String::from_utf8(all).unwrap();
            }
            all.extend(bytes);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        for session in &mut self.sessions {
            session.expire(&mut self.room, self.now);
        }
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
    assert!(hall.sessions[ann].is_finished(&hall.room, hall.now));
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
    assert!(
        hall.read(silent)
            .ends_with("/help tells the rest\n\r<ann> hi\n")
    );

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
    let lines: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "welcome");
    assert_eq!(lines[0]["seq"], 3);
    assert_eq!(lines[0]["names"], serde_json::json!(["ann", "bot"]));
    assert_eq!(
        (&lines[1]["seq"], &lines[1]["id"]),
        (&4.into(), &"1".into())
    );
    assert_eq!(
        (&lines[2]["seq"], &lines[2]["text"]),
        (&5.into(), &"after".into())
    );
}

#[test]
fn nothing_of_another_protocol_reaches_the_room() {
    for first in [
        &b"POST / HTTP/1.1\r\nHost: x\r\n\r\nhello\n"[..],
        b"GET /\r\n",
        b"SSH-2.0-x\r\nhello\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        &[&b"GET /"[..], &[b'x'; 9000], b"\r\nhello\n"].concat(),
    ] {
        let mut hall = Hall::new();
        let ann = hall.join("ann");
        let stranger = hall.connect();
        hall.send(stranger, first);
        hall.pass(Duration::from_secs(1));
        assert_eq!(hall.read(ann), "", "{first:?}");
        assert!(hall.read(stranger).contains("this is a chat"));
        assert!(hall.sessions[stranger].is_closing());
    }
}

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

#[test]
fn half_closed_peers_still_listen() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let printf = hall.connect();
    hall.send(printf, "hi\ntail");
    hall.sessions[printf].input_ended(&mut hall.room, hall.now);
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
    assert!(hall.sessions[printf].is_finished(&hall.room, hall.now));
}

#[test]
fn one_who_says_nothing_and_goes_leaves_no_trace() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    let probe = hall.connect();
    hall.sessions[probe].input_ended(&mut hall.room, hall.now);
    hall.read(probe);
    assert!(hall.sessions[probe].is_finished(&hall.room, hall.now));
    assert_eq!(hall.read(ann), "");
}

#[test]
fn who_asks_without_reading_is_not_answered_without_end() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "/help\n".repeat(10_000));
    let session = &hall.sessions[ann];
    assert!(!session.wants_input());
    assert!(session.seat.reader.private_bytes() < MAX_PRIVATE + 1024);
    assert_eq!(hall.read(ann).matches("/who").count(), 10_000);
    assert!(hall.sessions[ann].backlog.is_empty());
}

#[test]
fn one_turn_is_bounded_in_lines_and_in_bytes() {
    let mut hall = Hall::new();
    let (ann, bo) = (hall.join("ann"), hall.join("bo"));
    hall.send(ann, "a\n".repeat(1000));
    assert_eq!(hall.read(bo).lines().count(), TURN_LINES);
    assert!(hall.sessions[ann].has_work() && hall.sessions[ann].is_held());
    let mut turns = 1;
    while hall.sessions[ann].has_work() {
        hall.sessions[ann].go_on(&mut hall.room, hall.now);
        turns += 1;
    }
    assert_eq!(turns, 1000usize.div_ceil(TURN_LINES));
    assert_eq!(hall.read(bo).lines().count(), 1000 - TURN_LINES);
    assert!(!hall.sessions[ann].is_held());

    hall.send(ann, format!("{}\n", "x".repeat(4000)).repeat(20));
    let written = hall.room.written();
    assert!(hall.sessions[ann].has_work());
    hall.sessions[ann].go_on(&mut hall.room, hall.now);
    assert!(hall.room.written() - written < TURN_BYTES + 10_000);
}

#[test]
fn who_tells_everyone_in_pieces() {
    let mut hall = Hall::new();
    for number in 0..450 {
        hall.room.enter(
            &Name::choose(&format!("n{number}x")).unwrap(),
            hall.now.time,
        );
    }
    let ann = hall.join("ann");
    hall.send(ann, "/who\n");
    let got = hall.read(ann);
    assert_eq!(got.lines().count(), 3, "{got}");
    assert_eq!(got.matches(", ").count() + 3, 451);
}

#[test]
fn a_slow_reader_is_told_and_let_go() {
    let mut hall = Hall::new();
    let (ann, slow) = (hall.join("ann"), hall.join("slow"));
    let mut told = false;
    while !told {
        hall.send(ann, format!("{}\n", "x".repeat(4000)));
        told = hall.sessions[slow].is_too_far_behind(&hall.room);
        hall.read(ann);
    }
    hall.sessions[slow].fell_behind(&mut hall.room, hall.now);
    hall.room.trim();
    assert!(hall.read(slow).contains("too far behind"));
    assert!(hall.sessions[slow].is_finished(&hall.room, hall.now));
    assert!(hall.read(ann).contains("[slow] is offline"));
}
