//! A program in a terminal: a pty, and a [`Model`] of the screen that its bytes
//! make. There is one for each way in which terminals differ ([`Emulator`]).

mod model;
mod pty;
mod screen;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize};

use crate::process::{
    INFLUENCES, Signal, StateFolder, file_name, is_setting, run_piped, send_signal, spawn_alone,
};
use crate::transcript::shown;
use crate::{DEADLINE, poll};
pub use model::{Emulator, Model};
use pty::{Child, Master};
pub use screen::{Cell, Screen};

/// A program that runs in a terminal of its own.
pub struct Terminal {
    name: String,
    child: Child,
    /// `None` once hung up.
    master: Option<Master>,
    reader: Option<JoinHandle<()>>,
    seen: Arc<Seen>,
    tty: Option<PathBuf>,
    settings_before: Option<String>,
    deadline: Duration,
    _state: StateFolder,
}

/// What the reader thread shares with the test.
struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    model: Model,
    /// Everything that the program has written so far.
    raw: Vec<u8>,
    /// Nothing more will come.
    ended: bool,
}

impl Terminal {
    /// Runs a program in an xterm of this size.
    ///
    /// The environment is that of the tests, without what would influence
    /// the program ([`INFLUENCES`]), with a folder of its own for what it keeps, and
    /// with `env`.
    #[track_caller]
    pub fn spawn(
        program: impl AsRef<Path>,
        args: &[&str],
        env: &[(&str, &str)],
        rows: u16,
        cols: u16,
    ) -> Self {
        Self::spawn_in(Emulator::Xterm, program, args, env, rows, cols)
    }

