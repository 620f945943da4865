use super::*;
use crate::room::identity::new_run;
use chat_proto::event::Timestamp;
use proptest::prelude::*;

/// What a history holds, with what makes each event different from all others.
#[derive(Debug, Clone)]
struct Copy {
    events: Vec<(Option<RunId>, u32)>,
    /// The events before were dropped.
    first: u64,
}

impl Copy {
    fn last(&self) -> u64 {
        self.events.len() as u64
    }

    /// As recovery does it, from the events that are held.
    fn runs(&self) -> Runs {
        let mut runs = Runs::of(room());
        for (seq, (run, _)) in (1..).zip(&self.events).skip(self.first as usize - 1) {
            runs.go_on(*run, seq);
        }
        runs
    }
}

/// A client that is told what happens, and loses the connection.
#[derive(Debug, Clone, Default)]
struct Client {
    /// The room and the newest event, as it says at the next hello.
    position: Option<(RoomId, u64)>,
    /// Everything that it was sent, and what happened before it first came.
    known: Vec<u32>,
    /// What of that it was told to be lost.
    lost: Vec<u32>,
}

impl Client {
    /// It is welcomed, and is sent so many of the events that it is to be sent.
    fn come(&mut self, copy: &Copy, most: u64) -> Result<(), TestCaseError> {
        let runs = copy.runs();
        let events = |range: std::ops::RangeInclusive<u64>| {
            let event = |seq: u64| copy.events[seq as usize - 1].1;
            range.map(event).collect::<Vec<_>>()
        };
        let Some((room, seq)) = self.position.take() else {
            self.position = Some((runs.current(), copy.last()));
            self.known = events(1..=copy.last());
            return Ok(());
        };
        let resume = Resume {
            room,
            seq,
            secret: None,
        };
        let is_lost = |event: &u32| !copy.events.iter().any(|(_, held)| held == event);
        let mut lost = self.known.iter().copied().filter(is_lost);
        let behind = match runs.onward(&resume, copy.first, copy.last()) {
            Onward::Elsewhere => panic!("it is the same room"),
            Onward::Behind(behind) => {
                prop_assert_eq!(behind, seq);
                let untold = lost.find(|event| !self.lost.contains(event));
                prop_assert_eq!(untold, None, "it is not told that it is lost");
                behind
            }
            Onward::Torn {
                behind,
                lost: count,
            } => {
                prop_assert!(count.is_none_or(|count| behind + count == seq));
                self.lost = lost.collect();
                behind
            }
        };
        let (missing, unsent) = (events(1..=behind), events(behind + 1..=copy.last()));
        for event in missing {
            prop_assert!(self.known.contains(&event), "{} is missed", event);
        }
        for event in &unsent {
            prop_assert!(!self.known.contains(event), "{} comes twice", event);
        }
        let upto = copy.last().min(behind.saturating_add(most));
        self.known.extend(events(behind + 1..=upto));
        self.position = Some((runs.current(), upto.max(behind)));
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// So many events happen.
    Append(usize),
    /// The last events are lost with the power, and the server starts again.
    Cut(usize),
    /// A copy of the history is made.
    Copy,
    /// One of the copies takes its place.
    Restore(prop::sample::Index),
    /// A client comes back, and hears so many events before its connection fails.
    Come(usize, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1usize..6).prop_map(Step::Append),
        2 => (0usize..12).prop_map(Step::Cut),
        1 => Just(Step::Copy),
        1 => any::<prop::sample::Index>().prop_map(Step::Restore),
        4 => (0usize..3, prop_oneof![Just(u64::MAX), 0u64..8]).prop_map(|(who, most)| Step::Come(who, most)),
    ];
    proptest::collection::vec(step, 1..40)
}

fn room() -> RoomId {
    RoomId::new("room").unwrap()
}

proptest! {
    /// Events are cut off, and older copies are put back, over several restarts: no
    /// client misses what it has not seen, and no client sees anything twice.
    #[test]
    fn no_client_misses_an_event_or_sees_it_twice(
        old in 0usize..4,
        steps in steps(),
    ) {
        let mut next = 0u32;
        let mut clock = 1000u64;
        let mut event = |run| {
            next += 1;
            (run, next)
        };
        // From before there were runs.
        let mut copy = Copy { events: (0..old).map(|_| event(None)).collect(), first: 1 };
        let mut copies = Vec::new();
        let mut clients = vec![Client::default(); 3];
        let mut start = |copy: &mut Copy, event: &mut dyn FnMut(Option<RunId>) -> (Option<RunId>, u32)| {
            clock += 1;
            let time = Timestamp::from_unix_milliseconds(clock);
            let run = new_run(time, copy.runs().newest()).unwrap();
            copy.events.push(event(Some(run)));
        };
        start(&mut copy, &mut event);
        for step in steps {
            match step {
                Step::Append(count) => {
                    let run = copy.runs().newest();
                    copy.events.extend((0..count).map(|_| event(run)));
                }
                Step::Cut(count) => {
                    // What names the room is not lost.
                    let least = old.max(1);
                    copy.events.truncate((copy.events.len() - count.min(copy.events.len())).max(least));
                    start(&mut copy, &mut event);
                }
                Step::Copy => copies.push(copy.clone()),
                Step::Restore(index) if !copies.is_empty() => {
                    let older: &Copy = &copies[index.index(copies.len())];
                    // Of two copies that have gone different ways the server
                    // cannot know how much of each a client has seen.
                    if !copy.events.starts_with(&older.events) {
                        continue;
                    }
                    copy = older.clone();
                    start(&mut copy, &mut event);
                }
                Step::Restore(_) => {}
                Step::Come(who, most) => clients[who].come(&copy, most)?,
            }
        }
    }
}
