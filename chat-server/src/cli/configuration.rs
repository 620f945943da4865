//! The options that say where the others come from besides the command line.

use std::path::PathBuf;

use clap::Args;

/// Where options come from.
#[derive(Debug, Args)]
pub struct ConfigurationArgs {
    /// Read options from FILE, in TOML: max-clients = 100; none: from no file
    /// [default: /etc/chat-server.toml and ~/.config/chat/server.toml, if there]
    ///
    /// Keys are the long options. An option comes before the variable CHAT_SERVER_MAX_CLIENTS
    /// and its like, and that before a file. Of the two default files your own one comes
    /// first, key by key; it is below $XDG_CONFIG_HOME if that is set. SIGHUP and chat-server
    /// ctl reload read them again.
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub config: Option<PathBuf>,

    /// Print each option's value and where it comes from, or all mistakes, and end
    #[arg(long, help_heading = CONFIGURATION)]
    pub check_config: bool,

    /// Print a file for --config with all defaults and what the options do, and end
    #[arg(long, help_heading = CONFIGURATION)]
    pub print_default_config: bool,
}

const CONFIGURATION: &str = "Configuration";

/// The options that cannot be given in a file or in a variable: they are for one start, or
/// say what to do instead of one.
pub const ONLY_ON_THE_COMMAND_LINE: &[&str] = &[
    "ask-password",
    "check-config",
    "config",
    "console",
    "generate",
    "help",
    "print-default-config",
    "version",
];
