use super::*;

/// No chosen name looks like what the server calls a person without one.
#[test]
fn no_name_looks_like_an_address() {
    for wanted in [
        "127.0.0.1",
        "127.0.0.l",
        "127.0.0.I",
        "I.O.o.l",
        "127.0.0.Ι",
        "127.0.0.ĺ",
        "127.ọ.Ö.1",
        "127.0.0.1-2",
        "127.0.0.1.5000",
        "127.0.0.1x",
        "x127.0.0.1",
        "１２７.0.0.1",
        "𝟏𝟐𝟕.0.0.1",
        "①②⑦.⓪.0.1",
        "❶❷❼.0.0.1",
        "1\u{fe0f}\u{20e3}27.0.0.1",
        "🅾.0.0.1",
        "١٢٧.٠.٠.١",
        "۱۲۷.۰.۰.۱",
        "१२७.०.०.१",
        "১২৭.০.০.১",
        "๑๒๗.๐.๐.๑",
        // Dots that are none.
        "127٠0٠0٠1",
        "127ꓸ0ꓸ0ꓸ1",
        "127⚫0⚫0⚫1",
        "127々0々0々1",
    ] {
        let refused = Name::choose(wanted).expect_err(wanted);
        let is_told = matches!(
            refused,
            NameError::Address | NameError::Character(_) | NameError::Misplaced(_)
        );
        assert!(is_told, "{wanted}: {refused}");
    }
    for wanted in [
        "v1.2.3",
        "1.2.3",
        "2026-11-28",
        "r2d2c3p0",
        "10",
        "1000",
        "127-0-0-1",
        "j.r.r.tolkien",
        "o.o",
        "a1.b2.c3.d4",
    ] {
        name(wanted);
    }
}

/// No character can stand for the colon, for a dot, or for a digit.
#[test]
fn nothing_can_be_put_in_an_address() {
    for character in parts() {
        let wanted = format!("127.0.0.1{character}5000");
        assert!(Name::choose(&wanted).is_err(), "{wanted:?}");
        let dots = format!("127{character}0{character}0{character}1");
        if let Ok(name) = Name::choose(&dots) {
            // It is none, or one of ours, which can't be taken for a dot; or another digit.
            let shown = name.as_str();
            let is_number = |c| form::is_like_number(c, "?") || "lLIoO".contains(c);
            let is_known = shown.is_ascii() || shown.chars().all(is_number);
            assert!(is_known || shown.chars().count() != 8, "{dots:?}");
        }
        // No address of IPv6 without something like a colon.
        if let Ok(name) = Name::choose(&format!("fe80{character}{character}1")) {
            assert!(!name.keys().iter().any(|key| key.contains(':')), "{name:?}");
        }
    }
}
