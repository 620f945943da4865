//! The control socket: a Unix domain socket at which the person who runs the server
//! comes in.
//!
//! It leads past all that the network has to pass: the proxy's header, TLS, the limits on
//! addresses and people, the password and the keys. So no setting and no command can lock
//! the operator out. What keeps others out is the mode of its file (`file`), and the user of
//! each peer (`user`).

#[cfg(unix)]
mod file;
#[cfg(unix)]
mod listener;
#[cfg(not(unix))]
mod nowhere;
#[cfg(unix)]
mod user;

#[cfg(unix)]
pub use listener::ControlSocket;
#[cfg(not(unix))]
pub use nowhere::ControlSocket;

use std::path::PathBuf;

use anyhow::Context;

use crate::runtime::counted::MAX_OPERATORS;
use crate::secret_file::make_folder;

impl ControlSocket {
    /// Makes a socket there, and its folder if there is none.
    ///
    /// # Errors
    ///
    /// Why there cannot be one, for people.
    pub fn open_in_folder(path: PathBuf) -> anyhow::Result<Self> {
        if let Some(folder) = path.parent() {
            make_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Self::open(path)
    }
}

/// Descriptors that it may need: its own, that of each operator, and one in reserve.
pub const DESCRIPTORS: usize = 2 + MAX_OPERATORS;
