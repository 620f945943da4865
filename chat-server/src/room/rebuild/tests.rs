//! A room that is read back from its history is the one that was left, but for who is
//! connected.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chat_proto::TIME_TO_RETURN;
use chat_proto::command::{Operation, OwnConnections, Resume};
use chat_proto::event::{Event, MessageId, RunId, SpeechKind};
use chat_proto::json_form::encode_event;
use chat_proto::moderation::{Remark, Target, Term};
use chat_proto::name::Name;
use chat_proto::text::Text;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::clock::Now;
use crate::room::identity::Owner;
use crate::room::identity::tests::identity;
use crate::room::origin::{Authority, ClientId, Origin, ServerId};
use crate::room::presence::ONE_BY_ONE;
use crate::room::request::{Act, Emitted, Fallback, Join, JoinedAs, Outcome, Request};
use crate::room::runs::Onward;

/// What happens to the room. An [`Index`] chooses among the programs or the files that
/// there are.
#[derive(Debug, Clone)]
enum Step {
    /// The server itself asks for something.
    Server(Request),
    /// A connection asks for something other than to join.
    Client(Origin, Act),
    /// A connection joins for a program that there was before, or a new one.
    Join(Origin, Option<Index>, Option<Name>),
    /// So many come and go that others are not told one by one any more.
    Flood,
    /// The oldest files are dropped, up to this one.
    Drop(Index),
    /// The server ends. What begins with this file is read back as well.
    Restart(End, Index),
}

/// How the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All arrivals and departures are told before.
    InOrder,
    /// It is killed.
    AtOnce,
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let known = prop::option::weighted(0.7, index());
    let joining = (origin(), known, prop::option::of(name()));
    prop_oneof![
        2 => Just(Step::Server(Request::Open)),
        1 => Just(Step::Server(Request::AwaitReturns)),
        10 => (origin(), operation()).prop_map(|(origin, operation)| {
            let authority = Authority::Control;
            Step::Client(origin, Act::Operate { operation, authority })
        }),
        2 => Just(Step::Server(Request::TellPending)),
        20 => (origin(), act()).prop_map(|(origin, act)| Step::Client(origin, act)),
        8 => joining.prop_map(|(origin, known, wanted)| Step::Join(origin, known, wanted)),
        1 => Just(Step::Flood),
        1 => index().prop_map(Step::Drop),
        3 => index().prop_map(|file| Step::Restart(End::InOrder, file)),
        1 => index().prop_map(|file| Step::Restart(End::AtOnce, file)),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let fallback = select(vec![Fallback::Numbered, Fallback::Nothing]);
    let kind = select(vec![SpeechKind::Message, SpeechKind::Action]);
    let id = prop::option::weighted(0.8, select(&IDS[..]));
    let said = (kind, select(&TEXTS[..]), id);
    prop_oneof![
        4 => (name(), fallback).prop_map(|(wanted, fallback)| Act::Enter { wanted, fallback, key: None, from: Some([127, 0, 0, 1].into()) }),
        3 => name().prop_map(Act::Rename),
        8 => said.prop_map(|(kind, text, id)| {
            let (text, id) = (Text::clean(text).unwrap(), id.and_then(MessageId::new));
            Act::Say { kind, text, id }
        }),
        1 => Just(Act::List { after: None, prefix: None }),
        4 => Just(Act::Leave),
    ]
}

/// What an operator may ask for. Some of it ends soon.
fn operation() -> impl Strategy<Value = Operation> {
    let text = |text: &str| Remark::new(text).unwrap();
    let reason = move || prop::option::of(Just(text("why \"not\"")));
    let name = || prop_oneof![name().prop_map(|name| name.to_string()), Just("di".into())];
    let terms = ["1s", "40s", "2h", "forever"].map(|term| term.parse::<Term>().unwrap());
    let term = move || prop::option::of(select(terms.to_vec()));
    let targets = ["10.0.0.0/8", "::/0", "guests:127.0.0.1", "key:x"];
    let target = || prop_oneof![name(), select(targets.to_vec()).prop_map(str::to_owned)];
    let target = move || target().prop_map(|text| Target::parse(&text));
    prop_oneof![
        1 => (name(), reason()).prop_map(|(name, reason)| Operation::Kick { name, reason }),
        3 => (target(), term(), reason()).prop_map(|(target, term, reason)| Operation::Ban {
            target,
            term,
            reason,
            own: OwnConnections::Included,
        }),
        3 => target().prop_map(|target| Operation::Unban { target }),
        2 => (name(), term()).prop_map(|(name, term)| Operation::Mute { name, term }),
        1 => name().prop_map(|name| Operation::Unmute { name }),
        1 => select(vec!["-", "a lake"]).prop_map(move |it| Operation::Topic { text: Some(text(it)) }),
        1 => (0..3u32).prop_map(|seconds| Operation::Slow { seconds }),
        1 => Just(Operation::Lock),
        3 => Just(Operation::Unlock),
        1 => Just(Operation::Announce { text: Text::clean("dinner\nis ready").unwrap() }),
        1 => (1..99u64).prop_map(|target| Operation::Erase { target, reason: None }),
    ]
}

