//! Outcomes of reads and writes.

/// The outcome of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many bytes; there may be more.
    Bytes(usize),
    /// Nothing more until the next event.
    Drained,
    /// The server has closed the connection, or it is broken.
    End,
    /// The connection has ended without the goodbye of TLS. What came last may be a part
    /// of a line, cut off on the way.
    Cut,
}

/// The connection is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;
