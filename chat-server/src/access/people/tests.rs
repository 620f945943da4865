use ssh_key::public::{Ed25519PublicKey, KeyData};

use super::*;
use crate::access::keys::fixtures::{ED25519, P256, P384, P521, RSA, RSA_1024};

mod properties;

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

fn day(day: &str) -> Day {
    Day::parse(day).unwrap()
}

/// A key of a kind that needs no proof to be one.
fn key(number: u32) -> PublicKey {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    KeyData::Ed25519(Ed25519PublicKey(bytes)).into()
}

fn print(key: &PublicKey) -> Fingerprint {
    keys::fingerprint(key)
}

fn fixture(line: &str) -> Fingerprint {
    print(&PublicKey::from_openssh(line).unwrap())
}

/// A file without problems.
#[track_caller]
fn people(file: &str) -> People {
    let (people, problems) = People::parse(file.as_bytes()).unwrap();
    assert_eq!(problems, Problems::default());
    check(&people);
    people
}

#[track_caller]
fn problems(file: &[u8]) -> Vec<String> {
    let (people, problems) = People::parse(file).unwrap();
    check(&people);
    assert_eq!(people.to_bytes(), [file, b"\n"].concat());
    problems.first.iter().map(ToString::to_string).collect()
}

/// The invariants.
#[track_caller]
fn check(people: &People) {
    assert!(people.len() <= people.most);
    let in_use = |&id| Some((people.last_use(id)?, id));
    let by_use: BTreeSet<_> = people.people.keys().filter_map(in_use).collect();
    assert_eq!(people.by_use, by_use);
    let mut lines = Vec::new();
    for (&id, person) in &people.people {
        assert!(!person.lines.is_empty());
        for &place in &person.lines {
            let entry = people.lines[&place].entry.as_ref().unwrap();
            assert!(people.by_key[&entry.key].contains(&id));
            for key in entry.name.keys().iter() {
                assert_eq!(people.by_name[key], id);
            }
            lines.push(place);
        }
    }
    lines.sort_unstable();
    let used = people.lines.iter().filter(|(_, line)| line.entry.is_some());
    assert_eq!(lines, used.map(|(&place, _)| place).collect::<Vec<_>>());
    assert!(
        people
            .by_name
            .values()
            .all(|id| people.people.contains_key(id))
    );
    let holders = people.by_key.values();
    assert!(holders.clone().all(|ids| !ids.is_empty()));
    assert!(holders.flatten().all(|id| people.people.contains_key(id)));
}

/// Reads what it wrote.
#[track_caller]
fn again(people: &People) -> People {
    let bytes = people.to_bytes();
    let (read, _) = People::parse(&bytes).unwrap();
    check(&read);
    assert_eq!(read.to_bytes(), bytes);
    let names = |people: &People| -> Vec<Name> {
        people
            .people
            .values()
            .map(|person| person.name.clone())
            .collect()
    };
    assert_eq!(names(&read), names(people));
    assert_eq!(
        read.by_key.keys().collect::<Vec<_>>(),
        people.by_key.keys().collect::<Vec<_>>()
    );
    read
}

#[track_caller]
fn names(people: &People, key: Fingerprint) -> Vec<&str> {
    people.names_of(&key).map(Name::as_str).collect()
}

#[test]
fn a_name_is_the_option_or_the_first_word_of_the_comment() {
    let people = people(&format!(
        "# people\n\n{} ann@laptop\r\nname=\"bo\" {} ann@laptop\n  op,name=cy\t{}   the key of cy\n\
         no-pty,command=\"echo \\\"a, b\\\" #\",NAME=\"d-e\" {}\n",
        ED25519.line, P256.line, P384.line, RSA.line,
    ));
    assert_eq!(names(&people, fixture(ED25519.line)), ["ann"]);
    assert_eq!(names(&people, fixture(P256.line)), ["bo"]);
    assert_eq!(names(&people, fixture(P384.line)), ["cy"]);
    assert_eq!(names(&people, fixture(RSA.line)), ["d-e"]);
    assert_eq!(people.len(), 4);
    let is_op = |line| people.rights_of(&fixture(line)).op;
    assert!(is_op(P384.line) && !is_op(ED25519.line) && !is_op(RSA_1024.line));
}

