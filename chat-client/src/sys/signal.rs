//! Signals, by what they ask for.

/// The request of a signal.
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
