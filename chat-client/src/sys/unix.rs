//! Unix.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;
use std::{process, thread};

pub use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use filedescriptor::{POLLIN, POLLOUT, poll, pollfd};
use mio::{Interest, Registry, Token};
use rustix::fs::OFlags;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP,
    SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
};
use signal_hook::low_level::emulate_default_handler;
pub use std::fs::rename as replace;

use super::signal::Signal;

/// The signals that concern the client, as events of the poll. Signals that end it do
/// so also while the loop waits for an output without a reader.
pub struct Signals(signal_hook_mio::v1_0::Signals);

impl Signals {
    /// Has them reported under `token`. Before one of them ends a loop that does not
    /// obey it, `give_back` is called.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn register(registry: &Registry, token: Token, give_back: fn()) -> io::Result<Self> {
        let others = [SIGTSTP, SIGCONT, SIGWINCH];
        let mut signals = signal_hook_mio::v1_0::Signals::new(ENDS.into_iter().chain(others))?;
        registry.register(&mut signals, token, Interest::READABLE)?;
        let mut ends = signal_hook::iterator::Signals::new(ENDS)?;
        thread::Builder::new().spawn(move || {
            if let Some(signal) = ends.forever().next() {
                thread::sleep(END_WITHIN);
                give_back();
                process::exit(128 + signal);
            }
        })?;
        Ok(Self(signals))
    }

    /// Those that came.
    pub fn pending(&mut self) -> impl Iterator<Item = Signal> {
        self.0.pending().map(|signal| match signal {
            SIGTSTP => Signal::Suspend,
            SIGCONT => Signal::Continue,
            SIGWINCH => Signal::Resize,
            signal => Signal::End(u8::try_from(signal).unwrap_or(u8::MAX)),
        })
    }
}

/// All signals that would end the client and can be caught, so that it gives the
/// terminal back; not those of a program's own faults.
const ENDS: [i32; 15] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGALRM, SIGIO, SIGPROF, SIGSYS, SIGTRAP, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
];

/// Columns and rows of the terminal, as it tells them.
pub fn window_size() -> Option<(u16, u16)> {
    // crossterm's other way would start `tput` when the terminal is gone.
    let size = crossterm::terminal::window_size().ok()?;
    Some((size.columns, size.rows))
}

/// How long the loop has to obey a signal that ends it. A terminal that is
/// stopped, a line that is dead or a full pipe can hold it for ever.
const END_WITHIN: Duration = Duration::from_secs(2);

/// Stops this process until it is told to go on.
///
/// # Errors
///
/// Those of the system.
pub fn suspend() -> io::Result<()> {
    emulate_default_handler(SIGTSTP)
}

/// Waits until standard input has something to read, or its end.
///
/// # Errors
///
/// Those of the system.
pub fn wait_for_input() -> io::Result<()> {
    wait_to_read(io::stdin().as_fd(), None).map(drop)
}

/// Waits until a file has something to read, or its end; without end, if no time is
/// given. Tells whether it has.
///
/// # Errors
///
/// Those of the system.
pub fn wait_to_read(file: BorrowedFd<'_>, within: Option<Duration>) -> io::Result<bool> {
    wait(file, POLLIN, within)
}

/// Waits until an output takes something, or is gone.
///
/// # Errors
///
/// Those of the system.
pub fn wait_for_output(output: &Stdout) -> io::Result<()> {
    wait(output.as_fd(), POLLOUT, None).map(drop)
}

/// Waits without end, if no time is given.
fn wait(file: BorrowedFd<'_>, events: i16, within: Option<Duration>) -> io::Result<bool> {
    let mut waiting = [pollfd {
        fd: file.as_raw_fd(),
        events,
        revents: 0,
    }];
    match poll(&mut waiting, within) {
        // That it is gone comes as another event, and shows when it is used.
        Ok(count) => Ok(count > 0),
        Err(filedescriptor::Error::Poll(error) | filedescriptor::Error::Io(error)) => {
            // Whether anything is there is seen then, too.
            if is_nothing(&error) {
                Ok(true)
            } else {
                Err(error)
            }
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Whether an error only says that there is nothing now.
pub fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// Standard output without the line buffer of `std`, which would tear a
/// repaint into two writes.
pub type Stdout = File;

/// Standard output, to be written to in whole repaints.
///
/// # Errors
///
/// When it was closed from the beginning.
pub fn stdout() -> io::Result<Stdout> {
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Opens a file, and never waits for it, as a pipe without a writer would have us
/// do. One that is made is read only by its owner.
///
/// # Errors
///
/// Those of the system.
pub fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

/// Whether this is a device, such as `/dev/null`.
pub fn is_device(metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    kind.is_char_device() || kind.is_block_device()
}

/// Makes a directory, and those above it, that only their owner enters.
///
/// # Errors
///
/// Those of the system.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
