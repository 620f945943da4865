//! As what a connection counts, from when it is let in until it is gone.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::net::admission::Visit;

/// As what a connection counts that ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counted {
    /// It was let in from this address, and came so far.
    Admitted(IpAddr, Visit),
    /// It was refused.
    Refused,
    /// It was at the control socket.
    Operator,
}

/// How many connections there are at the control socket. They are none of those that
/// [`Admission`](crate::net::admission) counts: they come in when the server is full.
#[derive(Debug, Default)]
pub(crate) struct Operators(AtomicUsize);

/// There are [`MAX_OPERATORS`] already.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct TooMany;

impl Operators {
    /// One more has come.
    #[cfg(unix)]
    pub(crate) fn arrive(&self) -> Result<(), TooMany> {
        // Only one thread takes them in, so there are not more meanwhile.
        if self.count() >= MAX_OPERATORS {
            return Err(TooMany);
        }
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// One has gone.
    pub(crate) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Connections at the control socket at once, for which descriptors are set aside.
pub(crate) const MAX_OPERATORS: usize = 16;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn few_operators_come_in_at_once() {
        let operators = Operators::default();
        for _ in 0..MAX_OPERATORS {
            operators.arrive().unwrap();
        }
        assert!(operators.arrive().is_err());
        operators.leave();
        operators.arrive().unwrap();
        assert_eq!(operators.count(), MAX_OPERATORS);
    }
}
