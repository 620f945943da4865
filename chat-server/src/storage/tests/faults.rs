//! A disk that fails when it is told to, and that knows what would be left of the
//! files after a power cut.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use crate::storage::disk::{Call, Disk};

/// The other end of the disk.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<(Mutex<Plan>, Condvar)>);

/// The kinds of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Open,
    Stat,
    Read,
    Write,
    Cut,
    Sync,
    SyncDirectory,
    Rename,
    Remove,
}

#[derive(Default)]
struct Plan {
    counts: HashMap<Kind, usize>,
    fails: Vec<Fail>,
    hangs: Option<Kind>,
    /// A call waits.
    is_hanging: bool,
    /// By device and inode.
    files: HashMap<Inode, Platter>,
    /// The names of files when they were last synced.
    names: BTreeMap<OsString, Inode>,
    /// So many more calls succeed.
    left: Option<usize>,
}

/// Device and inode.
type Inode = (u64, u64);

/// Which names a power cut leaves: what was done to them since the last sync may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    AsTheyAre,
    AsSynced,
}

/// Calls that fail.
struct Fail {
    kind: Kind,
    /// So many more succeed before.
    after: usize,
    /// So many fail then.
    times: usize,
    with: Errno,
}

/// What a power cut leaves of a file.
#[derive(Default)]
struct Platter {
    bytes: Vec<u8>,
    /// What was written since the last sync.
    dirty: Vec<(usize, Vec<u8>)>,
}

impl Faults {
    pub(crate) fn disk(&self) -> Disk {
        let faults = self.clone();
        Disk::with(move |call| faults.before(call))
    }

    /// After `after` more calls of this kind so many fail.
    pub(crate) fn fail(&self, kind: Kind, after: usize, times: usize, with: Errno) {
        self.plan().fails.push(Fail {
            kind,
            after,
            times,
            with,
        });
    }

    /// All of them fail from now on.
    pub(crate) fn fail_all(&self, kind: Kind, with: Errno) {
        self.fail(kind, 0, usize::MAX, with);
    }

    /// Nothing fails any more.
    pub(crate) fn mend(&self) {
        self.plan().fails.clear();
    }

    /// Calls of this kind do not return; those of another kind do, or do so now.
    pub(crate) fn hang(&self, kind: Kind) {
        let mut plan = self.plan();
        (plan.hangs, plan.is_hanging) = (Some(kind), false);
        self.0.1.notify_all();
    }

    /// Waits until a call does not return.
    pub(crate) fn wait_for_hanging(&self) {
        let (_, changed) = &*self.0;
        let mut plan = self.plan();
        while !plan.is_hanging {
            plan = changed.wait(plan).unwrap();
        }
    }

    /// Whether a call does not return.
    pub(crate) fn is_hanging(&self) -> bool {
        self.plan().is_hanging
    }

    /// They return after all.
    pub(crate) fn release(&self) {
        let mut plan = self.plan();
        (plan.hangs, plan.is_hanging) = (None, false);
        self.0.1.notify_all();
    }

    /// How many calls of this kind there were.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.plan().counts.get(&kind).copied().unwrap_or(0)
    }

    /// After so many more calls, of any kind, none succeeds.
    pub(crate) fn end_after(&self, calls: usize) {
        self.plan().left = Some(calls);
    }

    /// Whether none succeeds any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.plan().left == Some(0)
    }

    /// All that is in a folder is on the disk.
    pub(crate) fn settle(&self, folder: &Path) {
        let mut plan = self.plan();
        plan.files.clear();
        plan.sync_names(folder);
    }

    /// What a power cut would leave of a folder.
    pub(crate) fn left_in(&self, folder: &Path, names: Names) -> Vec<(OsString, Vec<u8>)> {
        let plan = self.plan();
        let names = match names {
            Names::AsTheyAre => names_in(folder),
            Names::AsSynced => plan.names.clone(),
        };
        let left = |inode: &Inode| {
            plan.files
                .get(inode)
                .map_or(Vec::new(), |it| it.bytes.clone())
        };
        let files = names.into_iter();
        files.map(|(name, inode)| (name, left(&inode))).collect()
    }

    /// What a power cut would leave of a file.
    pub(crate) fn left_of(&self, path: &Path) -> Vec<u8> {
        let identity = std::fs::metadata(path).map(|it| (it.dev(), it.ino()));
        let plan = self.plan();
        let platter = identity.ok().and_then(|it| plan.files.get(&it));
        platter.map_or_else(Vec::new, |platter| platter.bytes.clone())
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn before(&self, call: Call<'_>) -> io::Result<()> {
        let kind = kind(call);
        let mut plan = self.plan();
        while plan.hangs == Some(kind) {
            plan.is_hanging = true;
            self.0.1.notify_all();
            plan = self.0.1.wait(plan).unwrap();
        }
        *plan.counts.entry(kind).or_default() += 1;
        let result = plan.outcome(kind);
        match result.is_ok() {
            true => plan.remember(call),
            false => plan.forget(call),
        }
        result
    }
}

