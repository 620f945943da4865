//! How long things may take in the talk with a server.

use std::time::Duration;

/// How long a server may take to greet before it is taken for a plain one. What
/// one that was only busy is sent as plain lines cannot be confirmed.
pub const DECIDE_AFTER: Duration = Duration::from_secs(3);

/// The same where it is not talked to in plain lines then, but given up.
pub const GREET_WITHIN: Duration = Duration::from_secs(5);

/// How long a plain server may pause within a line before what came of it is
/// shown: the tutorial's says who left without a line end.
pub const SHOW_PARTIAL_AFTER: Duration = Duration::from_millis(200);

/// How long a server may take to welcome us for the first time. Longer than on a
/// return, where there is another attempt: this one is the only one.
pub const LET_IN_WITHIN: Duration = Duration::from_secs(60);

/// How long a server that we come back to may take to welcome us.
pub const WELCOME_WITHIN: Duration = Duration::from_secs(5);

/// How long to stay away at least from a server that has no room for us.
pub const FULL_FOR: Duration = Duration::from_secs(5);

/// How long the server may be quiet before it is asked for a sign of life. A
/// connection whose other end is gone says nothing by itself.
pub const QUIET_FOR: Duration = Duration::from_secs(30);

/// How long that may take.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);
