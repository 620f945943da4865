//! Which characters of a text pass, and behind which others.
//!
//! An invisible character passes only where a standard gives it something to do, and that
//! may depend on the next character. So it is held in the result, and removed again if the
//! next character has no use for it. Every decision depends on characters that stay in the
//! result alone: a second pass changes nothing.

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

use super::unicode::{
    is_emoji, is_ignorable, is_selector, is_spacing, is_unspaced, is_virama, may_be_joined,
    piles_up, share_script, takes_selector,
};

/// Removes the characters that do not pass; see [`clean`](super::clean).
pub(super) fn fit(said: &str) -> String {
    let mut filter = Filter {
        kept: String::with_capacity(said.len()),
        ..Filter::default()
    };
    filter.take_all(said);
    filter.end_line();
    filter.kept
}

/// The same for a piece of a text. Whatever depends on the text before the piece, or behind
/// it, passes, and is left to the cleaning of the whole text; see
/// [`clean_part`](super::clean_part).
pub(super) fn fit_part(piece: &str) -> String {
    let mut filter = Filter {
        is_open: true,
        ..Filter::default()
    };
    filter.take_all(piece);
    filter.kept
}

/// What has passed so far, and what the rules need to know of it.
#[derive(Default)]
struct Filter {
    kept: String,
    /// The last character of the line that is settled; `None` at its beginning.
    last: Option<char>,
    /// Nothing has settled yet, and the text before the beginning is unknown.
    is_open: bool,
    /// The last settled character that is no mark, selector or joiner.
    base: char,
    /// The last mark on it.
    mark: char,
    marks: Marks,
    /// The number of joiners in the emoji sequence that ends here; `None` if the sequence
    /// began before the piece.
    joined: Option<u32>,
    /// Characters at the end of `kept` that stay only if the next one needs them: where
    /// they begin, and the first of them.
    pending: Option<(usize, char)>,
}

/// How many marks stand on the base.
#[derive(Default)]
struct Marks {
    all: u32,
    /// Those that pile up.
    piled: u32,
    /// The last mark, in succession.
    same: u32,
}

