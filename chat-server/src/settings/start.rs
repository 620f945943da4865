//! The beginning of the program: what holds, or what it prints instead of being a server.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use chat_proto::text::clean;

use super::keys::Keys;
use super::sources::{Settings, Sources, Trouble};
use super::{Mistake, listing, variables};
use crate::access::naming::Naming;
use crate::cli::mistakes;
use crate::config::TlsMode;
use crate::ops::errors::chain;
use crate::ops::greeting;

/// Reads what the operator has said. `Err` is the status to end with when all is said.
///
/// # Errors
///
/// When something in it is wrong, or the program is only to print something.
pub fn read(sources: &Sources) -> Result<Settings, ExitCode> {
    let settings = sources
        .read()
        .map_err(|trouble| explain(sources, trouble))?;
    let wanted = &settings.args.configuration;
    if wanted.print_default_config {
        print(&listing::defaults(&Keys::default()));
        return Err(ExitCode::SUCCESS);
    }
    if wanted.check_config && settings.args.is_configured() {
        return Err(check(sources, &settings));
    }
    Ok(settings)
}

/// Prints what holds, or with what a server would not start.
fn check(sources: &Sources, settings: &Settings) -> ExitCode {
    let mistakes = mistakes_of_all(settings);
    if !mistakes.is_empty() {
        return tell(&mistakes);
    }
    let keys = Keys::default();
    for file in &settings.files {
        print(&format!("# read {}\n", clean(&file.display().to_string())));
    }
    for name in variables::without_meaning(&sources.variables, &keys) {
        print(&format!("# {} sets nothing\n", clean(&name)));
    }
    print(&listing::what_holds(settings, &keys));
    ExitCode::SUCCESS
}

/// What is wrong with values that do not fit each other, and with files that are read at each
/// reload.
fn mistakes_of_all(settings: &Settings) -> Vec<Mistake> {
    let args = &settings.args;
    let mut mistakes = Vec::new();
    let mut tell = |key: &str, text: String| {
        let held = settings.held.iter().find(|held| held.key == key);
        if let Some(held) = held {
            let origin = held.origin.clone();
            mistakes.push(Mistake { origin, text });
        }
    };
    if args.names == Naming::Known && args.tls == TlsMode::Off {
        tell("names", KEYS_NEED_TLS.to_owned());
    }
    if let Some(Err(why)) = args.reception.greeting.as_deref().map(greeting::read) {
        tell("greeting", why);
    }
    let password = args.password().and_then(|it| it.reload(&mut Vec::new()));
    if let Some(Err(why)) = password {
        tell("password-file", chain(&why));
    }
    if let Err(why) = args.cluster() {
        tell("cluster", chain(&why));
    }
    if let Some(Err(why)) = args.certificate().map(|it| it.load(&mut Vec::new())) {
        tell("cert", chain(why.why()));
    }
    mistakes
}

/// What is wrong, a line each.
pub(crate) fn in_words(sources: &Sources, trouble: &Trouble) -> Vec<String> {
    match trouble {
        Trouble::Mistakes(mistakes) => in_lines(mistakes),
        Trouble::Arguments(error) => {
            let why = mistakes::explain(error, &words(sources));
            why.lines().map(str::to_owned).collect()
        }
    }
}

/// The arguments without the name of the program.
fn words(sources: &Sources) -> Vec<String> {
    let given = sources.arguments.iter().skip(1);
    given
        .map(|one| one.to_string_lossy())
        .map(Cow::into_owned)
        .collect()
}

/// Says what is wrong; the status to end with.
fn explain(sources: &Sources, trouble: Trouble) -> ExitCode {
    let error = match trouble {
        Trouble::Mistakes(mistakes) => return tell(&mistakes),
        Trouble::Arguments(error) => error,
    };
    if !error.use_stderr() {
        // The text of --help or --version.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let given = words(sources);
    let why = mistakes::explain(&error, &given);
    let _ = writeln!(
        io::stderr(),
        "chat-server: {why}\nall options: {}",
        mistakes::all_options(&given)
    );
    ExitCode::from(WRONG_ARGUMENTS)
}

fn tell(mistakes: &[Mistake]) -> ExitCode {
    for line in in_lines(mistakes) {
        let _ = writeln!(io::stderr(), "chat-server: {line}");
    }
    ExitCode::from(WRONG_ARGUMENTS)
}

/// Mistakes for a reader, of whom a file without any sense is to ask no hours.
pub(crate) fn in_lines(mistakes: &[Mistake]) -> Vec<String> {
    let first = mistakes.iter().take(MOST_MISTAKES);
    let mut lines: Vec<_> = first
        .map(|one| clean(&one.to_string()).into_owned())
        .collect();
    if mistakes.len() > MOST_MISTAKES {
        lines.push(format!(
            "and {} more mistakes",
            mistakes.len() - MOST_MISTAKES
        ));
    }
    lines
}

/// Whether it is read to its end or not is up to the reader.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// A key is shown within TLS.
pub const KEYS_NEED_TLS: &str = "without encryption no person can show a key, and so with --names \
                                 known no person could come in: leave out --tls off";

/// The exit status for what makes no sense.
const WRONG_ARGUMENTS: u8 = 2;

/// More would only scroll the first ones away.
const MOST_MISTAKES: usize = 50;
