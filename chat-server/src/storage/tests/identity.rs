//! What the server knows again after a restart: the run of each number, and the program
//! of each short id and of each name.

use super::*;
use crate::room::identity::Owner;
use crate::room::runs::Onward;
use chat_proto::command::Resume;
use chat_proto::event::RoomId;
use serde_json::Value;

impl Hall {
    /// The next run of the server, so many seconds later.
    fn again(self, seconds: u64) -> Self {
        let options = self.history.options.clone();
        let time = self.now.time.unix_milliseconds().unsigned_abs() + 1000 * seconds;
        self.kill();
        Self::open_at(options, Timestamp::from_unix_milliseconds(time)).unwrap()
    }

    fn enter(&mut self, name: &str, number: u64) {
        let name = Name::choose(name).unwrap();
        self.hub.enter(&name, Some(owner(number)), self.now);
        self.keep_all();
    }

    fn say_as(&mut self, text: &str, id: &str, who: Owner) -> Said {
        self.speak(SpeechKind::Message, text, id, who)
    }

    fn speak(&mut self, kind: SpeechKind, text: &str, id: &str, who: Owner) -> Said {
        let speech = Speech {
            name: Name::choose("ann").unwrap(),
            text: Text::clean(text).unwrap(),
            held: None,
            id: MessageId::new(id),
            tag: None,
        };
        let said = self.hub.say(speech, Some(who), kind, self.now);
        self.keep_all();
        said
    }

    fn returning(&self, number: u64) -> Option<String> {
        let name = self.hub.room().returning(owner(number), None, self.now);
        name.map(|name| name.to_string())
    }
}

fn events(options: &Options) -> Vec<Value> {
    let lines = everything(options);
    let parse = |line: &str| serde_json::from_str(line).unwrap();
    lines.lines().map(parse).collect()
}

#[test]
fn each_file_names_the_run_that_it_begins_in() {
    let directory = directory();
    let mut options = options(&directory, SyncMode::Batch);
    options.keep = 128 << 10;
    let mut hall = Hall::open(options.clone()).unwrap();
    for run in 0..3 {
        if run > 0 {
            hall = hall.again(1);
        }
        for _ in 0..4 {
            hall.say(&"x".repeat(4000), None);
            hall.keep_all();
        }
    }
    let rooms: Vec<Value> = events(&options)
        .into_iter()
        .filter(|event| event["type"] == "room")
        .collect();
    assert!(rooms.len() > 4, "{rooms:?}");
    let mut runs: Vec<&str> = rooms
        .iter()
        .map(|room| room["run"].as_str().unwrap())
        .collect();
    assert!(runs.is_sorted());
    runs.dedup();
    assert_eq!(runs.len(), 3);
    let wire = format!("{}.{}", rooms[0]["room"].as_str().unwrap(), runs[2]);
    assert_eq!(hall.hub.room().id().as_str(), wire);
}

