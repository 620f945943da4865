//! What differs when the configuration is read again, and what of it needs a restart.

use std::fmt::Write;

use super::sources::Held;

/// The keys whose values can change while the server runs. All others need a restart.
const CHANGED_WHILE_RUNNING: &[&str] = &[
    "cert",
    "greeting",
    "idle-join",
    "key",
    "limit-loopback",
    "log-level",
    "max-clients",
    "max-line",
    "max-new-per-address",
    "max-per-address",
    "max-unjoined",
    "max-unjoined-per-address",
    "password-file",
    "rate",
    "stall",
    "together",
    "topic",
];

/// What differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// What holds from now on.
    pub made: Vec<&'a Held>,
    /// What holds after a restart.
    pub waiting: Vec<&'a Held>,
}

impl<'a> Changes<'a> {
    /// From what holds to what was read.
    pub fn between(holds: &[Held], read: &'a [Held]) -> Self {
        let mut changes = Self::default();
        for (_, new) in holds
            .iter()
            .zip(read)
            .filter(|(old, new)| old.value != new.value)
        {
            match CHANGED_WHILE_RUNNING.contains(&&*new.key) {
                true => changes.made.push(new),
                false => changes.waiting.push(new),
            }
        }
        changes
    }

    /// What holds now: what was read, but for what waits.
    pub fn apply(holds: &[Held], read: &[Held]) -> Vec<Held> {
        let waiting = Changes::between(holds, read).waiting;
        let waits = |new: &Held| waiting.iter().any(|one| one.key == new.key);
        let both = holds.iter().zip(read);
        both.map(|(old, new)| if waits(new) { old } else { new }.clone())
            .collect()
    }

    /// For the operator.
    pub fn in_words(&self) -> String {
        let mut text = match self.made.is_empty() {
            true => "read the configuration again: no value has changed".to_owned(),
            false => format!("read the configuration again: {}", list(&self.made)),
        };
        if !self.waiting.is_empty() {
            let _ = write!(text, "\nneeds a restart: {}", list(&self.waiting));
        }
        text
    }
}

fn list(changes: &[&Held]) -> String {
    let words: Vec<_> = changes.iter().map(|held| held.in_words()).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::{Origin, Value};
    use super::*;

    fn held(key: &str, value: &str) -> Held {
        Held {
            key: key.to_owned(),
            value: (!value.is_empty()).then(|| Value::Single(value.into())),
            origin: Origin::Variable("X".to_owned()),
        }
    }

    #[test]
    fn what_needs_a_restart_does_not_hold_and_is_told_each_time() {
        let holds = [held("rate", "20"), held("history", ""), held("stall", "60")];
        let read = [
            held("rate", "5"),
            held("history", "a b"),
            held("stall", "60"),
        ];
        let told = "read the configuration again: rate = 5 (X)\n\
                    needs a restart: history = \"a b\" (X)";
        assert_eq!(Changes::between(&holds, &read).in_words(), told);
        let now = Changes::apply(&holds, &read);
        assert_eq!(
            now,
            [held("rate", "5"), held("history", ""), held("stall", "60")]
        );
        let told = "read the configuration again: no value has changed\n\
                    needs a restart: history = \"a b\" (X)";
        assert_eq!(Changes::between(&now, &read).in_words(), told);
        let back = Changes::between(&now, &holds).in_words();
        assert_eq!(back, "read the configuration again: rate = 20 (X)");
    }

    /// And the administrator's page names them, those with `max-` together.
    #[test]
    fn the_keys_that_can_change_are_keys() {
        let keys = super::super::keys::Keys::default();
        let page = include_str!("../../README.md");
        let (_, table) = page.split_once("| what | when it changes |").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        for key in CHANGED_WHILE_RUNNING {
            assert!(keys.option(key).is_some(), "{key}");
            let is_named = key.starts_with("max-") || table.contains(&format!("`{key}`"));
            assert!(is_named, "{key}");
        }
    }
}
