//! What the catalogue of commands says is what a session does.

use super::*;
use chat_proto::catalogue::{Arguments, CATALOGUE, When};
use chat_proto::command::Slot;
use chat_proto::event::Rank;

/// A peer that says a command as its first line has joined, and under the name for which
/// the command asked only if it may be said before.
#[test]
fn a_command_settles_the_name_only_if_it_may_be_said_before_joining() {
    for entry in &CATALOGUE {
        let Some(form) = entry.text else { continue };
        let argument = match entry.arguments {
            Arguments::None(_) | Arguments::Prefix(_) | Arguments::Id(_) => "",
            Arguments::Text(_) | Arguments::Name(_) => "cy",
            Arguments::Past(_) => "7",
            Arguments::Password(_) => "correct horse",
            Arguments::Hello(_) => r#"{"protocol":1,"name":"cy"}"#,
            Arguments::Operation { slots, .. } => match slots {
                [Slot::Number(_), ..] => "7",
                _ => "cy",
            },
        };
        let mut hall = Hall::new();
        let ann = hall.join("ann");
        let first = hall.connect();
        hall.send(first, format!("/{} {argument}\n", form.word));
        let name = match entry.when {
            When::Joining => "cy",
            When::Joined | When::Anywhere => "127.0.0.1:1001",
        };
        let heard = hall.read(ann);
        if entry.rank > Rank::Ordinary {
            assert_eq!(heard, "", "/{}", form.word);
            let whom = match entry.rank {
                Rank::Control => "the person who runs the server, at its control socket",
                _ => "operators",
            };
            let refused = format!("\r-- /{} is for {whom}\n", form.word);
            assert!(hall.read(first).ends_with(&refused), "{}", form.word);
            continue;
        }
        let entered = format!("\r[{name}] entered room\n");
        assert!(heard.starts_with(&entered), "/{}: {heard}", form.word);
    }
}

#[test]
fn help_lists_the_commands_and_the_limits() {
    let mut hall = Hall::new();
    let ann = hall.join("ann");
    hall.send(ann, "/help\n");
    let expected = "\
whatever you type is said to everyone here
/me TEXT      says what you do: * ann waves
/nick NAME    gives you another name
/who [NAME]   tells who is here, or of them whose names begin so
/history N    shows the last N things that were said
/forget NAME  frees a name that belongs to your key
/topic [TEXT] tells what the room is about; operators set it
/whois NAME   tells what is known of a person
/quit         leaves
//TEXT        says a line that begins with /
programs get JSON by answering /hello {\"protocol\":1,\"name\":\"ann\"}
a message has at most 4096 bytes";
    let rows = expected.lines().map(|row| format!("\r-- {row}\n"));
    assert_eq!(hall.read(ann), rows.collect::<String>());
}
