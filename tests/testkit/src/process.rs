//! Programs with pipes for their standard streams, and signals.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::transcript::{Transcript, shown};
use crate::{DEADLINE, poll};

/// A running program whose three standard streams are pipes.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    /// What it has written to its standard output.
    pub stdout: Transcript,
    /// What it has written to its standard error.
    pub stderr: Transcript,
    state: StateFolder,
}

/// A folder in which one program keeps what it keeps for its user, for as long as it runs.
#[derive(Debug)]
pub(crate) struct StateFolder(TempDir);

impl StateFolder {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for what a program keeps"))
    }

    /// The variables that lead a program to it, also for what it is configured with.
    pub(crate) fn variables(&self) -> [(&str, &Path); 2] {
        ["XDG_STATE_HOME", "XDG_CONFIG_HOME"].map(|name| (name, self.0.path()))
    }
}

/// What a program that has ended leaves behind.
///
/// Bytes that are not UTF-8 have become U+FFFD.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// The signals that tests send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Continue,
    Hangup,
    Interrupt,
    Kill,
    Quit,
    /// Cannot be caught, unlike [`Signal::TerminalStop`].
    Stop,
    Terminate,
    /// What Ctrl-Z sends.
    TerminalStop,
    User1,
    WindowChange,
}

/// Runs a program to its end with all of `stdin` as its input.
///
/// A program that does not read all of it is no error.
#[track_caller]
pub fn run_piped(
    program: impl AsRef<Path>,
    args: &[&str],
    env: &[(&str, &str)],
    stdin: &[u8],
) -> Output {
    let mut program = Program::spawn(program, args, env);
    let mut pipe = program.stdin.take().expect("just spawned");
    let input = stdin.to_vec();
    // In a thread, since the program may write much before it reads.
    thread::spawn(move || {
        let _ = pipe.write_all(&input);
    });
    program.finish()
}

impl Program {
    /// Starts a program with the tests' environment, except for the variables
    /// that would influence it ([`INFLUENCES`]), with a folder of its own for what it
    /// keeps, and with `env` added.
    #[track_caller]
    pub fn spawn(program: impl AsRef<Path>, args: &[&str], env: &[(&str, &str)]) -> Self {
        let program = program.as_ref();
        let name = file_name(program);
        let mut command = Command::new(program);
        for variable in INFLUENCES {
            command.env_remove(variable);
        }
        for (variable, _) in std::env::vars_os() {
            if is_setting(&variable) {
                command.env_remove(variable);
            }
        }
        let state = StateFolder::new();
        command
            .args(args)
            .envs(state.variables())
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let spawned = {
            let _alone = spawn_alone();
            command.spawn()
        };
        let mut child = match spawned {
            Ok(child) => child,
            Err(err) => panic!("cannot start {}: {err}", program.display()),
        };
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = child.stderr.take().expect("stderr is a pipe");
        Self {
            stdin: child.stdin.take(),
            stdout: Transcript::of_reader(format!("{name} stdout"), stdout),
            stderr: Transcript::of_reader(format!("{name} stderr"), stderr),
            name,
            child,
            state,
        }
    }

    /// The folder in which it keeps what it keeps for its user, in one of its own.
    pub fn state_folder(&self) -> &Path {
        self.state.0.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        if let Err(err) = self.try_send(bytes) {
            let everything = self.everything();
            panic!("cannot write to {}: {err}\n{everything}", self.name);
        }
    }

    #[track_caller]
    pub fn send_str(&mut self, text: &str) {
        self.send(text.as_bytes());
    }

    /// Writes to its standard input, which it may have closed.
    #[track_caller]
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stdin = self.stdin.as_mut().expect("stdin is not closed yet");
        stdin.write_all(bytes)?;
        stdin.flush()
    }

    /// Ends its standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        send_signal(self.pid(), signal);
    }

    /// Waits until it has ended by itself; its standard input stays as it is.
    #[track_caller]
    pub fn wait_exit(&mut self, within: Duration) -> ExitStatus {
        let Some(status) = poll(within, || self.status()) else {
            let everything = self.everything();
            panic!("{} still runs after {within:?}\n{everything}", self.name);
        };
        status
    }

    /// Ends it at once, and waits until the system has taken it down.
    #[track_caller]
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of ours can be killed");
        self.child
            .wait()
            .expect("a child of ours can be waited for");
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.status().is_none()
    }

    fn status(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait();
        status.expect("a child of ours can be waited for")
    }

    /// Ends its standard input and waits for the rest.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        self.close_stdin();
        let status = self.wait_exit(DEADLINE);
        self.stdout.expect_eof();
        self.stderr.expect_eof();
        Output {
            status,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }

    fn everything(&mut self) -> String {
        self.stdout.refresh();
        self.stderr.refresh();
        format!(
            "--- stdout:\n{}\n--- stderr:\n{}\n---",
            shown(self.stdout.received()),
            shown(self.stderr.received())
        )
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already; there is nothing else to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Output {
    /// Asserts that the program succeeded.
    #[track_caller]
    pub fn success(self) -> Self {
        assert!(self.status.success(), "{self}");
        self
    }

    /// The exit code; a program killed by a signal has none.
    #[track_caller]
    pub fn code(&self) -> i32 {
        let Some(code) = self.status.code() else {
            panic!("{self}");
        };
        code
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\n--- stdout:\n{}\n--- stderr:\n{}\n---",
            self.status,
            shown(self.stdout.as_bytes()),
            shown(self.stderr.as_bytes())
        )
    }
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Continue => "CONT",
            Self::Hangup => "HUP",
            Self::Interrupt => "INT",
            Self::Kill => "KILL",
            Self::Quit => "QUIT",
            Self::Stop => "STOP",
            Self::Terminate => "TERM",
            Self::TerminalStop => "TSTP",
            Self::User1 => "USR1",
            Self::WindowChange => "WINCH",
        }
    }
}

/// Sends a signal through the shell: its `kill` needs neither unsafe code nor
/// a program that small systems leave out.
#[track_caller]
pub fn send_signal(pid: u32, signal: Signal) {
    let name = signal.name();
    let output = run_piped("sh", &["-c", &format!("kill -{name} {pid}")], &[], b"");
    assert!(
        output.status.success(),
        "cannot send {name} to process {pid}: {output}"
    );
}

/// Holds off other processes of this kit while it is held.
///
/// Not every system opens a pty or a pipe close-on-exec in one step, and a
/// process started in between would keep the other test's descriptor open.
pub(crate) fn spawn_alone() -> impl Drop {
    static ALONE: Mutex<()> = Mutex::new(());
    // A test that failed while it held the lock has left nothing half done.
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(crate) fn file_name(program: &Path) -> String {
    let name = program.file_name().unwrap_or(program.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Variables that say what terminal this is or how to use it, and those of
/// our own programs; tests set what they need.
pub const INFLUENCES: [&str; 23] = [
    "CHAT_HOST",
    "CHAT_NAME",
    "CHAT_PASSWORD",
    "CHAT_PORT",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "FORCE_COLOR",
    "JOURNAL_STREAM",
    "KONSOLE_VERSION",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "NO_COLOR",
    "RUNTIME_DIRECTORY",
    "SSH_AUTH_SOCK",
    "STATE_DIRECTORY",
    "STY",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "TMUX",
    "VTE_VERSION",
    "WT_SESSION",
    "WATCHDOG_USEC",
];

/// Whether it sets an option of the server.
pub(crate) fn is_setting(variable: &OsStr) -> bool {
    variable.to_string_lossy().starts_with("CHAT_SERVER_")
}

#[cfg(test)]
mod tests;
