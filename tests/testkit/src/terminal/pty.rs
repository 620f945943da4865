//! The pty below the terminal: what `portable-pty` does not do.
//!
//! On Unix its descriptor is read and written here. `portable-pty`'s reader
//! blocks until the program ends and holds the pty open meanwhile, so the
//! terminal could not hang up; and its writer types a newline and Ctrl-D when
//! it is dropped, so a program would see that instead of a hangup.

use portable_pty::{MasterPty, PtySize};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// The terminal's end of a pty; hangs up when dropped, once its [`Reader`]
/// has noticed.
pub(super) struct Master {
    pty: Box<dyn MasterPty + Send>,
    writer: Arc<ends::Writer>,
    _hangup: ends::Hangup,
}

/// Types into the pty, as the person and as the terminal itself.
pub(super) struct Writer(std::sync::Weak<ends::Writer>);

pub(super) use ends::Reader;

impl Master {
    pub(super) fn new(pty: Box<dyn MasterPty + Send>) -> (Self, Reader) {
        let (reader, writer, hangup) = ends::of(&*pty);
        let master = Self {
            pty,
            writer: Arc::new(writer),
            _hangup: hangup,
        };
        (master, reader)
    }

    /// Does not keep the pty open.
    pub(super) fn writer(&self) -> Writer {
        Writer(Arc::downgrade(&self.writer))
    }

    #[track_caller]
    pub(super) fn resize(&self, size: PtySize) {
        if let Err(err) = self.pty.resize(size) {
            panic!("cannot resize the pty: {err:#}");
        }
    }
}

