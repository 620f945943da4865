//! Names: names that look alike have a key in common, and a name is one everywhere.
#![no_main]

use chat_proto::name::{MAX_NAME_BYTES, Name};
use chat_proto::text;
use libfuzzer_sys::fuzz_target;

fn meet(one: &Name, other: &Name) -> bool {
    let (one, other) = (one.keys(), other.keys());
    one.iter()
        .any(|key| other.iter().any(|theirs| key == theirs))
}

/// Joiners, selectors and tags.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// ASCII letters and digits in full width.
fn wide(name: &str) -> String {
    name.chars()
        .map(|character| match character {
            '!'..='~' => char::from_u32(u32::from(character) + 0xfee0).unwrap_or(character),
            _ => character,
        })
        .collect()
}

fuzz_target!(|bytes: &[u8]| {
    let wanted = String::from_utf8_lossy(bytes);
    // A name from a server is checked less strictly, but is safe to print.
    if let Ok(name) = Name::parse(&wanted) {
        assert_eq!(text::clean(name.as_str()), name.as_str());
        assert!(!name.as_str().contains(|c: char| c.is_control() || c == ' '));
        assert!(name.keys().iter().count() > 0);
    }
    if let Some(nearest) = Name::nearest(&wanted) {
        assert_eq!(Name::choose(nearest.as_str()).as_ref(), Ok(&nearest));
    }
    for address in [
        format!("127.0.0.1{wanted}"),
        format!("{wanted}10.0.0.1:5000"),
    ] {
        assert!(Name::choose(&address).is_err(), "{address:?}");
    }
    let Ok(name) = Name::choose(&wanted) else {
        return;
    };
    let shown = name.as_str();
    assert!(!name.is_address() && shown.len() <= MAX_NAME_BYTES);
    assert_eq!(text::clean(shown), shown);
    assert!(!shown.contains(|c: char| c.is_whitespace() || "<>[]*:".contains(c)));
    assert_eq!(Name::choose(shown).as_ref(), Ok(&name), "twice is once");
    assert_eq!(Name::parse(shown).as_ref(), Ok(&name));
    for number in [2, 20, u32::MAX] {
        let numbered = name.numbered(number);
        assert_eq!(Name::parse(numbered.as_str()).as_ref(), Ok(&numbered));
    }
    // What no terminal need show makes no other name.
    let bare: String = shown.chars().filter(|&c| !is_hidden(c)).collect();
    if let Ok(other) = Name::choose(&bare) {
        assert!(meet(&name, &other), "{name:?} and {other:?}");
    }
    let keys = name.keys();
    let mut all: Vec<&str> = keys.iter().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), keys.iter().count(), "a key stands there once");
    // The same in another dress.
    for variant in [shown.to_lowercase(), shown.to_uppercase(), wide(shown)] {
        if let Ok(other) = Name::choose(&variant) {
            assert!(meet(&name, &other), "{name:?} and {other:?}");
        }
    }
    // What a character is compared by looks like it. (Of several ones each may
    // do so in another way, one by its capital and one by its shape.)
    for character in shown.chars() {
        let Ok(one) = Name::choose(character.encode_utf8(&mut [0; 4])) else {
            continue;
        };
        let plain = one.keys().iter().next().map(Name::choose);
        if let Some(Ok(other)) = plain {
            assert!(meet(&one, &other), "{one:?} and {other:?}");
        }
    }
});
