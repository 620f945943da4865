//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use chat_proto::event::Limits;
use chat_proto::text::MAX_TEXT;
use clap::Parser;

use crate::history::{Options, SyncMode};
use crate::listen::Listen;

/// A group chat for the terminal: the server.
///
/// Everyone who connects is in the one room, with chat-client, nc or telnet.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
pub struct Args {
    /// Where to listen: ADDR:PORT, or PORT for all addresses; port 0 picks a
    /// free one. May be given several times. Without it: all addresses, IPv4
    /// and IPv6, port 5000
    #[arg(long, value_name = "ADDR:PORT", value_parser = Listen::parse)]
    pub listen: Vec<Listen>,

    /// Keep what is said in FILE, one JSON object a line, and go on with it
    /// after a restart
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// When a message is on the disk: before anybody sees it, at most 200 ms
    /// later, or when the system likes
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "batch",
        requires = "history"
    )]
    history_sync: SyncMode,

    /// How much history is kept, at least 128KiB; then the oldest goes
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size, requires = "history")]
    history_keep: u64,

    /// How long somebody may take nothing of what waits for them before they
    /// are closed, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    stall: Duration,

    /// How many connections there can be; others are told that the room is full.
    /// 0 is as many as the system lets there be
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.clients)]
    max_clients: usize,

    /// How many connections there can be from one address (of IPv6: from one
    /// /64); 0 is no limit. Loopback is exempt
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.per_address)]
    max_per_address: usize,

    /// How many may come from one address in ten minutes; 0 is no limit.
    /// Loopback is exempt
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.new_per_address)]
    max_new_per_address: u32,

    /// Limit connections from loopback like all others
    #[arg(long)]
    pub limit_loopback: bool,

    /// Connections come through a proxy, and each begins with a header of the PROXY
    /// protocol, version 1 or 2, that tells the address of the peer. Connections
    /// without one are refused
    #[arg(long)]
    pub proxy_protocol: bool,

    /// How many lines are read from one connection in a second, after a burst
    /// of five seconds' worth; a line counts as one for each 3,276 bytes that it
    /// has or is shown as, and another name as five. What is beyond waits; 0 is
    /// no limit
    #[arg(long, value_name = "LINES", default_value_t = Limits::DEFAULT.rate)]
    rate: u32,

    /// How long a message may be, in bytes, from 64 to 4096
    #[arg(long, value_name = "BYTES", default_value_t = Limits::DEFAULT.text, value_parser = line)]
    max_line: usize,

    /// How long somebody may say nothing after connecting, not even a blank
    /// line, in seconds; 0 is no limit
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds_or_0)]
    idle_join: Duration,

    /// How many there may be who have said nothing yet; then whoever has been
    /// silent for longest has to go. 0 is no limit
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.unjoined)]
    max_unjoined: usize,

    /// How many of those from one address; 0 is no limit. Loopback is exempt
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.unjoined_per_address)]
    max_unjoined_per_address: usize,

    /// How many threads serve people, at most 64. Without it: as many as there
    /// are cores
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    /// How many people one thread serves before the next one gets any
    #[arg(long, value_name = "N", default_value = "128")]
    pub together: usize,
}

impl Args {
    /// How many threads serve people.
    pub fn threads(&self) -> NonZeroUsize {
        let cores = || available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(|| cores().min(MAX_THREADS))
    }

    /// What nobody may do beyond, where the system lets there be so many
    /// connections.
    pub fn limits(&self, possible: usize) -> Limits {
        let wanted = Some(self.max_clients).filter(|wanted| *wanted > 0);
        Limits {
            text: self.max_line,
            rate: self.rate,
            clients: wanted.map_or(possible, |wanted| wanted.min(possible)),
            per_address: self.max_per_address,
            new_per_address: self.max_new_per_address,
            unjoined: self.max_unjoined,
            unjoined_per_address: self.max_unjoined_per_address,
            idle_join: self.idle_join,
            stall: self.stall,
            ..Limits::default()
        }
    }

    /// How the history is kept, if it is.
    pub fn history(&self) -> Option<Options> {
        Some(Options {
            path: self.history.clone()?,
            sync: self.history_sync,
            keep: self.history_keep,
        })
    }
}

/// `1GiB`, `500MB`, `64k` or a number of bytes.
fn size(text: &str) -> Result<u64, String> {
    let hint = "give a size such as 1GiB, 500MB or 1048576";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return Err(hint.to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| hint)?;
    match number.checked_mul(unit) {
        Some(size) if size >= MIN_KEEP => Ok(size),
        Some(_) => Err("at least 128KiB are kept".to_owned()),
        None => Err(hint.to_owned()),
    }
}

/// `60`, `0.5` or `60s`.
fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    number
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero() && duration.as_secs() <= MAX_SECONDS)
        .ok_or_else(|| format!("give a number of seconds, at most {MAX_SECONDS}"))
}

/// The same, or 0.
fn seconds_or_0(text: &str) -> Result<Duration, String> {
    match text {
        "0" | "0s" => Ok(Duration::ZERO),
        _ => seconds(text),
    }
}

fn line(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|bytes| (MIN_TEXT..=MAX_TEXT).contains(bytes))
        .ok_or_else(|| format!("give a number of bytes from {MIN_TEXT} to {MAX_TEXT}"))
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|threads| *threads <= MAX_THREADS)
        .ok_or_else(|| format!("give a number from 1 to {MAX_THREADS}"))
}

/// More would only wait for one another.
const MAX_THREADS: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// Nobody could say anything with less.
const MIN_TEXT: usize = 64;

/// The smallest history.
const MIN_KEEP: u64 = 128 * 1024;

/// A day.
const MAX_SECONDS: u64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_times_and_threads() {
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert_eq!(size("1048576"), Ok(1 << 20));
        assert_eq!(size("20 mb"), Ok(20_000_000));
        for wrong in [
            "",
            "1",
            "GiB",
            "-1GiB",
            "1.5GiB",
            "1 parsec",
            "99999999999TiB",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(seconds("60"), Ok(Duration::from_secs(60)));
        assert_eq!(seconds("0.25s"), Ok(Duration::from_millis(250)));
        for wrong in ["", "0", "-1", "nan", "inf", "1e99", "1h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(threads("64"), Ok(MAX_THREADS));
        for wrong in ["", "0", "-1", "65", "two"] {
            assert!(threads(wrong).is_err(), "{wrong}");
        }
    }

    /// As in an alias that is given more.
    #[test]
    fn the_last_of_an_option_counts_and_all_places_to_listen() {
        let args = ["chat-server", "--rate", "1", "--rate", "2"];
        let listen = ["--listen", "1", "--listen", "2"];
        let args = Args::parse_from(args.into_iter().chain(listen));
        assert_eq!(args.limits(9).rate, 2);
        assert_eq!(args.listen, [Listen::Everywhere(1), Listen::Everywhere(2)]);
    }
}
