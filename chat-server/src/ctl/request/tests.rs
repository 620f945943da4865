use chat_proto::command::Operation;

use super::*;

fn read(line: &str) -> Result<Request, String> {
    Request::read(line, &number(7))
}

#[test]
fn a_command_may_have_its_slash() {
    for line in [
        "kick bo flooding",
        "/kick bo flooding",
        "  /KICK  bo flooding\r\n",
    ] {
        let Ok(Request::Ask(Command::Operate { operation, id })) = read(line) else {
            panic!("{line:?}: {:?}", read(line));
        };
        let Operation::Kick { name, reason } = operation else {
            panic!("{line:?}: {operation:?}");
        };
        assert_eq!(name, "bo");
        assert_eq!(
            reason.map(|reason| reason.to_string()).as_deref(),
            Some("flooding")
        );
        assert_eq!(id, Some(number(7)), "{line:?}");
    }
    assert_eq!(read("who"), Ok(Request::Ask(Command::Who { prefix: None })));
    assert!(matches!(read("ban! bo"), Ok(Request::Ask(_))));
}

#[test]
fn what_needs_no_server_is_known() {
    for (line, expected) in [
        ("", Request::Nothing),
        ("  \n", Request::Nothing),
        ("/", Request::Nothing),
        ("help", Request::Help),
        ("/quit", Request::Leave),
    ] {
        assert_eq!(read(line), Ok(expected), "{line:?}");
    }
}

#[test]
fn what_is_no_command_is_told() {
    for (line, said) in [
        (
            "good morning",
            "that is no command: good morning; help lists the commands",
        ),
        ("//who", "that is no command: /who; "),
        ("kik bo", "there is no command kik: did you mean kick?"),
        ("kick", "/kick NAME"),
        ("slow -1", "/slow"),
        (
            "me waves",
            "me is nothing for ctl, which does not come into the room: announce",
        ),
        ("nick root", "nick is nothing for ctl"),
        ("password x", "password is nothing for ctl"),
        ("hello {\"protocol\":1}", "hello is nothing for ctl"),
    ] {
        let told = read(line).expect_err(line);
        assert!(told.contains(said), "{line}: {told}");
        assert!(!told.contains("says a line"), "{line}: {told}");
    }
}

/// Each command for operators, and each other one that needs no place in the room.
#[test]
fn help_lists_what_is_taken() {
    let help = catalogue::help_outside();
    let words = help.lines().filter_map(|line| line.strip_prefix('/'));
    let words: Vec<_> = words.filter_map(|line| line.split(' ').next()).collect();
    for word in [
        "kick", "unban", "announce", "erase", "who", "topic", "forget",
    ] {
        assert!(words.contains(&word), "{word}: {help}");
    }
    for word in words {
        let told = read(word).err().unwrap_or_default();
        assert!(!told.contains("nothing for ctl"), "{told}");
        assert!(!told.contains("no command"), "{told}");
    }
}
