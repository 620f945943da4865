//! What fan-out costs, compared with what the kernel takes for it and with other
//! servers: `cargo bench -p chat-server --bench fanout`.
//!
//! Each server is started for each measurement on a core of its own, with the
//! clients on another one. The cost is the processor time of the server (all
//! its threads, as the scheduler counts it) for each delivered message, and the
//! ratio is to the floor ([`floor`]) in the same round. Machines are noisy and
//! the number of messages that a round of a server's loop catches varies, so
//! there are several rounds, with all contestants in turn, and a ratio is the
//! median over them.
//!
//! `-- --help` tells the options. Linux only: it reads `/proc`.

#[cfg(target_os = "linux")]
mod chart;
#[cfg(target_os = "linux")]
mod contestant;
#[cfg(target_os = "linux")]
mod floor;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod scenario;
#[cfg(target_os = "linux")]
mod sweep;

use std::process::ExitCode;

/// The hidden argument that makes this program the floor.
#[cfg(target_os = "linux")]
const FLOOR: &str = "--be-the-floor";

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() || cfg!(debug_assertions) && arguments != [FLOOR] {
        // As `cargo test --benches` has it.
        println!("this measures: run it with cargo bench -p chat-server --bench fanout");
        return ExitCode::SUCCESS;
    }
    let result = if arguments == [FLOOR] {
        floor::serve().map(|()| ExitCode::SUCCESS)
    } else {
        run::run()
    };
    result.unwrap_or_else(|error| {
        eprintln!("fanout: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("this benchmark needs Linux: it reads /proc and keeps programs on cores");
    ExitCode::SUCCESS
}
