//! The options for how connections are spread over threads.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use clap::Args;

use super::values::count;

/// How connections are spread over threads.
#[derive(Debug, Args)]
pub struct TuningArgs {
    /// Use N threads for the connections, 1 to 64 [default: one for each core]
    #[arg(
        long,
        value_name = "N",
        value_parser = count(1, MAX_THREADS),
        help_heading = TUNING
    )]
    threads: Option<usize>,

    /// Give a thread N connections before the next thread gets any
    #[arg(
        long,
        value_name = "N",
        default_value_t = 128,
        value_parser = count(0, usize::MAX),
        help_heading = TUNING
    )]
    pub together: usize,
}

impl TuningArgs {
    /// How many threads serve connections.
    pub fn threads(&self) -> NonZeroUsize {
        let threads = match self.threads {
            Some(threads) => threads,
            None => available_parallelism()
                .map_or(1, NonZeroUsize::get)
                .min(MAX_THREADS),
        };
        NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN)
    }
}

const TUNING: &str = "Tuning";

/// More threads would only wait for one another.
const MAX_THREADS: usize = 64;
