//! Blocking writes to standard output.

use std::io::{self, Write};

use crate::sys::{self, Stdout};

/// Standard output, which another program may have left non-blocking: all programs that
/// have the terminal open share that setting. A write waits until the output takes
/// bytes, as a blocking one would.
#[derive(Debug)]
pub(super) struct BlockingWriter(pub(super) Stdout);

impl BlockingWriter {
    fn retry<T>(&mut self, mut attempt: impl FnMut(&mut Stdout) -> io::Result<T>) -> io::Result<T> {
        loop {
            match attempt(&mut self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    sys::wait_for_output(&self.0)?;
                }
                done => return done,
            }
        }
    }
}

impl Write for BlockingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.retry(|out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.retry(Write::flush)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn an_output_that_is_non_blocking_is_waited_for() {
        let (mut reader, writer) = UnixStream::pair().unwrap();
        writer.set_nonblocking(true).unwrap();
        let sent = b"0123456789".repeat(100_000);
        let mut out = BlockingWriter(OwnedFd::from(writer).into());
        std::thread::scope(|scope| {
            let read = scope.spawn(move || {
                let mut received = Vec::new();
                reader.read_to_end(&mut received).unwrap();
                received
            });
            out.write_all(&sent).unwrap();
            out.flush().unwrap();
            drop(out);
            assert!(read.join().unwrap() == sent);
        });
        // Without a reader a write fails, and does not wait.
        let (reader, writer) = UnixStream::pair().unwrap();
        writer.set_nonblocking(true).unwrap();
        drop(reader);
        let mut out = BlockingWriter(OwnedFd::from(writer).into());
        let gone = out.write_all(&sent).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::BrokenPipe);
    }
}
