//! Requests at random, for states to be saved.

use super::*;

pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(super) fn any_name(number: u8) -> Name {
    const NAMES: [&str; 8] = ["ann", "Аnn", "bo", "cy", "old", "Bo", "[::1]:7", "ann-2"];
    name(NAMES[usize::from(number) % NAMES.len()])
}

pub(super) fn any_key(number: u8) -> Option<PersonKey> {
    (!number.is_multiple_of(3)).then(|| person_key(number % 5))
}

pub(super) fn any_address(number: u8) -> Option<IpAddr> {
    let addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "::ffff:10.0.0.1"];
    let address = addresses.get(usize::from(number) % 5)?;
    address.parse().ok()
}

pub(super) fn enter(origin: Origin, b: u8, c: u8) -> Request {
    let act = Act::Enter {
        wanted: any_name(b),
        fallback: match c % 2 {
            0 => Fallback::Numbered,
            _ => Fallback::Nothing,
        },
        key: any_key(c),
        from: any_address(b / 8),
    };
    Request::Client(origin, act)
}

pub(super) fn join(origin: Origin, b: u8, c: u8, known: Option<Owner>) -> Request {
    let programs = ["a 1", "b 2", "\"c\""].map(|it| Remark::new(it).unwrap());
    let act = Act::Join(Join {
        known,
        wanted: (!c.is_multiple_of(4)).then(|| any_name(b)),
        otherwise: Name::of_address(([192, 0, 2, b], 1000 + u16::from(c)).into()),
        key: any_key(c / 4),
        from: any_address(b / 8),
        program: programs.get(usize::from(c) % 4).cloned(),
    });
    Request::Client(origin, act)
}

pub(super) fn act(what: u8, b: u8, c: u8) -> Act {
    let authority = match c % 4 {
        0 => Authority::Member,
        _ => Authority::Control,
    };
    match what {
        9 => Act::Rename(any_name(b)),
        10..14 => {
            let ids = [
                None,
                MessageId::new("7"),
                MessageId::new(&format!("{:022}", b % 4)),
            ];
            Act::Say {
                kind: SpeechKind::Message,
                text: Text::clean(["one", "two"][usize::from(b) % 2]).unwrap(),
                id: ids[usize::from(c) % 3].clone(),
            }
        }
        14 => Act::List {
            after: None,
            prefix: None,
        },
        15 => Act::Leave,
        16 => Act::Forget {
            name: any_name(b),
            authority,
        },
        _ => Act::Operate {
            operation: operation(b, c),
            authority,
        },
    }
}

pub(super) fn operation(b: u8, c: u8) -> Operation {
    let name = any_name(c / 4).to_string();
    let term = [
        None,
        Some(Term::For(Duration::from_secs(3))),
        Some(Term::Forever),
    ];
    let term = term[usize::from(c) % 3];
    let reason = c
        .is_multiple_of(2)
        .then(|| Remark::new("so \\ there").unwrap());
    let subject = match c % 4 {
        0 => Subject::Network("10.0.0.0/24".parse().unwrap()),
        1 => Subject::Guests("2001:db8::/32".parse().unwrap()),
        2 => Subject::Key(person_key(c % 5).print()),
        _ => Subject::Network("10.0.0.1".parse().unwrap()),
    };
    match b % 16 {
        0 | 1 => Operation::Ban {
            target: Target::Name(name),
            term,
            reason,
            own: OwnConnections::Included,
        },
        2 => Operation::Ban {
            target: Target::Subject(subject),
            term,
            reason,
            own: OwnConnections::Included,
        },
        3 => Operation::Unban {
            target: Target::Subject(subject),
        },
        4 | 5 => Operation::Mute { name, term },
        6 => Operation::Unmute { name },
        7..10 => Operation::Slow {
            seconds: u32::from(c % 4),
        },
        10 => Operation::Lock,
        11 => Operation::Unlock,
        12 => Operation::Op { name },
        13 => Operation::Deop { name },
        14 => Operation::Kick { name, reason },
        _ => Operation::Whois { name },
    }
}

pub(super) fn set_people(a: u8, b: u8, c: u8) -> Request {
    let line = |number: u8| {
        let key = person_key(number % 5).public().to_openssh().unwrap();
        let options = ["", "op,"][usize::from(number / 8) % 2];
        match number % 8 {
            7 => "# \u{e9}".to_owned(),
            _ => format!("{options}name=\"{}\" {key}", any_name(number)),
        }
    };
    let lines = [a, b, c].map(line).join("\n");
    let file = [lines.as_bytes(), &b"\n# \xff\n"[..]].concat();
    Request::SetPeople {
        naming: [Naming::Claim, Naming::Claim, Naming::Known, Naming::Free][usize::from(c) % 4],
        people: Box::new(people::People::parse(&file).unwrap().0),
        taken: u64::from(b % 4),
    }
}
