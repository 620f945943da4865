//! Any lines, and any edits of them.

use proptest::prelude::*;

use super::*;

/// Lines that are nearly usable.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let option = prop_oneof![
        Just("op".to_owned()),
        Just("no-pty".to_owned()),
        "name=\"[a-cA-C]{1,2}\"",
        ".{0,8}",
    ];
    let options = prop::collection::vec(option, 0..3).prop_map(|options| options.join(","));
    let key = prop_oneof![
        Just(ED25519.line.to_owned()),
        Just(P256.line.to_owned()),
        Just(RSA_1024.line.to_owned()),
        "ssh-[a-z0-9]{0,8} [A-Za-z0-9+/=]{0,90}",
    ];
    let comment = prop_oneof![
        "[a-cA-C]{0,2}(@.{0,4})?",
        "claimed 2026-0[12]-1[0-9]( used 2026-0[1-3]-1[0-9])?",
    ];
    let line = (options, key, comment)
        .prop_map(|(options, key, comment)| format!("{options} {key} {comment}").into_bytes());
    prop_oneof![8 => line, 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

/// What can happen to a file.
#[derive(Debug, Clone)]
enum Edit {
    Claim(String, u32),
    Use(String, u32),
    Forget(String),
}

fn edit() -> impl Strategy<Value = Edit> {
    let (name, key) = ("[a-cA-CI]{1,2}", 0u32..4);
    prop_oneof![
        4 => (name, key.clone()).prop_map(|(name, key)| Edit::Claim(name, key)),
        2 => (name, key).prop_map(|(name, key)| Edit::Use(name, key)),
        1 => name.prop_map(Edit::Forget),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_lines_are_read_and_written_back(
        lines in prop::collection::vec(line(), 0..6), end in "\n?",
    ) {
        let file = [&lines.join(&b'\n')[..], end.as_bytes()].concat();
        let (people, _) = People::parse(&file).unwrap();
        check(&people);
        let bytes = people.to_bytes();
        prop_assert_eq!(bytes.strip_suffix(b"\n").unwrap_or(&bytes),
            file.strip_suffix(b"\n").unwrap_or(&file));
    }

    #[test]
    fn edits_leave_all_other_lines_and_are_read_again(
        lines in prop::collection::vec(line(), 0..4),
        edits in prop::collection::vec(edit(), 0..24),
    ) {
        let (mut people, _) = People::parse(&lines.join(&b'\n')).unwrap();
        let unused = |people: &People| -> Vec<Box<[u8]>> {
            let lines = people.lines.values().filter(|line| line.entry.is_none());
            lines.map(|line| line.text.clone()).collect()
        };
        let before = unused(&people);
        for (number, edit) in edits.into_iter().enumerate() {
            let day = day(&format!("2026-01-{:02}", number + 1));
            match edit {
                Edit::Claim(wanted, number) => {
                    let wanted = name(&wanted);
                    let was = people.holding(&wanted, Some(&print(&key(number))));
                    let is_free = was == Holding::Free;
                    let claimed = people.claim(&wanted, &key(number), day);
                    prop_assert_eq!(matches!(claimed, Claimed::Now { .. }), is_free);
                    if is_free {
                        let now = people.holding(&wanted, Some(&print(&key(number))));
                        prop_assert_eq!(now, Holding::Own(&wanted));
                    }
                }
                Edit::Use(wanted, number) => {
                    people.note_use(&name(&wanted), &print(&key(number)), day);
                }
                Edit::Forget(wanted) => {
                    people.forget(&name(&wanted));
                    prop_assert_eq!(people.holding(&name(&wanted), None), Holding::Free);
                }
            }
            check(&people);
        }
        prop_assert_eq!(unused(&people), before);
    }
}