    /// Runs a program in a terminal of this kind and size.
    #[track_caller]
    pub fn spawn_in(
        emulator: Emulator,
        program: impl AsRef<Path>,
        args: &[&str],
        env: &[(&str, &str)],
        rows: u16,
        cols: u16,
    ) -> Self {
        let program = program.as_ref();
        let state = StateFolder::new();
        let command = command(emulator, program, args, env, &state);
        let pair = {
            let _alone = spawn_alone();
            portable_pty::native_pty_system()
                .openpty(size(rows, cols))
                .expect("the system has ptys")
        };
        let tty = pty::device(&*pair.master);
        let settings_before = tty.as_deref().map(settings);
        let child = {
            let _alone = spawn_alone();
            pair.slave.spawn_command(command)
        };
        let child = match child {
            Ok(child) => Child::new(child),
            Err(err) => panic!("cannot start {}: {err:#}", program.display()),
        };
        // Ours is not the program's: the output ends when the program's ends.
        drop(pair.slave);

        let (master, output) = Master::new(pair.master);
        let seen = Arc::new(Seen {
            state: Mutex::new(State {
                model: Model::new(emulator, rows, cols),
                raw: Vec::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let (shared, answers) = (Arc::clone(&seen), master.writer());
        let reader = thread::spawn(move || watch(output, &answers, &shared));
        Self {
            name: file_name(program),
            child,
            master: Some(master),
            reader: Some(reader),
            seen,
            tty,
            settings_before,
            deadline: DEADLINE,
            _state: state,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Replaces [`DEADLINE`] for the waits to come.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Types a text, or keys from [`crate::keys`].
    #[track_caller]
    pub fn type_text(&self, text: &str) {
        self.type_bytes(text.as_bytes());
    }

    /// Types bytes that need not be a text.
    #[track_caller]
    pub fn type_bytes(&self, bytes: &[u8]) {
        let deadline = Instant::now() + self.deadline;
        if let Err(err) = self.master().writer().write(bytes, deadline) {
            self.fail(&format!("cannot type: {err}"));
        }
    }

    /// Waits until the screen ([`Self::screen`]) is as `wanted`; that screen.
    #[track_caller]
    pub fn wait_screen(&self, mut wanted: impl FnMut(&str) -> bool, what: &str) -> String {
        let found = self.wait_model(|model| {
            let screen = model.screen_text();
            wanted(&screen).then_some(screen)
        });
        // No closure: it would not know the caller.
        match found {
            Ok(screen) => screen,
            Err(why) => self.fail(&format!("waited for {what}, but {why}")),
        }
    }

    /// Waits until `needle` is on the screen.
    #[track_caller]
    pub fn wait_for_text(&self, needle: &str) -> String {
        self.wait_screen(|screen| screen.contains(needle), &format!("{needle:?}"))
    }

    /// Waits until the screen is exactly this.
    #[track_caller]
    pub fn wait_for_screen(&self, expected: &str) {
        self.wait_screen(
            |screen| screen == expected,
            &format!("this screen:\n{expected}\n---\n"),
        );
    }

    /// Waits until the screen, with its cells and its cursor, is as `wanted`.
    #[track_caller]
    pub fn wait_inspect(&self, mut wanted: impl FnMut(&Screen) -> bool, what: &str) {
        let found = self.wait_model(|model| wanted(&model.screen()).then_some(()));
        if let Err(why) = found {
            self.fail(&format!("waited for {what}, but {why}"));
        }
    }

    /// Waits until the cursor is at this row and column, counted from 0.
    #[track_caller]
    pub fn wait_cursor(&self, row: u16, col: u16) {
        let wanted = (usize::from(row), usize::from(col));
        let found = self.wait_model(|model| (model.screen().cursor() == wanted).then_some(()));
        if let Err(why) = found {
            self.fail(&format!(
                "waited for the cursor at ({row}, {col}), but {why}"
            ));
        }
    }

    /// The rows of the screen without trailing blanks, joined by newlines,
    /// without empty rows at the end.
    pub fn screen(&self) -> String {
        self.seen.lock().model.screen_text()
    }

    /// The rows that have scrolled off the top, and then the screen.
    ///
    /// Rows as they are on the terminal: a long line is several of them.
    pub fn full_text(&self) -> String {
        self.seen.lock().model.full_text()
    }

    /// Row and column of the cursor, counted from 0. A cursor that waits
    /// behind the last column is in the last column.
    pub fn cursor(&self) -> (u16, u16) {
        let (row, col) = self.inspect().cursor();
        (row as u16, col as u16)
    }

    /// A private mode (`CSI ?…h` and `CSI ?…l`) such as 7, 25, 1049, 2004 or
    /// 2026. `None` if the program has never touched it, except for those
    /// that the model knows from the start (1, 25, 47, 1049, 2004, the mouse).
    pub fn private_mode(&self, mode: u16) -> Option<bool> {
        self.seen.lock().model.private_mode(mode)
    }

    /// The flags of kitty's keyboard protocol that the program has pushed and
    /// not popped, the latest last.
    pub fn keyboard(&self) -> Vec<u16> {
        self.seen.lock().model.keyboard().to_vec()
    }

    /// How often the bell has rung.
    pub fn bells(&self) -> usize {
        self.seen.lock().model.bells()
    }

    /// The cells of the screen, and its cursor.
    pub fn inspect(&self) -> Screen {
        self.seen.lock().model.screen()
    }

    /// Every byte that the program has written so far, as the terminal
    /// driver passed them on (LF may have become CR LF).
    pub fn raw(&self) -> Vec<u8> {
        self.seen.lock().raw.clone()
    }

    /// Changes the size of the terminal and tells the program.
    ///
    /// The model does first what the terminal would do by itself: rows are
    /// cut off, broken or filled up on the right, and move to and from the scrollback
    /// at the top, so that the cursor stays with its row. No screen is smaller
    /// than a cell, while a program may well be told so.
    #[track_caller]
    pub fn resize(&self, rows: u16, cols: u16) {
        let mut state = self.seen.lock();
        state.model.set_size(rows.max(1), cols.max(1));
        drop(state);
        self.master().resize(size(rows, cols));
    }

    /// The device on which the program runs, if it has a name.
    pub fn tty_name(&self) -> Option<&Path> {
        self.tty.as_deref()
    }

    /// The settings of the terminal (`stty -a` without the size) before the
    /// program was started.
    #[track_caller]
    pub fn termios_before(&self) -> &str {
        self.settings_before
            .as_deref()
            .expect("only asked where terminals have names")
    }

    /// The settings of the terminal now; also after the program has ended.
    #[track_caller]
    pub fn termios_line(&self) -> String {
        assert!(self.master.is_some(), "the terminal is gone");
        settings(self.tty_name().expect("only asked where ttys have names"))
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        send_signal(self.pid(), signal);
    }

    /// Closes the terminal as its window does: the program is sent SIGHUP and
    /// reads and writes fail. The screen stays as it was.
    pub fn close_master(&mut self) {
        self.master = None;
        if let Some(reader) = self.reader.take() {
            // It has nothing to say but that it panicked, which the hook has
            // printed already.
            let _ = reader.join();
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_none()
    }

    /// Waits until the program has ended by itself and all it has drawn is on
    /// the screen. The exit code, or as in a shell 128 plus the signal.
    #[track_caller]
    pub fn wait_exit(&mut self) -> i32 {
        let Some(code) = poll(self.deadline, || self.child.try_wait()) else {
            self.fail("waited for its end, but it still runs");
        };
        // A ConPTY does not end with the program.
        if cfg!(unix) {
            let deadline = Instant::now() + self.deadline;
            let mut state = self.seen.lock();
            while !state.ended {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    drop(state);
                    self.fail("it has ended, but something else keeps the terminal open");
                }
                state = self.seen.wait(state, left);
            }
        }
        code
    }

    /// Asks `look` for every new state of the model that is not half drawn.
    fn wait_model<T>(&self, mut look: impl FnMut(&mut Model) -> Option<T>) -> Result<T, String> {
        let deadline = Instant::now() + self.deadline;
        let mut state = self.seen.lock();
        loop {
            if (!state.model.is_half_drawn() || state.ended)
                && let Some(found) = look(&mut state.model)
            {
                return Ok(found);
            }
            if state.ended {
                return Err("the program has ended".to_owned());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("{:?} have passed", self.deadline));
            }
            state = self.seen.wait(state, left);
        }
    }

    #[track_caller]
    fn master(&self) -> &Master {
        self.master.as_ref().expect("the terminal is not closed")
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        let mut state = self.seen.lock();
        let (row, col) = state.model.screen().cursor();
        let (screen, full) = (state.model.screen_text(), state.model.full_text());
        let raw = shown(&state.raw);
        drop(state);
        panic!(
            "{} in its terminal: {problem}\n--- raw:\n{raw}\n--- with what has scrolled off:\n\
             {full}\n--- screen, cursor at ({row}, {col}):\n{screen}\n---",
            self.name
        );
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill();
        self.close_master();
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A predicate of the test's may have panicked; the model is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, at_most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The command with nothing of the tests' own terminal about it.
fn command(
    emulator: Emulator,
    program: &Path,
    args: &[&str],
    env: &[(&str, &str)],
    state: &StateFolder,
) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(args);
    // Unlike `Command`, it would start in the home directory.
    command.cwd(std::env::current_dir().expect("the tests run somewhere"));
    for variable in INFLUENCES {
        command.env_remove(variable);
    }
    command.env("TERM", emulator.term());
    for (variable, _) in std::env::vars_os() {
        if is_setting(&variable) {
            command.env_remove(variable);
        }
    }
    for (variable, folder) in state.variables() {
        command.env(variable, folder);
    }
    for (variable, value) in env {
        command.env(variable, value);
    }
    command
}

/// Takes what a program writes, and answers its questions, to the end.
fn watch(mut output: pty::Reader, answers: &pty::Writer, seen: &Seen) {
    let mut chunk = vec![0; CHUNK];
    while let Some(n) = output.read(&mut chunk) {
        let mut state = seen.lock();
        state.raw.extend_from_slice(&chunk[..n]);
        let answer = state.model.feed(&chunk[..n]);
        drop(state);
        seen.changed.notify_all();
        // The program may have ended, and not read it.
        let _ = answers.write(&answer, Instant::now() + DEADLINE);
    }
    seen.lock().ended = true;
    seen.changed.notify_all();
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

/// `stty -a` of a device, without the size, which is no setting.
#[track_caller]
fn settings(tty: &Path) -> String {
    let device_flag = if cfg!(target_os = "linux") {
        "-F"
    } else {
        "-f"
    };
    let tty = tty.to_str().expect("devices have plain names");
    let output = run_piped("stty", &[device_flag, tty, "-a"], &[], b"").success();
    let words = output.stdout.split("; ").filter(|setting| {
        !setting.starts_with("rows ") && !setting.starts_with("columns ")
            // As BSD has it.
            && !setting.ends_with(" rows") && !setting.ends_with(" columns")
    });
    words.collect::<Vec<_>>().join("; ")
}

const CHUNK: usize = 16 * 1024;

#[cfg(test)]
mod tests;
