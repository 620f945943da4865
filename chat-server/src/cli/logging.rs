//! The options of the log.

use clap::Args;

use crate::ops::logger::{Choice, Level};

/// What is logged, and how.
#[derive(Debug, Args)]
pub struct LoggingArgs {
    /// Log what matters at least as much as LEVEL: error, warn, info or debug
    ///
    /// What is said at the start comes at each level.
    #[arg(
        long,
        value_name = "LEVEL",
        hide_possible_values = true,
        default_value = "info",
        help_heading = LOG
    )]
    pub log_level: Level,

    /// Write the log as FORMAT: text, TIME LEVEL message key=value; json, one object a line;
    /// auto, for the journal of systemd if it reads the log, and otherwise text
    ///
    /// For the journal a line has a priority in place of the time and the level.
    #[arg(
        long,
        value_name = "FORMAT",
        hide_possible_values = true,
        default_value = "auto",
        help_heading = LOG
    )]
    pub log_format: Choice,
}

const LOG: &str = "Log";
