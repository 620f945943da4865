//! What happens in a simulation, step by step, made of plain bytes: so the same
//! schedule can come from proptest, from a fuzzer and from a file.

use chat_proto::event::SpeechKind;
use chat_server::timeline::mark::Form;

/// People who may be there at once.
pub const SEATS: usize = 12;

/// A schedule: in which kind of room, and what happens in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// How the room is kept.
    pub keeping: Keeping,
    /// About how many bytes of each form are held in memory.
    pub capacity: u64,
    /// Lines that are heard from each in a second, if there is a limit.
    pub rate: u32,
    /// Workers of the server.
    pub workers: usize,
    /// How many connections there may be.
    pub space: Space,
    /// What happens.
    pub steps: Vec<Step>,
}

/// How what is said is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Not at all.
    Not,
    /// Shown when it is written.
    Batch,
    /// Shown when it is safe.
    Always,
}

/// How many connections there may be, and for how long they may say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// As many as come, for as long as they like.
    Endless,
    /// A few, and of those that say nothing and those from one address fewer; the others
    /// are refused.
    Limited,
    /// A few; the others are refused as far as the system has space, and wait outside
    /// beyond that.
    Scarce,
}

/// Something that happens, and what the server does then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Whose doing it is: below [`SEATS`].
    pub who: usize,
    /// What it is.
    pub what: What,
    /// What the server does then.
    pub then: Then,
}

/// What the workers of the server do after a step: those that something has happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Each one has a round, one after the other.
    Rounds,
    /// This one changes the room, the others have their rounds, and then this one sends.
    Within(usize),
    /// This one has a round, and the others are late.
    Only(usize),
    /// Nothing: they notice it only together with the next step.
    Nothing,
}

/// The kinds of things that happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Connects, and says so.
    Connect(Greeting),
    /// So many others connect at the same time, all with a hello or all by
    /// their first line.
    Crowd(usize, Form),
    /// Sends something, of which so many bytes arrive now.
    Send(Words, usize),
    /// So many more bytes of what was sent arrive.
    Arrive(usize),
    /// So many more bytes can be sent to them.
    Take(usize),
    /// Sends nothing more.
    End,
    /// Neither sends nor receives anything more.
    Close,
    /// The connection fails, and perhaps what had arrived is gone with it.
    Fail(bool),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// The time of day is set, in seconds.
    SetClock(u64),
    /// The disk has done what it was given.
    Synced,
    /// The disk fails, or no longer.
    Trouble(bool),
    /// The disk reads nothing for the moment, or does again.
    Slow(bool),
    /// What the disk is to read fails, or no longer.
    Unreadable(bool),
    /// The oldest of what is kept is dropped.
    Forget,
    /// The text of the event so many before the newest one is erased.
    Erase(u64),
    /// The server says goodbye to all peers.
    Stop,
}

/// How a person comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    /// Says nothing yet.
    Silent,
    /// With `/nick`, by the number of the name.
    Nick(usize),
    /// With a hello: the number of the name, and how many messages to see.
    Hello(usize, usize),
    /// The same as one who was there, and goes on behind what they saw.
    Resume(usize),
}

/// Something to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// A message or an action.
    Say {
        /// About how long it is.
        length: usize,
        /// Of how many lines, if there can be several.
        lines: usize,
        /// Which special characters are in it.
        spice: usize,
        /// Whether it is said or done.
        kind: SpeechKind,
    },
    /// A message that was sent before, so many ago, under the same mark.
    Again(usize),
    /// So many messages of this length.
    Burst(usize, usize),
    /// Wants a name.
    Nick(usize),
    /// Who is here?
    Who,
    /// Are you there?
    Ping,
    /// The last things that were said.
    Last(usize),
    /// Events by their numbers: the first, and how many.
    Range(u64, u64),
    /// Which commands are there, or, from a program, who is here? So many times.
    Help(usize),
    /// Goodbye.
    Quit,
    /// Something that is no command, by its number.
    Junk(usize),
}

impl Script {
    /// Reads a schedule: four bytes for the room, and four for each step.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut records = bytes.chunks_exact(RECORD);
        let room = records.next().unwrap_or_default();
        let room = |index: usize| room.get(index).copied().unwrap_or_default();
        Self {
            keeping: match room(0) % 4 {
                0 | 1 => Keeping::Not,
                2 => Keeping::Batch,
                _ => Keeping::Always,
            },
            capacity: [1, 100_000, 1 << 20][usize::from(room(1) % 3)],
            rate: [0, 20][usize::from(room(2) % 2)],
            workers: usize::from(room(3) % 3) + 1,
            space: match room(3) / 3 % 3 {
                0 => Space::Endless,
                1 => Space::Limited,
                _ => Space::Scarce,
            },
            steps: records.map(step).collect(),
        }
    }
}