/// One of a few connections of two servers.
fn origin() -> impl Strategy<Value = Origin> {
    (0..2u16, 0..4u32).prop_map(|(server, number)| connection(server, number))
}

fn connection(server: u16, number: u32) -> Origin {
    Origin {
        server: ServerId(server),
        client: ClientId {
            worker: 0,
            key: number,
            generation: number,
        },
    }
}

/// One of a few names, so that they meet. Some look alike.
fn name() -> impl Strategy<Value = Name> {
    let names = ["ann", "Ann", "аnn", "bo", "ann-2", "cy"];
    select(names.map(|name| Name::choose(name).unwrap()).to_vec())
}

/// For how long nothing happens, and how far the clock is set meanwhile.
fn pause() -> impl Strategy<Value = (u64, i64)> {
    let pauses = prop_oneof![8 => 0..20u64, 2 => 0..3000u64, 1 => 0..70_000u64];
    (pauses, prop_oneof![9 => Just(0), 1 => -100_000..100_000i64])
}

/// Two of them count as random.
const IDS: [&str; 4] = [
    "1",
    "2",
    "0123456789abcdef0123456789abcdef",
    "fedcba9876543210fedcba9876543210",
];
const TEXTS: [&str; 2] = ["hi", "\"ho\"\n"];

/// A room, and what its peers know of it.
#[derive(Debug)]
struct World {
    /// The same room twice: both are given the same requests.
    rooms: [Room; 2],
    now: Now,
    begun: Timestamp,
    /// The events that are held, as they are in the files.
    history: Vec<(Event, String)>,
    runs: Vec<RunId>,
    owners: Vec<Owner>,
    /// The programs whose names no event ties to them: each has joined under the name
    /// that its connection had already.
    untold: BTreeSet<Owner>,
    names: BTreeSet<Name>,
    /// The programs that were awaited when this run began.
    awaited: BTreeSet<(Owner, Name)>,
}

impl World {
    fn new() -> Self {
        let time = Timestamp::from_unix_milliseconds(1_000_000);
        let identity = identity();
        let room = || {
            let before = Rebuild::new(identity.key, identity.room.clone()).finish(time);
            Room::behind(before, identity.run, identity.key)
        };
        let mut world = Self {
            rooms: [room(), room()],
            now: Now {
                time,
                instant: Instant::now(),
            },
            begun: time,
            history: Vec::new(),
            runs: vec![identity.run],
            owners: Vec::new(),
            untold: BTreeSet::new(),
            names: BTreeSet::new(),
            awaited: BTreeSet::new(),
        };
        world.apply(Request::Open);
        world
    }

    fn pause(&mut self, (pause, shift): (u64, i64)) {
        self.now.instant += Duration::from_millis(pause);
        let time = self.now.time.unix_milliseconds() + pause as i64 + shift;
        self.now.time = Timestamp::from_unix_milliseconds(time.max(0) as u64);
    }