impl Plan {
    fn outcome(&mut self, kind: Kind) -> io::Result<()> {
        if let Some(left) = &mut self.left {
            let Some(fewer) = left.checked_sub(1) else {
                return Err(io::Error::from_raw_os_error(Errno::IO.raw_os_error()));
            };
            *left = fewer;
        }
        let mut fails = self.fails.iter_mut();
        let Some(fail) = fails.find(|fail| fail.kind == kind && fail.times > 0) else {
            return Ok(());
        };
        if fail.after > 0 {
            fail.after -= 1;
            return Ok(());
        }
        fail.times -= 1;
        Err(io::Error::from_raw_os_error(fail.with.raw_os_error()))
    }

    /// The call succeeds.
    fn remember(&mut self, call: Call<'_>) {
        match call {
            Call::Write(file, offset, bytes) => {
                if file.metadata().unwrap().len() == 0 {
                    // It may have the number of one that is gone.
                    *self.platter(file) = Platter::default();
                }
                let dirty = (offset as usize, bytes.to_vec());
                self.platter(file).dirty.push(dirty);
            }
            Call::Cut(file, length) => {
                let platter = self.platter(file);
                platter.settle_to(length as usize);
            }
            Call::Sync(file) => {
                let platter = self.platter(file);
                for (offset, bytes) in platter.take_dirty() {
                    platter.bytes[offset..offset + bytes.len()].copy_from_slice(&bytes);
                }
            }
            Call::SyncDirectory(folder) => self.sync_names(folder),
            _ => {}
        }
    }

    /// The names in a folder are on the disk. Of files that were never written to all is.
    fn sync_names(&mut self, folder: &Path) {
        self.names = names_in(folder);
        for (name, inode) in &self.names {
            self.files.entry(*inode).or_insert_with(|| Platter {
                bytes: std::fs::read(folder.join(name)).unwrap_or_default(),
                dirty: Vec::new(),
            });
        }
    }

    /// The call fails. When it is a sync the system forgets what it could not write.
    fn forget(&mut self, call: Call<'_>) {
        if let Call::Sync(file) = call {
            self.platter(file).take_dirty();
        }
    }

    fn platter(&mut self, file: &File) -> &mut Platter {
        let metadata = file.metadata().unwrap();
        let identity = (metadata.dev(), metadata.ino());
        self.files.entry(identity).or_default()
    }
}

impl Platter {
    /// What was written and not synced. The length is that of the file, whatever is in it.
    fn take_dirty(&mut self) -> Vec<(usize, Vec<u8>)> {
        let dirty = std::mem::take(&mut self.dirty);
        let end = dirty
            .iter()
            .map(|(offset, bytes)| offset + bytes.len())
            .max();
        let length = self.bytes.len().max(end.unwrap_or(0));
        self.bytes.resize(length, 0);
        dirty
    }

    fn settle_to(&mut self, length: usize) {
        self.bytes.truncate(length);
        for (offset, bytes) in &mut self.dirty {
            bytes.truncate(length.saturating_sub(*offset));
        }
    }
}

fn names_in(folder: &Path) -> BTreeMap<OsString, Inode> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let named = entries.filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some((entry.file_name(), (metadata.dev(), metadata.ino())))
    });
    named.collect()
}

fn kind(call: Call<'_>) -> Kind {
    match call {
        Call::Open => Kind::Open,
        Call::Stat => Kind::Stat,
        Call::Read => Kind::Read,
        Call::Write(..) => Kind::Write,
        Call::Cut(..) => Kind::Cut,
        Call::Sync(_) => Kind::Sync,
        Call::SyncDirectory(_) => Kind::SyncDirectory,
        Call::Rename => Kind::Rename,
        Call::Remove => Kind::Remove,
    }
}
