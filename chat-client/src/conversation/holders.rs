//! Which keys the names belonged to that the person has seen, so that another person under
//! one of these names does not pass for the same one. Pure.
//!
//! Messages come in three ages. A new one counts as it is. Missed ones may have been said
//! before what the welcome tells, so one counts only if it is newer than what is known. Old
//! ones, which the person asks to see again, tell which key had a name then, and nothing
//! about the present.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chat_proto::event::{KeyId, Person, Speech};
use chat_proto::name::Name;

use crate::output::line::Age;

/// The names by their look, and the keys that they were last seen with. At most
/// [`MAX_HOLDERS`]; names beyond are not remembered.
#[derive(Debug, Default)]
pub(super) struct Holders {
    known: HashMap<Arc<str>, Holder>,
    /// The looks of the latest names, which take microseconds to find.
    looks: HashMap<Name, Arc<str>>,
}

/// A key that has had a name.
#[derive(Debug)]
struct Holder {
    /// The name as it was shown then.
    name: Name,
    key: KeyId,
    /// The newest event by which that is known.
    as_of: u64,
    /// The person has been told of a bearer of the name without the key.
    is_told: bool,
}

/// A name is used by another person than before, as far as the keys tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The name as it was shown before.
    before: Name,
    /// The name now.
    now: Name,
    bearer: Bearer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bearer {
    WithoutKey,
    OfOtherKey,
}

impl Holders {
    /// A person speaks. Tells if it is not the one who had the name before; once, until the
    /// key is seen with it again.
    pub(super) fn speak(&mut self, speech: &Speech, seq: u64, age: Age) -> Option<Change> {
        // All there is to do in a room without keys, also in a flood.
        if self.known.is_empty() && speech.held.is_none() {
            return None;
        }
        let look = self.look(&speech.name);
        let Some(holder) = self.known.get_mut(&look) else {
            self.keep(look, &speech.name, speech.held, seq);
            return None;
        };
        if age != Age::New && seq <= holder.as_of {
            return None;
        }
        let before = holder.name.clone();
        let bearer = match speech.held {
            Some(key) => {
                let is_same = key == holder.key;
                *holder = Holder::new(&speech.name, key, seq);
                (!is_same).then_some(Bearer::OfOtherKey)
            }
            None if age == Age::Old || holder.is_told => None,
            None => {
                holder.is_told = true;
                Some(Bearer::WithoutKey)
            }
        };
        let bearer = bearer.filter(|_| age != Age::Old)?;
        Some(Change {
            before,
            now: speech.name.clone(),
            bearer,
        })
    }

    /// These people were here at the event `seq`. What is known of their names already
    /// stays: a change is told where they speak.
    pub(super) fn learn(&mut self, people: &[Person], seq: u64) {
        for Person { name, held } in people.iter().filter(|person| person.held.is_some()) {
            let look = self.look(name);
            if !self.known.contains_key(&look) {
                self.keep(look, name, *held, seq);
            }
        }
    }

    /// The events are numbered anew from here on, and those up to `seq` are not newer than
    /// what is known.
    pub(super) fn renumber(&mut self, seq: u64) {
        for holder in self.known.values_mut() {
            holder.as_of = seq;
        }
    }

    fn keep(&mut self, look: Arc<str>, name: &Name, held: Option<KeyId>, seq: u64) {
        if let Some(key) = held
            && self.known.len() < MAX_HOLDERS
        {
            self.known.insert(look, Holder::new(name, key, seq));
        }
    }

    /// What names that look alike have in common.
    fn look(&mut self, name: &Name) -> Arc<str> {
        if let Some(look) = self.looks.get(name) {
            return Arc::clone(look);
        }
        if self.looks.len() >= MAX_LOOKS {
            self.looks.clear();
        }
        let keys = name.keys();
        let look: Arc<str> = keys.iter().next().unwrap_or(name.as_str()).into();
        self.looks.insert(name.clone(), Arc::clone(&look));
        look
    }
}

impl Holder {
    fn new(name: &Name, key: KeyId, as_of: u64) -> Self {
        Self {
            name: name.clone(),
            key,
            as_of,
            is_told: false,
        }
    }
}

/// In words for the person.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, now, .. } = self;
        match self.bearer {
            Bearer::WithoutKey => write!(
                f,
                "careful: this {now} has not shown the key that {before} had before"
            ),
            Bearer::OfOtherKey => write!(
                f,
                "careful: this {now} has another key than {before} had before"
            ),
        }
    }
}

/// More names than a server lets keys hold, so that no person can have one forgotten.
const MAX_HOLDERS: usize = 1 << 14;

