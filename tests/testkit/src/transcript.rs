//! Bytes received so far, with a place up to which a test has read them.
//!
//! One type for sockets and for pipes, so that waiting and its failures look
//! the same everywhere.

use std::fmt;
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::DEADLINE;
use crate::carrier::Wire;

/// Everything a source has sent, and how far the test has consumed it.
///
/// The `expect` methods look at the part not yet consumed and consume it
/// through what they found. A text that is not UTF-8 is compared as bytes and
/// handed back with replacement characters.
#[derive(Debug)]
pub struct Transcript {
    name: String,
    source: Source,
    deadline: Duration,
    bytes: Vec<u8>,
    /// `0 <= consumed <= bytes.len()`.
    consumed: usize,
    end: Option<End>,
}

/// How a source ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order: end of file.
    Closed,
    /// With an error, for a socket mostly a reset.
    Failed(io::ErrorKind),
}

#[derive(Debug)]
enum Source {
    /// Read only while a test waits: a peer that expects nothing for a while
    /// is a peer that does not read.
    Socket(Arc<Mutex<Wire<TcpStream>>>),
    /// Read at all times by a thread: the process never blocks on its output.
    Thread(Receiver<io::Result<Vec<u8>>>),
}

enum Fill {
    Grown,
    Ended,
    TimedOut,
}

impl Transcript {
    /// Reads `wire` whenever something is expected of it, and only then. Its owner writes
    /// to it in between.
    pub fn of_socket(name: impl Into<String>, wire: Arc<Mutex<Wire<TcpStream>>>) -> Self {
        Self::new(name.into(), Source::Socket(wire))
    }

