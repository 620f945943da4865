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
