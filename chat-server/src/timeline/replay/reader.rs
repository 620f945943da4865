//! Whom pieces of the past are for.

use chat_proto::event::Rank;

use crate::timeline::mark::Form;

/// Whom a piece of the past is for.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The form that it reads.
    pub form: Form,
    /// What it may see.
    pub rank: Rank,
}

#[cfg(test)]
impl Reader {
    /// A person who is no operator.
    pub fn ordinary(form: Form) -> Self {
        let rank = Rank::Ordinary;
        Self { form, rank }
    }
}
