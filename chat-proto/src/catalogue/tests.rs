use std::collections::HashSet;

use super::*;
use crate::command::Slot;
use crate::event::Rank;
use crate::text::MAX_TEXT;
use crate::{json_form, text_form};

/// What may stand behind a command in text form.
fn example(arguments: Arguments) -> &'static str {
    match arguments {
        Arguments::None(_) | Arguments::Prefix(_) | Arguments::Id(_) => "",
        Arguments::Text(_) => "waves",
        Arguments::Name(_) => "ann",
        Arguments::Password(_) => "correct horse",
        Arguments::Past(_) => "7",
        Arguments::Hello(_) => r#"{"protocol":1}"#,
        Arguments::Operation { slots, .. } => match slots {
            [] => "",
            [Slot::Number(_), ..] => "7",
            [Slot::Rest] => "a lake",
            _ => "ann",
        },
    }
}

#[test]
fn a_command_is_read_in_each_form_that_it_has() {
    for entry in &CATALOGUE {
        assert!(entry.text.is_some() || entry.json.is_some(), "{entry:?}");
        if let Some(form) = entry.text {
            for word in [form.word.to_owned(), form.word.to_uppercase()] {
                let line = format!("/{word} {}", example(entry.arguments));
                let command = text_form::parse_command(&line, Rank::Operator)
                    .unwrap()
                    .unwrap();
                assert_eq!(command.kind(), entry.kind, "{line}");
            }
        }
        if let Some(kind) = entry.json {
            let line = format!(
                r#"{{"type":"{kind}","text":"a","name":"a","count":7,"id":"1","what":"::1","duration":"90s","seconds":5,"target":6,"force":true}}"#
            );
            let command = json_form::parse_command(&line, Rank::Operator)
                .unwrap()
                .unwrap();
            assert_eq!(command.kind(), entry.kind, "{line}");
            let mut encoded = Vec::new();
            json_form::encode_command(&command, &mut encoded);
            let encoded = String::from_utf8(encoded).unwrap();
            let read = json_form::parse_command(&encoded, Rank::Operator);
            assert_eq!(read, Ok(Some(command)), "{encoded}");
        }
    }
}

#[test]
fn a_command_that_lacks_its_argument_is_refused_with_its_usage() {
    for (entry, form) in text_forms() {
        let wrong = match entry.arguments {
            // All of it may be missing.
            Arguments::Operation {
                slots: [] | [Slot::Rest],
                ..
            } => continue,
            Arguments::Operation {
                slots: [Slot::Number(_), ..],
                ..
            } => "x",
            Arguments::Operation { .. } => "",
            Arguments::Prefix(_) => {
                assert_eq!((form.argument, form.usage), ("[NAME]", ""), "{form:?}");
                continue;
            }
            Arguments::None(_) | Arguments::Id(_) => {
                assert_eq!((form.argument, form.usage), ("", ""), "{form:?}");
                continue;
            }
            Arguments::Text(_) | Arguments::Name(_) | Arguments::Password(_) => "",
            Arguments::Past(_) | Arguments::Hello(_) => "x",
        };
        let refusal = text_form::parse_command(&format!("/{} {wrong}", form.word), Rank::Operator)
            .unwrap_err();
        assert_eq!(refusal.to_string(), form.usage);
        let shown = format!("/{} {}", form.word, form.argument);
        assert!(form.usage.contains(&shown), "{}", form.usage);
    }
}

#[test]
fn what_people_type_is_proposed_and_in_the_help() {
    for rank in [Rank::Ordinary, Rank::Operator, Rank::Control] {
        let help = help(rank, None);
        for (entry, form) in text_forms() {
            let is_typed = form.typist == Typist::Person && entry.rank <= rank;
            assert_eq!(words(rank).contains(&form.word), is_typed, "{form:?}");
            let is_told = help.contains(&format!("\n/{} ", form.word));
            assert_eq!(is_told, is_typed && entry.kind != Kind::Help, "{form:?}");
            let proposed = nearest(form.word, rank);
            assert_eq!(proposed == Some(form.word), is_typed, "{form:?}");
            for synonym in form.synonyms {
                let proposed = nearest(synonym, rank);
                assert_eq!(proposed == Some(form.word), is_typed, "{synonym}");
            }
        }
        let kinds: Vec<_> = types(rank).collect();
        assert_eq!(kinds.contains(&"kick"), rank >= Rank::Operator);
        assert_eq!(kinds.contains(&"reload"), rank == Rank::Control);
    }
}

#[test]
fn each_name_is_that_of_one_command() {
    let mut names = HashSet::new();
    for (_, form) in text_forms() {
        assert!(names.insert(form.word), "{}", form.word);
        assert_eq!(form.word, form.word.to_ascii_lowercase());
        for synonym in form.synonyms {
            assert!(names.insert(synonym), "{synonym}");
        }
    }
    let mut names = HashSet::new();
    assert!(types(Rank::Operator).all(|kind| names.insert(kind)));
    for entry in &CATALOGUE {
        assert_eq!(CATALOGUE.iter().filter(|e| e.kind == entry.kind).count(), 1);
    }
}

#[test]
fn the_longest_line_holds_each_command_with_the_longest_text() {
    for (entry, form) in text_forms() {
        if let Arguments::Text(_) = entry.arguments {
            let start = format!("/{} ", form.word);
            assert!(text_form::MAX_LINE >= start.len() + MAX_TEXT, "{start}");
        }
    }
}

#[test]
fn the_words_are_in_order() {
    assert_eq!(
        words(Rank::Ordinary),
        [
            "forget", "help", "history", "me", "nick", "quit", "topic", "who", "whois"
        ]
    );
}

#[test]
fn a_remark_ends_the_row_of_its_command() {
    let expected = "\
whatever you type is said to everyone here
/me TEXT      says what you do: * ann waves
/nick NAME    gives you another name
/who [NAME]   tells who is here, or of them whose names begin so
/history N    shows the last N things that were said
/forget NAME  frees a name that belongs to your key
/topic [TEXT] tells what the room is about; operators set it
/whois NAME   tells what is known of a person
/quit         leaves, and so does Ctrl-D
//TEXT        says a line that begins with /";
    let remark = ", and so does Ctrl-D";
    assert_eq!(help(Rank::Ordinary, Some((Kind::Quit, remark))), expected);
    assert_eq!(help(Rank::Ordinary, None), expected.replace(remark, ""));
}
