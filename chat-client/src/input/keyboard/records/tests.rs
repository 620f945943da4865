use super::*;

/// What a person gets who presses and releases these.
#[track_caller]
fn check(records: &[Record], expected: &[Typed]) {
    let mut decoder = Decoder::default();
    let mut typed = Vec::new();
    for &record in records {
        decoder.decode(record, &mut typed);
        let released = Record {
            is_down: false,
            ..record
        };
        decoder.decode(released, &mut typed);
    }
    assert_eq!(typed, expected, "{records:?}");
}

/// A key that is pressed, with the unit that it makes.
fn down(code: u16, unit: u16) -> Record {
    let (is_down, repeat) = (true, 1);
    Record {
        is_down,
        repeat,
        code,
        unit,
        ..Record::default()
    }
}

fn text(text: &str) -> Vec<Typed> {
    let key = |character| Typed::key(KeyCode::Char(character), KeyModifiers::NONE);
    text.chars().map(key).collect()
}

#[test]
fn characters_and_keys_with_names() {
    check(
        &[down(0x41, 0x61), down(0, 0x4f60), down(0xe7, 0xe9)],
        &text("a你é"),
    );
    let named = [
        (0x0d, 0x0d, KeyCode::Enter),
        (0x08, 0x08, KeyCode::Backspace),
        (0x25, 0, KeyCode::Left),
    ];
    for (code, unit, key) in named {
        check(&[down(code, unit)], &[Typed::key(key, KeyModifiers::NONE)]);
    }
    let shifted = Record {
        shift: true,
        ..down(0x09, 0x09)
    };
    check(
        &[shifted],
        &[Typed::key(KeyCode::BackTab, KeyModifiers::SHIFT)],
    );
    // Shift, Ctrl, Alt, the left key of Windows, F5, a dead key.
    check(
        &[0x10, 0x11, 0x12, 0x5b, 0x74, 0xdd].map(|code| down(code, 0)),
        &[],
    );
}

/// Each unit comes with its own release.
#[test]
fn a_character_of_two_units() {
    check(
        &[down(0, 0xd83d), down(0, 0xde0a), down(0x41, 0x61)],
        &text("😊a"),
    );
    check(
        &[down(0, 0xd83d), down(0x10, 0), down(0, 0xde0a)],
        &text("😊"),
    );
    // Halves.
    check(&[down(0, 0xd83d), down(0x41, 0x61)], &text("a"));
    check(&[down(0, 0xde0a), down(0x41, 0x61)], &text("a"));
}

#[test]
fn a_character_by_its_number() {
    let mut decoder = Decoder::default();
    let mut typed = Vec::new();
    let digit = Record {
        alt: true,
        ..down(VK_NUMPAD0 + 2, 0x32)
    };
    let released = |unit| Record {
        is_down: false,
        ..down(VK_MENU, unit)
    };
    for record in [
        down(VK_MENU, 0),
        digit,
        digit,
        released(0x2022),
        down(VK_MENU, 0),
        released(0),
    ] {
        decoder.decode(record, &mut typed);
    }
    assert_eq!(typed, text("•"));
}

#[test]
fn letters_with_ctrl_and_alt() {
    let held = |key: Record| Record {
        control: true,
        ..key
    };
    let control = |letter| [Typed::key(KeyCode::Char(letter), KeyModifiers::CONTROL)];
    // On a Russian keyboard as well, where the same key is `с`.
    check(&[held(down(0x43, 0x03))], &control('c'));
    check(&[held(down(0x4a, 0x0a))], &control('j'));
    check(&[held(down(0x37, 0))], &control('7'));
    check(&[held(down(0xbf, 0))], &control('/'));
    check(&[held(down(0xe2, 0x1f))], &control('_'));
    let alt = Record {
        alt: true,
        ..down(0x42, 0x62)
    };
    check(&[alt], &[Typed::key(KeyCode::Char('b'), KeyModifiers::ALT)]);
    // AltGr.
    let both = KeyModifiers::CONTROL | KeyModifiers::ALT;
    let alt_gr = Record {
        alt: true,
        ..held(down(0x51, 0x40))
    };
    check(&[alt_gr], &[Typed::key(KeyCode::Char('@'), both)]);
}

/// As a program sends a text.
#[test]
fn line_ends_and_tabs_without_a_key() {
    let key = |code| Typed::key(code, KeyModifiers::NONE);
    let expected = [key(KeyCode::Tab), key(KeyCode::Enter), key(KeyCode::Enter)];
    check(
        &[0x09, 0x0a, 0x0d, 0x1b, 0x07].map(|unit| down(0xe7, unit)),
        &expected,
    );
}

/// The console counts a key that is held down while the program is busy.
#[test]
fn a_key_that_is_held_down() {
    check(
        &[Record {
            repeat: 3,
            ..down(0x41, 0x61)
        }],
        &text("aaa"),
    );
}