#[test]
fn a_person_has_several_keys_and_a_key_several_people() {
    let people = people(&format!(
        "{0} ann\n{1} Ann@home\n{0} bo\n",
        ED25519.line, P256.line,
    ));
    let [one, other] = [ED25519, P256].map(|key| fixture(key.line));
    assert_eq!(names(&people, one), ["ann", "bo"]);
    assert_eq!(names(&people, other), ["ann"]);
    let holding = |wanted: &str, key| people.holding(&name(wanted), key);
    // Cyrillic а.
    assert_eq!(holding("\u{430}nn", Some(&one)), Holding::Own(&name("ann")));
    assert_eq!(holding("ANN", Some(&other)), Holding::Own(&name("ann")));
    assert_eq!(holding("bo", Some(&other)), Holding::Others(&name("bo")));
    assert_eq!(holding("bo", None), Holding::Others(&name("bo")));
    assert_eq!(holding("anna", None), Holding::Free);
}

#[test]
fn lines_that_cannot_be_used_are_told_and_kept() {
    let good = ED25519.line;
    let told = |line: &str| problems(format!("# x\n{line}").as_bytes()).join("|");
    let unused = |line: &str, why: &str| {
        let told = told(line);
        assert!(
            told.starts_with("line 2 is not used: ") && told.contains(why),
            "{told}"
        );
    };
    unused(good, "whose key is it");
    unused(&format!("{good} @home"), "whose key is it");
    unused(&format!("name {good} ann"), "whose key is it");
    unused(&format!("name=\"\" {good} ann"), "a name needs");
    unused(&format!("{good} server"), "kept for the programs");
    unused(&format!("name=\"a b\" {good}"), "a name is one word");
    unused(&format!("name=\"a\",name=\"b\" {good}"), "twice");
    unused(&format!("name=\"a {good}"), "quotation");
    unused(&format!("cert-authority {good} ann"), "authority");
    unused("ann ann ann", "no key");
    unused("ssh-ed25519", "no key");
    unused("name=\"ann\"", "no key");
    unused("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxF ann", "damaged");
    unused(&good.replace("ssh-ed25519", "ssh-rsa"), "damaged");
    unused(&format!("{} ann", P521.line), "ecdsa-sha2-nistp521");
    unused(&format!("{} ann", RSA_1024.line), "1024 bits");
    unused("ssh-dss AAAA ann", "keys of ssh-dss");
    unused("ssh-new AAAA ann", "keys of ssh-new");
    unused("sk-ssh-ed25519@openssh.com AAAA ann", "FIDO");
    unused(&format!("{good} {}", "a".repeat(MAX_LINE)), "8192 bytes");
    assert_eq!(problems(b"\xff"), ["line 1 is not used: it is not UTF-8"]);
    // These are used.
    assert_eq!(told(&format!("restrict,pty {good} ann")), "");
    assert_eq!(
        told(&format!("root {good} ann")),
        "line 2: the option \"root\" is unknown"
    );
    assert!(told(&format!("from=\"10.0.0.0/8\" {good} ann")).contains("from has no effect"));
}

#[test]
fn a_name_like_two_others_is_not_used() {
    // A large I looks like a small l, and as a letter it is an i.
    let file = format!("{0} lvan\n{0} ivan\n{1} Ivan\n", ED25519.line, P256.line);
    let told = problems(file.trim_end().as_bytes());
    assert_eq!(
        told,
        ["line 3 is not used: the name looks like lvan and like ivan"]
    );
    let (people, _) = People::parse(file.as_bytes()).unwrap();
    // To come in under it, a key must be that of both.
    let both = fixture(ED25519.line);
    assert!(matches!(
        people.holding(&name("Ivan"), Some(&both)),
        Holding::Own(_)
    ));
    let one = format!("{} lvan\n{} ivan\n", ED25519.line, P256.line);
    let (people, _) = People::parse(one.as_bytes()).unwrap();
    assert_eq!(
        people.holding(&name("Ivan"), Some(&both)),
        Holding::Others(&name("ivan"))
    );
}

