//! What differs between Unix and Windows, but for the keyboard: signals, being
//! suspended, standard output, and files that only their owner reads.

#[cfg(not(unix))]
mod other;
mod signal;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::*;
pub use signal::Signal;
#[cfg(unix)]
pub use unix::*;
