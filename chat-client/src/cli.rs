//! The command line.

mod generate;
pub mod layers;
mod login;
mod server;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use chat_proto::command::Past;
use chat_proto::name::Name;
use chat_proto::password::{MAX_PASSWORD_FILE, Password};
use clap::{ArgAction, Parser, ValueEnum, ValueHint};

use crate::conversation::Audience;
use crate::identity::Source;
use crate::net::security::Encryption;
use crate::net::{Address, NOWHERE, Target};
use crate::output::style::{Bell, Colors, TimeStyle};
use crate::reason::reason;
use crate::trust::{HostPort, Pin};
pub use generate::Generate;
use login::WantedName;
pub use server::DEFAULT_PORT;
use server::parse_port;

/// The command line, as `--help` tells it.
#[derive(Debug, Parser)]
#[command(
    version = VERSION,
    about = ABOUT,
    after_help = AFTER_HELP,
    // The short form, a line or two for an option, is all that there is.
    disable_help_flag = true,
    // The last one counts, so that an alias can be overruled.
    args_override_self = true,
)]
pub struct Args {
    /// The server: a name or an address, also HOST:PORT or [IPV6]:PORT
    /// [default: localhost]
    #[arg(
        default_value = LOCALHOST,
        hide_default_value = true,
        value_hint = ValueHint::Hostname,
        verbatim_doc_comment
    )]
    host: String,

    /// Its port, 1 to 65535 [default: 5000]
    #[arg(value_parser = parse_port, allow_negative_numbers = true)]
    port: Option<u16>,

    /// Be the operator of a server of this machine, at
    /// its control socket: chat-server says where it is
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["host", "port", "port_option", "tls", "fingerprint"],
        verbatim_doc_comment
    )]
    socket: Option<PathBuf>,

    /// The name to ask for; with a number behind it,
    /// ann-2, if it is taken [default: $CHAT_NAME, else
    /// your login name]
    #[arg(long, verbatim_doc_comment)]
    name: Option<String>,

    /// The time before each line: none, short (14:05) or
    /// full (2026-11-23 14:05:09) [default: short at a
    /// prompt, none otherwise]
    #[arg(
        long,
        value_name = "WHICH",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    time: Option<TimeStyle>,

    /// When the bell rings, at most once a second:
    /// mention (when your name is said), all or off
    /// [default: mention]
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "mention",
        hide_default_value = true,
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    pub bell: Bell,

    /// When to use colours, bold and dim text: always,
    /// never or auto (on a terminal, if NO_COLOR is not
    /// set) [default: auto]
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    color: ColorChoice,

    /// Print each line once, without colours, and move no
    /// cursor: for screen readers; the same as TERM=dumb
    #[arg(long, verbatim_doc_comment)]
    pub plain: bool,

    /// Print what the server sends: JSON, one object on
    /// each line
    #[arg(long, verbatim_doc_comment)]
    pub json: bool,

    /// Send all of the input as one message, print
    /// nothing, and leave
    #[arg(long, conflicts_with = "json", verbatim_doc_comment)]
    pub send: bool,

    /// Show the last N messages on joining [default: 20
    /// on a terminal, 0 otherwise and with --json or
    /// --send]
    #[arg(
        long,
        value_name = "N",
        value_parser = parse_count,
        allow_negative_numbers = true,
        verbatim_doc_comment
    )]
    replay: Option<usize>,

    /// Leave when the connection is lost or the server is
    /// full, and do not try again
    #[arg(long, verbatim_doc_comment)]
    pub no_reconnect: bool,

    /// Do not show who comes and goes
    #[arg(long)]
    pub quiet: bool,

    /// Neither read nor keep what you typed in other runs
    #[arg(long)]
    pub no_history: bool,

    /// Show the lines of standard input above the prompt: chat-server --console gives its
    /// log so. Keys come from the terminal.
    #[arg(long, hide = true, conflicts_with_all = ["send", "json", "plain"])]
    pub show_input: bool,

    /// Send plain lines to a server that does not greet
    /// as a chat server does, such as that of a tutorial;
    /// nothing tells whether they arrive [default: only
    /// on a terminal]
    #[arg(long, conflicts_with = "json", verbatim_doc_comment)]
    pub plain_server: bool,

    /// Speak TLS from the first byte, and nothing else
    /// [default: if the server was encrypted before, or
    /// offers it]
    #[arg(long, conflicts_with = "no_tls", verbatim_doc_comment)]
    tls: bool,

    /// Never speak TLS: all on the way can read and
    /// change what is said
    #[arg(long, verbatim_doc_comment)]
    no_tls: bool,

    /// The key of the server, SHA256:…, as chat-server
    /// shows it at its start; its first 16 characters do.
    /// Speaks TLS
    #[arg(
        long,
        value_name = "KEY",
        conflicts_with = "no_tls",
        verbatim_doc_comment
    )]
    pub fingerprint: Option<Pin>,

    /// The key by which servers know you: a key file of
    /// ssh, agent (the first key of the ssh-agent) or
    /// none [default: a key of its own, made for the
    /// first encrypted connection]
    #[arg(
        long,
        value_name = "WHICH",
        conflicts_with = "no_tls",
        verbatim_doc_comment
    )]
    identity: Option<PathBuf>,

    /// Print that key, as the operator of a server needs
    /// it, and do nothing else
    #[arg(long, verbatim_doc_comment)]
    pub show_key: bool,

    /// The password of the room is the first line of FILE
    /// [default: $CHAT_PASSWORD; at a prompt you are
    /// asked]
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    password_file: Option<PathBuf>,

    /// Forget the key of a server, so that the next one
    /// counts, and do nothing else
    #[arg(long, value_name = "HOST:PORT", verbatim_doc_comment)]
    forget: Option<String>,

    /// Print man (the man page) or the completions of a
    /// shell: complete-bash, complete-zsh, complete-fish
    /// or complete-powershell
    #[arg(
        long,
        value_name = "WHAT",
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    pub generate: Option<Generate>,

    /// Print this help
    #[arg(long, short, action = ArgAction::HelpShort)]
    help: Option<bool>,

    /// Other programs take the port in this form.
    #[arg(long = "port", short = 'p', hide = true)]
    port_option: Option<String>,
}

