//! The first line of a chat server: that it is one, whether it offers TLS, asks for a
//! password, does not know our key, or has no place for us.

use chat_proto::text;
use chat_proto::text_form::{GREETING, KEYS_ONLY, PASSWORD_WANTED, TLS_OFFERED};

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

/// Why the server does not let us in with the key that it was shown, if it says so.
pub(super) fn unknown_key(greeting: &str) -> Option<String> {
    let rest = without_offer(greeting)?.strip_prefix(KEYS_ONLY)?;
    let is_word = rest.is_empty() || rest.starts_with([':', ' ']);
    is_word.then(|| text::clean(rest.trim_start_matches([':', ' '])).into_owned())
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
    fn a_room_for_known_keys_gives_its_reason() {
        for (greeting, expected) in [
            ("\r-- chat/1 keys only: ask ann", Some("ask ann")),
            ("-- chat/1 tls keys only: ask \x1b[2Jann", Some("ask ann")),
            ("-- chat/1 keys only", Some("")),
            ("-- chat/1 keys onlyx", None),
            ("-- chat/1 welcome: keys only", None),
            ("-- chat/1 keys", None),
            ("keys only", None),
        ] {
            assert_eq!(unknown_key(greeting).as_deref(), expected, "{greeting}");
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
