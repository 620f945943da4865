//! What the server itself changes in the file of people. The room decides on a change and
//! goes on with it at once; the same change is made in the file a moment later, which the
//! operator may have edited meanwhile.

use chat_proto::name::Name;
use ssh_key::Fingerprint;

use super::day::Day;
use crate::access::keys::PersonKey;

/// A change of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The key claims the name.
    Claim {
        /// The name.
        name: Name,
        /// The key.
        key: PersonKey,
        /// The day on which it does.
        day: Day,
    },
    /// The holder of the name was there under it.
    Use {
        /// The name.
        name: Name,
        /// The holder's key.
        key: Fingerprint,
        /// The day on which that was.
        day: Day,
    },
    /// The name is free again.
    Forget(Name),
}
