//! The channel from a thread that reads to the loop.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use mio::Waker;

use super::event::Input;

/// The side of the thread.
pub(super) struct Sender {
    inputs: SyncSender<Input>,
    waker: Arc<Waker>,
}

/// A channel whose receiver is woken by `waker`.
pub(super) fn channel(waker: Arc<Waker>) -> (Sender, Receiver<Input>) {
    let (inputs, receiver) = sync_channel(WAITING);
    (Sender { inputs, waker }, receiver)
}

impl Sender {
    /// Waits until there is room, and hands an input over. Tells whether the loop is
    /// still there.
    pub(super) fn send(&self, input: Input) -> bool {
        self.inputs.send(input).is_ok() && self.waker.wake().is_ok()
    }
}

/// Inputs that may wait for the loop; then the thread waits, too.
const WAITING: usize = 64;
