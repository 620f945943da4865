//! How a thread that waits in a poll is woken by the others.

use std::io;
use std::sync::Arc;
use std::task::{Wake, Waker};

use mio::{Registry, Token};

/// A waker for the poll of this registry, which tells of it under `token`.
///
/// # Errors
///
/// Those of the system.
pub(crate) fn waker(registry: &Registry, token: Token) -> io::Result<Waker> {
    let waker = mio::Waker::new(registry, token)?;
    Ok(Arc::new(PollWaker(waker)).into())
}

struct PollWaker(mio::Waker);

impl Wake for PollWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // It fails only when the poll is gone, and with it the thread that slept.
        let _ = self.0.wake();
    }
}
