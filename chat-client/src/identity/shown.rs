//! The key that a run shows, found once.

use std::sync::{Arc, OnceLock};

use super::{Identity, Source};
use crate::reason::without_numbers;

/// The key that a run shows to servers, if any. It is looked for when it is first needed,
/// and only once: a session without encryption makes no key, and an agent is not asked
/// again for each connection.
#[derive(Debug, Clone, Default)]
pub struct ShownKey {
    source: Option<Source>,
    /// The key, or why there is none.
    found: Arc<OnceLock<Result<Identity, String>>>,
}

/// There is no key to show; the reason, in words for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoKey<'a> {
    /// The client's own one can be neither read nor made. It is shown only because no other
    /// key was asked for, so the client goes on without a key.
    Own(&'a str),
    /// The person has asked for this key, and for no other one.
    AskedFor(&'a str),
}

impl ShownKey {
    /// The key of this source; without a source none is shown.
    pub fn of(source: Option<Source>) -> Self {
        Self {
            source,
            ..Self::default()
        }
    }

    /// Whether the person has asked for this very key.
    pub fn is_asked_for(&self) -> bool {
        matches!(self.source, Some(Source::File(_) | Source::Agent))
    }

    /// Finds the key. The first call may take some seconds: an agent can ask the person.
    ///
    /// # Errors
    ///
    /// When there is a source and no key, each time in the same words.
    pub fn find(&self) -> Result<Option<&Identity>, NoKey<'_>> {
        let Some(source) = &self.source else {
            return Ok(None);
        };
        let load = || {
            let loaded = Identity::load(source);
            loaded.map_err(|error| without_numbers(&format!("{error:#}")))
        };
        match (self.found.get_or_init(load), source) {
            (Ok(identity), _) => Ok(Some(identity)),
            (Err(why), Source::Own) => Err(NoKey::Own(why)),
            (Err(why), Source::Agent | Source::File(_)) => Err(NoKey::AskedFor(why)),
        }
    }
}
