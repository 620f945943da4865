//! The first line of a chat server: that it is one, whether it offers TLS, asks for a
//! password, has shut its door to us, or has no place for us.

use chat_proto::text;
use chat_proto::text_form::{BANNED, GREETING, KEYS_ONLY, LOCKED, PASSWORD_WANTED, TLS_OFFERED};

/// The offer in a greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    /// None.
    No,
    /// The server takes TLS as well.
    Too,
    /// It takes nothing else.
    Only,
}

/// Why there is no way into the room, with the reason that the server gives, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shut {
    /// It lets in only people whose key it knows, and not us.
    KeysOnly(String),
    /// We are banned.
    Banned(String),
    /// It lets no newcomers in.
    Locked(String),
}

/// Whether this is the first line of a chat server.
pub(super) fn is_greeting(line: &str) -> bool {
    line.trim_start_matches('\r').starts_with(GREETING)
}

/// The refusal in a greeting: a flooded server may say nothing else.
pub(super) fn refusal_in(greeting: &str) -> Option<String> {
    let word = text::clean(without_offer(greeting)?);
    (!word.is_empty() && !word.starts_with("welcome")).then(|| word.into_owned())
}

/// What a greeting offers.
pub(super) fn offered(greeting: &str) -> Offered {
    let (offer, rest) = split(greeting).unwrap_or_default();
    match offer {
        "" => Offered::No,
        _ if rest == ONLY || rest.starts_with(ONLY_AND_HOW) => Offered::Only,
        _ => Offered::Too,
    }
}

/// The words of a greeting, but for an offer of TLS.
fn without_offer(greeting: &str) -> Option<&str> {
    let (_, rest) = split(greeting)?;
    Some(rest)
}

/// The offer, if there is one, and the words behind it.
fn split(greeting: &str) -> Option<(&str, &str)> {
    let (_, words) = greeting.split_once(GREETING)?;
    let words = words.trim();
    match words.strip_prefix(TLS_OFFERED) {
        Some("") => Some((words, "")),
        Some(rest) if rest.starts_with(' ') => Some((TLS_OFFERED, rest.trim_start())),
        _ => Some(("", words)),
    }
}

/// Whether a greeting asks for a password.
pub(super) fn asks_for_password(greeting: &str) -> bool {
    let words = without_offer(greeting).unwrap_or_default();
    let rest = words.strip_prefix(PASSWORD_WANTED);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
}

/// Whether a greeting says that there is no way in, and why.
pub(super) fn shut(greeting: &str) -> Option<Shut> {
    let words = without_offer(greeting)?;
    let reason = |word| {
        let rest = words.strip_prefix(word)?;
        let is_word = rest.is_empty() || rest.starts_with([':', ' ']);
        is_word.then(|| text::clean(rest.trim_start_matches([':', ' '])).into_owned())
    };
    let keys_only = || reason(KEYS_ONLY).map(Shut::KeysOnly);
    let banned = || reason(BANNED).map(Shut::Banned);
    let locked = || reason(LOCKED).map(Shut::Locked);
    keys_only().or_else(banned).or_else(locked)
}

/// How a server goes on that takes nothing but TLS.
const ONLY: &str = "only";
const ONLY_AND_HOW: &str = "only:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_a_word_of_its_own() {
        for (greeting, expected, rest) in [
            ("\r-- chat/1 welcome: type", Offered::No, "welcome: type"),
            (
                "\r-- chat/1 tls welcome: type",
                Offered::Too,
                "welcome: type",
            ),
            (
                "-- chat/1 tls the server is full",
                Offered::Too,
                "the server is full",
            ),
            ("-- chat/1 tls", Offered::Too, ""),
            (
                "-- chat/1 tls only: chat-client A 1",
                Offered::Only,
                "only: chat-client A 1",
            ),
            ("-- chat/1 tls only", Offered::Only, "only"),
            ("-- chat/1 tls only a few", Offered::Too, "only a few"),
            ("-- chat/1 tlsx welcome", Offered::No, "tlsx welcome"),
            ("-- chat/1", Offered::No, ""),
            ("-- chat/1 welcome tls", Offered::No, "welcome tls"),
        ] {
            assert_eq!(offered(greeting), expected, "{greeting}");
            assert_eq!(without_offer(greeting), Some(rest), "{greeting}");
        }
        assert_eq!(without_offer("hello"), None);
    }

    #[test]
    fn a_shut_door_gives_its_reason() {
        type Kind = fn(String) -> Shut;
        let kinds: [(&str, Kind); 3] = [
            ("keys only", Shut::KeysOnly),
            ("banned", Shut::Banned),
            ("locked", Shut::Locked),
        ];
        for (word, kind) in kinds {
            for (greeting, expected) in [
                ("\r-- chat/1 WORD: ask ann", Some("ask ann")),
                ("-- chat/1 tls WORD: ask \x1b[2Jann", Some("ask ann")),
                ("-- chat/1 WORD", Some("")),
                ("-- chat/1 WORDx", None),
                ("-- chat/1 welcome: WORD", None),
                ("-- chat/1 keys", None),
                ("WORD", None),
            ] {
                let greeting = greeting.replace("WORD", word);
                let expected = expected.map(|reason| kind(reason.to_owned()));
                assert_eq!(shut(&greeting), expected, "{greeting}");
            }
        }
    }

    #[test]
    fn the_request_is_a_word_of_its_own() {
        for (greeting, expected) in [
            ("\r-- chat/1 password: this room asks for one", true),
            ("\r-- chat/1 tls password: this room asks for one", true),
            ("-- chat/1 password", true),
            ("-- chat/1 passwords are not needed", false),
            ("-- chat/1 welcome: no password", false),
            ("-- chat/1", false),
            ("password", false),
        ] {
            assert_eq!(asks_for_password(greeting), expected, "{greeting}");
        }
    }
}
