//! The command line.

mod after_help;
mod cluster;
mod configuration;
mod control;
mod ctl;
mod generate;
mod history;
mod logging;
mod metrics;
pub mod mistakes;
mod reception;
mod state;
mod tuning;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use chat_proto::event::Limits;
use chat_proto::text::MAX_TEXT;
use clap::{ArgGroup, ArgMatches, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::access::naming::Naming;
use crate::cluster::ClusterOptions;
use crate::config::TlsMode;
use crate::net::identity::Source;
use crate::net::listen::Listen;
use crate::ops::password::PasswordSource;
use crate::storage::Options;
use after_help::AFTER_HELP;
use cluster::ClusterArgs;
pub use configuration::{ConfigurationArgs, ONLY_ON_THE_COMMAND_LINE};
pub use control::Control;
pub use ctl::CtlArgs;
pub use generate::Generate;
use history::HistoryArgs;
pub use logging::LoggingArgs;
pub use metrics::MetricsAt;
pub use reception::ReceptionArgs;
pub use tuning::TuningArgs;
use values::{count, seconds, seconds_or_0};

/// A group chat for the terminal: the server.
///
/// Everyone who connects is in the one room, with chat-client, nc or telnet.
#[derive(Debug, Parser)]
#[command(
    version = VERSION,
    args_override_self = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    group = ArgGroup::new(KEPT).multiple(true),
    max_term_width = 100,
    after_help = "More about each option, and examples: chat-server --help",
    after_long_help = AFTER_HELP
)]
// What follows is the text of --help, where brackets are no links.
#[allow(rustdoc::broken_intra_doc_links)]
pub struct Args {
    /// Listen at ADDR:PORT, [IPV6]:PORT or NAME:PORT, or with PORT on all addresses
    /// [default: 5000]
    ///
    /// May be given several times; places that overlap are opened once. PORT is for
    /// IPv4 and IPv6, and so is [::]:PORT unless an IPv4 address is given with the
    /// same port. Port 0 picks a free port, the same for all places that ask for it.
    #[arg(long, value_name = "ADDR:PORT", value_parser = Listen::parse, help_heading = LISTENING)]
    pub listen: Vec<Listen>,

    /// Take the address of each peer from the header that a proxy sends
    ///
    /// The header is that of the PROXY protocol, version 1 or 2 (haproxy's send-proxy
    /// and send-proxy-v2, nginx's proxy_protocol). A connection without one is refused.
    /// Listen only where the proxy can connect: a header can claim any address.
    #[arg(long, help_heading = LISTENING)]
    pub proxy_protocol: bool,

