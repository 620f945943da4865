//! Systems on which there is no control socket.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;
use mio::{Registry, Token};

use crate::clock::Now;
use crate::runtime::control::Shared;
use crate::runtime::mailbox::Peer;

/// The control socket, which there never is.
#[derive(Debug)]
pub enum ControlSocket {}

impl ControlSocket {
    /// Makes none.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn open(_: PathBuf) -> anyhow::Result<Self> {
        bail!("there are no control sockets on this system")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match *self {}
    }

    pub(crate) fn register(&mut self, _: &Registry, _: Token) -> std::io::Result<()> {
        match *self {}
    }

    pub(crate) fn note(&mut self) {
        match *self {}
    }

    pub(crate) fn is_ready(&self) -> bool {
        match *self {}
    }

    pub(crate) fn retry(&self) -> Option<Instant> {
        match *self {}
    }

    pub(crate) fn may_retry(&mut self) {
        match *self {}
    }

    pub(crate) fn accept(&mut self, _: &Shared, _: Now, _: &mut dyn FnMut(Peer)) {
        match *self {}
    }
}
