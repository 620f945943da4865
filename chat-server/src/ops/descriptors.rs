//! How many connections fit into the descriptors that the system gives a process.

/// How many connections there can be.
#[derive(Debug)]
pub struct Space {
    /// For people.
    pub possible: usize,
    /// How many come back into a full room at a time.
    pub returning: usize,
    /// For those who have come back, and those who are told that they cannot come in.
    pub spare: usize,
}

impl Space {
    /// In a process that may have so many descriptors, of which it needs `own` itself.
    ///
    /// # Errors
    ///
    /// Why there can be none, for people.
    pub fn of(descriptors: usize, own: usize) -> Result<Self, String> {
        let returning = (descriptors / RETURNING_SHARE).clamp(LEAST_RETURNING, MOST_RETURNING);
        let spare = 2 * returning;
        let possible = descriptors.saturating_sub(own + spare);
        if possible == 0 {
            let least = own + spare + 1;
            return Err(format!(
                "this process may have {descriptors} files open, and needs {least} to serve one \
                 connection\n{RAISE_LIMIT}"
            ));
        }
        Ok(Self {
            possible,
            returning,
            spare,
        })
    }
}

/// So much of the descriptors is for programs that come back into a full room,
const RETURNING_SHARE: usize = 16;

/// but as many as this: a few at a time, and each is done with at once,
const LEAST_RETURNING: usize = 4;

/// and no more: those of a room that loses its network come back within a second or two.
const MOST_RETURNING: usize = 64;

/// How to have more connections.
pub const RAISE_LIMIT: &str =
    "to raise that: ulimit -n 4096, or LimitNOFILE=4096 in a systemd unit";
