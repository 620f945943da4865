//! The options for the history.

use std::path::PathBuf;

use clap::Args;

use super::KEPT;
use super::values::size;
use crate::storage::{Options, SyncMode};

/// How the history is kept.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Keep what is said in FILE, and go on with it after a restart
    ///
    /// FILE has one JSON object a line. When it is full it becomes FILE.000001 and so
    /// on, in the same folder. Without this option the room ends with the server.
    #[arg(long, value_name = "FILE", group = KEPT, help_heading = HISTORY)]
    history: Option<PathBuf>,

    /// When a message is on the disk: always, before it is shown; batch, at most
    /// 200 ms later; off, when the system writes it
    #[arg(
        long,
        value_name = "WHEN",
        hide_possible_values = true,
        default_value = "batch",
        requires = "history",
        help_heading = HISTORY
    )]
    history_sync: SyncMode,

    /// Keep at most SIZE of history, and then drop the oldest; at least 128KiB
    ///
    /// A number of bytes, or one with KiB, MiB, GiB or TiB (1GiB is 1024MiB), or with
    /// kB, MB, GB or TB (1GB is 1000MB).
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "1GiB",
        value_parser = size,
        requires = KEPT,
        help_heading = HISTORY
    )]
    pub(super) history_keep: u64,
}

impl HistoryArgs {
    /// How it is kept, if it is.
    pub(super) fn options(&self) -> Option<Options> {
        Some(Options {
            path: self.history.clone()?,
            sync: self.history_sync,
            keep: self.history_keep,
        })
    }
}

const HISTORY: &str = "History";