#[test]
fn a_claim_is_a_line_that_is_read_as_the_same() {
    let mut people = People::default();
    let claimed = people.claim(&name("ann"), &key(1), day("2026-11-23"));
    let line = format!(
        "name=\"ann\" {} claimed 2026-11-23",
        key(1).to_openssh().unwrap()
    );
    assert_eq!(claimed, Claimed::Now { freed: None });
    assert_eq!(people.to_bytes(), format!("{line}\n").into_bytes());
    let mut people = again(&people);
    for key in [key(1), key(2)] {
        assert_eq!(
            people.claim(&name("Ann"), &key, day("2026-11-23")),
            Claimed::Held(name("ann")),
        );
    }
    // It notes the use once a day, and no other key's or name's.
    let mut used =
        |person, key: &PublicKey, at| people.note_use(&name(person), &print(key), day(at));
    assert!(!used("ann", &key(1), "2026-11-23"));
    assert!(!used("ann", &key(2), "2026-11-24"));
    assert!(!used("Ann", &key(1), "2026-11-24"));
    assert!(used("ann", &key(1), "2026-11-24"));
    assert!(!used("ann", &key(1), "2026-11-24"));
    assert!(!used("ann", &key(1), "2026-11-22"));
    assert!(used("ann", &key(1), "2026-12-01"));
    assert_eq!(
        people.to_bytes(),
        format!("{line} used 2026-12-01\n").into_bytes()
    );
    again(&people);
    assert_eq!(people.forget(&name("ANN")), [name("ann")]);
    assert_eq!(people.forget(&name("ann")), []);
    assert!(people.is_empty());
    assert_eq!(people.to_bytes(), b"");
}

#[test]
fn what_the_operator_wrote_stays_as_it_was() {
    let file = format!(
        "# ours\n\n  {} ann  \nnonsense\nname=\"cy\" {} claimed 2026-01-01\n\u{feff}\t#\n# no end",
        ED25519.line, P256.line,
    );
    let (mut people, problems) = People::parse(file.as_bytes()).unwrap();
    assert_eq!(problems.first.len(), 1);
    assert!(!people.note_use(&name("ann"), &fixture(ED25519.line), day("2026-02-01")));
    people.claim(&name("bo"), &key(1), day("2026-02-01"));
    people.note_use(&name("cy"), &fixture(P256.line), day("2026-02-02"));
    people.claim(&name("dee"), &key(2), day("2026-02-01"));
    people.forget(&name("bo"));
    let claim = format!(
        "name=\"dee\" {} claimed 2026-02-01\n",
        key(2).to_openssh().unwrap()
    );
    let used = "claimed 2026-01-01 used 2026-02-02";
    let expected = format!("{}\n{claim}", file.replace("claimed 2026-01-01", used));
    assert_eq!(String::from_utf8(people.to_bytes()).unwrap(), expected);
    again(&people);
}

#[test]
fn a_claim_that_was_edited_is_the_operators() {
    for line in [
        format!("name=\"ann\" {} claimed 2026-01-01 by hand", ED25519.line),
        format!("op,name=\"ann\" {} claimed 2026-01-01", ED25519.line),
        format!(
            "name=\"ann\" {} claimed 2026-01-01 used 2026-01-01",
            ED25519.line
        ),
        format!("name=\"ann\" {} claimed 2026-13-01", ED25519.line),
    ] {
        let mut people = people(&line);
        assert!(!people.note_use(&name("ann"), &fixture(ED25519.line), day("2026-02-01")));
        assert_eq!(people.last_use(PersonId(0)), None, "{line}");
    }
}

/// So many claims, each by a key of its own.
fn claims(count: usize) -> String {
    let line = |number: usize| {
        let day = 1 + number % 28;
        let key = key(number as u32).to_openssh().unwrap();
        format!("name=\"p{number}\" {key} claimed 2026-01-{day:02}\n")
    };
    (0..count).map(line).collect()
}

/// As many people as there may be, if that were [`FEW`].
fn full(file: &str) -> People {
    let (people, problems) = People::parse_at_most(file.as_bytes(), FEW).unwrap();
    assert_eq!((problems, people.len()), (Problems::default(), FEW));
    check(&people);
    people
}

