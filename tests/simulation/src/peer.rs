//! What one peer makes of the bytes that it gets, and whether that is what it
//! should have got.

mod program;

use std::collections::{BTreeSet, VecDeque};

use chat_proto::event::{Reply, RoomId, Secret, ServerMessage, Welcome};
use chat_proto::json_form;
use chat_server::hub::Hub;
use chat_server::timeline::mark::Form;
use memchr::memchr;

use crate::ledger::{Ledger, Own, erased_in, number_in};
use program::{Program, last_said};

/// One connection's side of the room.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The number of the connection.
    connection: usize,
    /// The beginning of a line.
    partial: Vec<u8>,
    /// Where it may stand in the text form; nowhere before it came in. More
    /// than one place where a gap can be read in more than one way.
    places: Vec<Place>,
    /// It came in for more than the moment in which it said that it leaves.
    pub(crate) stays: bool,
    /// Where the answer to `/history` in text form goes on, how many more
    /// messages it may have, and whether something of it is missing.
    dated: Option<(Place, usize, bool)>,
    /// A line of which it had the beginning when a text was erased is still to come.
    has_begun: bool,
    /// Once it speaks JSON.
    pub(crate) program: Option<Program>,
    /// What it has asked for and not got yet, in JSON form under this mark. What
    /// was asked for in text form does not come any more behind the welcome.
    pub(crate) asked: Vec<(Asked, Option<usize>)>,
    /// The room and the secret of its welcome.
    pub(crate) welcomed: Option<(RoomId, Secret)>,
    /// It wants to go on behind this event.
    pub(crate) resumes: Option<u64>,
    /// It has asked for so many of the last messages.
    pub(crate) replay: usize,
    /// How often it was told in text form that something was not taken.
    pub(crate) refusals: usize,
    /// Signs of life that it has asked for.
    pub(crate) pings: usize,
    /// It has said hello.
    pub(crate) says_hello: bool,
}

/// The next event to come, and how much of its text form is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    seq: u64,
    offset: usize,
}

/// A part of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// The events from this one on.
    From(u64),
    /// The last things that were said, so many.
    Last(usize),
}

impl Peer {
    pub(crate) fn new(connection: usize) -> Self {
        Self {
            connection,
            partial: Vec::new(),
            places: Vec::new(),
            stays: false,
            dated: None,
            has_begun: false,
            program: None,
            asked: Vec::new(),
            welcomed: None,
            resumes: None,
            replay: 0,
            refusals: 0,
            pings: 0,
            says_hello: false,
        }
    }

    /// It has come in; what it reads in text form begins with one of these
    /// events.
    pub(crate) fn comes_in(&mut self, seqs: impl Iterator<Item = u64>) {
        self.places = seqs.map(Place::before).collect();
    }

    /// The text of an event is erased. What has come of it is all that comes, but for the
    /// rest of a line.
    pub(crate) fn text_is_erased(&mut self, ledger: &Ledger) {
        self.has_begun = !self.partial.is_empty();
        if !self.has_begun {
            self.pass_erased(ledger);
        }
    }

    fn pass_erased(&mut self, ledger: &Ledger) {
        let dated = self.dated.iter_mut().map(|(place, ..)| place);
        for place in self.places.iter_mut().chain(dated) {
            if place.offset > 0 && ledger.is_erased(place.seq) {
                *place = Place::before(place.seq + 1);
            }
        }
        self.places.sort_unstable();
        self.places.dedup();
    }

    /// The newest event that a program has.
    pub(crate) fn last(&self) -> Option<u64> {
        let program = self.program.as_ref()?;
        program.next.iter().min().map(|next| next - 1)
    }

