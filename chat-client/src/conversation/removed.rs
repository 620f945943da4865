//! People whom an operator has removed. Pure.
//!
//! The room is told of a removal, and then of the departure, as of every other one. A person
//! does not need to read both.

use std::collections::BTreeSet;

use chat_proto::name::Name;

use super::people::MAX_PEOPLE;
use crate::output::line::Age;

/// The people who were removed and are not told as gone yet. The past that a person asks for
/// stands apart, since it can come in between.
#[derive(Debug, Default)]
pub(super) struct Removed {
    present: BTreeSet<Name>,
    past: BTreeSet<Name>,
}

impl Removed {
    /// An operator has removed a person.
    pub(super) fn add(&mut self, name: &Name, age: Age) {
        let names = self.of(age);
        // A server that tells of removals alone cannot fill the memory.
        if names.len() < MAX_PEOPLE {
            names.insert(name.clone());
        }
    }

    /// The person is told as gone, or another one has the name now. Tells whether the person
    /// was removed.
    pub(super) fn forget(&mut self, name: &Name, age: Age) -> bool {
        self.of(age).remove(name)
    }

    /// All people are gone.
    pub(super) fn clear(&mut self, age: Age) {
        self.of(age).clear();
    }

    fn of(&mut self, age: Age) -> &mut BTreeSet<Name> {
        match age {
            Age::New | Age::Missed => &mut self.present,
            Age::Old => &mut self.past,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_bounded() {
        let mut removed = Removed::default();
        let name = |number: usize| Name::parse(&format!("p{number}")).expect("a name");
        for number in 0..MAX_PEOPLE + 10 {
            removed.add(&name(number), Age::New);
        }
        assert_eq!(removed.present.len(), MAX_PEOPLE);
        assert!(removed.forget(&name(0), Age::Missed) && !removed.forget(&name(0), Age::New));
        assert!(!removed.forget(&name(1), Age::Old));
    }
}
