//! What differs between Unix and Windows, but for the keyboard: signals, being
//! suspended, standard output, files that only their owner reads, and the ssh-agent.

mod agent;
#[cfg(not(unix))]
mod other;
mod private;
mod signal;
#[cfg(unix)]
mod unix;

pub use agent::AgentStream;
#[cfg(not(unix))]
pub use other::*;
pub use private::open_to_others;
pub use signal::Signal;
#[cfg(unix)]
pub use unix::*;
