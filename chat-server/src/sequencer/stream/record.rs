//! Records: what one server asks of the room in one round, as bytes for the stream.
//!
//! ```text
//! {"v":1,"run":"01937…","n":7,"time":"2026-11-30T16:28:58.000Z","seen":[41,"9c0f…"],
//!  "asks":[{"say":{"from":[0,3,9],"what":"message","text":"hi","id":"…"}}]}
//! ```
//!
//! The stream can hold what others have written there. So a record is read as if a peer had
//! sent it: what does not pass every rule for what is in it is no record.

use std::borrow::Cow;
use std::fmt;

use chat_proto::event::{RunId, Timestamp};
use serde::{Deserialize, Serialize};

use super::asks::{self, Ask};

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The run of the server that has written it.
    pub run: RunId,
    /// As which of that run's records, counted from 1.
    pub number: u64,
    /// The time of day there.
    pub time: Timestamp,
    /// What that server had read of the stream by then.
    pub seen: Seen,
    /// What it asks for.
    pub asks: Vec<Ask>,
}

/// How far a server has read the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// The number of the last entry; 0 for none.
    pub entry: u64,
    /// A digest of all entries up to that one.
    pub digest: u64,
}

/// Why bytes are no record, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRecord(String);

impl fmt::Display for NoRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Record {
    /// The bytes for the stream: one line of JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let line = Line {
            v: VERSION,
            run: self.run.to_string().into(),
            n: self.number,
            time: self.time.to_string().into(),
            seen: (self.seen.entry, format!("{:016x}", self.seen.digest).into()),
            asks: self.asks.iter().map(asks::Line::of).collect(),
        };
        serde_json::to_vec(&line).expect("it has no keys but strings")
    }

    /// Reads what [`Record::to_bytes`] has made.
    ///
    /// # Errors
    ///
    /// When anything in it breaks a rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoRecord> {
        if bytes.len() > MAX_BYTES {
            return Err(NoRecord(format!("it has more than {MAX_BYTES} bytes")));
        }
        let line: Line<'_> =
            serde_json::from_slice(bytes).map_err(|error| NoRecord(error.to_string()))?;
        if line.v != VERSION {
            let its = line.v;
            return Err(NoRecord(format!(
                "it is of version {its}, and this server knows version {VERSION}"
            )));
        }
        let wrong = |what: &str| NoRecord(format!("{what} is malformed"));
        let asks: Option<Vec<Ask>> = line.asks.into_iter().map(asks::Line::read).collect();
        Ok(Self {
            run: RunId::parse(&line.run).ok_or_else(|| wrong("run"))?,
            number: line.n,
            time: line.time.parse().map_err(|_| wrong("time"))?,
            seen: Seen {
                entry: line.seen.0,
                digest: u64::from_str_radix(&line.seen.1, 16).map_err(|_| wrong("seen"))?,
            },
            asks: asks.ok_or_else(|| wrong("a request"))?,
        })
    }
}

/// The members of the object.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    v: u32,
    #[serde(borrow)]
    run: Cow<'a, str>,
    n: u64,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    seen: (u64, Cow<'a, str>),
    #[serde(borrow)]
    asks: Vec<asks::Line<'a>>,
}

/// The version of this format.
const VERSION: u32 = 1;

/// The longest record, in bytes: what NATS takes unless it is told otherwise.
pub const MAX_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
