//! The decoder of keys: whatever a terminal sends, and however the reads cut it,
//! gives the same keys, none of which is a control character as text; and what
//! was begun does not keep a person from typing for longer than a pause.
#![no_main]

use chat_client::editor::MAX_DRAFT;
use chat_client::input::Typed;
use chat_client::input::keyboard::decoder::Decoder;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [cut, bytes @ ..] = bytes else {
        return;
    };
    let has = |piece: &[u8]| bytes.windows(piece.len()).any(|window| window == piece);
    let may_paste = has(b"200~");
    // C-c by itself in a paste is a key; how it is cut makes the difference.
    if may_paste && (has(b"\x03") || has(b"99")) {
        return;
    }
    let (mut decoder, whole) = decode(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(*cut % 16) + 1).collect();
    let (_, cut) = decode(&pieces);
    assert_eq!(cut, whole);
    let mut length = 0;
    for typed in &whole {
        length += match typed {
            Typed::Key(key) => {
                let character = matches!(key.code, KeyCode::Char(c) if c.is_control());
                assert!(!character, "{key:?}");
                1
            }
            Typed::Paste(text) => text.len(),
            _ => 0,
        };
    }
    // Invalid UTF-8 in a paste becomes longer.
    assert!(length <= 3 * bytes.len().min(MAX_DRAFT));
    if !may_paste {
        let mut typed = Vec::new();
        decoder.decode(b"hi", &mut typed);
        let key = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
        assert_eq!(typed, ['h', 'i'].map(|letter| Typed::Key(key(letter))));
    }
});

/// What these reads give, and that nothing follows for a moment.
fn decode(reads: &[&[u8]]) -> (Decoder, Vec<Typed>) {
    let mut decoder = Decoder::default();
    let mut typed = Vec::new();
    for read in reads {
        decoder.decode(read, &mut typed);
    }
    decoder.expire(&mut typed);
    assert!(!decoder.is_waiting());
    (decoder, typed)
}