fn step(record: &[u8]) -> Step {
    let [op, who, a, b] = [0, 1, 2, 3].map(|index| usize::from(record[index]));
    let what = match op % 64 {
        0..8 => What::Connect(greeting(a, b)),
        8 => What::Crowd([3, 5, 8, 25][a % 4], [Form::Json, Form::Text][b % 2]),
        9..29 => What::Send(
            Words::Say {
                length: [1, 1, 10, 80, 300, 1000, 3900, 4100][a % 8],
                lines: [1, 1, 2, 5][a / 8 % 4],
                spice: b / 8,
                kind: match a / 32 {
                    0 => SpeechKind::Action,
                    _ => SpeechKind::Message,
                },
            },
            arriving(b % 8),
        ),
        29 | 30 => {
            // The last is more than one piece of the log holds.
            let (count, length) = [(5, 1), (70, 1), (20, 80), (20, 3900)][a % 4];
            What::Send(Words::Burst(count, length), arriving(b % 8))
        }
        31 => What::Send(Words::Again(a % 8), arriving(b % 8)),
        32 | 33 => What::Send(Words::Nick(a), arriving(b % 8)),
        34 => What::Send(Words::Who, arriving(b % 8)),
        35 => What::Send(Words::Ping, arriving(b % 8)),
        36 => What::Send(Words::Last(a), arriving(b % 8)),
        37 => What::Send(Words::Range(a as u64, b as u64 * 4), usize::MAX),
        // The last is more than is answered to one who does not read.
        38 if a % 2 == 0 => What::Send(Words::Help([1, 5, 70, 700][b / 8 % 4]), arriving(b % 8)),
        38 => What::Send(Words::Quit, arriving(b % 8)),
        39 | 40 => What::Send(Words::Junk(a), arriving(b % 8)),
        41..46 => What::Arrive(amount(a)),
        46..52 => What::Take(amount(a)),
        52 if a % 2 == 0 => What::End,
        52 => What::Close,
        53 => What::Fail(a % 2 == 0),
        54..59 => What::Wait([0, 1, 20, 100, 500, 1000, 6000, 31_000, 61_000][a % 9]),
        59 => What::SetClock([0, 1, 1 << 30, 1 << 40][a % 4]),
        60 => What::Synced,
        61 => disk(a, b),
        62 => What::Wait(a as u64),
        _ => match (a, b) {
            (0, 0) => What::Stop,
            (a, b) if a % 2 == 1 => What::Erase([0, 1, 2, 3, 5, 10, 20, 100][b % 8]),
            _ => What::Take(usize::MAX),
        },
    };
    Step {
        who: who % SEATS,
        what,
        then: match op / 64 {
            0 => Then::Rounds,
            1 => Then::Within(a % 3),
            2 => Then::Only(a % 3),
            _ => Then::Nothing,
        },
    }
}

fn greeting(a: usize, b: usize) -> Greeting {
    match a % 8 {
        0 => Greeting::Silent,
        1 | 2 => Greeting::Nick(b),
        3..6 => Greeting::Hello(b, [0, 1, 20, 1000][a / 8 % 4]),
        _ => Greeting::Resume(b),
    }
}

fn disk(a: usize, b: usize) -> What {
    match a % 4 {
        0 => What::Trouble(b.is_multiple_of(3)),
        1 => What::Forget,
        3 if b.is_multiple_of(2) => What::Slow(b.is_multiple_of(4)),
        3 => What::Unreadable(b % 4 == 1),
        _ => What::Synced,
    }
}

/// Mostly all of it arrives.
fn arriving(choice: usize) -> usize {
    [usize::MAX, usize::MAX, usize::MAX, usize::MAX, 0, 1, 7, 100][choice]
}

fn amount(choice: usize) -> usize {
    match choice {
        0..40 => 0,
        40..64 => choice - 39,
        64..128 => (choice - 64) * 50,
        128..240 => (choice - 128) * 2000,
        _ => usize::MAX,
    }
}

/// Bytes of a step.
pub const RECORD: usize = 4;
