//! Signals, as events of the poll.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mio::{Registry, Token};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The end: SIGINT or SIGTERM.
    Stop,
    /// The counters: SIGUSR1.
    Report,
    /// Read the configuration again, and begin the history anew if it has been moved away:
    /// SIGHUP. A server outlives the terminal in which it was started.
    Reload,
}

/// The signals above.
pub struct Signals(#[cfg(unix)] signal_hook_mio::v1_0::Signals);

#[cfg(unix)]
impl Signals {
    /// Has them reported under `token`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
        let wanted = [SIGHUP, SIGINT, SIGTERM, SIGUSR1];
        let mut signals = signal_hook_mio::v1_0::Signals::new(wanted)?;
        registry.register(&mut signals, token, mio::Interest::READABLE)?;
        Ok(Self(signals))
    }

    /// Those that came since the last call.
    pub fn pending(&mut self) -> impl Iterator<Item = Signal> {
        use signal_hook::consts::{SIGHUP, SIGUSR1};
        self.0.pending().map(|signal| match signal {
            SIGHUP => Signal::Reload,
            SIGUSR1 => Signal::Report,
            _ => Signal::Stop,
        })
    }
}

#[cfg(not(unix))]
impl Signals {
    /// There are none here: Ctrl-C ends the process.
    ///
    /// # Errors
    ///
    /// None.
    pub fn register(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Self())
    }

    /// None.
    pub fn pending(&mut self) -> impl Iterator<Item = Signal> {
        std::iter::empty()
    }
}

/// Has a flag set when a signal tells the server to end.
///
/// # Errors
///
/// Those of the system.
pub(super) fn note_end(flag: &Arc<AtomicBool>) -> io::Result<()> {
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(flag))?;
    }
    let _ = flag;
    Ok(())
}

/// Tells the server to end, as SIGTERM does.
pub(super) fn end_by_ourselves() {
    #[cfg(unix)]
    let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTERM);
}

/// Makes a file that may not grow an error like a full disk, instead of the end of the
/// process.
///
/// # Errors
///
/// Those of the system.
pub fn survive_full_files() -> io::Result<()> {
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
    Ok(())
}

/// Lets this process have as many descriptors as it may, and tells how many
/// that are, if there is a limit.
pub fn raise_descriptor_limit() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // It also works with fewer, for fewer people.
        let _ = setrlimit(Resource::Nofile, limit);
        let limit = getrlimit(Resource::Nofile).current?;
        usize::try_from(limit).ok()
    }
    #[cfg(not(unix))]
    None
}
