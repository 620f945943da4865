//! The server as a process of its own, on a port of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::process::{Program, Signal};
#[cfg(target_os = "linux")]
use crate::transcript::shown;
use crate::{DEADLINE, poll, until_some};

/// One connection to each thread in turn, and all as fast as they can, without encryption.
const USUAL: [&str; 8] = [
    "--threads",
    "3",
    "--together",
    "1",
    "--rate",
    "0",
    "--tls",
    "off",
];

/// A running `chat-server` that has said where it listens.
#[derive(Debug)]
pub struct ServerProcess {
    program: Mutex<Program>,
    pid: u32,
    addr: SocketAddr,
}

impl ServerProcess {
    /// Starts a server on a free port of 127.0.0.1, with more arguments. Its
    /// connections are spread over several threads, which no client is to notice, and not
    /// encrypted unless the arguments say so.
    #[track_caller]
    pub fn start(program: impl AsRef<Path>, extra_args: &[&str]) -> Self {
        let mut args = vec!["--listen", "127.0.0.1:0"];
        args.extend(USUAL);
        args.extend_from_slice(extra_args);
        Self::start_with(program, &args, &[])
    }

    /// Starts a server with exactly these arguments and these variables more.
    #[track_caller]
    pub fn start_with(program: impl AsRef<Path>, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::of(Program::spawn(program, args, env))
    }

    /// The same as [`Self::start`], of a server that may have to wait for others first.
    #[track_caller]
    pub fn start_slowly(program: impl AsRef<Path>, extra_args: &[&str]) -> Self {
        let args = [&["--listen", "127.0.0.1:0"][..], &USUAL, extra_args].concat();
        let mut program = Program::spawn(program, &args, &[]);
        program.stderr.set_deadline(4 * DEADLINE);
        let mut server = Self::of(program);
        let program = server.program.get_mut();
        let program = program.unwrap_or_else(PoisonError::into_inner);
        program.stderr.set_deadline(DEADLINE);
        server
    }

    #[track_caller]
    fn of(mut program: Program) -> Self {
        program.close_stdin();
        let line = program.stderr.expect_line_containing(LISTENING);
        let Some(addr) = listen_address(&line) else {
            panic!("no address and port in the server's line {line:?}");
        };
        Self {
            pid: program.pid(),
            program: Mutex::new(program),
            addr,
        }
    }

    /// Starts a server where another one has listened before.
    ///
    /// Tries again for a while if the port is taken: another connection may have got it
    /// meanwhile.
    #[track_caller]
    pub fn start_at(program: impl AsRef<Path>, addr: SocketAddr, extra_args: &[&str]) -> Self {
        let program = program.as_ref();
        let addr = addr.to_string();
        let mut args = vec!["--listen", &addr];
        args.extend(USUAL);
        args.extend_from_slice(extra_args);
        until_some("the server listens again", || {
            let mut program = Program::spawn(program, &args, &[]);
            program.close_stdin();
            let listening = poll(DEADLINE, || {
                let is_running = program.is_running();
                program.stderr.refresh();
                let text = program.stderr.text();
                // Not the beginning of a line, which would be another port.
                let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
                let listening = whole.lines().find_map(listen_address);
                (listening.is_some() || !is_running).then_some(listening)
            });
            let log = program.stderr.text();
            match listening.flatten() {
                Some(addr) => Some(Self {
                    pid: program.pid(),
                    program: Mutex::new(program),
                    addr,
                }),
                None if log.contains("cannot listen on") && log.contains("in use") => None,
                None => panic!("the server does not listen again:\n{log}"),
            }
        })
    }

    /// Where it listens; of several addresses, the one it printed first.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its control socket is, unless its arguments say otherwise.
    pub fn control(&self) -> PathBuf {
        self.program().state_folder().join("chat-server/ctl")
    }

    /// All it has written to stderr so far.
    pub fn log(&self) -> String {
        let mut program = self.program();
        program.stderr.refresh();
        program.stderr.text()
    }

    /// Waits until `needle` is in its log, where it may have been for long.
    #[track_caller]
    pub fn wait_for_log(&self, needle: &str) {
        self.program().stderr.wait_for(needle);
    }

    /// One of its counters as of now, such as `people` or `refused`: it logs them on
    /// SIGUSR1.
    #[track_caller]
    pub fn count(&self, counter: &str) -> u64 {
        let reports = || {
            let log = self.log();
            let lines = log.lines().filter(|line| line.contains("info counters "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let before = reports().len();
        self.signal(Signal::User1);
        let report = until_some("it logs its counters", || {
            let mut reports = reports();
            reports.pop().filter(|_| reports.len() >= before)
        });
        let number = report.split_once(&format!(" {counter}="));
        let number = number.and_then(|(_, number)| number.split(' ').next());
        match number.map(str::parse) {
            Some(Ok(number)) => number,
            _ => panic!("no {counter} in {report}"),
        }
    }

    /// All it has written to stdout so far.
    pub fn stdout(&self) -> String {
        let mut program = self.program();
        program.stdout.refresh();
        program.stdout.text()
    }

    /// Processor time used so far, its own and the system's for it.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn cpu_time(&self) -> Duration {
        crate::proc::cpu_time(self.pid)
    }

    /// Memory that it occupies now.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn resident_bytes(&self) -> u64 {
        crate::proc::resident_bytes(self.pid)
    }

    /// Files and sockets that it has open now.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn open_descriptors(&self) -> usize {
        match std::fs::read_dir(format!("/proc/{}/fd", self.pid)) {
            Ok(entries) => entries.count(),
            Err(err) => panic!(
                "cannot look at the server: {err}; its log:\n{}",
                shown(self.log().as_bytes())
            ),
        }
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        self.program().signal(signal);
    }

    /// Kills it, as with SIGKILL, and waits until it is gone.
    #[track_caller]
    pub fn kill(&self) {
        self.program().kill();
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn wait_exit(&self, within: Duration) -> ExitStatus {
        self.program().wait_exit(within)
    }

    pub fn is_running(&self) -> bool {
        self.program().is_running()
    }

    fn program(&self) -> MutexGuard<'_, Program> {
        // A failed wait leaves the transcripts as they were.
        self.program.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listen_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(LISTENING)?;
    // Also where it is a field of the log.
    let words = rest.split([' ', '=', '"', ',']);
    let words = words.map(|word| word.trim_end_matches([';', '.', ')']));
    words.filter_map(|word| word.parse().ok()).next()
}

const LISTENING: &str = "listening";

#[cfg(test)]
mod tests;
