//! What a replay knows of the files of the history, and what it wants read of them.

use std::io;

/// Which files the history has, and where events lie in them. The files are read
/// elsewhere, because that can take long.
pub trait Files {
    /// Where the event `seq` lies in the JSON log, or one before it: its
    /// number and its place.
    fn find(&self, seq: u64) -> Option<(u64, u64)>;

    /// Number and place of an event at least `least` bytes behind `position`, and
    /// not beyond the first one of the next file.
    fn after(&self, position: u64, least: u64) -> Option<(u64, u64)>;

    /// How many bytes there are in one file from `position` on.
    fn held(&self, position: u64) -> u64;
}

/// No files: events that are not in memory are gone.
#[derive(Debug, Clone, Copy)]
pub struct NoFiles;

impl Files for NoFiles {
    fn find(&self, _: u64) -> Option<(u64, u64)> {
        None
    }

    fn after(&self, _: u64, _: u64) -> Option<(u64, u64)> {
        None
    }

    fn held(&self, _: u64) -> u64 {
        0
    }
}

/// A piece of the files that has to be read before a replay goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Where it begins in the JSON log.
    pub position: u64,
    /// Its length in bytes: so many there should be.
    pub most: usize,
    /// How often places had moved by then.
    pub moves: u64,
}

/// What came of reading it: fewer bytes if the file ends before.
#[derive(Debug)]
pub struct Piece {
    /// What was to be read.
    pub wanted: Wanted,
    /// What was read.
    pub bytes: io::Result<Vec<u8>>,
}

impl Piece {
    /// Whether everything was read.
    pub(super) fn is_whole(&self) -> bool {
        let read = self.bytes.as_ref();
        read.is_ok_and(|bytes| bytes.len() == self.wanted.most)
    }

    /// Why there is no event in it.
    pub(super) fn failure(&self, next: u64) -> String {
        let why = match &self.bytes {
            Err(error) => error.to_string(),
            Ok(_) if self.is_whole() => "it is damaged there".to_owned(),
            Ok(_) => "the file ends before it".to_owned(),
        };
        format!("event {next} cannot be read: {why}")
    }
}