/// With the commit, if the program was built from a repository: see `build.rs`.
const VERSION: &str = env!("CHAT_VERSION");

const ABOUT: &str = "\
A group chat for the terminal: the client.

On a terminal you type below and read above. Otherwise each line of standard
input is sent, and the program leaves after the last one.";

const AFTER_HELP: &str = "\
Examples:
  chat-client                                  talk on this machine
  chat-client chat.example.org 5000            talk on another one
  chat-client --name ann localhost             talk under this name
  make 2>&1 | chat-client localhost            send every line of an output
  git log -3 | chat-client --send localhost    send all of it as one message
  chat-client localhost > log                  keep a log, send what you type
  tail -f /dev/null | chat-client --json       print what happens as JSON

Environment:
  CHAT_HOST, CHAT_PORT     the server, unless the arguments name one
  CHAT_NAME                the name to ask for, unless --name is given
  CHAT_PASSWORD            the password of the room, unless --password-file is
                           given
  LOGNAME, USER, USERNAME  your login name, unless CHAT_NAME is set
  NO_COLOR                 if not empty: no colours, bold or dim text
  SSH_AUTH_SOCK            where the ssh-agent is (--identity agent)
  TERM                     dumb is the same as --plain
  TZ                       your time zone, unless it is the system's
  XDG_CONFIG_HOME          chat/client.toml below it has options, and servers
                           by name; ~/.config unless set
  XDG_STATE_HOME           what you type is kept below it, in chat/history,
                           and the keys of servers in chat/known_hosts; your
                           own key is chat/id_ed25519; ~/.local/state unless
                           set, and %LOCALAPPDATA% on Windows