/// More names than speak at a time.
const MAX_LOOKS: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use chat_proto::text::Text;

    use super::*;

    const KEYS: [&str; 2] = ["47DEQpj8HBSa+/TI", "Nh0Me49Zh9fDw/VY"];

    fn key(place: usize) -> Option<KeyId> {
        KeyId::parse(KEYS[place])
    }

    fn says(name: &str, held: Option<KeyId>) -> Speech {
        Speech {
            name: Name::parse(name).expect("a name"),
            text: Text::clean("hi").expect("a text"),
            held,
            id: None,
            tag: None,
        }
    }

    fn bearer(change: Option<Change>) -> Option<Bearer> {
        change.map(|change| change.bearer)
    }

    const WITHOUT: Option<Bearer> = Some(Bearer::WithoutKey);
    const OTHER: Option<Bearer> = Some(Bearer::OfOtherKey);

    /// What is told of each message in turn.
    #[track_caller]
    fn check(messages: &[(u64, Option<KeyId>, Age, Option<Bearer>)]) {
        let mut holders = Holders::default();
        for (place, &(seq, held, age, expected)) in messages.iter().enumerate() {
            let told = bearer(holders.speak(&says("ann", held), seq, age));
            assert_eq!(told, expected, "message {place}");
        }
    }

    #[test]
    fn each_change_is_told_once() {
        check(&[
            (1, None, Age::New, None),
            // Only now the name is claimed.
            (2, key(0), Age::New, None),
            (3, key(0), Age::New, None),
            (4, None, Age::New, WITHOUT),
            (5, None, Age::New, None),
            (6, key(0), Age::New, None),
            (7, None, Age::New, WITHOUT),
            (8, key(1), Age::New, OTHER),
            (9, key(1), Age::New, None),
            (10, None, Age::Missed, WITHOUT),
            (11, None, Age::New, None),
            (12, key(0), Age::Missed, OTHER),
        ]);
    }

    /// However the past goes on, it is no news by itself.
    #[test]
    fn the_past_tells_what_was_and_gives_no_alarm() {
        check(&[
            (1, key(0), Age::Old, None),
            (2, None, Age::Old, None),
            (3, key(1), Age::Old, None),
            (4, None, Age::Old, None),
            (5, key(1), Age::New, None),
            // All of it again, with `/history`.
            (1, key(0), Age::Old, None),
            (2, None, Age::Old, None),
            (6, key(1), Age::New, None),
            (7, None, Age::New, WITHOUT),
        ]);
    }

    /// The welcome tells who is here now, and the missed messages follow.
    #[test]
    fn missed_messages_are_older_than_the_welcome() {
        let mut holders = Holders::default();
        let person = |held| Person {
            name: Name::parse("ann").expect("a name"),
            held,
        };
        holders.learn(&[person(None)], 4);
        assert!(holders.known.is_empty());
        holders.learn(&[person(key(0))], 9);
        let mut speak = |seq, held, age| bearer(holders.speak(&says("ann", held), seq, age));
        assert_eq!(speak(5, None, Age::Missed), None, "not claimed yet");
        assert_eq!(speak(9, key(1), Age::Missed), None);
        assert_eq!(speak(10, None, Age::New), WITHOUT);
        // What was seen stays, whatever a later welcome says.
        holders.learn(&[person(key(1))], 20);
        let mut speak = |seq, held, age| bearer(holders.speak(&says("ann", held), seq, age));
        assert_eq!(speak(15, key(1), Age::Missed), OTHER);
    }

    #[test]
    fn numbers_of_another_room_are_not_compared() {
        let mut holders = Holders::default();
        holders.speak(&says("ann", key(0)), 100, Age::New);
        holders.renumber(3);
        assert_eq!(holders.speak(&says("ann", None), 3, Age::Missed), None);
        let told = holders.speak(&says("ann", None), 4, Age::Missed);
        assert_eq!(bearer(told), WITHOUT);
    }

    /// `аnn` with a Cyrillic letter is the same name to a reader.
    #[test]
    fn a_name_that_looks_like_it_is_the_name() {
        let mut holders = Holders::default();
        holders.speak(&says("ann", key(0)), 1, Age::New);
        assert_eq!(holders.speak(&says("anna", None), 2, Age::New), None);
        for (name, told) in [
            ("Аnn", "this Аnn has not shown the key that ann had before"),
            ("ann", ""),
        ] {
            let change = holders.speak(&says(name, None), 3, Age::New);
            let words = change.map_or_else(String::new, |change| change.to_string());
            assert_eq!(words.trim_start_matches("careful: "), told);
        }
        let change = holders.speak(&says("Ann", key(1)), 4, Age::New);
        assert_eq!(
            change.map(|change| change.to_string()).as_deref(),
            Some("careful: this Ann has another key than ann had before")
        );
    }

    /// A server that makes up names and keys cannot fill the memory.
    #[test]
    fn they_are_bounded() {
        let mut holders = Holders::default();
        for number in 0..MAX_HOLDERS + MAX_LOOKS {
            holders.speak(&says(&format!("p{number}"), key(0)), 1, Age::New);
        }
        assert_eq!(holders.known.len(), MAX_HOLDERS);
        assert!(holders.looks.len() <= MAX_LOOKS);
    }
}
