//! The variables of the environment that set something: `CHAT_SERVER_MAX_CLIENTS` is
//! `max-clients`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::keys::{Keys, Kind};
use super::{Mistake, Origin, Setting, Value};

/// The variables of a process.
pub type Variables = BTreeMap<OsString, OsString>;

/// Reads what variables set, and what is wrong with them. An empty one counts as not set.
/// Others that begin in the same way are not ours: orchestrators set some for a service of our
/// name.
pub fn read(variables: &Variables, keys: &Keys, mistakes: &mut Vec<Mistake>) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (key, arg) in keys.options() {
        let name = variable(key);
        let set = variables.get(OsStr::new(&name));
        let Some(given) = set.filter(|given| !given.is_empty()) else {
            continue;
        };
        let value = match Kind::of(arg) {
            Kind::Single => Value::Single(given.clone()),
            Kind::List => {
                let given = given.to_string_lossy();
                let values = given.split(',').map(str::trim);
                let values = values.filter(|one| !one.is_empty());
                Value::List(values.map(OsString::from).collect())
            }
            Kind::Flag => match given.to_str() {
                Some("true" | "1") => Value::Flag(true),
                Some("false" | "0") => Value::Flag(false),
                _ => {
                    mistakes.push(Mistake {
                        origin: Origin::Variable(name),
                        text: format!("{key} is true or false"),
                    });
                    continue;
                }
            },
        };
        settings.push(Setting {
            key: key.to_owned(),
            value,
            origin: Origin::Variable(name),
        });
    }
    settings
}

/// The variables with our prefix that set nothing.
pub fn without_meaning(variables: &Variables, keys: &Keys) -> Vec<String> {
    let ours: Vec<String> = keys.options().map(|(key, _)| variable(key)).collect();
    let names = variables.keys().filter_map(|name| name.to_str());
    let others = names.filter(|name| name.starts_with(PREFIX));
    let others = others.filter(|name| !ours.iter().any(|ours| ours == name));
    others.map(str::to_owned).collect()
}

/// The variable of a key.
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('-', "_"))
}

const PREFIX: &str = "CHAT_SERVER_";
