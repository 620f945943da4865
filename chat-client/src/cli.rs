//! The command line.

use chat_proto::command::Past;
use chat_proto::name::Name;
use clap::{Parser, ValueEnum};

use crate::style::{Bell, TimeStyle};

/// A group chat for the terminal: the client.
///
/// On a terminal you type below and read above. Otherwise each line of
/// standard input is sent, and the program leaves after the last one.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    /// The server: HOST, HOST:PORT or [IPV6]:PORT
    #[arg(default_value = "localhost")]
    host: String,

    /// Its port, 5000 if none is given
    port: Option<u16>,

    /// The name that you want; otherwise $CHAT_NAME, otherwise your login name
    #[arg(long)]
    name: Option<String>,

    /// The times before lines, in local time
    #[arg(long, value_name = "WHICH", default_value = "none")]
    pub time: TimeStyle,

    /// When the bell rings, at most once a second
    #[arg(long, value_name = "WHEN", default_value = "mention")]
    pub bell: Bell,

    /// When colours are used; auto: on a terminal, unless it is --plain or
    /// NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,

    /// Print each finished line once and move no cursor, for screen readers and
    /// serial lines; as with TERM=dumb
    #[arg(long)]
    pub plain: bool,

    /// Print the server's events as they come, one JSON object a line
    #[arg(long)]
    pub json: bool,

    /// Send all of standard input as one message, and leave
    #[arg(long, conflicts_with = "json")]
    pub send: bool,

    /// How many of the last messages to show on joining; unless given, 20 for a
    /// person and none for scripts
    #[arg(long, value_name = "N")]
    replay: Option<usize>,

    /// End when the connection is lost, instead of coming back by itself
    #[arg(long)]
    pub no_reconnect: bool,

    /// Do not tell who comes and goes
    #[arg(long)]
    pub quiet: bool,

    /// Neither read nor keep what was typed in other runs
    #[arg(long)]
    pub no_history: bool,
}

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

/// Which server is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Args {
    /// The server.
    ///
    /// # Errors
    ///
    /// When the port is no port, or is given twice.
    pub fn target(&self) -> Result<Target, String> {
        let (host, port) = split(&self.host)?;
        let port = match (port, self.port) {
            (Some(one), Some(other)) if one != other => {
                return Err(format!("two ports are given, {one} and {other}"));
            }
            (one, other) => one.or(other).unwrap_or(DEFAULT_PORT),
        };
        if host.is_empty() {
            return Err("the name of the server is empty".to_owned());
        }
        if port == 0 {
            return Err("port 0 cannot be connected to".to_owned());
        }
        Ok(Target {
            host: host.to_owned(),
            port,
        })
    }

    /// Whether to use colours, on a terminal or not (no-color.org).
    pub fn color(&self, on_terminal: bool, environment: impl Fn(&str) -> Option<String>) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let refused = environment("NO_COLOR").is_some_and(|value| !value.is_empty());
                on_terminal
                    && !self.plain
                    && !refused
                    && environment("TERM").as_deref() != Some("dumb")
            }
        }
    }

    /// How many of the last messages to ask for on joining; `on_terminal`: a
    /// person types and reads.
    pub fn replay(&self, on_terminal: bool) -> usize {
        let is_person = on_terminal && !self.json && !self.send;
        self.replay
            .unwrap_or(if is_person { Past::DEFAULT_COUNT } else { 0 })
    }

    /// The name to ask for, if there is one.
    ///
    /// # Errors
    ///
    /// When the name that was given is none. A login name that is none is
    /// passed over: nobody chose it for this.
    pub fn name(
        &self,
        environment: impl Fn(&str) -> Option<String>,
        account: impl FnOnce() -> Option<String>,
    ) -> Result<Option<String>, String> {
        let given = self.name.clone().map(|name| ("--name", name));
        let chosen = || environment("CHAT_NAME").filter(|name| !name.is_empty());
        if let Some((from, name)) = given.or_else(|| chosen().map(|name| ("CHAT_NAME", name))) {
            let name = Name::choose(&name).map_err(|error| format!("{from} {name:?}: {error}"))?;
            return Ok(Some(name.to_string()));
        }
        // The variables first: whoever sets one means it. Under cron and in
        // containers none is.
        let login = ["LOGNAME", "USER", "USERNAME"]
            .into_iter()
            .find_map(|variable| environment(variable).filter(|name| !name.is_empty()))
            .or_else(account);
        Ok(login
            .and_then(|name| Name::choose(&name).ok())
            .map(|name| name.to_string()))
    }
}

