//! The output of `--json`: the server's objects without control sequences, also after a
//! program has decoded them (`jq -r`).

use std::borrow::Cow;
use std::collections::HashMap;

use chat_proto::text;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::output::line::Presence;

/// The server's objects as they came.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) lines: Vec<String>,
    pub(super) presence: Presence,
}

impl Objects {
    /// No objects yet.
    pub(super) fn new(presence: Presence) -> Self {
        let lines = Vec::new();
        Self { lines, presence }
    }
}

/// An object whose strings, names of members included, are cleaned like messages.
/// Everything else, and the order, stays as it came.
pub(super) fn printable(object: &str) -> String {
    let mut printable = String::with_capacity(object.len());
    let mut rest = object;
    while let Some((before, behind)) = rest.split_once('"') {
        printable.push_str(&text::clean(before));
        let end = end_of_string(behind);
        let string = decode(&behind[..end]);
        match text::clean(&string) {
            // Nothing was removed: the string stays as it is written.
            cleaned if cleaned == string && is_written_well(&behind[..end]) => {
                printable.extend(["\"", &behind[..end], "\""]);
            }
            cleaned => printable.push_str(&Value::from(cleaned).to_string()),
        }
        // Behind its quotation mark, unless that is missing.
        rest = behind.get(end + 1..).unwrap_or_default();
    }
    printable.push_str(&text::clean(rest));
    printable
}

/// Whether a reader of our output can read this line: `jq` stops at the first line that
/// is not JSON.
pub(super) fn is_json(line: &str) -> bool {
    serde_json::from_str::<&RawValue>(line).is_ok()
}

/// An object without one of its members; the others stay as they came. The value is not
/// searched as text, since it can be written in more than one way.
pub(super) fn without(object: &str, name: &str) -> String {
    let parsed = serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(object);
    let mut members: Vec<_> = parsed.unwrap_or_default().into_iter().collect();
    // Each value is a part of the object: so this is their order in it.
    members.sort_by_key(|(_, value)| value.get().as_ptr());
    let members: Vec<String> = members
        .into_iter()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| format!("{}:{value}", Value::from(key)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Where the string that `text` begins with ends: at its quotation mark, or at the end
/// of the text if that is missing.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    text.find(|character| {
        let is_end = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    })
    .unwrap_or(text.len())
}

/// Whether a string is one of JSON, and so can be printed as it is written.
fn is_written_well(string: &str) -> bool {
    serde_json::from_str::<Cow<'_, str>>(&format!("\"{string}\"")).is_ok()
}

/// The content of a string, decoded. Half a pair of surrogates becomes U+FFFD, and an
/// unknown escape its character: another reader may accept more than our parser.
fn decode(string: &str) -> String {
    let mut decoded = String::with_capacity(string.len());
    let mut rest = string;
    while let Some((before, behind)) = rest.split_once('\\') {
        decoded.push_str(before);
        if let Some((unit, behind)) = code_unit(behind) {
            let pair = behind.strip_prefix('\\').and_then(code_unit);
            let low = pair.filter(|(low, _)| {
                (0xd800..0xdc00).contains(&unit) && (0xdc00..0xe000).contains(low)
            });
            let units = [unit, low.map_or(0, |(low, _)| low)];
            let units = &units[..if low.is_some() { 2 } else { 1 }];
            decoded.push_str(&String::from_utf16_lossy(units));
            rest = low.map_or(behind, |(_, behind)| behind);
            continue;
        }
        let mut characters = behind.chars();
        decoded.extend(characters.next().map(|escape| match escape {
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            other => other,
        }));
        rest = characters.as_str();
    }
    decoded.push_str(rest);
    decoded
}

/// A code unit of UTF-16 without its backslash, and the rest of the text.
fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.strip_prefix('u')?.split_at_checked(4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((unit, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(object: &str, expected: &str) {
        assert_eq!(printable(object), expected);
        assert_eq!(printable(expected), expected, "twice is once");
    }

    #[test]
    fn harmless_objects_stay_as_they_came() {
        for object in [
            r#"{"seq":1,"time":"2026-11-23T10:00:00.123Z","type":"message","name":"ann","text":"hi"}"#,
            r#"{ "z" : 1.50e+3, "a":-0, "big":123456789012345678901234567890, "n":null }"#,
            r#"{"text":"\u00e9\ud83d\ude00 \"quoted\" \\ \/ two\nlines\t你好","a":[true,{}],"":""}"#,
            r#"{"text":"👩‍🚒 می‌خواهم ကျော်"}"#,
            r#"{"a":1,"a":2}"#,
        ] {
            check(object, object);
        }
    }

    #[test]
    fn escape_sequences_go_whole_however_they_are_written() {
        for (object, expected) in [
            (r#"{"text":"\u001b[31mred\u001b[0m"}"#, r#"{"text":"red"}"#),
            (
                r#"{"text":"\u001B]0;title\u0007\u009b2Jx"}"#,
                r#"{"text":"x"}"#,
            ),
            (r#"{"text":"a\u202eb\u200b\b\f"}"#, r#"{"text":"ab "}"#),
            ("{\"text\":\"\x1b[31mred\u{9b}m\"}", r#"{"text":"red"}"#),
            // In names of members, deep down, and in members of a later version.
            (
                r#"{"\u001bc":{"x":["\u001b[2J",{"y\u001b[m":"\u001b\\z"}]}}"#,
                r#"{"":{"x":["",{"y":"z"}]}}"#,
            ),
            (
                r#"{"text":"\u001b[31m\n\u00e9\"","n":1.0}"#,
                r#"{"text":"\né\"","n":1.0}"#,
            ),
            // No JSON, but some would read it.
            (r#"{"text":"\ud800\u001b[2Jx"}"#, r#"{"text":"�x"}"#),
            (r#"{"text":"\ud800"}"#, r#"{"text":"�"}"#),
            (r#"{"text":"\x1b\u00"}"#, r#"{"text":"x1bu00"}"#),
            ("{\"a\":\"b\x1b[2J", "{\"a\":\"b\""),
            ("{\x1b[2J\"a\":1\u{9b}m}", "{\"a\":1}"),
            (r#"{"a":"b\"#, "{\"a\":\"b\""),
        ] {
            check(object, expected);
        }
    }

    proptest! {
        #[test]
        fn no_decoded_string_harms(
            strings in proptest::collection::vec(".{0,8}|(\u{1b}|\\[|m|\u{9b}|\u{200d}|a){0,8}", 1..6),
            number in any::<f64>(),
        ) {
            let object = serde_json::json!({ "strings": strings, "number": number });
            // Every character in the form that hides it best.
            let units = |text: &str| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            let hidden: Vec<String> = strings.iter().map(|text| format!("\"{}\"", units(text))).collect();
            let hidden = format!("{{\"strings\":[{}]}}", hidden.join(","));
            for object in [object.to_string(), hidden, strings.concat()] {
                let printed = printable(&object);
                let is_bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
                prop_assert!(!printed.contains(is_bad));
                prop_assert_eq!(&printable(&printed), &printed);
                // The last one may be JSON by chance, and has no strings of its own.
                let (Ok(before @ Value::Object(_)), Ok(after)) = (
                    serde_json::from_str::<Value>(&object),
                    serde_json::from_str::<Value>(&printed),
                ) else {
                    continue;
                };
                prop_assert_eq!(&before["number"], &after["number"]);
                let cleaned: Vec<_> = strings.iter().map(|text| text::clean(text)).collect();
                prop_assert_eq!(&after["strings"], &serde_json::json!(cleaned));
            }
        }
    }
}