Exit status:
  0        you left, or all of the input was sent and the room has it
  1        not all of it was sent, or the room has not confirmed it; the server
           is no chat server, went away, or has not let you in within 60 s
  2        wrong arguments, or a key (--identity) that cannot be used
  3        cannot connect within 5 s
  4        the server is not the one that is known, or does not encrypt as it
           must, and nothing was sent; or an operator has removed or banned you
  128 + N  ended by signal N; 130 is Ctrl-C";

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorChoice {
    /// On a terminal that has them, unless `NO_COLOR` or `--plain` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Args {
    /// The server.
    ///
    /// # Errors
    ///
    /// When the arguments name no server; the text says what to write instead.
    pub fn target(&self) -> Result<Target, String> {
        match &self.socket {
            Some(_) if cfg!(not(unix)) => Err(NOWHERE.to_owned()),
            Some(path) => Ok(Target::Control(path.clone())),
            None => self.address().map(Target::Network),
        }
    }

    fn address(&self) -> Result<Address, String> {
        if let Some(port) = &self.port_option {
            let host = &self.host;
            return Err(format!(
                "the port stands behind the host: chat-client {host} {port}"
            ));
        }
        server::target(&self.host, self.port)
    }

    /// Whether connections are encrypted.
    pub fn encryption(&self) -> Encryption {
        if self.no_tls || self.socket.is_some() {
            Encryption::Never
        } else if self.tls || self.fingerprint.is_some() {
            Encryption::Always
        } else {
            Encryption::IfOffered
        }
    }

    /// Where the key is by which servers know the person; `None` if they are to know none.
    pub fn identity(&self) -> Option<Source> {
        match &self.identity {
            Some(which) => Source::of_option(which.as_os_str()),
            None => Some(Source::Own),
        }
    }

    /// The server to forget, if one is.
    ///
    /// # Errors
    ///
    /// As for [`Args::target`].
    pub fn forgotten(&self) -> Option<Result<HostPort, String>> {
        let forget = self.forget.as_ref()?;
        // The port may be an argument of its own, which is then the first one.
        let port = self.host.parse().ok().filter(|&port| port > 0);
        if port.is_none() && self.host != LOCALHOST {
            let host = &self.host;
            return Some(Err(format!(
                "{host} is one server too many: --forget takes one, HOST:PORT"
            )));
        }
        let target = server::target(forget, port.or(self.port));
        Some(target.map(|target| HostPort::new(&target.host, target.port)))
    }

    /// The audience. A prompt needs a terminal on both sides that can move its cursor;
    /// `on_terminal` tells whether there is one on both.
    pub fn audience(
        &self,
        on_terminal: impl FnOnce() -> bool,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Audience {
        if self.send || self.json || !on_terminal() {
            Audience::Program
        } else if self.plain || is_dumb(environment) {
            Audience::Lines
        } else {
            Audience::Prompt
        }
    }

    /// Which times stand before lines. At a prompt they tell new messages from old
    /// ones.
    pub fn time(&self, audience: Audience) -> TimeStyle {
        self.time.unwrap_or(match audience {
            Audience::Prompt => TimeStyle::Short,
            Audience::Lines | Audience::Program => TimeStyle::None,
        })
    }

    /// Whether to use colours (no-color.org). `is_terminal` tells whether standard
    /// output is one.
    pub fn colors(
        &self,
        is_terminal: impl FnOnce() -> bool,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Colors {
        let refused = || environment("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            ColorChoice::Always => Colors::On,
            ColorChoice::Never => Colors::Off,
            ColorChoice::Auto if self.plain || refused() || is_dumb(&environment) => Colors::Off,
            ColorChoice::Auto if is_terminal() => Colors::On,
            ColorChoice::Auto => Colors::Off,
        }
    }

    /// How many of the last messages to ask for on joining.
    pub fn replay(&self, audience: Audience) -> usize {
        self.replay.unwrap_or(match audience {
            Audience::Prompt | Audience::Lines => Past::DEFAULT_COUNT,
            Audience::Program => 0,
        })
    }

    /// The password of the room, if the person has given it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is none. The text does not repeat it.
    pub fn password(
        &self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Password>, String> {
        let (from, password) = match &self.password_file {
            Some(path) => {
                let from = format!("--password-file {}", path.display());
                let mut bytes = Vec::new();
                File::open(path)
                    .and_then(|file| file.take(MAX_PASSWORD_FILE).read_to_end(&mut bytes))
                    .map_err(|error| format!("{from}: {}", reason(&error)))?;
                (from, Password::in_file(&bytes))
            }
            None => match environment("CHAT_PASSWORD").filter(|text| !text.is_empty()) {
                Some(text) => ("CHAT_PASSWORD".to_owned(), Password::choose(&text)),
                None => return Ok(None),
            },
        };
        let password = password.map_err(|error| format!("{from} cannot be used: {error}"))?;
        Ok(Some(password))
    }

    /// The name to ask for.
    ///
    /// # Errors
    ///
    /// When the given name is not allowed. A login name that is not allowed becomes the
    /// nearest one: the person did not choose it for this program.
    pub fn name(
        &self,
        environment: impl Fn(&str) -> Option<String>,
        account: impl FnOnce() -> Option<String>,
    ) -> Result<WantedName, String> {
        let given = self.name.clone().map(|name| ("--name", name));
        let chosen = || environment("CHAT_NAME").filter(|name| !name.is_empty());
        if let Some((from, name)) = given.or_else(|| chosen().map(|name| ("CHAT_NAME", name))) {
            return match Name::choose(&name) {
                Ok(name) => Ok(WantedName {
                    name: Some(name.to_string()),
                    note: None,
                }),
                Err(error) => {
                    let nearest = Name::nearest(&name);
                    let tip = nearest.map_or(String::new(), |name| format!("; {name} would do"));
                    Err(format!("{from} {name:?}: {error}{tip}"))
                }
            };
        }
        // The variables come first: a person who sets one means it. Under cron and in
        // containers none is set.
        let login = ["LOGNAME", "USER", "USERNAME"]
            .into_iter()
            .find_map(|variable| environment(variable).filter(|name| !name.is_empty()))
            .or_else(account);
        Ok(login.map_or_else(WantedName::default, |login| WantedName::of_login(&login)))
    }
}

/// Whether the terminal can do no more than print.
fn is_dumb(environment: impl Fn(&str) -> Option<String>) -> bool {
    environment("TERM").as_deref() == Some("dumb")
}

fn parse_count(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .map_err(|_| "it is how many messages to show, 0 or more")
}

/// The host of a person who names none.
const LOCALHOST: &str = "localhost";

#[cfg(test)]
mod tests;
