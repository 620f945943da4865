//! The thread that reads the files while the server runs.
//!
//! A read can take as long as the disk likes, and only the peer that asked for it is
//! to wait. One piece is read at a time, in the order in which they
//! were asked for; each worker asks for a few at a time ([`scheduler`](crate::runtime::scheduler)).

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::disk::Handle;
use super::interface::Asker;
use crate::timeline::replay::{Piece, Wanted};

/// The thread's other end.
#[derive(Debug)]
pub(super) struct Reader {
    requests: Sender<Request>,
}

#[derive(Debug)]
struct Request {
    wanted: Wanted,
    file: Arc<Handle>,
    offset: u64,
    /// The key of the connection that it is for.
    key: usize,
    asker: Asker,
}

impl Reader {
    /// Starts the thread. It ends with this end.
    pub(super) fn start() -> Self {
        let (requests, todo) = channel::<Request>();
        thread::spawn(move || {
            for request in todo {
                let wanted = request.wanted;
                let mut bytes = Vec::new();
                let read = request
                    .file
                    .read_at(request.offset, wanted.most, &mut bytes);
                let bytes: io::Result<Vec<u8>> = read.map(|()| bytes);
                request.asker.answer(request.key, Piece { wanted, bytes });
            }
        });
        Self { requests }
    }

    /// Has a piece read for the connection `key`: from `offset` on, which is where
    /// in `file` the piece lies.
    pub(super) fn ask(
        &self,
        wanted: Wanted,
        (file, offset): (Arc<Handle>, u64),
        key: usize,
        asker: Asker,
    ) {
        let _ = self.requests.send(Request {
            wanted,
            file,
            offset,
            key,
            asker,
        });
    }
}
