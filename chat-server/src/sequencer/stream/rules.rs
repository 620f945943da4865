//! The rules that a server goes by.

use std::fmt;

use chat_proto::name;
use clap::ValueEnum;

use crate::access::naming::Naming;

/// What rules a server goes by. The same requests lead to the same events only where these
/// are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(pub String);

impl Rules {
    /// Those of this program, where names belong to keys in this way, and up to so many people
    /// are told by name.
    pub fn of(naming: Naming, names_up_to: usize) -> Self {
        let naming = naming.to_possible_value();
        let naming = naming.map_or_else(String::new, |value| value.get_name().to_owned());
        Self(format!(
            "version {VERSION}, Unicode {}, --names {naming}{NAMES_UP_TO}{names_up_to}",
            name::tables()
        ))
    }

    /// Up to how many people are told by name, if these say so.
    pub fn names_up_to(&self) -> Option<usize> {
        let (_, number) = self.0.rsplit_once(NAMES_UP_TO)?;
        number.parse().ok()
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands before the number of people who are told by name, which is the last word.
const NAMES_UP_TO: &str = ", --names-up-to ";

/// Changes with each release in which the room comes to another decision, or tells it in
/// other bytes. Servers of releases that share a version can share a room, so one can be
/// upgraded after the other.
const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_use_of_names_is_another_rule() {
        let of = |naming| Rules::of(naming, 5000);
        let [claim, free] = [Naming::Claim, Naming::Free].map(of);
        assert_ne!(claim, free);
        assert_eq!(claim, of(Naming::Claim));
        assert_ne!(claim, Rules::of(Naming::Claim, 4000));
        assert!(claim.0.contains("Unicode 1"), "{claim}");
        let end = "--names claim, --names-up-to 5000";
        assert!(claim.0.ends_with(end), "{claim}");
    }

    #[test]
    fn the_words_say_how_many_are_told_by_name() {
        let rules = Rules::of(Naming::Claim, 7);
        assert_eq!(rules.names_up_to(), Some(7));
        for other in ["", "a", "a, --names-up-to ", "a, --names-up-to 7, b"] {
            assert_eq!(Rules(other.to_owned()).names_up_to(), None, "{other}");
        }
    }
}
