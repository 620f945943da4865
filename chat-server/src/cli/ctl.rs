//! The arguments of `chat-server ctl`.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::control::Control;
use super::state;
use crate::ctl::{Format, Order};

/// Give orders to the server that runs on this machine
///
/// A command is one that operators type, with or without its /: kick bo flooding. They are
/// carried out at the control socket, and the room is not told of who comes in there.
#[derive(Debug, Args)]
#[command(args_override_self = true, after_help = AFTER_HELP)]
pub struct CtlArgs {
    /// Where the control socket of the server is [default: where a server without --control,
    /// --state and --config has it]
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,

    /// Print the objects that the server sends, one on each line
    #[arg(long)]
    json: bool,

    /// The command; without one, each line of standard input is one
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    command: Vec<String>,
}

impl CtlArgs {
    /// What is wanted; `variable` gives those of the environment, and `configured` what the
    /// configuration of the server says of a key.
    ///
    /// # Errors
    ///
    /// When the arguments name no socket, and there is no usual one.
    pub fn order(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
        configured: impl Fn(&str) -> Option<OsString>,
    ) -> anyhow::Result<Order> {
        let path = |key: &str| configured(key).map(PathBuf::from);
        let usual = || path("state").or_else(|| state::folder(&variable));
        let given = self.control.clone().or_else(|| path("control"));
        let path = match Control::of(given.as_deref(), &variable, usual) {
            Control::Named(path) => path,
            Control::Usual(path) => path.context(
                "there is no folder in which the control socket would be: name it with --control",
            )?,
            Control::Nowhere if cfg!(not(unix)) => {
                bail!("there are no control sockets on this system")
            }
            Control::Nowhere => bail!("without a control socket there is no way in: name one"),
        };
        let format = match self.json {
            true => Format::Objects,
            false => Format::Text,
        };
        let words = self.command.clone();
        Ok(Order {
            path,
            format,
            words,
        })
    }
}

const AFTER_HELP: &str = "\
Examples:
  chat-server ctl help                 lists the commands
  chat-server ctl ban bo 2h flooding
  chat-server ctl --json bans
  chat-server ctl < commands           carries out each line

Exit status:
  0  all was done
  1  a command was refused, or is none; standard error says why
  2  wrong arguments
  3  there is no server at PATH, or it does not answer";
