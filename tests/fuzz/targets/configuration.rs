//! The configuration: any file is read, or each mistake in it is told with a line that the
//! file has; what holds, written down, holds again.
#![no_main]

use std::fs;
use std::path::Path;

use chat_server::settings::Origin;
use chat_server::settings::keys::Keys;
use chat_server::settings::listing::what_holds;
use chat_server::settings::sources::{Settings, Sources, Trouble};
use chat_server::settings::variables::Variables;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("it.toml");
    fs::write(&path, bytes).expect("a file");
    of_server(&path, bytes);
    let given = ["chat-client", "work"].map(Into::into);
    // That it ends, and tells what it does not know.
    let _ = chat_client::cli::Args::read(&given, |_| None, Some(&path));
});

/// As the server reads it.
fn of_server(path: &Path, bytes: &[u8]) {
    match read(path) {
        Ok(settings) => {
            fs::write(path, what_holds(&settings, &Keys::default())).expect("a file");
            let again = read(path).expect("what holds");
            for (one, other) in settings.held.iter().zip(&again.held) {
                assert_eq!((&one.key, &one.value), (&other.key, &other.value));
            }
        }
        Err(Trouble::Mistakes(mistakes)) => {
            assert!(!mistakes.is_empty());
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
            for mistake in mistakes {
                assert!(!mistake.text.is_empty());
                if let Origin::Line(line) = mistake.origin {
                    assert!((1..=lines).contains(&line.number));
                }
            }
        }
        Err(Trouble::Arguments(error)) => panic!("the arguments are right: {error}"),
    }
}

fn read(path: &Path) -> Result<Settings, Trouble> {
    let arguments = ["chat-server".into(), "--config".into(), path.into()].to_vec();
    let variables = Variables::default();
    let system = "/nowhere".into();
    Sources {
        arguments,
        variables,
        system,
    }
    .read()
}