    /// Which connections are encrypted: offer, those that ask for TLS; require, all but
    /// those over loopback; off, none
    ///
    /// TLS is spoken on the same port, from the first byte: by chat-client, ncat --ssl,
    /// openssl s_client and the like. With nc there is no TLS. To find out, the server
    /// waits for at most 0.1 s before it greets.
    #[arg(
        long,
        value_name = "MODE",
        hide_possible_values = true,
        default_value = "offer",
        help_heading = ENCRYPTION
    )]
    pub tls: TlsMode,

    /// Keep the server's own key in DIR [default: ~/.local/state/chat-server]
    ///
    /// The key is made at the first start, in DIR/server.key. Clients know the server by it,
    /// so keep it. DIR/people says which names belong to which keys. The default is
    /// $STATE_DIRECTORY if that is set, or else chat-server below $XDG_STATE_HOME if that is set.
    #[arg(long, value_name = "DIR", help_heading = ENCRYPTION)]
    state: Option<PathBuf>,

    /// Use the certificate in FILE, followed by those of its issuers, instead of an own one
    ///
    /// FILE is in PEM form, such as fullchain.pem of certbot. It is read again on SIGHUP.
    #[arg(long, value_name = "FILE", requires = "key", help_heading = ENCRYPTION)]
    cert: Option<PathBuf>,

    /// The key of that certificate, in PEM form without a password
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = ENCRYPTION)]
    key: Option<PathBuf>,

    /// Let only those in who say the password in the first line of FILE
    ///
    /// It is taken over an encrypted connection, and over loopback. FILE is read again on
    /// SIGHUP. Keep it from other users: chmod 600 FILE
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "ask_password",
        help_heading = PASSWORD
    )]
    password_file: Option<PathBuf>,

    /// The same, with a password that is asked for at the start, on the terminal
    #[arg(long, help_heading = PASSWORD)]
    ask_password: bool,

    /// Whether names belong to keys: claim, who says something under a free name has it from
    /// then on; known, only people with a listed key come in; free, they do not
    ///
    /// chat-client shows a key over an encrypted connection, its own one or one of ssh. A
    /// peer without the key of a name cannot have that name.
    #[arg(
        long,
        value_name = "MODE",
        hide_possible_values = true,
        default_value = "claim",
        help_heading = NAMES
    )]
    pub names: Naming,

    /// Keep which key has which name in FILE [default: people in the folder of --state]
    ///
    /// Each line is one of ssh's authorized_keys, with the option name="NAME" in front, or
    /// the name behind it. FILE is read again when it changes, and on SIGHUP.
    #[arg(long, value_name = "FILE", help_heading = NAMES)]
    people: Option<PathBuf>,

    #[command(flatten)]
    kept: HistoryArgs,

    #[command(flatten)]
    cluster: ClusterArgs,

    /// Allow N connections; 0: as many as the system allows
    ///
    /// The system allows one for each file that the process may open (ulimit -n), but
    /// for some that the server needs. More peers are told that the room is full.
    #[arg(
        long,
        value_name = "N",
        default_value_t = Limits::DEFAULT.clients,
        value_parser = count(0, usize::MAX),
        help_heading = LIMITS
    )]
    max_clients: usize,

    /// Allow N connections from one address; 0: no limit
    ///
    /// An address is one of IPv4, or the first 64 bits of one of IPv6. Those of this
    /// machine are not limited, unless --limit-loopback is given.
    #[arg(
        long,
        value_name = "N",
        default_value_t = Limits::DEFAULT.per_address,
        value_parser = count(0, usize::MAX),
        help_heading = LIMITS
    )]
    max_per_address: usize,

    /// Let N connections from one address come into the room in 10 minutes; 0: no limit
    ///
    /// A connection comes into the room when it says something, or stays for half a
    /// second. 100 times as many connections may come that do not, such as probes of the
    /// port.
    #[arg(
        long,
        value_name = "N",
        default_value_t = Limits::DEFAULT.new_per_address as usize,
        value_parser = count(0, MAX_RATE),
        help_heading = LIMITS
    )]
    max_new_per_address: usize,

    /// Allow N connections that have not sent a line yet; 0: no limit
    ///
    /// When there are more, the one that has been silent for longest is closed.
    #[arg(
        long,
        value_name = "N",
        default_value_t = Limits::DEFAULT.unjoined,
        value_parser = count(0, usize::MAX),
        help_heading = LIMITS
    )]
    max_unjoined: usize,

    /// Allow N connections from one address that have not sent a line yet; 0: no limit
    #[arg(
        long,
        value_name = "N",
        default_value_t = Limits::DEFAULT.unjoined_per_address,
        value_parser = count(0, usize::MAX),
        help_heading = LIMITS
    )]
    max_unjoined_per_address: usize,

    /// Limit connections from this machine like all others
    #[arg(long, help_heading = LIMITS)]
    pub limit_loopback: bool,

    /// Disconnect a client that has sent no line for SECONDS after connecting; 0: never
    ///
    /// A blank line is enough to stay.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds_or_0,
        help_heading = LIMITS
    )]
    idle_join: Duration,

    /// Disconnect a client that reads nothing for SECONDS while data waits
    ///
    /// It takes up to twice as long while the client's system has space for some data.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds,
        help_heading = LIMITS
    )]
    stall: Duration,

    /// Read at most LINES a second from one connection; 0: no limit
    ///
    /// After a quiet time the server reads five seconds' worth at once. Lines that come
    /// faster wait and are not lost. A line counts as one for each 3,276 bytes that it has,
    /// or is shown as; another name counts as five.
    #[arg(
        long,
        value_name = "LINES",
        default_value_t = Limits::DEFAULT.rate as usize,
        value_parser = count(0, MAX_RATE),
        help_heading = LIMITS
    )]
    rate: usize,

    /// Refuse messages of more than BYTES, 64 to 4096
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = Limits::DEFAULT.text,
        value_parser = count(MIN_TEXT, MAX_TEXT),
        help_heading = LIMITS
    )]
    max_line: usize,

    /// Let the person who runs the server come in at the Unix socket PATH; none: no socket
    /// [default: ctl in the folder of --state]
    ///
    /// chat-client --socket PATH and nc -U PATH come in there: only the user who runs the
    /// server and root can. No limit, password or key keeps them out. The default is ctl in
    /// $RUNTIME_DIRECTORY if that is set. If it cannot be made, as when another server has
    /// it, this one says so and does without. There are no such sockets on Windows.
    #[arg(long, value_name = "PATH", help_heading = OPERATOR)]
    control: Option<PathBuf>,

    /// Show the log above a prompt at which you are in the room as its operator
    ///
    /// The prompt is chat-client at the control socket: it has to be installed beside
    /// chat-server, or in a folder of PATH. To leave it (/quit, Ctrl-D, Ctrl-C twice) ends
    /// the server as SIGTERM does.
    #[arg(long, help_heading = OPERATOR)]
    pub console: bool,

    /// Show metrics for Prometheus at ADDR:PORT, or with PORT on 127.0.0.1
    ///
    /// It is HTTP without encryption: /metrics has the figures, without names and texts, and
    /// /healthz says whether the server is well.
    #[arg(long, value_name = "ADDR:PORT", value_parser = MetricsAt::parse, help_heading = OPERATOR)]
    pub metrics: Option<MetricsAt>,

    #[command(flatten)]
    pub logging: LoggingArgs,

    #[command(flatten)]
    pub tuning: TuningArgs,

    #[command(flatten)]
    pub reception: ReceptionArgs,

    #[command(flatten)]
    pub configuration: ConfigurationArgs,

    /// Print the man page or the completions of a shell: man, complete-bash, complete-zsh,
    /// complete-fish or complete-powershell
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    pub generate: Option<Generate>,

    #[command(subcommand)]
    pub action: Option<Action>,
}