impl Filter {
    fn take_all(&mut self, text: &str) {
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let plain = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
            if plain > 0 {
                self.put_plain(&rest[..plain], character);
                rest = &rest[plain..];
            } else {
                self.take(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }

    fn take(&mut self, character: char) {
        if self.is_open && depends_on_others(character) {
            self.kept.push(character);
            return;
        }
        match character {
            '\t' | '\n' => {
                self.end_line();
                self.kept.push(character);
            }
            '\u{2028}' | '\u{2029}' => self.put_base(' '),
            ZWNJ | ZWJ | ZWSP | GRAPHEME_JOINER | VOWEL_SEPARATOR | '\u{1bca0}'..='\u{1bca3}' => {
                if self.last.is_some() {
                    self.hold(character);
                }
            }
            // A syllable begins with it, so nothing before it reaches what follows.
            INITIAL_FILLER => {
                self.drop_pending();
                self.hold(character);
            }
            VOWEL_FILLER => self.put_vowel_filler(),
            '\u{e0020}'..='\u{e007e}' => self.put_tag(character),
            TAG_END => self.end_tags(),
            _ if is_selector(character) => self.put_selector(character),
            _ if is_ignorable(character) => {}
            _ if is_combining_mark(character) => self.put_mark(character),
            '\u{13430}'..='\u{1343f}' => {
                if self.is_behind(|last| share_script(last, character)) {
                    self.put_mark(character);
                }
            }
            // They annotate the text between them.
            '\u{fff9}'..='\u{fffb}' => {}
            _ => self.put_base(character),
        }
    }

    /// Visible characters that stand by themselves.
    fn put_plain(&mut self, text: &str, first: char) {
        self.put_base(first);
        if let Some(last) = text[first.len_utf8()..].chars().next_back() {
            self.kept.push_str(&text[first.len_utf8()..]);
            self.last = Some(last);
            self.base = last;
            self.joined = Some(0);
        }
    }

    /// A visible character that stands by itself.
    fn put_base(&mut self, character: char) {
        self.joined = if self.settle(character) == Some(ZWJ) {
            self.joined.map(|joined| joined + 1)
        } else if self.is_open && self.kept.ends_with(ZWJ) {
            None
        } else {
            Some(0)
        };
        self.put(character);
        self.base = character;
        self.marks = Marks::default();
    }

    /// A mark, if there is a base for it and the bounds allow it. A mark that takes a column
    /// of its own needs no base.
    fn put_mark(&mut self, mark: char) {
        if !is_spacing(mark) && !self.is_behind(|_| true) {
            return;
        }
        let same = if self.marks.all > 0 && self.mark == mark {
            self.marks.same + 1
        } else {
            1
        };
        let all = self.marks.all + 1;
        let piled = self.marks.piled + u32::from(piles_up(mark));
        if all > MAX_MARKS || piled > MAX_PILED || same > MAX_SAME {
            return;
        }
        self.settle(mark);
        self.put(mark);
        self.mark = mark;
        self.marks = Marks { all, piled, same };
    }

    fn put_selector(&mut self, selector: char) {
        if self.pending.is_none() && self.is_behind(|last| takes_selector(last, selector)) {
            self.put(selector);
        }
    }

    /// The filler for a vowel, behind a consonant; behind the filler for a consonant it
    /// needs a final one.
    fn put_vowel_filler(&mut self) {
        match self.pending {
            Some((at, INITIAL_FILLER)) if !self.kept[at..].ends_with(VOWEL_FILLER) => {
                self.kept.push(VOWEL_FILLER);
            }
            None if self.is_behind(is_initial) => self.put_base(VOWEL_FILLER),
            _ => {}
        }
    }

    /// A character of the name of a region, behind a black flag.
    fn put_tag(&mut self, tag: char) {
        match self.pending {
            Some((_, FLAG)) => self.kept.push(tag),
            None if self.is_behind(|last| last == FLAG) => {
                self.pending = Some((self.kept.len(), FLAG));
                self.kept.push(tag);
            }
            _ => {}
        }
    }

    /// The end of the name of a region, if that is one.
    fn end_tags(&mut self) {
        if let Some((at, FLAG)) = self.pending
            && is_subdivision(&self.kept[at..])
        {
            self.pending = None;
            self.put(TAG_END);
        }
    }

    /// Whether there is a last character, and this holds for it.
    fn is_behind(&self, test: impl Fn(char) -> bool) -> bool {
        self.last.is_some_and(test)
    }

    fn put(&mut self, character: char) {
        self.kept.push(character);
        self.last = Some(character);
        self.is_open = false;
    }

    fn hold(&mut self, character: char) {
        if self.pending.is_none() {
            self.pending = Some((self.kept.len(), character));
            self.kept.push(character);
        }
    }

    /// Decides on what is pending, now that the next character is known. Returns the first
    /// character of it if it stays.
    fn settle(&mut self, next: char) -> Option<char> {
        let &(at, pending) = self.pending.as_ref()?;
        if self.is_needed(pending, &self.kept[at..], next) {
            self.pending = None;
            return Some(pending);
        }
        self.drop_pending();
        None
    }

    /// Removes what is pending, and returns the first character of it.
    fn drop_pending(&mut self) -> Option<char> {
        let (at, pending) = self.pending.take()?;
        self.kept.truncate(at);
        Some(pending)
    }

    /// Whether what is pending does something between the last character and the next.
    fn is_needed(&self, pending: char, whole: &str, next: char) -> bool {
        let last = self.last.unwrap_or(' ');
        match pending {
            ZWJ if self.ends_emoji() => {
                is_emoji(next) && self.joined.is_none_or(|joined| joined < MAX_JOINED)
            }
            // The letter takes the form that it has before another one: `ه‍.ق`.
            ZWJ if last.script() == Script::Arabic && !next.is_whitespace() => true,
            ZWJ | ZWNJ => is_virama(last) || may_be_joined(last, next),
            ZWSP => is_unspaced(last) || is_unspaced(next),
            VOWEL_SEPARATOR => may_be_joined(last, next) && share_script(last, VOWEL_SEPARATOR),
            GRAPHEME_JOINER => is_combining_mark(next),
            '\u{1bca0}'..='\u{1bca3}' => share_script(last, pending) && share_script(next, pending),
            INITIAL_FILLER if whole.ends_with(VOWEL_FILLER) => {
                matches!(next, '\u{11a8}'..='\u{11ff}' | '\u{d7cb}'..='\u{d7fb}')
            }
            INITIAL_FILLER => matches!(next, '\u{1161}'..='\u{11a7}' | '\u{d7b0}'..='\u{d7c6}'),
            _ => false,
        }
    }

    /// Whether an emoji ends here, with its selector, modifier or tags.
    fn ends_emoji(&self) -> bool {
        is_emoji(self.base)
            && self
                .last
                .is_some_and(|last| last == self.base || matches!(last, '\u{fe0f}' | TAG_END))
    }

    /// At the end of a line nothing is joined: a pending joiner would make a terminal draw
    /// the next character that is printed into the last cell.
    fn end_line(&mut self) {
        if self.drop_pending() == Some(ZWJ) {
            self.make_final();
        }
        self.last = None;
        self.is_open = false;
        self.marks = Marks::default();
        self.joined = Some(0);
    }

    /// Final consonants of Malayalam and Bengali were written with a joiner at the end before
    /// they had characters of their own (core specification, 12.2 and 12.9). Without the
    /// joiner they would be other letters, so they become those characters.
    fn make_final(&mut self) {
        let mut characters = self.kept.chars();
        let (virama, letter) = (characters.next_back(), characters.next_back());
        let is_written_so = |&&(known, with, _): &&(char, char, char)| {
            Some(known) == letter && Some(with) == virama
        };
        if let Some(&(letter, virama, last)) = FINALS.iter().find(is_written_so) {
            let short = self.kept.len() - letter.len_utf8() - virama.len_utf8();
            self.kept.truncate(short);
            self.kept.push(last);
        }
    }
}

/// Whether a character passes behind some characters, or before some, and not otherwise.
fn depends_on_others(character: char) -> bool {
    is_selector(character)
        || is_combining_mark(character) && !is_ignorable(character)
        || matches!(
            character,
            ZWNJ | ZWJ | ZWSP | GRAPHEME_JOINER | VOWEL_SEPARATOR | INITIAL_FILLER | VOWEL_FILLER
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{e0020}'..='\u{e007f}'
        )
}

/// Whether it is the first consonant of a syllable of Hangul.
fn is_initial(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{115e}' | '\u{a960}'..='\u{a97c}')
}

/// Letters and punctuation of many languages, to which no rule applies. They are looked for
/// first, since everything else costs more; the list need not be complete.
pub(super) fn is_plain(character: char) -> bool {
    matches!(character,
        ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{2ff}'
        | '\u{370}'..='\u{373}' | '\u{388}'..='\u{482}'
        | '\u{48a}'..='\u{52f}' | '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{64a}'
        | '\u{671}'..='\u{6d5}' | '\u{904}'..='\u{939}' | '\u{985}'..='\u{9b9}'
        | '\u{b85}'..='\u{bb9}' | '\u{e01}'..='\u{e30}' | '\u{1000}'..='\u{102a}'
        | '\u{10a0}'..='\u{10ff}' | '\u{3001}'..='\u{3029}' | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff01}'..='\u{ff9f}')
}

/// Whether these tags are the name of a part of a country, as CLDR spells it: `gbsct` is
/// Scotland. No other tag sequence is valid (UTS 51, ED-14a and annex C), and tags could
/// hide a text.
fn is_subdivision(tags: &str) -> bool {
    let name: String = tags
        .chars()
        .filter_map(|tag| char::from_u32(u32::from(tag) - 0xe0000))
        .collect();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let country = if name.starts_with(|first: char| first.is_ascii_digit()) {
        3
    } else {
        2
    };
    let Some((country, part)) = name.split_at_checked(country) else {
        return false;
    };
    (digits(country) || letters(country))
        && (1..=4).contains(&part.len())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// The most marks on one base. The longest syllables of Tibetan have 10; in the specimens no
/// other script has more than 5.
const MAX_MARKS: u32 = 12;

/// The most of them that pile up above, below or on the base. Vietnamese, Hebrew with
/// cantillation and the Koran need 3 at most.
const MAX_PILED: u32 = 4;

/// How often one mark may stand in succession. Even has letters with two macrons.
const MAX_SAME: u32 = 2;

/// The most joiners in one emoji sequence. Those that Unicode recommends have at most 3.
const MAX_JOINED: u32 = 7;

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
/// Where a line may be broken in a script without blanks.
const ZWSP: char = '\u{200b}';
/// Keeps marks in their order, as biblical Hebrew needs it.
const GRAPHEME_JOINER: char = '\u{34f}';
/// Before a final vowel in Mongolian.
const VOWEL_SEPARATOR: char = '\u{180e}';
/// Hangul: in the place of the first consonant.
const INITIAL_FILLER: char = '\u{115f}';
/// Hangul: in the place of the vowel.
const VOWEL_FILLER: char = '\u{1160}';
const FLAG: char = '\u{1f3f4}';
const TAG_END: char = '\u{e007f}';

/// A letter and a virama, and the character for what they were with a joiner.
const FINALS: [(char, char, char); 7] = [
    ('\u{d23}', '\u{d4d}', '\u{d7a}'),
    ('\u{d28}', '\u{d4d}', '\u{d7b}'),
    ('\u{d30}', '\u{d4d}', '\u{d7c}'),
    ('\u{d32}', '\u{d4d}', '\u{d7d}'),
    ('\u{d33}', '\u{d4d}', '\u{d7e}'),
    ('\u{d15}', '\u{d4d}', '\u{d7f}'),
    ('\u{9a4}', '\u{9cd}', '\u{9ce}'),
];
