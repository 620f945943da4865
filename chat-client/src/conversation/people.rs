//! The people in the room by the events, and the order in which they spoke.

use std::collections::BTreeSet;

use chat_proto::name::Name;

/// The people in the room, without the reader. The latest speakers come first, then the
/// people who have not spoken, in alphabetical order.
#[derive(Debug, Default)]
pub struct People {
    /// The latest last.
    speakers: Vec<Name>,
    /// At most [`MAX_PEOPLE`].
    silent: BTreeSet<Name>,
}

impl People {
    /// A person is here.
    pub fn enter(&mut self, name: &Name) {
        if !self.speakers.contains(name) {
            self.keep(name.clone());
        }
    }

    /// A person has gone.
    pub fn leave(&mut self, name: &Name) {
        self.silent.remove(name);
        self.speakers.retain(|speaker| speaker != name);
    }

    /// A person has another name.
    pub fn rename(&mut self, old: &Name, new: &Name) {
        if self.silent.remove(old) {
            self.silent.insert(new.clone());
        } else if let Some(speaker) = self.speakers.iter_mut().find(|speaker| *speaker == old) {
            *speaker = new.clone();
        } else {
            self.enter(new);
        }
    }

    /// A person said something.
    pub fn speak(&mut self, name: &Name) {
        // The latest speakers are few and at the end.
        if let Some(place) = self.speakers.iter().rposition(|speaker| speaker == name) {
            let speaker = self.speakers.remove(place);
            self.speakers.push(speaker);
            return;
        }
        self.silent.remove(name);
        self.speakers.push(name.clone());
        if self.speakers.len() > MAX_SPEAKERS {
            let oldest = self.speakers.remove(0);
            self.keep(oldest);
        }
    }

    /// Departures may be among events that were missed. People who have not spoken are
    /// forgotten, or the list would keep them for ever.
    pub fn doubt(&mut self) {
        self.silent.clear();
    }

    fn keep(&mut self, name: Name) {
        if self.silent.len() < MAX_PEOPLE {
            self.silent.insert(name);
        }
    }

    /// All people, the latest speakers first.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.speakers.iter().rev().chain(&self.silent)
    }
}

/// Speakers whose order is remembered.
const MAX_SPEAKERS: usize = 64;

/// More people than come into any room: a server that only tells of arrivals cannot
/// fill the memory.
pub(super) const MAX_PEOPLE: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        Name::choose(name).unwrap()
    }

    #[track_caller]
    fn check(people: &People, expected: &str) {
        let names: Vec<&str> = people.names().map(Name::as_str).collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn the_latest_speakers_come_first() {
        let mut people = People::default();
        for who in ["dan", "bo", "cy", "ann"] {
            people.enter(&name(who));
        }
        check(&people, "ann bo cy dan");
        people.speak(&name("cy"));
        people.speak(&name("dan"));
        people.speak(&name("cy"));
        check(&people, "cy dan ann bo");
        people.rename(&name("dan"), &name("daniel"));
        people.rename(&name("bo"), &name("bob"));
        people.leave(&name("ann"));
        people.enter(&name("cy"));
        check(&people, "cy daniel bob");
        people.leave(&name("cy"));
        check(&people, "daniel bob");
    }

    #[test]
    fn a_speaker_is_known_without_an_arrival() {
        let mut people = People::default();
        people.speak(&name("ann"));
        people.rename(&name("x"), &name("y"));
        check(&people, "ann y");
    }

    /// A server that only tells of arrivals does not fill the memory.
    #[test]
    fn they_are_bounded() {
        let mut people = People::default();
        for number in 0..MAX_PEOPLE + 2 * MAX_SPEAKERS {
            let name = Name::parse(&format!("p{number}")).unwrap();
            people.enter(&name);
            if number % 1000 == 0 {
                people.speak(&name);
            }
        }
        assert_eq!(people.silent.len(), MAX_PEOPLE);
        assert!(people.speakers.len() <= MAX_SPEAKERS);
        people.doubt();
        assert_eq!(people.names().count(), people.speakers.len());
    }

    #[test]
    fn a_crowd_of_speakers_is_all_here() {
        let mut people = People::default();
        for number in 0..200 {
            people.speak(&name(&format!("p{number}")));
        }
        assert_eq!(people.speakers.len(), MAX_SPEAKERS);
        assert_eq!(people.names().count(), 200);
    }
}