    /// Reads `reader` in a thread, at all times.
    pub fn of_reader(name: impl Into<String>, mut reader: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK];
                let sent = match reader.read(&mut chunk) {
                    Ok(0) => return,
                    Ok(n) => {
                        chunk.truncate(n);
                        sender.send(Ok(chunk))
                    }
                    Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                    Err(err) => {
                        // A test that has dropped the transcript wants no error.
                        let _ = sender.send(Err(err));
                        return;
                    }
                };
                if sent.is_err() {
                    return;
                }
            }
        });
        Self::new(name.into(), Source::Thread(receiver))
    }

    fn new(name: String, source: Source) -> Self {
        Self {
            name,
            source,
            deadline: DEADLINE,
            bytes: Vec::new(),
            consumed: 0,
            end: None,
        }
    }

    /// Replaces [`DEADLINE`] for the waits to come.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Waits for `needle` and consumes through it; the text consumed.
    #[track_caller]
    pub fn expect(&mut self, needle: &str) -> String {
        assert!(!needle.is_empty(), "an empty text is always there");
        let mut searched = self.consumed;
        let deadline = self.deadline_from_now();
        loop {
            if let Some(at) = find(&self.bytes[searched..], needle.as_bytes()) {
                return self.consume(searched + at + needle.len());
            }
            // The needle may begin in received bytes and end in later ones.
            searched = self
                .consumed
                .max(self.bytes.len().saturating_sub(needle.len() - 1));
            self.fill_for(deadline, &format_args!("{needle:?}"));
        }
    }

    /// Waits for a whole line; the line without its LF. A CR stays.
    #[track_caller]
    pub fn expect_line(&mut self) -> String {
        let mut line = self.expect("\n");
        line.pop();
        line
    }

    /// Skips lines until one contains `needle`; that line without its LF.
    #[track_caller]
    pub fn expect_line_containing(&mut self, needle: &str) -> String {
        let mut start = self.consumed;
        let deadline = self.deadline_from_now();
        loop {
            while let Some(len) = find(&self.bytes[start..], b"\n") {
                let end = start + len;
                if find(&self.bytes[start..end], needle.as_bytes()).is_some() {
                    let line = lossy(&self.bytes[start..end]);
                    self.consumed = end + 1;
                    return line;
                }
                start = end + 1;
            }
            self.fill_for(deadline, &format_args!("a line containing {needle:?}"));
        }
    }

    /// Waits for `then`, and asserts that `unwanted` did not come before it.
    ///
    /// The way to show that something is *not* sent: cause something that is
    /// sent after it. Consumes through `then`; the text consumed.
    #[track_caller]
    pub fn expect_not_before(&mut self, unwanted: &str, then: &str) -> String {
        let text = self.expect(then);
        let before = &text[..text.len() - then.len()];
        assert!(
            !before.contains(unwanted),
            "{}: {unwanted:?} came before {then:?}, in:\n{}",
            self.name,
            shown(before.as_bytes())
        );
        text
    }

    /// Asserts that nothing comes for a while.
    ///
    /// Proves little and takes its time; [`Self::expect_not_before`] is
    /// better wherever something can be made to come afterwards.
    #[track_caller]
    pub fn expect_nothing_for(&mut self, duration: Duration) {
        let deadline = Instant::now() + duration;
        while self.unread().is_empty() && matches!(self.fill(deadline), Fill::Grown) {}
        assert!(
            self.unread().is_empty(),
            "{}: nothing expected, but there came:\n{}",
            self.name,
            shown(self.unread())
        );
        assert!(
            self.end.is_none(),
            "{}: nothing expected, but it ended: {:?}",
            self.name,
            self.end
        );
    }

    /// Waits for the end of file and consumes everything before it; the text
    /// consumed. A reset is no end of file.
    #[track_caller]
    pub fn expect_eof(&mut self) -> String {
        let end = self.wait_for_end();
        assert!(
            end == End::Closed,
            "{}: an end of file expected, but it ended with {end:?}; received in all:\n{}",
            self.name,
            shown(&self.bytes)
        );
        self.consume(self.bytes.len())
    }

    /// Waits for the end, in order or not, and consumes everything before it.
    ///
    /// A peer that closes with unread input resets the connection, so where
    /// it may have had some, both ends are right.
    #[track_caller]
    pub fn expect_end(&mut self) -> End {
        let end = self.wait_for_end();
        self.consumed = self.bytes.len();
        end
    }

    /// Waits until `needle` is anywhere in the whole text, consumed or not,
    /// and consumes nothing.
    #[track_caller]
    pub fn wait_for(&mut self, needle: &str) {
        let deadline = self.deadline_from_now();
        let mut searched = 0;
        while find(&self.bytes[searched..], needle.as_bytes()).is_none() {
            searched = (self.bytes.len() + 1).saturating_sub(needle.len());
            self.fill_for(deadline, &format_args!("{needle:?} anywhere"));
        }
    }

    /// Takes in received bytes without waiting; whether the source is still open.
    ///
    /// For a socket this reads, as every wait does.
    pub fn refresh(&mut self) -> bool {
        // A socket has no read that times out at once; see `fill`.
        while matches!(self.fill(Instant::now()), Fill::Grown) {}
        self.end.is_none()
    }

    /// Everything received so far, consumed or not.
    pub fn received(&self) -> &[u8] {
        &self.bytes
    }

    /// [`Self::received`] as text.
    pub fn text(&self) -> String {
        lossy(&self.bytes)
    }

    /// The bytes that were received and not yet consumed.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.consumed..]
    }

    fn consume(&mut self, to: usize) -> String {
        let text = lossy(&self.bytes[self.consumed..to]);
        self.consumed = to;
        text
    }

    #[track_caller]
    fn wait_for_end(&mut self) -> End {
        let deadline = self.deadline_from_now();
        loop {
            match self.fill(deadline) {
                Fill::Grown => {}
                Fill::Ended => return self.end.expect("fill has just said so"),
                Fill::TimedOut => self.fail("no longer open", "it is still open"),
            }
        }
    }

    /// Takes in more, or panics with everything there is to know.
    #[track_caller]
    fn fill_for(&mut self, deadline: Instant, wanted: &dyn fmt::Display) {
        match self.fill(deadline) {
            Fill::Grown => {}
            Fill::Ended => self.fail(wanted, format_args!("it ended ({:?})", self.end)),
            Fill::TimedOut => {
                self.fail(wanted, format_args!("{:?} have passed", self.deadline));
            }
        }
    }

    #[track_caller]
    fn fail(&self, wanted: impl fmt::Display, problem: impl fmt::Display) -> ! {
        panic!(
            "{}: waited for {wanted}, but {problem}\n\
             --- not yet consumed:\n{}\n--- received in all ({} bytes):\n{}\n---",
            self.name,
            shown(self.unread()),
            self.bytes.len(),
            shown(&self.bytes),
        );
    }

    fn fill(&mut self, deadline: Instant) -> Fill {
        if self.end.is_some() {
            return Fill::Ended;
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let chunk = match &mut self.source {
                Source::Socket(wire) => match read_within(wire, left) {
                    Err(err) if is_timeout(&err) && left > SHORTEST => continue,
                    Err(err) if is_timeout(&err) => return Fill::TimedOut,
                    chunk => chunk,
                },
                Source::Thread(receiver) => match receiver.recv_timeout(left) {
                    Ok(chunk) => chunk,
                    Err(RecvTimeoutError::Timeout) => return Fill::TimedOut,
                    Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
                },
            };
            match chunk {
                Ok(chunk) if chunk.is_empty() => self.end = Some(End::Closed),
                Ok(chunk) => {
                    self.bytes.extend_from_slice(&chunk);
                    return Fill::Grown;
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) => self.end = Some(End::Failed(err.kind())),
            }
            return Fill::Ended;
        }
    }

    fn deadline_from_now(&self) -> Instant {
        Instant::now() + self.deadline
    }
}

fn read_within(wire: &Mutex<Wire<TcpStream>>, within: Duration) -> io::Result<Vec<u8>> {
    let mut wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
    wire.socket().set_read_timeout(Some(within.max(SHORTEST)))?;
    let mut chunk = vec![0; CHUNK];
    let n = wire.read(&mut chunk)?;
    chunk.truncate(n);
    Ok(chunk)
}

/// Which of the two it is depends on the system.
fn is_timeout(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Received bytes for a person to read: line by line, control characters
/// escaped, of a flood only the end.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let left_out = bytes.len().saturating_sub(SHOWN_AT_MOST);
    let mut text = String::new();
    if left_out > 0 {
        text.push_str(&format!("(the first {left_out} bytes are left out)\n"));
    }
    for line in lossy(&bytes[left_out..]).split_inclusive('\n') {
        for c in line.trim_end_matches('\n').chars() {
            if c.is_control() {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        if line.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

const CHUNK: usize = 16 * 1024;

/// A timeout of zero means none at all to a socket.
const SHORTEST: Duration = Duration::from_millis(1);

const SHOWN_AT_MOST: usize = 64 * 1024;

#[cfg(test)]
mod tests;