    /// Takes what was sent to it.
    pub(crate) fn take(&mut self, mut bytes: &[u8], ledger: &mut Ledger, hub: &Hub) {
        while let Some(length) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(length + 1);
            bytes = rest;
            if self.partial.is_empty() {
                self.line(line, ledger, hub);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.line(&whole, ledger, hub);
                if std::mem::take(&mut self.has_begun) {
                    self.pass_erased(ledger);
                }
            }
        }
        self.partial.extend_from_slice(bytes);
    }

    /// Takes a line, with its end. Most are events, whose lines are known to be
    /// in order.
    fn line(&mut self, line: &[u8], ledger: &mut Ledger, hub: &Hub) {
        let line = match self.program {
            None => after_answers(line),
            Some(_) => line,
        };
        if self.event(line, ledger, hub) {
            return;
        }
        let text = std::str::from_utf8(line).expect("UTF-8");
        let content = text.strip_suffix('\n').unwrap_or(text);
        match content.strip_prefix('\r') {
            Some(content) => {
                assert!(self.program.is_none(), "text in JSON form: {content:?}");
                let controls = content.contains(|c: char| c.is_control() && c != '\t');
                assert!(!controls, "controls in {content:?}");
                self.text_reply(content, ledger, hub);
            }
            None => self.object(content, ledger, hub),
        }
    }

    /// Whether it is an event.
    fn event(&mut self, line: &[u8], ledger: &Ledger, hub: &Hub) -> bool {
        let shown = hub.timeline.shown().seq;
        if let Some(program) = &mut self.program {
            let seq = event_number(line).filter(|seq| (1..=ledger.last()).contains(seq));
            let is_it = |seq: &u64| ledger.json(*seq, self.has_begun).any(|it| it == line);
            let Some(seq) = seq.filter(is_it) else {
                return false;
            };
            assert!(seq <= shown, "event {seq} is not shown yet");
            program.event(seq, &self.asked, ledger, hub);
            return true;
        }
        let mut next: Vec<Place> = Vec::new();
        for place in &self.places {
            self.behind(*place, line, ledger, &mut next);
        }
        let is_event = !next.is_empty();
        if is_event {
            let is_shown = next.iter().any(|place| place.seq <= shown + 1);
            assert!(is_shown, "not shown yet");
            self.places = next;
        }
        is_event
    }

    fn text_reply(&mut self, content: &str, ledger: &Ledger, hub: &Hub) {
        if let Some(missed) = content.strip_prefix("-- you missed ") {
            let count = missed
                .split(' ')
                .next()
                .and_then(|count| count.parse().ok());
            self.text_gap(count.expect("a number"), ledger, hub);
        } else if content.starts_with(|first: char| first.is_ascii_digit()) {
            self.dated(content, ledger);
        } else {
            let place = self.places.first();
            let is_reply = content.starts_with("-- ");
            assert!(is_reply, "{content:?} came, at {place:?}");
            self.refusals += usize::from(content.contains("not sent"));
            // A hello lets what waits for the disk go out before the welcome.
            let may_come_early =
                self.says_hello && hub.timeline.reply_mark() == hub.timeline.shown();
            if let Some(name) = content.strip_prefix("-- you are now known as ")
                && !may_come_early
            {
                let renamed = ledger.renamed_to(name, self.connection);
                let is_shown = renamed.is_none_or(|seq| seq <= hub.timeline.shown().seq);
                assert!(is_shown, "{name} is told before it can be seen");
            }
        }
    }

    /// Where it may stand behind `line`, if that can come at `place`.
    fn behind(&self, mut place: Place, line: &[u8], ledger: &Ledger, next: &mut Vec<Place>) {
        while place.seq <= ledger.last() {
            let own = ledger.own(place.seq, self.connection);
            let is_over = place.offset > 0 && ledger.is_erased(place.seq);
            for text in ledger.texts(place.seq, self.has_begun) {
                let Some(text) = text.get(place.offset..) else {
                    continue;
                };
                if own == Own::Never || !text.starts_with(line) {
                    continue;
                }
                let behind = match text.len() == line.len() {
                    true => Place::before(place.seq + 1),
                    false => Place {
                        offset: place.offset + line.len(),
                        ..place
                    },
                };
                if !next.contains(&behind) {
                    next.push(behind);
                }
            }
            if own == Own::No && !ledger.text(place.seq).is_empty() && !is_over {
                return;
            }
            place = Place::before(place.seq + 1);
        }
    }

    /// So many events are told as missing: they must be gone.
    fn text_gap(&mut self, missed: u64, ledger: &Ledger, hub: &Hub) {
        let mut next = Vec::new();
        for place in &self.places {
            let (mut surely, mut perhaps) = (0, 0);
            for seq in place.seq..ledger.held_from(hub) {
                match ledger.own(seq, self.connection) {
                    Own::Never => {}
                    Own::No if !ledger.text(seq).is_empty() => surely += 1,
                    Own::No | Own::Perhaps => perhaps += 1,
                }
                if surely > missed {
                    break;
                }
                if missed <= surely + perhaps {
                    next.push(Place::before(seq + 1));
                }
            }
        }
        // It can also be one in what was asked for.
        if let Some((_, _, hole)) = &mut self.dated {
            *hole = true;
        }
        if self.dated.is_some() || !self.asked.is_empty() {
            next.extend(&self.places);
        }
        assert!(!next.is_empty(), "{missed} lines are not missing");
        // Many a way leads to the same place, and more with each gap.
        next.sort_unstable();
        next.dedup();
        self.places = next;
    }

    /// A line of an answer to `/history`.
    fn dated(&mut self, content: &str, ledger: &Ledger) {
        let (time, row) = content.split_once(' ').expect("a time");
        let text = match row.strip_prefix("* ") {
            Some(row) => row.split_once(' ').map(|(_, text)| text),
            None => row.split_once("> ").map(|(_, text)| text),
        };
        let said = |text| ledger.said[number_in(text)?].seq;
        let seq = text.and_then(|text| erased_in(text).or_else(|| said(text)));
        let seq = seq.expect("something said");
        assert_eq!(ledger.event(seq).time, time);
        let line = format!("\r{row}\n");
        let mut texts = ledger.texts(seq, self.has_begun);
        let text = texts.find(|text| memchr::memmem::find(text, line.as_bytes()).is_some());
        let text = text.expect("a line of it");
        let is_next = |(place, left, hole): (Place, usize, bool)| {
            let expected = (place.seq..=seq).find(|seq| ledger.is_said(*seq));
            let follows = hole && place.seq <= seq || expected == Some(seq);
            let offset = if place.seq == seq { place.offset } else { 0 };
            let more = offset > 0 || left > 0;
            (follows && more && text[offset..].starts_with(line.as_bytes()))
                .then_some((offset, left))
        };
        let (offset, left) = self.dated.and_then(is_next).unwrap_or_else(|| {
            // While the disk fails, answers overtake those that wait for it:
            // it can be any of them.
            let asked = self.asked.iter().filter(|(_, id)| id.is_none());
            let Some((Asked::Last(count), _)) = asked.max().copied() else {
                panic!("it has not asked for {content:?}");
            };
            let first = self.asked.iter().position(|(_, id)| id.is_none());
            first.map(|first| self.asked.remove(first));
            assert!(
                text.starts_with(line.as_bytes()),
                "it begins with {content:?}"
            );
            (0, count)
        });
        let left = if offset == 0 { left - 1 } else { left };
        let offset = offset + line.len();
        let place = match offset == text.len() {
            true => Place::before(seq + 1),
            false => Place { seq, offset },
        };
        self.dated = Some((place, left, false));
    }

    fn object(&mut self, content: &str, ledger: &mut Ledger, hub: &Hub) {
        let Ok(Some(ServerMessage::Reply(reply))) = json_form::parse_server_message(content) else {
            panic!("it is no event of the room: {content:?}");
        };
        // While the disk fails answers overtake a welcome that waits for it.
        let may_be_first = matches!(reply, Reply::Welcome(_) | Reply::Error { .. });
        let is_in_order = self.program.is_some() || may_be_first || ledger.was_trouble;
        assert!(is_in_order, "before the welcome: {reply:?}");
        match (reply, &mut self.program) {
            (Reply::Welcome(welcome), None) => {
                self.asked.retain(|(_, id)| id.is_some());
                let room = welcome.room.clone().expect("it names its room");
                self.welcomed = Some((room, welcome.secret.expect("it has a secret")));
                self.program = Some(self.welcome(*welcome, ledger));
            }
            (Reply::Welcome(_), Some(_)) => panic!("welcome again"),
            (Reply::Error { id: Some(id), .. }, _) => {
                if let Some(number) = number_of_id(id.as_str()) {
                    ledger.said[number].refused = true;
                }
            }
            (Reply::Confirmed { id, seq }, _) => {
                let number = number_of_id(id.as_str()).expect("a mark of ours");
                assert_eq!(ledger.said[number].seq, Some(seq), "it is that event");
            }
            (Reply::Pong { .. }, _) => {
                self.pings = self.pings.checked_sub(1).expect("it has asked");
            }
            (Reply::Gap { missed }, Some(program)) => {
                program.missed(missed, &self.asked, ledger, hub);
            }
            (Reply::History { first, last, id }, Some(program)) => {
                let id = id.and_then(|id| number_of_id(id.as_str()));
                let asked = self.asked.iter().position(|asked| asked.1 == id);
                let (asked, _) = self.asked.remove(asked.expect("it has asked"));
                program.history(asked, first, last, ledger, hub);
            }
            (Reply::People { names, more, .. }, Some(program)) => {
                program
                    .who
                    .extend(names.iter().map(|person| person.name.to_string()));
                if !more {
                    program.people = Some(std::mem::take(&mut program.who));
                }
            }
            (Reply::History { id, .. }, None) => {
                let id = id.and_then(|id| number_of_id(id.as_str()));
                self.asked.retain(|asked| asked.1 != id);
            }
            (Reply::Gap { .. } | Reply::People { .. }, None) => {}
            (Reply::Done { .. } | Reply::Bans { .. } | Reply::Whois { .. }, _) => {
                panic!("no peer asks for that")
            }
            (Reply::Notice(_) | Reply::Error { .. } | Reply::Goodbye { .. }, _) => {}
        }
    }

    fn welcome(&self, welcome: Welcome, ledger: &Ledger) -> Program {
        let joined = welcome.seq;
        let resumed = self.resumes.is_some();
        assert_eq!(
            welcome.resumed,
            resumed.then_some(true),
            "the room is the same"
        );
        assert_eq!(welcome.from, self.resumes.map(|seq| seq + 1));
        let names = welcome.names.iter().map(|person| &person.name);
        assert!(
            names.clone().any(|name| *name == welcome.name),
            "it is there itself"
        );
        let welcoming = match resumed {
            true => VecDeque::new(),
            false => last_said(ledger, joined, self.replay).into(),
        };
        let names: BTreeSet<_> = names.map(ToString::to_string).collect();
        assert_eq!(names.len(), welcome.people.min(Welcome::MAX_NAMES));
        Program {
            next: vec![self.resumes.unwrap_or(joined) + 1],
            joined,
            welcoming,
            again: Vec::new(),
            gap: 0,
            people: (names.len() == welcome.people).then_some(names),
            who: BTreeSet::new(),
        }
    }

    /// Whether there was the beginning of a line.
    pub(crate) fn is_in_line(&self) -> bool {
        !after_answers(&self.partial).is_empty()
    }

    /// Whether it has got everything up to this event.
    pub(crate) fn has_all(&self, seq: u64, ledger: &Ledger) -> bool {
        if let Some(program) = &self.program {
            return program.next.iter().any(|next| *next > seq);
        }
        let needed =
            |seq: u64| ledger.own(seq, self.connection) == Own::No && !ledger.text(seq).is_empty();
        let mut places = self.places.iter();
        !self.stays || places.any(|place| !(place.seq..=seq).any(needed))
    }

    /// All that was to come has come.
    pub(crate) fn check_at_rest(&self, ledger: &Ledger, hub: &Hub, here: &BTreeSet<String>) {
        assert!(!self.is_in_line(), "half a line came");
        assert!(
            self.has_all(ledger.last(), ledger),
            "connection {}: {} should have come, at {:?} {:?}",
            self.connection,
            ledger.last(),
            self.places,
            self.program,
        );
        if let Some(program) = &self.program {
            assert!(self.asked.is_empty(), "{:?} is not answered", self.asked);
            assert_eq!(self.pings, 0, "pings are not answered");
            let first = hub.timeline.log(Form::Json).first();
            let mut welcoming = program.welcoming.iter();
            assert!(welcoming.all(|seq| *seq < first), "messages are missing");
            assert!(program.again.is_empty(), "{:?} came again", program.again);
            if let Some(people) = &program.people {
                assert_eq!(people, here, "it knows who is here");
            }
        }
    }
}

impl Place {
    fn before(seq: u64) -> Self {
        Self { seq, offset: 0 }
    }
}

/// A line without the answers to what its telnet asked, as in `Person::junk`.
fn after_answers(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_prefix(b"\xff\xfe\x01") {
        line = rest;
    }
    line
}

/// The number of an event, by its line.
fn event_number(line: &[u8]) -> Option<u64> {
    let line = line.strip_prefix(b"{\"seq\":")?;
    let end = memchr(b',', line)?;
    std::str::from_utf8(&line[..end]).ok()?.parse().ok()
}

/// What a mark of ours is of.
pub(crate) fn number_of_id(id: &str) -> Option<usize> {
    id.trim_end_matches('-').parse().ok()
}
