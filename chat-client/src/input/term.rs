//! Properties of a terminal by its `$TERM`. Pure.

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

/// Whether a terminal may be sent queries and switched to other keys, by `$TERM`.
/// Terminals ignore unknown sequences, but the oldest ones might print them.
pub fn is_asked(term: &str) -> bool {
    cfg!(unix) && !is_old(term)
}

/// Whether a terminal is the console of Linux or one of the oldest, by `$TERM`.
fn is_old(term: &str) -> bool {
    let old = ["", "linux", "ansi", "cons25", "dumb"];
    old.contains(&term) || term.starts_with("vt")
}