/// A client has seen any part of any run, and any number of lines are cut off
/// the end: it goes on behind the last event that is still what it saw.
#[test]
fn a_program_goes_on_where_the_history_is_what_it_saw() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    // What can be said at the hello after each of the events of three runs, and what
    // was seen by then.
    let mut positions: Vec<(RoomId, Vec<String>)> = Vec::new();
    let mut hall = Hall::open(options.clone()).unwrap();
    for run in 0..3 {
        if run > 0 {
            hall = hall.again(1);
        }
        for text in ["one", "two", "three"] {
            hall.say(&format!("{text} of {run}"), None);
            hall.keep_all();
            let seen = content(&options);
            positions.push((
                hall.hub.room().id(),
                seen.lines().map(str::to_owned).collect(),
            ));
        }
    }
    hall.kill();
    let whole = content(&options);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for kept in 1..=lines.len() {
        fs::write(&options.path, lines[..kept].concat()).unwrap();
        let time = Timestamp::from_unix_milliseconds(100_000);
        let mut hall = Hall::open_at(options.clone(), time).unwrap();
        for text in ["new", "newer"] {
            hall.say(text, None);
        }
        hall.keep_all();
        let now = content(&options);
        let now: Vec<&str> = now.lines().collect();
        for (hub, seen) in &positions {
            let common = seen
                .iter()
                .zip(&now)
                .take_while(|(one, other)| one == other);
            let common = common.count() as u64;
            let resume = Resume {
                room: hub.clone(),
                seq: seen.len() as u64,
                secret: None,
            };
            match hall.hub.onward(&resume, hall.hub.timeline.shown()) {
                Onward::Behind(behind) => {
                    assert_eq!([behind, common], [resume.seq; 2], "{kept} {resume:?}");
                }
                Onward::Torn { behind, lost } => {
                    assert!(common < resume.seq, "{kept} {resume:?}");
                    assert_eq!(behind, common, "{kept} {resume:?}");
                    assert!(lost.is_none_or(|lost| lost == resume.seq - behind));
                }
                Onward::Elsewhere => panic!("it is the same room"),
            }
        }
        hall.kill();
    }
}

/// A history from before there were runs, tags and keys.
#[test]
fn an_old_history_goes_on() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let id = "0123456789abcdef0123456789abcdef";
    let old = [
        r#"{"seq":1,"time":"2026-11-23T10:00:00.000Z","type":"room","people":0,"room":"old"}"#,
        r#"{"seq":2,"time":"2026-11-23T10:00:01.000Z","type":"entered","names":["ann"]}"#,
        r#"{"seq":3,"time":"2026-11-23T10:00:02.000Z","type":"message","name":"ann","text":"short","id":"1"}"#,
        &format!(
            r#"{{"seq":4,"time":"2026-11-23T10:00:03.000Z","type":"message","name":"ann","text":"long","id":"{id}"}}"#
        ),
    ];
    let old = old.map(|line| format!("{line}\n")).concat();
    fs::write(&options.path, &old).unwrap();
    let mut hall = Hall::open(options.clone()).unwrap();
    assert!(content(&options).starts_with(&old));
    let plain = RoomId::new("old").unwrap();
    assert!(hall.hub.room().id().as_str().starts_with("old."));
    let onward = |seq| {
        let (room, secret) = (plain.clone(), None);
        let resume = Resume { room, seq, secret };
        hall.hub.onward(&resume, hall.hub.timeline.shown())
    };
    assert_eq!(onward(4), Onward::Behind(4));
    let lost = Some(2);
    assert_eq!(onward(6), Onward::Torn { behind: 4, lost });
    assert!(matches!(hall.say("long", Some(id)), Said::Again(4)));
    assert!(matches!(hall.say("short", Some("1")), Said::New(_)));
    // No program could prove that the name is its own.
    let ann = Name::choose("ann").unwrap();
    assert!(hall.hub.room().is_free(&ann, None, hall.now));
}

/// A short id is known again of the same program, and of no other one.
#[test]
fn a_short_id_is_known_again_after_a_restart() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    let [ann, bot] = [1, 2].map(owner);
    assert!(matches!(
        hall.say_as("deploy 7 failed", "7", ann),
        Said::New(_)
    ));
    let said = events(&options).pop().unwrap();
    let tag = said["tag"].as_str().unwrap().to_owned();
    for round in 0..3 {
        assert!(matches!(
            hall.say_as("deploy 7 failed", "7", ann),
            Said::Again(2)
        ));
        assert!(matches!(hall.say_as("deploy 8 failed", "7", ann), Said::New(_)) == (round == 0));
        assert!(matches!(hall.say_as("deploy 7 failed", "7", bot), Said::New(_)) == (round == 0));
        hall = hall.again(1);
    }
    // With another key there is nothing to know it by.
    hall.kill();
    fs::remove_file(with_suffix(&options.path, "key")).unwrap();
    let mut hall = Hall::open(options.clone()).unwrap();
    assert!(matches!(
        hall.say_as("deploy 7 failed", "7", ann),
        Said::New(_)
    ));
    assert_ne!(events(&options).pop().unwrap()["tag"], tag);
}