    /// What one room does with a request, the other one does as well.
    fn apply(&mut self, request: Request) -> Outcome {
        let now = self.now;
        let [done, other] = self.rooms.each_mut().map(|room| {
            let mut events = Vec::new();
            let outcome = room.apply(request.clone(), now, &mut events);
            (outcome, events, format!("{room:?}"))
        });
        assert_eq!(done, other);
        let (outcome, events, _) = done;
        for Emitted { event, .. } in events {
            let mut line = Vec::new();
            encode_event(&event, &mut line);
            self.history.push((event, String::from_utf8(line).unwrap()));
        }
        let members = self.rooms[0].members().iter();
        let names = members.map(|(_, member)| member.name);
        self.names.extend(names);
        outcome
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Server(request) => _ = self.apply(request),
            Step::Client(origin, act) => {
                let before = self.rooms[0].members().get(origin);
                let outcome = self.apply(Request::Client(origin, act));
                // A name that the member has already is no event.
                if let (Outcome::Renamed(new), Some(before)) = (outcome, before)
                    && new != before.name
                    && let Some(owner) = before.owner
                {
                    self.untold.remove(&owner);
                }
            }
            Step::Join(origin, known, wanted) => self.join(origin, known, wanted),
            Step::Flood => {
                for _ in 0..ONE_BY_ONE {
                    let (wanted, fallback) = (Name::choose("eve").unwrap(), Fallback::Numbered);
                    for act in [
                        Act::Enter {
                            wanted,
                            fallback,
                            key: None,
                            from: Some([127, 0, 0, 1].into()),
                        },
                        Act::Leave,
                    ] {
                        self.apply(Request::Client(connection(1, 9), act));
                    }
                }
            }
            Step::Drop(file) => {
                let head = self.head(file);
                let first = self.history[head].0.seq;
                self.history.drain(..head);
                self.apply(Request::Forget { first });
            }
            Step::Restart(end, file) => self.restart(end, file),
        }
    }

    fn join(&mut self, origin: Origin, known: Option<Index>, wanted: Option<Name>) {
        let member = self.rooms[0].members().get(origin);
        if member.as_ref().is_some_and(|member| member.owner.is_some()) {
            // A connection joins once.
            return;
        }
        let known = known.filter(|_| !self.owners.is_empty());
        let join = Join {
            known: known.map(|known| self.owners[known.index(self.owners.len())]),
            wanted,
            otherwise: Name::choose("di").unwrap(),
            key: None,
            from: Some([127, 0, 0, 1].into()),
            program: None,
        };
        let joined = match self.apply(Request::Client(origin, Act::Join(join))) {
            Outcome::Joined(joined) => joined,
            Outcome::Barred(_) => return,
            other => panic!("a program comes in, or is barred: {other:?}"),
        };
        let owner = joined.owner;
        let connection = self.rooms[0].members().connection_of(owner);
        assert_eq!(connection, Some(origin));
        if !self.owners.contains(&owner) {
            self.owners.push(owner);
        }
        match joined.place {
            JoinedAs::New if member.is_some_and(|member| member.name == joined.name) => {
                self.untold.insert(owner);
            }
            JoinedAs::New | JoinedAs::Returned => _ = self.untold.remove(&owner),
            JoinedAs::TookOver(_) => {}
        }
    }

    /// Where a file may begin in the history: at one of the `room` events.
    fn head(&self, file: Index) -> usize {
        let events = self.history.iter().enumerate();
        let heads = events.filter(|(_, (event, _))| matches!(event.body, Body::Room { .. }));
        let heads: Vec<usize> = heads.map(|(index, _)| index).collect();
        heads[file.index(heads.len())]
    }

    /// What was before the next run, as the lines from `head` on tell it.
    fn read_back(&self, head: usize) -> Before {
        let mut rebuild = Rebuild::new(identity().key, RoomId::new("new").unwrap());
        for (_, line) in &self.history[head..] {
            rebuild.event(Record::parse(line.trim_end()).unwrap());
        }
        rebuild.finish(self.now.time)
    }

    /// The server ends, and another one goes on with the history.
    fn restart(&mut self, end: End, file: Index) {
        if end == End::InOrder {
            self.apply(Request::TellPending);
        }
        let last = *self.runs.last().unwrap();
        let earliest = last.milliseconds() + 1;
        let run = RunId::new(earliest.max(self.now.time.unix_milliseconds() as u64), 0);
        let first = self.history[0].0.seq;
        let next = self.history.last().unwrap().0.seq + 1;
        let before = self.read_back(0);
        assert_eq!(before.next, next);
        assert_eq!(before.runs.current(), self.rooms[0].id());
        // What stands is what the events tell.
        assert_eq!(before.moderation, self.rooms[0].moderation);
        for resume in self.resumes(next + 3) {
            let left = held(self.rooms[0].onward(&resume, first, next - 1), first);
            let found = held(before.runs.onward(&resume, first, next - 1), first);
            assert_eq!(found, left, "{resume:?} from {first}");
        }
        let key = identity().key;
        let rebuilt = [before, self.read_back(0)].map(|before| Room::behind(before, run, key));
        assert_eq!(self.found(&rebuilt[0]), self.found(&self.rooms[0]));
        if end == End::InOrder {
            self.check_awaited(&rebuilt[0]);
        }
        self.check_trimmed(self.head(file), run);
        self.rooms = rebuilt;
        self.awaited = self.awaited_in(&self.rooms[0]);
        self.runs.push(run);
        self.untold.clear();
        self.begun = self.now.time;
        self.apply(Request::Open);
        let opened = &self.history.last().unwrap().0.body;
        assert!(matches!(opened, Body::Room { people: 0, .. }), "{opened:?}");
    }

    /// A history that begins with a later file leads to the same room, but for what was
    /// in the files before.
    fn check_trimmed(&self, head: usize, run: RunId) {
        let key = identity().key;
        let (first, next) = (self.history[head].0.seq, self.read_back(0).next);
        let [mut whole, trimmed] =
            [0, head].map(|head| Room::behind(self.read_back(head), run, key));
        // Its next event has the number that it would have.
        whole.apply(Request::Forget { first }, self.now, &mut Vec::new());
        assert_eq!(self.read_back(head).next, next);
        assert_eq!(self.found(&trimmed), self.found(&whole));
        assert_eq!(trimmed.id(), whole.id());
        assert_eq!(trimmed.moderation, whole.moderation);
        for resume in self.resumes(next + 3) {
            let onward = |room: &Room| held(room.onward(&resume, first, next - 1), first);
            assert_eq!(onward(&trimmed), onward(&whole), "{resume:?} from {first}");
        }
        let came = |name: &Name| {
            let comes = |(event, _): &(Event, _)| match &event.body {
                Body::Entered(arrivals) => arrivals.iter().any(|one| one.name == *name),
                Body::Renamed { new, .. } => new == name,
                _ => false,
            };
            self.history[head..].iter().any(comes)
        };
        let awaited = self.awaited_in(&whole).into_iter();
        let awaited: BTreeSet<_> = awaited.filter(|(_, name)| came(name)).collect();
        assert_eq!(self.awaited_in(&trimmed), awaited);
    }

    /// The programs that were in the room at the end are awaited, and those that were
    /// awaited before as long as they had no time to come back.
    fn check_awaited(&self, rebuilt: &Room) {
        let found = self.awaited_in(rebuilt);
        let programs = self.rooms[0].members().iter().filter_map(|(_, member)| {
            let owner = member.owner.filter(|owner| !self.untold.contains(owner));
            Some((owner?, member.name))
        });
        let mut expected: BTreeSet<_> = programs.collect();
        if self.history[0].0.seq > 1 {
            // Some of them have come before the first event.
            assert!(found.is_subset(&expected.union(&self.awaited).cloned().collect()));
            return;
        }
        let lasted = self.now.time.unix_milliseconds() - self.begun.unix_milliseconds();
        let mut most = expected.clone();
        if (0..TIME_TO_RETURN.as_millis() as i64).contains(&lasted) {
            let (left, key) = (&self.rooms[0], identity().key);
            let is_missing = |(owner, name): &&(Owner, Name)| {
                let known = left
                    .absent
                    .name_of(*owner, &key, Some(name), self.now.instant);
                known == Some(name)
            };
            expected.extend(self.awaited.iter().filter(is_missing).cloned());
            most.extend(self.awaited.iter().cloned());
        }
        assert!(expected.is_subset(&found), "{expected:?}, not {found:?}");
        assert!(found.is_subset(&most), "{most:?}, not {found:?}");
        for (_, name) in &found {
            assert!(!rebuilt.is_free(name, None, self.now), "{name} is kept");
        }
    }

    /// The programs that may come back into a room, each under this name.
    fn awaited_in(&self, room: &Room) -> BTreeSet<(Owner, Name)> {
        let names = |owner: &Owner| {
            let owner = *owner;
            let mut names = self.names.iter().cloned().collect::<Vec<_>>();
            names.retain(|name| room.returning(owner, Some(name), self.now).as_ref() == Some(name));
            names.into_iter().map(move |name| (owner, name))
        };
        self.owners.iter().flat_map(names).collect()
    }

    /// Which events a room knows each message as that any program may send.
    fn found(&self, room: &Room) -> Vec<Option<u64>> {
        let mut found = Vec::new();
        for owner in self.owners.iter().copied().map(Some).chain([None]) {
            for (id, text) in IDS.iter().flat_map(|id| TEXTS.map(|text| (id, text))) {
                let id = MessageId::new(id).unwrap();
                let text = Text::clean(text).unwrap();
                for kind in [SpeechKind::Message, SpeechKind::Action] {
                    found.push(room.find(kind, &id, text.as_str(), owner));
                }
            }
        }
        found
    }

    /// Where programs may want to go on: in each run, in others before, between and
    /// behind them, and in another room.
    fn resumes(&self, end: u64) -> Vec<Resume> {
        let room = identity().room;
        let runs = self.runs.iter().copied();
        let others = runs.clone().map(|run| RunId::new(run.milliseconds(), 1));
        let runs = runs.chain(others).chain([RunId::new(0, 0)]);
        let rooms = runs.map(|run| room.in_run(run));
        let rooms = rooms.chain([room.clone(), RoomId::new("other").unwrap()]);
        let resumes = rooms.flat_map(|room| {
            (0..end).map(move |seq| Resume {
                room: room.clone(),
                seq,
                secret: None,
            })
        });
        resumes.collect()
    }
}

/// Where a run began is not known if that is before the first event that is held.
fn held(onward: Onward, first: u64) -> Onward {
    match onward {
        Onward::Torn { behind, lost: None } => Onward::Torn {
            behind: behind.max(first - 1),
            lost: None,
        },
        onward => onward,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_room_that_is_read_back_is_the_one_that_was_left(
        steps in prop::collection::vec((step(), pause()), 1..100),
        file: Index,
    ) {
        let mut world = World::new();
        for (step, pause) in steps {
            world.pause(pause);
            world.step(step);
        }
        world.restart(End::InOrder, file);
    }
}
