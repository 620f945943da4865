//! Why a program's line is not understood, in words for the author of the program.

use serde_json::error::Category;
use serde_json::value::RawValue;

/// Why a line is not a JSON object; `error` is that of the whole line.
pub(super) fn of_object(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // There is only the one line.
    let what = text.split(" at line ").next().unwrap_or(&text);
    let column = error.column();
    match what {
        _ if error.classify() == Category::Eof => {
            "it ends too early: a bracket or a quotation mark is missing".to_owned()
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => format!(
            "a control character in a string is to be escaped (\\t, \\u001b), at column {column}"
        ),
        "key must be a string" => {
            format!("the name of a member stands in double quotation marks, at column {column}")
        }
        "trailing characters" => {
            format!("an object is a line by itself, and there is more at column {column}")
        }
        "invalid escape" => format!("there is no such escape, at column {column}"),
        _ => format!("{what}, at column {column}"),
    }
}

/// What is wrong with the member `name`, which is to be a string.
pub(super) fn of_string(name: &str, value: Option<&RawValue>) -> String {
    let Some(value) = value.map(RawValue::get) else {
        return format!("{name} is missing; it is to be a string");
    };
    let is = match value.as_bytes().first() {
        Some(b'"') => return format!("{name} {}", of_escapes(value)),
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "true or false",
        _ => "a number",
    };
    format!("{name} is to be a string, and is {is}")
}

/// What is wrong with the escapes in a string.
fn of_escapes(string: &str) -> String {
    let Err(error) = serde_json::from_str::<String>(string) else {
        return "is not understood".to_owned();
    };
    if error.to_string().contains("surrogate") || error.to_string().contains("end of hex escape") {
        let half = half_pair(string).unwrap_or_default();
        return format!(
            "has {half}, one half of a surrogate pair, which is no character by itself: send \
             both halves, or the character as it is"
        );
    }
    format!("is no string of JSON: {}", of_object(&error))
}

/// The first escape that is one half of a pair without the other.
fn half_pair(string: &str) -> Option<&str> {
    let unit = |at: usize| {
        let digits = string.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut at = 0;
    loop {
        at += string.get(at..)?.find('\\')?;
        match unit(at) {
            Some(0xd800..0xdc00) if matches!(unit(at + 6), Some(0xdc00..0xe000)) => at += 12,
            Some(0xd800..0xe000) => return string.get(at..at + 6),
            Some(_) => at += 6,
            None => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::command::Hello;
    use crate::event::Rank;
    use crate::json_form::parse_command;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let error = parse_command(line, Rank::Operator)
            .expect_err(line)
            .to_string();
        assert_eq!(error, expected, "{line}");
    }

    #[test]
    fn half_a_surrogate_pair_is_named() {
        for (escapes, half) in [
            (r"\ud800", r"\ud800"),
            (r"hi \uDBFF!", r"\uDBFF"),
            (r"\udc00", r"\udc00"),
            (r"\ud83d\ude00\n\\\ud83d", r"\ud83d"),
            (r"\ud83d\u0041", r"\ud83d"),
            (r"\ud83d\ud83d", r"\ud83d"),
        ] {
            let line = format!(r#"{{"type":"message","text":"{escapes}"}}"#);
            check(
                &line,
                &format!(
                    "text has {half}, one half of a surrogate pair, which is no character by \
                     itself: send both halves, or the character as it is"
                ),
            );
            let name = line.replace("message", "nick").replace("text", "name");
            let error = parse_command(&name, Rank::Operator)
                .expect_err(&name)
                .to_string();
            assert!(error.starts_with(&format!("name has {half},")), "{error}");
        }
        assert!(
            parse_command(
                r#"{"type":"message","text":"\ud83d\ude00"}"#,
                Rank::Operator
            )
            .is_ok()
        );
    }

    #[test]
    fn what_is_no_object_is_told_why() {
        let no_object = "that is not an object of chat/1: ";
        for (line, expected) in [
            (r#"["message","hi"]"#, "it does not begin with {"),
            ("hello", "it does not begin with {"),
            (
                r#"{"type":"message","text":"hi"#,
                "it ends too early: a bracket or a quotation mark is missing",
            ),
            (
                "{\"type\":\"message\",\"text\":\"a\tb\"}",
                "a control character in a string is to be escaped (\\t, \\u001b), at column 27",
            ),
            (
                "{type:\"message\"}",
                "the name of a member stands in double quotation marks, at column 2",
            ),
            (
                r#"{"type":"who"}{"type":"who"}"#,
                "an object is a line by itself, and there is more at column 15",
            ),
            (
                r#"{"type":"message","text":"\x1b"}"#,
                "there is no such escape, at column 28",
            ),
            (
                r#"{"type":"who","type":"who"}"#,
                "duplicate field `type`, at column 20",
            ),
            (r#"{"type":"who",}"#, "trailing comma, at column 15"),
            (
                r#"{"type":"who" "id":"1"}"#,
                "expected `,` or `}`, at column 15",
            ),
        ] {
            check(line, &format!("{no_object}{expected}"));
        }
    }

    #[test]
    fn a_hello_that_is_wrong_is_told_why() {
        let hello = |json: &str| Hello::parse(json).expect_err(json).to_string();
        assert_eq!(
            hello(r#"{"protocol":1,"name":"ann"#),
            "that is not the object of a hello: it ends too early: a bracket or a quotation \
             mark is missing"
        );
        assert!(hello(r#"{"protocol":1,"name":"\ud800"}"#).starts_with("name has \\ud800,"));
        assert_eq!(
            hello(r#"{"protocol":1,"name":1}"#),
            "name is to be a string, and is a number"
        );
    }

    #[test]
    fn a_member_that_is_no_string_is_named() {
        for (line, expected) in [
            (
                r#"{"type":"message"}"#,
                "text is missing; it is to be a string",
            ),
            (
                r#"{"type":"message","text":7}"#,
                "text is to be a string, and is a number",
            ),
            (
                r#"{"type":"action","text":null}"#,
                "text is missing; it is to be a string",
            ),
            (
                r#"{"type":"nick","name":["ann"]}"#,
                "name is to be a string, and is a list",
            ),
            (
                r#"{"type":"nick","name":{}}"#,
                "name is to be a string, and is an object",
            ),
            (
                r#"{"type":"nick"}"#,
                "name is missing; it is to be a string",
            ),
        ] {
            check(line, expected);
        }
    }
}
