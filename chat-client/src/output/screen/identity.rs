//! Which terminal this is, by its answers to queries, and how it reflows rows. Pure.
//!
//! Variables tell too little: programs inherit `TMUX`, `VTE_VERSION` and
//! `TERM_PROGRAM`, also a `screen` inside a tmux, and ssh does not pass them on. So the
//! terminal is asked, in three forms:
//!
//! - XTVERSION, `CSI > 0 q`: its name;
//! - DA2, `CSI > c`: a number for its kind, which is all that some of them tell;
//! - DA1, `CSI c`: every terminal answers it. As answers come in order, no other
//!   is to be waited for after this one.
//!
//! A terminal that is not known here has [`Reflow::Unknown`].

use super::view::Reflow;
use crate::input::Answer;
use crate::output::ansi;

/// The queries to the terminal.
pub(super) const QUERIES: [&str; 3] = [ansi::ASK_NAME, ansi::ASK_KIND, ansi::ASK_ATTRIBUTES];

/// How the terminal `$TERM` reflows long rows. Only a name of its own tells; many
/// terminals take the name of xterm or of screen.
pub(super) fn reflow_of_term(term: &str) -> Reflow {
    let name = term.strip_prefix("xterm-").unwrap_or(term);
    match reflow_of_name(name) {
        Some(reflow) if !name.starts_with("xterm") => reflow,
        _ => Reflow::Unknown,
    }
}

/// How the terminal that gives this answer reflows long rows, if the answer tells.
pub(super) fn reflow_of(answer: &Answer) -> Option<Reflow> {
    match answer {
        Answer::Name(name) => reflow_of_name(&name.to_ascii_lowercase()),
        // 'T': tmux, also where it does not tell its name. 65 and a version: VTE.
        Answer::Kind(84, _) | Answer::Kind(65, 4600..) => Some(Reflow::All),
        // xterm.js.
        Answer::Kind(0, 276) => Some(Reflow::AboveCursor),
        // 41: xterm. mosh is a VT220 of version 10, PuTTY a VT100 of 136. screen, which
        // is 'S', cuts rows off or breaks them.
        Answer::Kind(41, _) | Answer::Kind(1, 10) | Answer::Kind(0, 136) => Some(Reflow::None),
        Answer::Kind(83, _) => Some(Reflow::Unknown),
        Answer::Kind(..) | Answer::Last => None,
    }
}

fn reflow_of_name(name: &str) -> Option<Reflow> {
    NAMES
        .into_iter()
        .find(|(known, _)| name.starts_with(known))
        .map(|(_, reflow)| reflow)
}

/// How terminals begin their names, and how they reflow. [`Reflow::All`] only where the
/// place of the cursor was tested.
const NAMES: [(&str, Reflow); 13] = [
    ("alacritty", Reflow::AboveCursor),
    ("contour", Reflow::AboveCursor),
    ("foot", Reflow::All),
    ("ghostty", Reflow::AboveCursor),
    ("iterm2", Reflow::AboveCursor),
    ("kitty", Reflow::All),
    ("konsole", Reflow::AboveCursor),
    ("rio", Reflow::AboveCursor),
    ("tmux", Reflow::All),
    ("vte", Reflow::All),
    ("wezterm", Reflow::AboveCursor),
    // Before the other one, whose name it begins with.
    ("xterm.js", Reflow::AboveCursor),
    ("xterm", Reflow::None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inherited_names_do_not_tell() {
        for (term, reflow) in [
            ("tmux-256color", Reflow::All),
            ("xterm-kitty", Reflow::All),
            ("alacritty", Reflow::AboveCursor),
            ("foot-extra", Reflow::All),
            // A screen or a tmux, started in a tmux; an xterm, or any other terminal.
            ("screen-256color", Reflow::Unknown),
            ("xterm-256color", Reflow::Unknown),
            ("xterm", Reflow::Unknown),
            ("vt220", Reflow::Unknown),
        ] {
            assert_eq!(reflow_of_term(term), reflow, "{term}");
        }
    }

    /// The bytes that these terminals send.
    #[test]
    fn names_are_recognised() {
        let name = |name: &str| Some(Answer::Name(name.to_owned()));
        for (content, answer, reflow) in [
            (">|tmux 3.5a", name("tmux 3.5a"), Some(Reflow::All)),
            (">|kitty(0.39.1)", name("kitty(0.39.1)"), Some(Reflow::All)),
            (">|XTerm(390)", name("XTerm(390)"), Some(Reflow::None)),
            (
                ">|xterm.js(6.0.0)",
                name("xterm.js(6.0.0)"),
                Some(Reflow::AboveCursor),
            ),
            (
                ">|Konsole 25.04.2",
                name("Konsole 25.04.2"),
                Some(Reflow::AboveCursor),
            ),
            (">|a new one", name("a new one"), None),
            ("1$r0m", None, None),
        ] {
            let heard = Answer::in_string(content.as_bytes());
            assert_eq!(heard, answer);
            assert_eq!(heard.as_ref().and_then(reflow_of), reflow, "{content}");
        }
    }

    /// The bytes that these terminals send.
    #[test]
    fn kinds_are_recognised() {
        let kind = |first, second| Some(Answer::Kind(first, second));
        for (parameters, last, answer, reflow) in [
            (">84;0;0", b'c', kind(84, 0), Some(Reflow::All)),
            (">65;7006;1", b'c', kind(65, 7006), Some(Reflow::All)),
            (">83;40900;0", b'c', kind(83, 40900), Some(Reflow::Unknown)),
            (">1;10;0", b'c', kind(1, 10), Some(Reflow::None)),
            (">0;276;0", b'c', kind(0, 276), Some(Reflow::AboveCursor)),
            (">0;95;", b'c', kind(0, 95), None),
            (">", b'c', kind(0, 0), None),
            ("?62;1;4c", b'c', Some(Answer::Last), None),
            ("?62", b'u', None, None),
            ("", b'c', None, None),
            ("1", b'c', None, None),
        ] {
            let heard = Answer::in_sequence(parameters.as_bytes(), last);
            assert_eq!(heard, answer, "{parameters}");
            assert_eq!(heard.as_ref().and_then(reflow_of), reflow, "{parameters}");
        }
    }
}
