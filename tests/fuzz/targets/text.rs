//! The cleaner of texts: nothing that it lets pass can harm a terminal, and
//! plain text passes as it is.
#![no_main]

use chat_proto::text::{MAX_TEXT, Text, TextError, clean};
use libfuzzer_sys::fuzz_target;

fn is_forbidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}')
}

/// What nobody could have anything against, so that it is to pass.
fn is_plain(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}'
        | 'а'..='я' | 'א'..='ת' | 'ء'..='ي' | '一'..='龥' | 'ぁ'..='ゖ'
        | '\u{1f300}'..='\u{1f64f}' | '\u{200c}' | '\u{200d}')
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
