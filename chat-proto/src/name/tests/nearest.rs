use super::*;

#[test]
fn a_login_name_becomes_the_nearest_name() {
    for (login, expected) in [
        ("jane", "jane"),
        ("jane@corp.example", "jane"),
        ("CORP\\jane", "jane"),
        ("CORP\\jane@corp.example", "jane"),
        ("Jane Doe", "Jane-Doe"),
        ("  Jane \t Doe ", "Jane-Doe"),
        ("Jane Doe (IT)", "Jane-Doe-IT"),
        ("O'Brien, Pat", "OBrien-Pat"),
        ("jane/admin@EXAMPLE.ORG", "jane-admin"),
        ("_www", "www"),
        ("-jane-", "jane"),
        ("@jane", "jane"),
        ("host$", "host"),
        ("<jane>", "jane"),
        ("[jane]", "jane"),
        ("1000", "1000"),
        ("10.0.0.1", "10-0-0-1"),
        ("ｊａｎｅ", "jane"),
        ("müller", "müller"),
        ("安娜 李", "安娜-李"),
        ("ja\u{200b}ne\u{202e}", "jane"),
        ("jane\u{1039}", "jane"),
        ("server", "server-user"),
        ("System", "System-user"),
        ("you", "you-user"),
        ("❤\u{fe0f} jane", "❤\u{fe0f}-jane"),
        ("ja\x07n\x1b[1me", "jane"),
        (&"a".repeat(33), &"a".repeat(32)),
        (&"a".repeat(100_000), &"a".repeat(32)),
        (&"中".repeat(40), &"中".repeat(16)),
        (
            &"👩\u{200d}🚒-".repeat(9),
            "👩\u{200d}🚒-👩\u{200d}🚒-👩\u{200d}🚒-👩\u{200d}🚒-👩\u{200d}🚒-👩\u{200d}🚒",
        ),
    ] {
        let nearest = Name::nearest(login).map(|name| name.to_string());
        assert_eq!(nearest.as_deref(), Some(expected), "{login:?}");
    }
    for hopeless in ["", " ", "@", "???", "\u{200b}", "\u{301}", "<>", "CORP\\"] {
        assert_eq!(Name::nearest(hopeless), None, "{hopeless:?}");
    }
}

proptest! {
    #[test]
    fn what_is_a_name_stays_one(login in any::<String>()) {
        if let Ok(name) = Name::choose(&login)
            && !login.contains(['@', '\\'])
        {
            prop_assert_eq!(Name::nearest(&login), Some(name));
        } else if let Some(name) = Name::nearest(&login) {
            prop_assert_eq!(Name::choose(name.as_str()), Ok(name));
        }
    }

    #[test]
    fn a_letter_is_enough(around in "[ -/:-@\\[-`{-~\u{200b}\u{301}\u{fe0f}🇩]{0,12}") {
        let (behind, before) = (format!("x{around}"), format!("{}x", around.replace('@', "")));
        prop_assert!(Name::nearest(&behind.replace('\\', "")).is_some(), "{:?}", behind);
        prop_assert!(Name::nearest(&before).is_some(), "{:?}", before);
    }
}
