//! The file of people on the disk: read at the start and when it has changed, and written
//! when the room has changed whose a name is.
//!
//! The operator may edit the file while the server runs. So each change of the server's own
//! is made in what the file says at that moment, and the file is replaced as a whole: a
//! reader finds the old one or the new one. An editor may write in several steps. So a file
//! that changes counts only once it has stayed the same from one look to the next.
//!
//! It has a thread of its own (`keeper`), which looks at the file once a second, because
//! to read ten thousand keys and to wait for the disk must not delay the room.

mod copy;
mod file;
mod keeper;

pub use file::PeopleFile;
pub use keeper::{PeopleKeeper, tell_problems};
