//! The name to ask for, from the login name.

use chat_proto::name::Name;
use chat_proto::text;

/// The name to ask for, and what to tell about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedName {
    /// The name, if there is one.
    pub name: Option<String>,
    /// A word to the person, if the login name had to be changed. Safe to print.
    pub note: Option<String>,
}

impl WantedName {
    /// The name that is nearest to a login name.
    pub(crate) fn of_login(login: &str) -> Self {
        let nearest = Name::nearest(login);
        let name = nearest.as_ref().map(Name::to_string);
        if name.as_deref() == Some(login.trim()) {
            return Self { name, note: None };
        }
        let shown: String = text::clean(login).chars().take(SHOWN).collect();
        let shown = shown.replace('\n', " ");
        let note = match &name {
            Some(name) => format!(
                "your login name \"{shown}\" is not a valid name here; asking for {name} \
                 (/nick NAME or --name NAME changes that)"
            ),
            None => format!(
                "your login name \"{shown}\" is not a valid name here, and no part of it is \
                 (/nick NAME or --name NAME gives you a name)"
            ),
        };
        Self {
            name,
            note: Some(note),
        }
    }
}

/// How much is shown of a login name, in characters.
const SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_names_that_are_none() {
        for (login, expected) in [
            ("jane@corp.example", Some("jane")),
            ("CORP\\jane", Some("jane")),
            ("Jane Doe", Some("Jane-Doe")),
            ("server", Some("server-user")),
            ("a\x1b[31mb\n", Some("ab")),
            ("???", None),
        ] {
            let wanted = WantedName::of_login(login);
            assert_eq!(wanted.name.as_deref(), expected, "{login:?}");
            let note = wanted.note.expect("a word");
            assert_eq!(text::clean(&note), note);
            assert!(
                !note.contains('\n') && note.contains("/nick NAME"),
                "{note}"
            );
            let told = match expected {
                Some(name) => format!("asking for {name} "),
                None => "no part of it".to_owned(),
            };
            assert!(note.contains(&told), "{note}");
        }
        let long = WantedName::of_login(&"x ".repeat(10_000));
        assert!(long.note.is_some_and(|note| note.len() < 300));
    }
}
