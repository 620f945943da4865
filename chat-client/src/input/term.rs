//! What `$TERM` tells of a terminal. Pure.

/// How a terminal sends pasted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pastes {
    /// Between two marks.
    Bracketed,
    /// As if it were typed.
    Unmarked,
}

impl Pastes {
    /// How the terminal `$TERM` sends it. The oldest ones have no marks, nor has Windows.
    pub fn of_term(term: &str) -> Self {
        match cfg!(windows) || is_old(term) {
            true => Self::Unmarked,
            false => Self::Bracketed,
        }
    }
}

/// Whether a terminal may be asked what it is, and switched to other keys, by `$TERM`.
/// What it does not know it ignores, but the oldest ones might print it.
pub fn is_asked(term: &str) -> bool {
    cfg!(unix) && !is_old(term)
}

/// Whether a terminal is the console of Linux or one of the oldest, by `$TERM`.
fn is_old(term: &str) -> bool {
    let old = ["", "linux", "ansi", "cons25", "dumb"];
    old.contains(&term) || term.starts_with("vt")
}
