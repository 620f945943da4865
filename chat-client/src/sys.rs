//! What differs between Unix and Windows, and nothing else: signals, being
//! suspended, the keyboard, standard output, and files that only their owner reads.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::*;
#[cfg(unix)]
pub use unix::*;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The end; the number of the signal.
    End(u8),
    /// To stop until told to go on.
    Suspend,
    /// To go on after having been stopped.
    Continue,
    /// To look at the size of the window.
    Resize,
}