/// `/me waves` is another message than `waves`, also under one id and after a
/// restart.
#[test]
fn what_is_done_is_another_message_than_what_is_said() {
    let directory = directory();
    let mut hall = Hall::open(options(&directory, SyncMode::Off)).unwrap();
    let ann = owner(1);
    let kinds = [SpeechKind::Message, SpeechKind::Action];
    for id in ["7", "0123456789abcdef0123456789abcdef"] {
        for kind in kinds {
            assert!(matches!(hall.speak(kind, "waves", id, ann), Said::New(_)));
        }
    }
    for _ in 0..2 {
        hall = hall.again(1);
        let said = ["7", "0123456789abcdef0123456789abcdef"].map(|id| {
            kinds.map(|kind| match hall.speak(kind, "waves", id, ann) {
                Said::Again(seq) => seq,
                other => panic!("{other:?}"),
            })
        });
        assert_eq!(said, [[2, 3], [4, 5]]);
    }
}

/// A program that was here when the last run ended is known again, by its last
/// name, also after several restarts in a short time.
#[test]
fn who_had_which_name_is_known_after_a_restart() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    for (name, number) in [("ann", 1), ("bo", 2), ("cy", 3)] {
        hall.enter(name, number);
    }
    let name = |name| Name::choose(name).unwrap();
    hall.hub.leave(&name("bo"), hall.now);
    let renamed = hall.hub.rename(&name("cy"), "cyd", hall.now);
    assert!(renamed.is_ok());
    // Of one without a program nothing is known.
    hall.hub.enter(&name("di"), None, hall.now);
    hall.keep_all();
    for pause in [1000, 5, 5] {
        hall = hall.again(pause);
        let found = [1, 2, 3, 4].map(|number| hall.returning(number));
        assert_eq!(found, [Some("ann".into()), None, Some("cyd".into()), None]);
        for kept in ["ann", "Ann", "cyd"] {
            assert!(
                !hall.hub.room().is_free(&name(kept), None, hall.now),
                "{kept}"
            );
        }
        for free in ["bo", "cy", "di"] {
            assert!(
                hall.hub.room().is_free(&name(free), None, hall.now),
                "{free}"
            );
        }
    }
    // The name is as it was, and they are told to be back.
    let (ann, place) = hall.hub.enter(&name("bo"), Some(owner(1)), hall.now);
    assert!(ann == name("ann") && place.is_some());
    hall.keep_all();
    let entered = events(&options).pop().unwrap();
    assert_eq!(entered["back"], serde_json::json!(["ann"]));
    // A program that has not come back in a longer run is not waited for any more.
    hall = hall.again(1000).again(1000);
    assert_eq!([1, 3].map(|number| hall.returning(number)), [None, None]);
}

/// Without its key no program can prove that it is the same; then no name is kept,
/// or the programs could not have theirs back either.
#[test]
fn without_the_key_no_program_is_waited_for() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    let mut hall = Hall::open(options.clone()).unwrap();
    hall.enter("ann", 1);
    let secret = hall.hub.room().tickets().secret_of(owner(1));
    hall.kill();
    fs::remove_file(with_suffix(&options.path, "key")).unwrap();
    let hall = Hall::open(options).unwrap();
    assert_eq!(hall.hub.room().tickets().owner_of(&secret), None);
    let ann = Name::choose("ann").unwrap();
    assert!(hall.hub.room().is_free(&ann, None, hall.now));
}

/// A file that is no history gets no key beside it.
#[test]
fn no_key_is_made_for_what_is_refused() {
    let directory = directory();
    let options = options(&directory, SyncMode::Batch);
    fs::write(&options.path, "a letter\nto somebody\n").unwrap();
    assert!(Hall::open(options.clone()).is_err());
    assert!(!with_suffix(&options.path, "key").exists());
}
