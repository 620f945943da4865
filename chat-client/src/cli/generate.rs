//! `--generate`: the man page and the completions of shells, from the same description of
//! the arguments as `--help`.

use std::io::{self, Write};

use chat_proto::manual::{Heading, sections, title};
use clap::{Arg, ArgGroup, Command, CommandFactory, ValueEnum};
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
        clap_complete::generate(shell, &mut visible(), NAME, &mut script);
        out.write_all(&script)
    }
}

fn man() -> io::Result<String> {
    let mut command = Args::command();
    command.build();
    let about = command.get_about().map(ToString::to_string);
    let about = about.unwrap_or_default();
    let line = about.lines().next().unwrap_or_default();
    let top = title(NAME, env!("CHAT_DATE"), VERSION, line);
    let mut roff = (top + SYNOPSIS).into_bytes();
    let page = Man::new(command.clone());
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    let after = command.get_after_help().map(ToString::to_string);
    for text in [&*after.unwrap_or_default(), MORE] {
        roff.write_all(sections(text, Heading::Section).as_bytes())?;
    }
    // clap_mangen leaves it as it is, and groff prints another sign for it.
    Ok(String::from_utf8_lossy(&roff).replace('~', "\\(ti"))
}

/// The arguments without those that are hidden, which clap_complete would offer.
fn visible() -> Command {
    let all = Args::command();
    let (hidden, shown): (Vec<&Arg>, Vec<&Arg>) =
        all.get_arguments().partition(|arg| arg.is_hide_set());
    // Others may name them as what they conflict with.
    let names = hidden.into_iter().map(|arg| ArgGroup::new(arg.get_id()));
    Command::new(NAME)
        .version(VERSION)
        .disable_help_flag(true)
        .groups(names)
        .args(shown)
}

const NAME: &str = "chat-client";

const SYNOPSIS: &str = "\
.SH SYNOPSIS
\\fBchat\\-client\\fR [\\fIoptions\\fR] [\\fIHOST\\fR [\\fIPORT\\fR]]
.br
\\fBchat\\-client\\fR [\\fIoptions\\fR] \\fB\\-\\-socket\\fR \\fIPATH\\fR
";

/// What the page has beyond `--help`.
const MORE: &str = "\
Files:
  ~/.local/state/chat/history      what you sent, for the keys Up and Ctrl-R
  ~/.local/state/chat/known_hosts  the keys of servers
  ~/.local/state/chat/id_ed25519   your own key
See also:
  chat-server(1), ssh-keygen(1), ssh-agent(1)";
