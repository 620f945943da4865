//! `--console`: the log and the operator's prompt in one terminal.
//!
//! The prompt is chat-client, as a process of its own at the control socket. It gets the log
//! by its standard input and shows the lines above the prompt, so that one program alone
//! writes to the terminal. So the two programs still know each other only by the protocol
//! and a command line, and the server needs no code for terminals.
//!
//! ```text
//!  Logger ── lines ──► ConsoleLog ──► standard input ─┐
//!  control socket ◄── chat/1 ──► chat-client ◄────────┘──► the terminal
//! ```
//!
//! When one of them ends, so does the other: the person who leaves the prompt would have no
//! way to see the server any more.

use std::env::consts::EXE_SUFFIX;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use super::signals::{end_by_ourselves, note_end};
use super::systemd;

/// A console that can be opened.
#[derive(Debug)]
pub struct Console {
    client: PathBuf,
    log: ConsoleLog,
    /// The server was told to end.
    ends: Arc<AtomicBool>,
}

impl Console {
    /// Looks whether there can be one.
    ///
    /// # Errors
    ///
    /// Why there cannot, for people.
    pub fn find() -> anyhow::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            bail!("--console needs a terminal: leave it out, and use chat-server ctl");
        }
        let ends = Arc::new(AtomicBool::new(false));
        note_end(&ends).context("cannot watch for signals")?;
        Ok(Self {
            client: client(),
            log: ConsoleLog::default(),
            ends,
        })
    }

    /// Where the log is to go.
    pub fn log(&self) -> ConsoleLog {
        self.log.clone()
    }

    /// Has chat-client take the terminal, and come in at this control socket. When it ends the
    /// server is told to end, too.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn open(self, control: &Path) -> anyhow::Result<OpenConsole> {
        // No line is to come between the client and its terminal.
        let mut log = self.log.lock();
        let mut child = command(&self.client, control).spawn().with_context(|| {
            let client = self.client.display();
            format!(
                "--console cannot start {client}: install chat-client beside chat-server, or \
                     in a folder of PATH"
            )
        })?;
        *log = child.stdin.take();
        drop(log);
        let (done, ended) = sync_channel(1);
        let ends = self.ends;
        thread::spawn(move || {
            // An error is as good an end.
            let _ = child.wait();
            let _ = done.send(());
            // A second signal would end the server before all have its goodbye.
            if !ends.load(Ordering::Relaxed) {
                end_by_ourselves();
            }
        });
        Ok(OpenConsole {
            log: self.log,
            ended,
        })
    }
}

/// Starts `client` at the control socket. It is not told what systemd tells the server.
fn command(client: &Path, control: &Path) -> Command {
    let mut command = Command::new(client);
    for variable in systemd::OURS {
        command.env_remove(variable);
    }
    command
        .arg("--socket")
        .arg(control)
        .args(["--no-reconnect", "--show-input"])
        .stdin(Stdio::piped());
    command
}

/// A console with its chat-client.
#[derive(Debug)]
pub struct OpenConsole {
    log: ConsoleLog,
    ended: Receiver<()>,
}

/// The server has ended: waits for the client, which has to give the terminal back first. One
/// whose terminal takes nothing is left behind, and ends when it does.
impl Drop for OpenConsole {
    fn drop(&mut self) {
        // Not if a line is being written that the client does not take.
        if let Ok(mut client) = self.log.0.try_lock() {
            *client = None;
        }
        let _ = self.ended.recv_timeout(LEAVE_WITHIN);
    }
}

/// Where the log goes: to the client while there is one, else to standard error.
#[derive(Debug, Clone, Default)]
pub struct ConsoleLog(Arc<Mutex<Option<ChildStdin>>>);

impl ConsoleLog {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<ChildStdin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for ConsoleLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut client = self.lock();
        if let Some(pipe) = client.as_mut() {
            match pipe.write_all(line) {
                Ok(()) => return Ok(line.len()),
                // It has ended, and given the terminal back.
                Err(_) => *client = None,
            }
        }
        io::stderr().write_all(line).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The program beside ours, or else the one that the system finds.
fn client() -> PathBuf {
    let name = format!("chat-client{EXE_SUFFIX}");
    let ours = std::env::current_exe().ok();
    let beside = ours.map(|ours| ours.with_file_name(&name));
    let beside = beside.filter(|beside| beside.is_file());
    beside.unwrap_or_else(|| name.into())
}

/// A client whose server is gone ends at once, unless its terminal takes nothing.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_not_told_what_systemd_tells_the_server() {
        let command = command(Path::new("chat-client"), Path::new("ctl"));
        let removed = |name: &str| {
            let mut changed = command.get_envs();
            changed.any(|(variable, value)| variable == name && value.is_none())
        };
        for name in [
            "LISTEN_FDS",
            "LISTEN_FDNAMES",
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
        ] {
            assert!(removed(name), "{name}");
        }
        assert!(!removed("TERM"));
    }
}
