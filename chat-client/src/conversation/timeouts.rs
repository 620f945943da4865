//! How long things may take in the conversation with a server.

use std::time::Duration;

/// How long a server may take to greet before it is taken for one of plain lines. A
/// server that was only busy does not confirm the lines that it is sent meanwhile.
pub const DECIDE_AFTER: Duration = Duration::from_secs(3);

/// The same where plain lines are no choice and the server is given up.
pub const GREET_WITHIN: Duration = Duration::from_secs(5);

/// How long a server of plain lines may pause within a line before its beginning is
/// shown: the tutorial's server sends departures without a line end.
pub const SHOW_PARTIAL_AFTER: Duration = Duration::from_millis(200);

/// How long a server may take to welcome us for the first time. Longer than after a
/// loss, since there is no other attempt.
pub const LET_IN_WITHIN: Duration = Duration::from_secs(60);

/// How long a server may take to welcome us after a loss.
pub const WELCOME_WITHIN: Duration = Duration::from_secs(5);

/// The shortest wait before a server that has no room for us is tried again.
pub const FULL_FOR: Duration = Duration::from_secs(5);

/// How long the server may be quiet before we ask for a sign of life. A connection
/// whose other end is gone does not fail by itself.
pub const QUIET_FOR: Duration = Duration::from_secs(30);

/// How long the sign of life may take.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);
