//! Where the talk with the server stands.

use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing has come yet; decided at this moment at the latest.
    Undecided(Instant),
    /// The server has not greeted in time, but nor has it said anything else.
    PlainSoFar,
    /// Plain lines, for good.
    Plain,
    /// `/hello` is sent; answered at this moment at the latest.
    Hello(Instant),
    /// The JSON form.
    Json,
    /// There is no connection.
    Away,
    /// There is one again, and the greeting is to come; likewise.
    Returning(Instant),
    /// What answers is not what we were talking to, or lets nobody in.
    Unfit,
}

/// The server's words to a client that cannot come in.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There may be room later.
    ForNow(String),
    /// It is of no use to try again. The person has been told.
    ForGood,
}
