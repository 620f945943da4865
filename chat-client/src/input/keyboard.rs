//! The keyboard: a terminal on Unix, the console on Windows.

#[cfg(unix)]
pub mod decoder;
#[cfg(not(unix))]
mod other;
#[cfg(any(not(unix), test))]
mod records;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::Keyboard;
#[cfg(unix)]
pub use unix::Keyboard;