impl Writer {
    pub(super) fn write(&self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        match self.0.upgrade() {
            Some(writer) => writer.write(bytes, deadline),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// The process in the terminal.
pub(super) struct Child {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    code: Option<i32>,
}

impl Child {
    pub(super) fn new(child: Box<dyn portable_pty::Child + Send + Sync>) -> Self {
        Self { child, code: None }
    }

    #[track_caller]
    pub(super) fn pid(&self) -> u32 {
        self.child.process_id().expect("a process has an id")
    }

    /// Its exit code, or 128 plus the signal that killed it.
    pub(super) fn try_wait(&mut self) -> Option<i32> {
        if self.code.is_none() {
            self.code = self.ask();
        }
        self.code
    }

    #[cfg(unix)]
    fn ask(&mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;

        // portable-pty's status knows a signal only by its translated name.
        let status = self.as_std()?.try_wait().ok()??;
        status.code().or_else(|| Some(128 + status.signal()?))
    }

    #[cfg(not(unix))]
    fn ask(&mut self) -> Option<i32> {
        let status = self.child.try_wait().ok()??;
        i32::try_from(status.exit_code()).ok()
    }

    /// Kills it at once: portable-pty's own would first ask and wait.
    pub(super) fn kill(&mut self) {
        if self.try_wait().is_some() {
            return;
        }
        #[cfg(unix)]
        if let Some(child) = self.as_std() {
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    #[cfg(unix)]
    fn as_std(&mut self) -> Option<&mut std::process::Child> {
        let child: &mut dyn portable_pty::Child = &mut *self.child;
        child.downcast_mut()
    }
}

/// The path of the program's end.
#[cfg(unix)]
pub(super) fn device(pty: &dyn MasterPty) -> Option<PathBuf> {
    pty.tty_name()
}

#[cfg(not(unix))]
pub(super) fn device(_pty: &dyn MasterPty) -> Option<PathBuf> {
    None
}

#[cfg(unix)]
mod ends {
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use filedescriptor::{FileDescriptor, POLLIN, POLLOUT, poll, pollfd, socketpair};
    use portable_pty::MasterPty;

    /// Ends the [`Reader`] when dropped.
    pub(in super::super) type Hangup = FileDescriptor;

    pub(in super::super) struct Reader {
        pty: FileDescriptor,
        /// The other end of the [`Hangup`].
        hangup: FileDescriptor,
    }

    pub(in super::super) struct Writer(Mutex<FileDescriptor>);

    pub(in super::super) fn of(pty: &dyn MasterPty) -> (Reader, Writer, Hangup) {
        let _alone = crate::process::spawn_alone();
        let fd = pty.as_raw_fd().expect("a pty of Unix has a descriptor");
        let mut reading = FileDescriptor::dup(&fd).expect("descriptors are left");
        let writing = FileDescriptor::dup(&fd).expect("descriptors are left");
        let (hangup, hung_up) = socketpair().expect("descriptors are left");
        // They share the mode. With it a write to a program that does not
        // read cannot block for ever.
        reading.set_non_blocking(true).expect("a pty can be so");
        let reader = Reader {
            pty: reading,
            hangup: hung_up,
        };
        (reader, Writer(Mutex::new(writing)), hangup)
    }

    impl Reader {
        /// Waits for output; `None` at its end or after the hangup.
        pub(in super::super) fn read(&mut self, chunk: &mut [u8]) -> Option<usize> {
            loop {
                let mut waiting = [awaited(&self.pty, POLLIN), awaited(&self.hangup, POLLIN)];
                poll(&mut waiting, None).ok()?;
                if waiting[1].revents != 0 {
                    return None;
                }
                match self.pty.read(chunk) {
                    Ok(0) => return None,
                    Ok(n) => return Some(n),
                    Err(err) if retryable(&err) => {}
                    // EIO is how Linux says that the program's end is closed.
                    Err(_) => return None,
                }
            }
        }
    }

    impl Writer {
        pub(super) fn write(&self, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
            let mut pty = self.0.lock().expect("no one panics while writing");
            while !bytes.is_empty() {
                match pty.write(bytes) {
                    Ok(n) => bytes = &bytes[n..],
                    Err(err) if retryable(&err) => {
                        let left = deadline.saturating_duration_since(Instant::now());
                        if left.is_zero() {
                            return Err(io::ErrorKind::TimedOut.into());
                        }
                        // Not longer at once: not every system reports room
                        // in a pty.
                        let at_most = left.min(Duration::from_millis(50));
                        poll(&mut [awaited(&pty, POLLOUT)], Some(at_most))
                            .map_err(io::Error::other)?;
                    }
                    Err(err) => return Err(err),
                }
            }
            Ok(())
        }
    }

    fn awaited(descriptor: &FileDescriptor, events: i16) -> pollfd {
        pollfd {
            fd: descriptor.as_raw_fd(),
            events,
            revents: 0,
        }
    }

    fn retryable(err: &io::Error) -> bool {
        matches!(
            err.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
        )
    }
}

#[cfg(not(unix))]
mod ends {
    use std::io::{self, Read, Write};
    use std::sync::Mutex;
    use std::time::Instant;

    use portable_pty::MasterPty;

    /// A ConPTY hangs up by itself.
    pub(in super::super) type Hangup = ();

    pub(in super::super) struct Reader(Box<dyn Read + Send>);

    pub(in super::super) struct Writer(Mutex<Box<dyn Write + Send>>);

    pub(in super::super) fn of(pty: &dyn MasterPty) -> (Reader, Writer, Hangup) {
        let reader = pty.try_clone_reader().expect("handles are left");
        let writer = pty.take_writer().expect("the first to take it");
        (Reader(reader), Writer(Mutex::new(writer)), ())
    }

    impl Reader {
        pub(in super::super) fn read(&mut self, chunk: &mut [u8]) -> Option<usize> {
            self.0.read(chunk).ok().filter(|&n| n > 0)
        }
    }

    impl Writer {
        pub(super) fn write(&self, bytes: &[u8], _deadline: Instant) -> io::Result<()> {
            let mut pty = self.0.lock().expect("no one panics while writing");
            pty.write_all(bytes)?;
            pty.flush()
        }
    }
}