/// What the program does instead of being a server.
#[derive(Debug, Subcommand)]
pub enum Action {
    Ctl(CtlArgs),
}

/// With the commit, if the program was built from a repository: see `build.rs`.
const VERSION: &str = env!("CHAT_VERSION");

/// The options that keep something: the size of a history is of use to any of them.
const KEPT: &str = "kept";

const LISTENING: &str = "Listening";
const ENCRYPTION: &str = "Encryption";
const PASSWORD: &str = "Password";
const NAMES: &str = "Names";
const LIMITS: &str = "Limits";
const OPERATOR: &str = "The operator";

/// There is no folder for what the server keeps by itself.
#[derive(Debug)]
pub struct NoFolder;

impl Args {
    /// Reads the arguments of the program, the first of which is its name.
    ///
    /// # Errors
    ///
    /// What [`mistakes::explain`] puts into words; also the text of `--help`.
    pub fn read(
        given: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        Self::from_arg_matches(&Self::matches(given)?)
    }

    /// The same, as they stand and not as they are used.
    pub(crate) fn matches(
        given: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<ArgMatches, clap::Error> {
        Self::options().try_get_matches_from(given)
    }

    /// All options, as clap has them.
    pub(crate) fn options() -> Command {
        // -1 is a number that is too small, and no unknown option.
        Self::command().mut_args(|arg| match arg.get_action().takes_values() {
            true => arg.allow_negative_numbers(true),
            false => arg,
        })
    }

    /// Whether files and variables say more of what the program is to do. They have no part in
    /// `ctl`, nor in texts that are always the same.
    pub(crate) fn is_configured(&self) -> bool {
        self.action.is_none() && self.generate.is_none() && !self.configuration.print_default_config
    }

    /// The wanted maximum of connections; `None` for as many as possible.
    pub fn max_clients(&self) -> Option<usize> {
        Some(self.max_clients).filter(|wanted| *wanted > 0)
    }

    /// The limits that the server enforces, where the system allows `possible`
    /// connections.
    pub fn limits(&self, possible: usize) -> Limits {
        let wanted = self.max_clients();
        Limits {
            text: self.max_line,
            rate: self.rate as u32,
            clients: wanted.map_or(possible, |wanted| wanted.min(possible)),
            per_address: self.max_per_address,
            new_per_address: self.max_new_per_address as u32,
            unjoined: self.max_unjoined,
            unjoined_per_address: self.max_unjoined_per_address,
            idle_join: self.idle_join,
            stall: self.stall,
            ..Limits::default()
        }
    }

    /// Where the certificate and its key come from; `variable` gives those of the
    /// environment. `None` if there is no folder for a key.
    pub fn source(&self, variable: impl Fn(&str) -> Option<OsString>) -> Option<Source> {
        let own = || Some(Source::Own(self.folder(variable)?));
        self.certificate().or_else(own)
    }

    /// The files of the operator's certificate and its key.
    pub fn certificate(&self) -> Option<Source> {
        let (cert, key) = (self.cert.clone()?, self.key.clone()?);
        Some(Source::Files { cert, key })
    }

    /// The folder for what the server keeps by itself.
    fn folder(&self, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let given = self.state.clone();
        given.or_else(|| state::folder(variable))
    }

    /// Where the control socket is to be; `variable` gives those of the environment.
    pub fn control(&self, variable: impl Fn(&str) -> Option<OsString>) -> Control {
        let state = || self.folder(&variable);
        Control::of(self.control.as_deref(), &variable, state)
    }

    /// The file of people, if names belong to keys; `variable` gives those of the
    /// environment.
    ///
    /// # Errors
    ///
    /// When there is no place for it.
    pub fn people(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<PathBuf>, NoFolder> {
        let in_folder = || Some(self.folder(variable)?.join("people"));
        match self.names {
            Naming::Free => Ok(None),
            Naming::Claim | Naming::Known => {
                let file = self.people.clone().or_else(in_folder);
                file.map(Some).ok_or(NoFolder)
            }
        }
    }

    /// Whether `--state` names the folder for the server's own key.
    pub fn names_state(&self) -> bool {
        self.state.is_some()
    }

    /// Where the password of the room comes from, if it has one.
    pub fn password(&self) -> Option<PasswordSource> {
        match (&self.password_file, self.ask_password) {
            (Some(file), _) => Some(PasswordSource::File(file.clone())),
            (None, true) => Some(PasswordSource::Terminal),
            (None, false) => None,
        }
    }

    /// How the history is kept, if it is.
    pub fn history(&self) -> Option<Options> {
        self.kept.options()
    }

    /// How the server is to share its room with others, if it is.
    ///
    /// # Errors
    ///
    /// When the credentials cannot be read, or the program was built without it.
    pub fn cluster(&self) -> anyhow::Result<Option<ClusterOptions>> {
        self.cluster.options(self.kept.history_keep)
    }
}

/// Rates are counted in 32 bits.
const MAX_RATE: usize = u32::MAX as usize;

/// A shorter limit would refuse ordinary sentences.
const MIN_TEXT: usize = 64;

#[cfg(test)]
mod tests;
