//! The cleaner of texts: nothing that it lets pass can harm a terminal, and
//! plain text passes as it is.
#![no_main]

use chat_proto::text::{MAX_TEXT, Text, TextError, clean, clean_part};
use libfuzzer_sys::fuzz_target;

fn is_forbidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        | '\u{ad}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}')
}

/// Invisible characters, which pass only beside a character that they belong to.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Characters that join or part the characters on both sides.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}')
}

/// Characters that are certainly harmless, so that they must pass.
fn is_plain(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}'
        | 'а'..='я' | 'א'..='ת' | 'ء'..='ي' | '一'..='龥' | 'ぁ'..='ゖ'
        | '\u{1f300}'..='\u{1f64f}')
}

fuzz_target!(|bytes: &[u8]| {
    let said = String::from_utf8_lossy(bytes);
    let cleaned = clean(&said);
    assert!(!cleaned.contains(is_forbidden), "{cleaned:?}");
    assert_eq!(clean(&cleaned), cleaned, "twice is once");
    assert!(cleaned.len() <= said.len());
    if said.chars().all(is_plain) {
        assert_eq!(cleaned, said);
    }
    if !said.contains(char::is_control) {
        let plain = |text: &str| {
            text.chars()
                .filter(|&c| is_plain(c) && c != ' ')
                .collect::<String>()
        };
        assert_eq!(plain(&cleaned), plain(&said), "nothing is taken along");
    }
    for line in cleaned.split(['\n', '\t']) {
        assert!(
            !line.starts_with(is_hidden) && !line.ends_with(is_joiner),
            "{line:?}"
        );
        let mut before = ' ';
        for character in line.chars() {
            // A letter of Latin, or a blank, has no use for any of them.
            assert!(
                !is_hidden(character) || !matches!(before, ' ' | 'A'..='z'),
                "{line:?}"
            );
            assert!(!is_joiner(character) || !is_joiner(before), "{line:?}");
            before = character;
        }
    }
    // However much of it came at once, while it was typed.
    let pieces = said.split_inclusive(|character: char| u32::from(character) % 7 == 0);
    let typed: String = pieces.map(clean_part).collect();
    if !said.contains(char::is_control) {
        assert_eq!(clean(&typed), cleaned, "typed");
    }
    let newlines = |text: &str| text.matches('\n').count();
    assert!(newlines(&cleaned) <= newlines(&said), "no line is forged");
    match Text::clean(&said) {
        Ok(text) => {
            assert!((1..=MAX_TEXT).contains(&text.as_str().len()));
            assert_eq!(Text::clean(text.as_str()).as_ref(), Ok(&text));
            assert_eq!(text.as_str(), cleaned.trim_end_matches('\n'));
        }
        Err(TextError::TooLong) => assert!(said.len() > MAX_TEXT),
        Err(TextError::Empty) => assert!(!cleaned.contains(|c: char| c.is_ascii_graphic())),
    }
});
