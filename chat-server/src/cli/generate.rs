//! `--generate`: the man page and the completions of shells, from the same description of
//! the arguments as `--help`.

use std::io::{self, Write};

use chat_proto::catalogue::{CATALOGUE, Typist, When};
use chat_proto::manual::{Heading, sections, title};
use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Args, VERSION};

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Generate {
    /// The man page.
    Man,
    /// Completions for bash.
    CompleteBash,
    /// Completions for zsh.
    CompleteZsh,
    /// Completions for fish.
    CompleteFish,
    /// Completions for PowerShell.
    CompletePowershell,
}

impl Generate {
    /// Writes it to `out`.
    ///
    /// # Errors
    ///
    /// When `out` does not take it.
    pub fn write(self, out: &mut impl Write) -> io::Result<()> {
        let shell = match self {
            Self::Man => return out.write_all(man()?.as_bytes()),
            Self::CompleteBash => Shell::Bash,
            Self::CompleteZsh => Shell::Zsh,
            Self::CompleteFish => Shell::Fish,
            Self::CompletePowershell => Shell::PowerShell,
        };
        // In memory first: clap_complete panics if it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command(), NAME, &mut script);
        let script = repaired(&String::from_utf8_lossy(&script));
        out.write_all(script.as_bytes())
    }
}

/// What clap_complete 4.6 gets wrong in scripts of a program that has a subcommand.
fn repaired(script: &str) -> String {
    // In bash the case of `ctl` has two names if that of the program has a dash.
    let script = script.replace("chat__subcmd__server__subcmd__", "chat__server__subcmd__");
    // In fish an option that still waits for its value looks like a subcommand.
    script.replace(
        "2>/dev/null\n    or return\n",
        "2>/dev/null\n    or return 0\n",
    )
}

/// The arguments, with the commands that `ctl` takes.
fn command() -> Command {
    let orders = CATALOGUE
        .iter()
        .filter(|entry| entry.when == When::Anywhere);
    let orders = orders.filter_map(|entry| entry.text);
    let orders = orders.filter(|form| form.typist == Typist::Person);
    let orders: Vec<&str> = orders.map(|form| form.word).collect();
    Args::command().mut_subcommand("ctl", |ctl| {
        ctl.mut_arg("command", |arg| {
            arg.value_parser(PossibleValuesParser::new(orders))
                .hide_possible_values(true)
        })
    })
}

fn man() -> io::Result<String> {
    let mut command = command();
    command.build();
    let about = command.get_about().map(ToString::to_string);
    let top = title(NAME, env!("CHAT_DATE"), VERSION, &about.unwrap_or_default());
    let mut roff = (top + SYNOPSIS).into_bytes();
    let page = Man::new(command.clone());
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    let after = command.get_after_long_help().map(ToString::to_string);
    let after = sections(&after.unwrap_or_default(), Heading::Section);
    if let Some(ctl) = command.find_subcommand("ctl") {
        roff.write_all(ctl_section(ctl)?.as_bytes())?;
    }
    roff.write_all(after.as_bytes())?;
    roff.write_all(sections(MORE, Heading::Section).as_bytes())?;
    // clap_mangen leaves it as it is, and groff prints another sign for it.
    Ok(String::from_utf8_lossy(&roff).replace('~', "\\(ti"))
}

/// `chat-server ctl` has a section in the page, with parts of its own.
fn ctl_section(ctl: &Command) -> io::Result<String> {
    let page = Man::new(ctl.clone());
    let mut roff = Vec::new();
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    let roff = String::from_utf8_lossy(&roff)
        .replacen(".SH DESCRIPTION", ".SH CHAT\\-SERVER CTL", 1)
        .replace(".SH OPTIONS", ".SS Options");
    let after = ctl.get_after_help().map(ToString::to_string);
    Ok(roff + &sections(&after.unwrap_or_default(), Heading::Subsection))
}

const NAME: &str = "chat-server";

const SYNOPSIS: &str = "\
.SH SYNOPSIS
\\fBchat\\-server\\fR [\\fIoptions\\fR]
.br
\\fBchat\\-server ctl\\fR [\\fB\\-\\-control\\fR \\fIPATH\\fR] [\\fB\\-\\-json\\fR] [\\fIcommand\\fR]
";

/// What the page has beyond `--help`.
const MORE: &str = "\
Files:
  ~/.local/state/chat-server/server.key  the server's own key and certificate
  ~/.local/state/chat-server/people      which names belong to which keys
  ~/.local/state/chat-server/ctl         the control socket
  FILE of --history                      what is said, one JSON object a line; FILE.000001 and
                                         so on: older files; FILE.key: a secret of the server;
                                         FILE.lock: keeps a second server out; FILE.torn and
                                         FILE.replaced: copies of what was cut off or replaced
See also:
  chat-client(1), nc(1)";
