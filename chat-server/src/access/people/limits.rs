//! How large a file of people may be.

/// People with a name of their own. The file has 1.5 MiB if each has
/// one Ed25519 key.
pub const MAX_PEOPLE: usize = 10_000;

/// Names that one key can have claimed. A person with more gives up the one that was not
/// used for longest, so that no key alone can claim the names of all others away.
pub const MAX_CLAIMS_OF_KEY: usize = 16;

/// The largest file: [`MAX_LINES`] with an Ed25519 key fill half of it.
pub const MAX_BYTES: usize = 32 << 20;

/// The most lines in it, comments included.
pub const MAX_LINES: usize = 100_000;

/// The longest line that is read, as in sshd; the longest key has less than half of it.
pub const MAX_LINE: usize = 8 * 1024;