/// Fewer than there may be, so that the test is quick.
const FEW: usize = 100;

#[test]
fn there_are_so_many_people_and_no_more() {
    let file = claims(MAX_PEOPLE + 1);
    let (people, problems) = People::parse(file.as_bytes()).unwrap();
    assert_eq!(people.len(), MAX_PEOPLE);
    let told: Vec<_> = problems.first.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["line 10001 is not used: there are 10000 people before it"]
    );
    assert_eq!(people.to_bytes(), file.into_bytes());
}

#[test]
fn the_longest_unused_claim_makes_room() {
    let mut people = full(&claims(FEW));
    // The first of the first day, unless it was used.
    assert!(people.note_use(&name("p0"), &print(&key(0)), day("2026-02-01")));
    let mut claim =
        |wanted, number| match people.claim(&name(wanted), &key(number), day("2026-02-02")) {
            Claimed::Now { freed } => freed.unwrap().to_string(),
            other => panic!("{other:?}"),
        };
    assert_eq!(claim("new", 1_000), "p28");
    assert_eq!(claim("newer", 1_001), "p56");
    assert_eq!(people.len(), FEW);
    check(&people);
    assert_eq!(people.holding(&name("p28"), None), Holding::Free);
    again(&people);
    // Where there is room, none is freed.
    people.forget(&name("new"));
    let claimed = people.claim(&name("newest"), &key(1_002), day("2026-02-02"));
    assert!(matches!(claimed, Claimed::Now { freed: None }));
}

#[test]
fn the_operators_people_make_no_room() {
    let file = claims(FEW);
    let mut listed = full(&file.replace("claimed", "since"));
    let claimed = listed.claim(&name("new"), &key(1_000), day("2026-02-02"));
    assert_eq!(claimed, Claimed::Full);
    // One that has a claim and a line of the operator is the operator's.
    let mut both = full(&format!("{file}{} p0\n", ED25519.line));
    let claimed = both.claim(&name("new"), &key(1_000), day("2026-02-02"));
    assert!(matches!(claimed, Claimed::Now { freed: Some(freed) } if freed == name("p28")));
}

#[test]
fn one_key_claims_only_so_many_names() {
    let mut people = People::default();
    let other = people.claim(&name("other"), &key(1), day("2026-01-01"));
    assert!(matches!(other, Claimed::Now { freed: None }));
    for number in 0..MAX_CLAIMS_OF_KEY {
        let claimed = people.claim(&name(&format!("p{number}")), &key(2), day("2026-01-02"));
        assert!(matches!(claimed, Claimed::Now { freed: None }));
    }
    people.note_use(&name("p0"), &print(&key(2)), day("2026-01-03"));
    let claimed = people.claim(&name("more"), &key(2), day("2026-01-03"));
    assert!(matches!(claimed, Claimed::Now { freed: Some(freed) } if freed == name("p1")));
    assert_eq!(people.len(), 1 + MAX_CLAIMS_OF_KEY);
}

#[test]
fn files_that_are_none_of_people_are_bounded() {
    assert!(people("").to_bytes().is_empty());
    let (_, problems) = People::parse("x\n".repeat(MAX_LINES).as_bytes()).unwrap();
    assert_eq!(
        (problems.first.len(), problems.more),
        (Problems::MAX, MAX_LINES - Problems::MAX)
    );
    assert!(People::parse("x\n".repeat(MAX_LINES + 1).as_bytes()).is_err());
    assert!(People::parse(&vec![b'#'; MAX_BYTES]).is_ok());
    assert!(People::parse(&vec![b'#'; MAX_BYTES + 1]).is_err());
}

#[test]
fn a_day_is_that_of_a_time() {
    use chat_proto::event::Timestamp;
    let time = Timestamp::from_unix_milliseconds(1_795_391_999_999);
    assert_eq!(Day::of(time).to_string(), time.to_seconds()[..10]);
    for bad in [
        "",
        "2026-1-01",
        "2026-00-01",
        "2026-01-32",
        "2026-01-01 ",
        "20x6-01-01",
    ] {
        assert_eq!(Day::parse(bad), None, "{bad}");
    }
}
