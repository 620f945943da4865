//! The program: arguments, connection, and the exit status.

use std::ffi::OsString;
use std::io::{IsTerminal, Write, stdin, stdout};
use std::process::ExitCode;

use chat_client::app::{App, Mode, Settings, StartError, Watch};
use chat_client::cli::Args;
use chat_client::cli::layers::{self, Trouble};
use chat_client::conversation::{Audience, JoinOptions, ServerKind, TlsOffer};
use chat_client::identity::{NoKey, ShownKey};
use chat_client::net::Target;
use chat_client::net::link::Reconnect;
use chat_client::net::security::{Encryption, Security};
use chat_client::output::line::Presence;
use chat_client::output::plain::Format;
use chat_client::output::style::Style;
use chat_client::reason::{reason, without_numbers};
use chat_client::store::Store;
use chat_client::store::known_hosts::KnownHosts;
use chat_client::trust::HostPort;
use chat_proto::event::Rank;
use chat_proto::text;
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().collect();
    let file = layers::file_of_user();
    let args = match Args::read(&given, environment, file.as_deref()) {
        Ok(args) => args,
        Err(Trouble::Arguments(error)) => error.exit(),
        Err(Trouble::Mistakes(mistakes)) => {
            for mistake in &mistakes {
                fail(BAD_USAGE, mistake);
            }
            return ExitCode::from(BAD_USAGE);
        }
    };
    if let Some(what) = args.generate {
        // Like a reader of help who has seen enough.
        let _ = what.write(&mut stdout().lock());
        return ExitCode::SUCCESS;
    }
    if let Some(server) = args.forgotten() {
        return match server {
            Ok(server) => forget(&server),
            Err(error) => fail(BAD_USAGE, &format!("{error}; see chat-client --help")),
        };
    }
    if args.show_key {
        return show_key(&args);
    }
    let settings = match settings(&args) {
        Ok(settings) => settings,
        Err(error) => return fail(BAD_USAGE, &format!("{error}; see chat-client --help")),
    };
    let ran = match App::start(settings) {
        Ok(app) => app.run(),
        Err(StartError::Connect(error)) => return fail(error.status(), &error.to_string()),
        Err(StartError::System(error)) => Err(error),
    };
    match ran {
        Ok(status) => status,
        Err(error) => fail(FAILED, &without_numbers(&format!("{error:#}"))),
    }
}

/// What the arguments ask for, or what is wrong with them.
fn settings(args: &Args) -> Result<Settings, String> {
    let target = args.target()?;
    let rank = match target {
        Target::Control(_) => Rank::Control,
        Target::Network(_) => Rank::Ordinary,
    };
    let wanted = args.name(environment, || whoami::username().ok())?;
    let password = args.password(environment)?;
    let on_terminal = || (args.show_input || stdin().is_terminal()) && stdout().is_terminal();
    let audience = args.audience(on_terminal, environment);
    let watch = match (args.show_input, audience) {
        (false, _) => Watch::Nothing,
        (true, Audience::Prompt) => Watch::Stdin,
        // Without a prompt what stands there would be said.
        (true, _) => return Err("there is no prompt on this terminal".to_owned()),
    };
    Ok(Settings {
        target,
        security: Security {
            encryption: args.encryption(),
            pin: args.fingerprint.clone(),
            key: ShownKey::of(args.identity()),
            ..Security::new(KnownHosts::of_user())
        },
        reconnect: match args.no_reconnect {
            true => Reconnect::Never,
            false => Reconnect::Always,
        },
        join: JoinOptions {
            name: wanted.name,
            replay: args.replay(audience),
            password,
            audience,
            server: match args.plain_server {
                true => ServerKind::PlainLines,
                false => ServerKind::Chat,
            },
            tls: match args.encryption() {
                Encryption::Never => TlsOffer::Decline,
                Encryption::IfOffered | Encryption::Always => TlsOffer::Take,
            },
            rank,
        },
        note: wanted.note,
        style: style(args, audience),
        mode: mode(args, audience),
        watch,
        presence: match args.quiet {
            true => Presence::Hidden,
            false => Presence::Shown,
        },
    })
}

/// Drops what is remembered of a server, and says what that was.
fn forget(server: &HostPort) -> ExitCode {
    let Some(memory) = KnownHosts::of_user() else {
        return fail(FAILED, "there is no folder in which servers are remembered");
    };
    let path = memory.path().to_string_lossy();
    let told = match memory.forget(server) {
        Err(error) => {
            let why = format!("cannot forget {server}, in {path}: {}", reason(&error));
            return fail(FAILED, &why);
        }
        Ok(lines) if lines.is_empty() => format!("{server} was not known, in {path}"),
        Ok(lines) => format!("forgotten, in {path}: {}", lines.join("; ")),
    };
    // Like a reader of help who has seen enough.
    let _ = writeln!(stdout(), "{}", text::clean(&told));
    ExitCode::SUCCESS
}

/// Prints the person's key as a line for the operator of a server, with the name that the
/// client would ask for.
fn show_key(args: &Args) -> ExitCode {
    let name = match args.name(environment, || whoami::username().ok()) {
        Ok(wanted) => wanted.name,
        Err(error) => return fail(BAD_USAGE, &error),
    };
    let key = ShownKey::of(args.identity());
    let line = match key.find() {
        Ok(Some(identity)) => identity.line(name.as_deref()),
        Ok(None) => return fail(BAD_USAGE, "with --identity none there is no key to show"),
        Err(NoKey::AskedFor(why)) => return fail(BAD_USAGE, why),
        Err(NoKey::Own(why)) => return fail(FAILED, why),
    };
    match line {
        Ok(line) => {
            // Like a reader of help who has seen enough.
            let _ = writeln!(stdout(), "{line}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(FAILED, &format!("{error:#}")),
    }
}

fn style(args: &Args, audience: Audience) -> Style {
    Style::new(
        args.colors(|| stdout().is_terminal(), environment),
        args.time(audience),
        args.bell,
        TimeZone::system(),
        Timestamp::now,
    )
}

fn mode(args: &Args, audience: Audience) -> Mode {
    if args.send {
        Mode::Block
    } else if args.json {
        Mode::Lines(Format::Objects)
    } else if audience == Audience::Prompt {
        Mode::Prompt((!args.no_history).then(Store::of_user).flatten())
    } else {
        Mode::Lines(Format::Lines)
    }
}

fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// Says why there is nothing to do. Part of that may be an argument as it was given.
fn fail(status: u8, why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "chat-client: {}", text::clean(why));
    ExitCode::from(status)
}

const FAILED: u8 = 1;
const BAD_USAGE: u8 = 2;
