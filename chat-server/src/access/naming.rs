//! Whether names belong to keys.

use clap::ValueEnum;

/// What a key means for names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Naming {
    /// Nothing: any person can have any name that is free.
    Free,
    /// A name belongs to the keys that are listed for it. The first thing that is said
    /// under a free name by a person with a key lists that key.
    #[default]
    Claim,
    /// As `claim` without claims, and only people with a listed key come in.
    Known,
}

impl Naming {
    /// The word for it.
    pub fn word(self) -> String {
        let word = self.to_possible_value();
        word.map_or_else(String::new, |word| word.get_name().to_owned())
    }

    /// What a word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::from_str(word, false).ok()
    }
}
