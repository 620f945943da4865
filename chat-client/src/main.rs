//! The program: arguments, connection, and the exit status.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use chat_client::app::App;
use chat_client::cli::Args;
use chat_client::connect::connect;
use chat_client::conversation::Conversation;
use clap::Parser;

fn main() -> ExitCode {
    let args = Args::parse();
    let arguments = args.target().and_then(|target| {
        let name = args.name(
            |variable| std::env::var(variable).ok(),
            || whoami::username().ok(),
        )?;
        Ok((target, name))
    });
    let (target, name) = match arguments {
        Ok(arguments) => arguments,
        Err(error) => return fail(BAD_USAGE, &format!("{error}; see chat-client --help")),
    };
    let socket = match connect(&target) {
        Ok(socket) => socket,
        Err(error) => return fail(CANNOT_CONNECT, &error),
    };
    let greeting = format!("-- connected to {} port {}", target.host, target.port);
    // The keys of a hash map are random; that will do for marks that only
    // have to differ from those of others.
    let seed = RandomState::new().hash_one(0);
    let conversation = Conversation::new(name, seed, Instant::now());
    match App::new(socket, conversation, greeting).and_then(App::run) {
        Ok(status) => status,
        Err(error) => fail(FAILED, &format!("{error:#}")),
    }
}

fn fail(status: u8, text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "chat-client: {text}");
    ExitCode::from(status)
}

const FAILED: u8 = 1;
const BAD_USAGE: u8 = 2;
const CANNOT_CONNECT: u8 = 3;
