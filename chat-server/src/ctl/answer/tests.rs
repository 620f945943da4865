use chat_proto::event::Rank;

use super::*;

const TIME: &str = r#""time":"2026-11-23T10:00:00.123Z""#;

/// What becomes of a line, without the time, that comes as the answer to a command with the
/// mark 7.
fn hear(command: &str, format: Format, line: &str) -> Heard {
    let command = text_form::parse_command(command, Rank::Operator)
        .unwrap()
        .unwrap();
    let id = MessageId::new("7").unwrap();
    Answer::new(&command, id, format).hear(&line.replacen('{', &format!("{{{TIME},"), 1))
}

fn output(text: &str, verdict: Option<Verdict>) -> Heard {
    let shown = Shown::Output(text.to_owned());
    Heard { shown, verdict }
}

#[test]
fn each_answer_has_its_end() {
    for (command, line, text, is_end) in [
        (
            "/kick bo",
            r#"{"type":"done","text":"bo is removed","id":"7"}"#,
            "bo is removed",
            true,
        ),
        (
            "/kick bo",
            r#"{"type":"done","text":"bo is removed","id":"6"}"#,
            "bo is removed",
            false,
        ),
        ("/kick bo", r#"{"type":"notice","text":"x"}"#, "x", false),
        ("/forget bo", r#"{"type":"notice","text":"x"}"#, "x", true),
        (
            "/bans",
            r#"{"type":"bans","bans":[],"more":false,"id":"7"}"#,
            "no bans",
            true,
        ),
        (
            "/bans",
            r#"{"type":"bans","bans":[],"more":true,"id":"7"}"#,
            "no bans",
            false,
        ),
        (
            "/who",
            r#"{"type":"who","people":2,"names":["ann"],"more":true}"#,
            "here (2 in all): ann",
            false,
        ),
        (
            "/who",
            r#"{"type":"who","people":2,"names":["bo"],"more":false}"#,
            "here (2 in all): bo",
            true,
        ),
        (
            "/history 2",
            r#"{"seq":41,"type":"message","name":"ann","text":"one\ntwo"}"#,
            "#41 2026-11-23T10:00:00Z <ann> one\n#41 2026-11-23T10:00:00Z <ann> two",
            false,
        ),
        (
            "/history 2",
            r#"{"type":"history","first":41,"last":41,"id":"7"}"#,
            "",
            true,
        ),
        (
            "/history 2",
            r#"{"type":"history","first":1,"last":0,"id":"7"}"#,
            "nothing has been said yet",
            true,
        ),
    ] {
        let verdict = is_end.then_some(Verdict::Done);
        assert_eq!(
            hear(command, Format::Text, line),
            output(text, verdict),
            "{line}"
        );
    }
    let whois = r#"{"type":"whois","name":"bo","since":"2026-11-23T10:00:00.123Z","id":"7"}"#;
    let heard = hear("/whois bo", Format::Text, whois);
    assert_eq!(heard.verdict, Some(Verdict::Done));
}

#[test]
fn a_refusal_is_trouble() {
    let line = r#"{"type":"error","code":"not_found","text":"there is no bo","id":"7"}"#;
    let heard = hear("/kick bo", Format::Text, line);
    assert_eq!(heard.shown, Shown::Trouble("there is no bo".to_owned()));
    assert_eq!(heard.verdict, Some(Verdict::Refused));
}

/// Also a kind that this version does not know.
#[test]
fn objects_are_shown_as_they_came() {
    for (line, verdict) in [
        (
            r#"{"type":"error","code":"not_found","text":"no","id":"7"}"#,
            Some(Verdict::Refused),
        ),
        (r#"{"type":"later","text":"x"}"#, None),
        (
            r#"{"type":"goodbye","text":"bye"}"#,
            Some(Verdict::Gone("bye".to_owned())),
        ),
    ] {
        let whole = line.replacen('{', &format!("{{{TIME},"), 1);
        assert_eq!(
            hear("/kick bo", Format::Objects, line),
            output(&whole, verdict)
        );
    }
}

#[test]
fn a_server_that_goes_is_noticed() {
    let heard = hear("/who", Format::Text, r#"{"type":"goodbye","text":"bye"}"#);
    assert_eq!(heard.shown, Shown::Nothing);
    assert_eq!(heard.verdict, Some(Verdict::Gone("bye".to_owned())));
    let heard = hear("/who", Format::Text, "HTTP/1.1 400 Bad Request");
    assert!(matches!(heard.verdict, Some(Verdict::Gone(_))), "{heard:?}");
}

#[test]
fn the_greeting_is_understood() {
    for (line, expected) in [
        (
            "\r-- chat/1 welcome to the control socket: no",
            Greeted::Chat("welcome to the control socket: no".to_owned()),
        ),
        ("\r-- type to come in", Greeted::Words),
        ("220 mail.example.org", Greeted::Foreign),
        ("", Greeted::Foreign),
    ] {
        assert_eq!(greeted(line), expected, "{line}");
    }
    let error = format!(r#"{{{TIME},"type":"error","code":"bad_command","text":"no"}}"#);
    assert_eq!(greeted(&error), Greeted::Refused("no".to_owned()));
}