/// Splits `HOST:PORT` and `[IPV6]:PORT`. An IPv6 address without brackets is
/// all host.
fn split(text: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| format!("{text}: ] is missing"))?;
        match rest {
            "" => (host, None),
            _ => (
                host,
                Some(
                    rest.strip_prefix(':')
                        .ok_or_else(|| format!("{text}: : is missing"))?,
                ),
            ),
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (text, None),
        }
    };
    let port = match port {
        Some(port) => Some(port.parse().map_err(|_| format!("{port:?} is no port"))?),
        None => None,
    };
    Ok((host, port))
}

/// The port of the chat.
pub const DEFAULT_PORT: u16 = 5000;

#[cfg(test)]
mod tests {
    use super::*;

    fn target(args: &[&str]) -> Result<(String, u16), String> {
        let args =
            Args::try_parse_from(["chat-client"].iter().chain(args)).map_err(|e| e.to_string())?;
        args.target().map(|target| (target.host, target.port))
    }

    #[test]
    fn servers() {
        let ok = |host: &str, port| Ok((host.to_owned(), port));
        assert_eq!(target(&[]), ok("localhost", 5000));
        assert_eq!(target(&["example.org"]), ok("example.org", 5000));
        assert_eq!(target(&["example.org", "7"]), ok("example.org", 7));
        assert_eq!(target(&["example.org:7"]), ok("example.org", 7));
        assert_eq!(target(&["[::1]:7"]), ok("::1", 7));
        assert_eq!(target(&["[::1]"]), ok("::1", 5000));
        assert_eq!(target(&["::1", "7"]), ok("::1", 7));
        for wrong in [
            &["a:b"][..],
            &["a:1", "2"],
            &["a", "x"],
            &["[::1"],
            &["a", "99999"],
            &["", "1"],
            &["a", "0"],
        ] {
            assert!(target(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn colours() {
        let color = |args: &[&str], on_terminal, variables: &[(&str, &str)]| {
            let args = Args::try_parse_from(["chat-client"].iter().chain(args)).unwrap();
            args.color(on_terminal, |key| {
                variables
                    .iter()
                    .find(|(known, _)| *known == key)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(color(&[], true, &[("NO_COLOR", "")]));
        assert!(!color(&[], true, &[("NO_COLOR", "1")]));
        assert!(!color(&[], true, &[("TERM", "dumb")]));
        assert!(!color(&[], false, &[]));
        assert!(color(&["--color", "always"], false, &[("NO_COLOR", "1")]));
        assert!(!color(&["--color", "never"], true, &[]));
        assert!(!color(&["--plain"], true, &[]));
        assert!(color(&["--plain", "--color", "always"], true, &[]));
        assert!(Args::try_parse_from(["chat-client", "--color", "blue"]).is_err());
    }

    #[test]
    fn people_see_what_was_said_before_and_scripts_do_not() {
        let replay = |args: &[&str], on_terminal| {
            let args = Args::try_parse_from(["chat-client"].iter().chain(args)).unwrap();
            args.replay(on_terminal)
        };
        assert_eq!(replay(&[], true), 20);
        assert_eq!(replay(&["--plain"], true), 20);
        assert_eq!(replay(&[], false), 0);
        assert_eq!(replay(&["--json"], true), 0);
        assert_eq!(replay(&["--send"], true), 0);
        assert_eq!(replay(&["--replay", "0"], true), 0);
        assert_eq!(replay(&["--replay", "7", "--json"], false), 7);
        assert!(Args::try_parse_from(["chat-client", "--replay", "all"]).is_err());
    }

    #[test]
    fn names() {
        let name = |args: &[&str], variables: &[(&str, &str)]| {
            let args = Args::try_parse_from(["chat-client"].iter().chain(args)).unwrap();
            args.name(
                |key| {
                    variables
                        .iter()
                        .find(|(known, _)| *known == key)
                        .map(|(_, value)| (*value).to_owned())
                },
                || Some("dan".to_owned()),
            )
        };
        let variables = [("CHAT_NAME", "bo"), ("USER", "carl")];
        assert_eq!(name(&["--name", "ann"], &variables), Ok(Some("ann".into())));
        assert_eq!(name(&[], &variables), Ok(Some("bo".into())));
        assert_eq!(name(&[], &variables[1..]), Ok(Some("carl".into())));
        assert_eq!(name(&[], &[("USER", "a b")]), Ok(None));
        assert_eq!(name(&[], &[("USER", "")]), Ok(Some("dan".into())));
        assert!(name(&["--name", "a b"], &[]).is_err());
        assert!(name(&[], &[("CHAT_NAME", "<x>")]).is_err());
    }
}
