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
    /// Those of this program, where names belong to keys in this way.
    pub fn of(naming: Naming) -> Self {
        let naming = naming.to_possible_value();
        let naming = naming.map_or_else(String::new, |value| value.get_name().to_owned());
        Self(format!(
            "version {VERSION}, Unicode {}, --names {naming}",
            name::tables()
        ))
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Changes with each release in which the room comes to another decision, or tells it in
/// other bytes. Servers of releases that share a version can share a room, so one can be
/// upgraded after the other.
const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_use_of_names_is_another_rule() {
        let [claim, free] = [Naming::Claim, Naming::Free].map(Rules::of);
        assert_ne!(claim, free);
        assert_eq!(claim, Rules::of(Naming::Claim));
        assert!(claim.0.contains("Unicode 1"), "{claim}");
        assert!(claim.0.ends_with("--names claim"), "{claim}");
    }
}
