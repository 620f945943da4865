//! What programs write for a terminal rather than for a reader: escape sequences
//! (ECMA-48) and overstruck letters.
//!
//! Every function gets the text behind what has been read, and returns the text behind
//! what it has read. Each character is looked at twice at most.

/// Removes control characters and the sequences that they begin; see
/// [`clean`](super::clean).
pub(super) fn strip(said: &str) -> String {
    let mut kept = String::with_capacity(said.len());
    let mut rest = said;
    while let Some(at) = rest.find(is_stripped) {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let control = take(&mut rest);
        match control {
            Some(ESC) => rest = skip_escape(rest),
            Some('\u{9b}') => rest = skip_control(rest),
            Some('\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}') => {
                rest = skip_string(rest, Kind::Other, 0);
            }
            Some('\u{9d}') => rest = skip_string(rest, Kind::System, 0),
            Some('\r') if rest.starts_with('\n') => {}
            Some('\r' | '\x0b' | '\x0c' | '\u{85}') => kept.push(' '),
            Some(BACKSPACE) => rest = overstrike(&mut kept, rest),
            _ => {}
        }
    }
    kept.push_str(rest);
    kept
}

/// Control characters (Unicode category Cc) other than TAB and LF.
pub(super) fn is_stripped(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n')
}

/// Skips an escape sequence, behind its ESC.
fn skip_escape(text: &str) -> &str {
    let mut rest = text;
    match take(&mut rest) {
        Some('[') => skip_control(rest),
        Some(']') => skip_string(rest, Kind::System, MAX_UNENDED),
        // `k` is the title of a window of screen and tmux.
        Some('P' | 'X' | '^' | '_' | 'k') => skip_string(rest, Kind::Other, MAX_UNENDED),
        Some('0'..='~') => rest,
        Some(' '..='/') => {
            let end = rest.trim_start_matches(|c| matches!(c, ' '..='/'));
            match end.chars().next() {
                Some('0'..='~') => &end[1..],
                _ => text,
            }
        }
        _ => text,
    }
}

/// Skips a control sequence (CSI), behind its introducer; one that is broken off as far as
/// it goes.
fn skip_control(text: &str) -> &str {
    let end = text.trim_start_matches(|c| matches!(c, '0'..='?'));
    let end = end.trim_start_matches(|c| matches!(c, ' '..='/'));
    match end.chars().next() {
        Some('@'..='~') => &end[1..],
        _ => end,
    }
}

/// The kinds of control strings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A command to the terminal (OSC): one line, and BEL may end it.
    System,
    /// Any other (DCS, SOS, PM, APC).
    Other,
}

/// Skips a control string, behind its introducer. Without an end it is skipped up to the
/// end of its line, if that is at most `unended` bytes away; otherwise nothing is skipped,
/// so that no long text is lost for want of an end.
fn skip_string(text: &str, kind: Kind, unended: usize) -> &str {
    if kind == Kind::System
        && let Some(rest) = skip_palette(text)
    {
        return rest;
    }
    let mut broken = text.len();
    for (at, character) in text.char_indices() {
        match character {
            '\u{9c}' => return &text[at + character.len_utf8()..],
            BELL if kind == Kind::System => return &text[at + 1..],
            ESC if text[at + 1..].starts_with('\\') => return &text[at + 2..],
            '\n' if kind == Kind::System => {}
            ESC | '\x18' | '\x1a' | '\u{80}'..='\u{9f}' => {}
            _ => continue,
        }
        broken = at;
        break;
    }
    let line = memchr::memchr(b'\n', &text.as_bytes()[..broken]).unwrap_or(broken);
    if line <= unended { &text[line..] } else { text }
}

/// Skips a command of the Linux console that sets one colour, or resets all; these have no
/// end.
fn skip_palette(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('R') {
        return Some(rest);
    }
    let (digits, rest) = text.strip_prefix('P')?.split_at_checked(7)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then_some(rest)
}

/// Behind a BACKSPACE: where a letter is struck twice, as manual pages print bold letters, or
/// together with `_`, as they print italics, one letter stays. A wide letter has two
/// BACKSPACEs.
fn overstrike<'a>(kept: &mut String, text: &'a str) -> &'a str {
    let rest = text.strip_prefix(BACKSPACE).unwrap_or(text);
    let Some(upper) = rest.chars().next() else {
        return rest;
    };
    match kept.chars().next_back() {
        // A line end or a tab is no letter.
        Some(lower) if lower.is_control() => rest,
        Some(lower) if lower == upper || upper == '_' && !lower.is_whitespace() => {
            &rest[upper.len_utf8()..]
        }
        Some('_') if !upper.is_whitespace() && !upper.is_control() => {
            kept.pop();
            rest
        }
        _ => rest,
    }
}

fn take(text: &mut &str) -> Option<char> {
    let mut characters = text.chars();
    let first = characters.next();
    *text = characters.as_str();
    first
}

/// How many bytes of a line are removed with a control string that does not end. A title or
/// a link that is cut off by the end of its line is hardly longer.
const MAX_UNENDED: usize = 256;

const ESC: char = '\x1b';
const BELL: char = '\x07';
const BACKSPACE: char = '\x08';
