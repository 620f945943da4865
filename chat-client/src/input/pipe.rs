//! Reading lines, or all there is, from a pipe.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;

use mio::Waker;

use super::channel::channel;
use super::event::Input;
use crate::reason::reason;
use crate::sys;

/// Starts the thread that reads lines.
pub fn read_lines(waker: Arc<Waker>) -> Receiver<Input> {
    let (sender, receiver) = channel(waker);
    thread::spawn(move || {
        let mut stdin = BufReader::new(BlockingReader(io::stdin().lock()));
        while let Some(input) = next_line(&mut stdin).unwrap_or_else(failed) {
            let is_over = matches!(input, Input::Failed(_));
            if !sender.send(input) {
                return;
            }
            if is_over {
                break;
            }
        }
        sender.send(Input::Closed);
    });
    receiver
}

/// Starts the thread that reads all there is, as one block.
pub fn read_block(waker: Arc<Waker>) -> Receiver<Input> {
    let (sender, receiver) = channel(waker);
    thread::spawn(move || {
        let input = block(&mut BlockingReader(io::stdin().lock()));
        if sender.send(input) {
            sender.send(Input::Closed);
        }
    });
    receiver
}

fn block(stdin: &mut impl Read) -> Input {
    let mut bytes = Vec::new();
    if let Err(error) = stdin.take(MAX_LINE + 1).read_to_end(&mut bytes) {
        return Input::Failed(reason(&error));
    }
    if bytes.len() as u64 > MAX_LINE {
        return Input::BadLine(TOO_LONG);
    }
    match String::from_utf8(bytes) {
        // Not a command: a block is said as it is.
        Ok(text) if text.starts_with('/') => Input::Line(format!("/{text}")),
        Ok(text) => Input::Line(text),
        Err(_) => Input::BadLine(NOT_UTF8),
    }
}

/// The next line, `None` at the end. A last line needs no line end, since the end of
/// the pipe ends it. A line that an error cuts off is dropped.
fn next_line(stdin: &mut impl BufRead) -> io::Result<Option<Input>> {
    let mut line = Vec::new();
    let read = stdin.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if !line.ends_with(b"\n") && line.len() as u64 == MAX_LINE {
        // An error comes again.
        let _ = stdin.skip_until(b'\n');
        return Ok(Some(Input::BadLine(TOO_LONG)));
    }
    while line
        .last()
        .is_some_and(|last| matches!(last, b'\n' | b'\r'))
    {
        line.pop();
    }
    Ok(Some(match String::from_utf8(line) {
        Ok(line) => Input::Line(line),
        Err(_) => Input::BadLine(NOT_UTF8),
    }))
}

fn failed(error: io::Error) -> Option<Input> {
    Some(Input::Failed(reason(&error)))
}

/// Standard input that another program, which shares it, may have made non-blocking:
/// `WouldBlock` is not its end.
struct BlockingReader<R>(R);

impl<R: Read> Read for BlockingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => sys::wait_for_input()?,
                result => return result,
            }
        }
    }
}

/// A line of a pipe that is longer than this is not kept whole.
const MAX_LINE: u64 = 64 * 1024;

const TOO_LONG: &str = "that was not sent: it is too long";
const NOT_UTF8: &str = "that was not sent: it is not UTF-8";

#[cfg(test)]
mod tests;
