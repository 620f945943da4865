//! How many columns of a terminal a text takes.
//!
//! Terminals do not agree. `❤️` is one column wide in xterm and two in kitty,
//! a family of three is two columns wide in tmux and six in Alacritty, and a
//! terminal that is older than an emoji may not give it any column at all. So
//! there is no one width of a text, but a widest and a narrowest reading:
//!
//! - [`widest`] is for what must not grow beyond a limit: a row that is cut or
//!   broken by it fits on every screen;
//! - [`narrowest`] is for what must be there at least, such as the rows that a
//!   text certainly fills.
//!
//! Both hold for xterm, kitty, VTE, tmux, xterm.js, Alacritty and the like in
//! their usual settings: characters of ambiguous width (UAX 11) are narrow.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// The columns of `text` in the terminal that gives it most.
///
/// The sum over code points, as terminals count that do not know of emoji
/// sequences. What asks for the picture of a character (U+FE0F, and U+20E3
/// for a keycap) makes a narrow one wide. A tab is as wide as it can be.
pub fn widest(text: &str) -> usize {
    let mut columns = 0;
    let mut is_narrow = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        columns += match character {
            '\u{fe0f}' | '\u{20e3}' if is_narrow => {
                is_narrow = false;
                1
            }
            _ => {
                // Two of them are one flag.
                if is_regional_indicator(character) {
                    characters.next_if(|&next| is_regional_indicator(next));
                }
                let width = widest_of(character);
                if width > 0 {
                    is_narrow = width == 1;
                }
                width
            }
        };
    }
    columns
}

/// The columns of `text` in the terminal that gives it least.
///
/// Of each grapheme cluster (UAX 29) only the first character counts. It counts
/// two columns only if it was wide in Unicode's first tables; whatever a
/// terminal may be too old to know counts none, nor does a tab.
pub fn narrowest(text: &str) -> usize {
    text.graphemes(true)
        .filter_map(|cluster| cluster.chars().next())
        .map(narrowest_of)
        .sum()
}

fn widest_of(character: char) -> usize {
    match character {
        ' '..='~' => 1,
        '\t' => TAB,
        // A flag, and also one half of it alone.
        _ if is_regional_indicator(character) => 2,
        // Circled numbers, which glibc and old tables have as wide.
        '\u{3248}'..='\u{324f}' => 2,
        // Blocks in which emoji are added, which some terminals know earlier.
        '\u{1f900}'..='\u{1f9ff}' | '\u{1fa70}'..='\u{1faff}' => 2,
        // Wide tone marks, which others put above a letter.
        '\u{302e}' | '\u{302f}' | '\u{16ff0}' | '\u{16ff1}' => 2,
        _ => match character.width() {
            Some(0) if is_spacing(character) => 1,
            width => width.unwrap_or(0),
        },
    }
}

fn narrowest_of(character: char) -> usize {
    match character {
        ' '..='~' => 1,
        _ if character.width().unwrap_or(0) == 0 || is_combining_mark(character) => 0,
        // Signs that stand before a number and share its place.
        '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' => 0,
        '\u{6de}' | '\u{fff9}'..='\u{fffb}' | '\u{fffd}' | '\u{1f3fb}'..='\u{1f3ff}' => 0,
        // Letters that tables of 2010 do not have as wide.
        '\u{31bb}'..='\u{31bf}' => 1,
        '\u{1100}'..='\u{115e}'
        | '\u{2e80}'..='\u{3029}'
        | '\u{3031}'..='\u{303c}'
        | '\u{3041}'..='\u{3247}'
        | '\u{3250}'..='\u{3296}'
        | '\u{329a}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff01}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' => 2,
        // Flags, the emoji of Unicode 6, and rare Chinese characters.
        '\u{1f1e6}'..='\u{1f1ff}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6c5}'
        | '\u{20000}'..='\u{3fffd}' => 1,
        '\u{10000}'.. => 0,
        _ => 1,
    }
}

/// Characters without a width of their own that some terminals give a column:
/// spacing marks that extend a cluster (as vowels of Bengali and Tamil do), marks
/// of Burmese that are younger than some tables, signs that precede a cluster, the
/// vowels and finals of Hangul written in letters, and what selects a variant.
fn is_spacing(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{9be}' | '\u{9d7}' | '\u{b3e}' | '\u{b57}' | '\u{bbe}' | '\u{bd7}'
        | '\u{cc0}' | '\u{cc2}' | '\u{cc7}' | '\u{cc8}' | '\u{cca}' | '\u{ccb}'
        | '\u{cd5}' | '\u{cd6}' | '\u{d3e}' | '\u{d4e}' | '\u{d57}' | '\u{dcf}' | '\u{ddf}' | '\u{1033}'..='\u{109d}'
        | '\u{1160}'..='\u{11ff}' | '\u{1715}' | '\u{1734}' | '\u{1b35}'..='\u{1b44}'
        | '\u{1baa}'..='\u{1bf3}' | '\u{3164}' | '\u{a8fa}' | '\u{a953}' | '\u{a9c0}'
        | '\u{d7b0}'..='\u{d7fb}' | '\u{ffa0}' | '\u{11000}'..='\u{11fff}'
        | '\u{1d165}'..='\u{1d172}' | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_regional_indicator(character: char) -> bool {
    matches!(character, '\u{1f1e6}'..='\u{1f1ff}')
}

/// The most columns from one tab stop to the next.
const TAB: usize = 8;

#[cfg(test)]
mod tests;
