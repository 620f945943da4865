//! Bytes in, whole lines out.
//!
//! [`LineDecoder`] is the first thing that touches what a peer sent. It knows
//! line ends, telnet and the limits on length, and nothing of what a line
//! means. Lines that lie whole in the input are handed out as slices of it; a
//! copy is made only of a line that arrives in pieces, and only while it is
//! incomplete, so that an idle connection holds no buffer.

use memchr::{memchr2, memchr3};

/// Bytes without a line end after which a peer is taken for something that
/// does not speak in lines, and closed.
pub const MAX_UNENDED: usize = 64 * 1024;

/// One line, or the reason why it is refused. The line end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line of UTF-8 within the limit. It may hold control characters.
    Whole(&'a str),
    /// The line was longer than the limit; this is its beginning.
    TooLong(&'a [u8]),
    /// The line was not UTF-8.
    NotUtf8(&'a [u8]),
}

/// The peer sent [`MAX_UNENDED`] bytes without a line end. Nothing more can
/// be made of what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless;

/// Finds the lines in a stream of bytes.
///
/// A line ends at LF, CR LF or CR NUL (what telnet sends for the Enter key,
/// RFC 1123 §3.3.1). A CR anywhere else is part of the line. Telnet commands
/// (RFC 854: IAC and what follows it) are taken out; an IAC that begins no
/// command stays and makes the line [`Line::NotUtf8`]. No command takes a line
/// end with it, so that bytes of another kind cannot join two lines.
#[derive(Debug, Default)]
pub struct LineDecoder {
    /// The current line, if a piece of it has come.
    partial: Option<Box<Partial>>,
}

/// A line that arrives in pieces.
#[derive(Debug, Default)]
struct Partial {
    /// What is kept of it, at most the limit.
    bytes: Vec<u8>,
    /// Raw bytes so far, telnet commands included.
    length: usize,
    state: State,
    overflowed: bool,
    /// It was complete and the last call handed it out: it is free to be
    /// dropped.
    handed_out: bool,
}

/// Where in the input the decoder stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Data,
    /// After a CR that may turn out to be half a line end.
    Cr,
    /// After IAC.
    Iac,
    /// After IAC and WILL, WONT, DO or DONT: one byte names the option.
    IacOption(u8),
    /// In a subnegotiation, up to IAC SE.
    Subnegotiation,
    /// After an IAC in a subnegotiation.
    SubnegotiationIac,
}

impl LineDecoder {
    /// The beginning of a line whose end has not come yet; empty between lines.
    pub fn pending(&self) -> &[u8] {
        match &self.partial {
            Some(partial) if !partial.handed_out => &partial.bytes,
            _ => &[],
        }
    }

    /// Takes away the beginning of a line whose end has not come, for readers
    /// that cannot wait for it. What comes next is a new line.
    pub fn take_pending(&mut self) -> Option<Vec<u8>> {
        if self.pending().is_empty() {
            return None;
        }
        self.partial.take().map(|partial| partial.bytes)
    }

    /// Takes the next line off the front of `input`. `None` means that all of
    /// `input` was taken and no further line is complete. A line of more than
    /// `max_line` bytes is refused.
    ///
    /// # Errors
    ///
    /// [`Endless`] once the peer has sent [`MAX_UNENDED`] bytes without a line
    /// end; close the connection.
    pub fn next_line<'line, 'input: 'line>(
        &'line mut self,
        input: &mut &'input [u8],
        max_line: usize,
    ) -> Result<Option<Line<'line>>, Endless> {
        if self.partial.as_ref().is_some_and(|last| last.handed_out) {
            self.partial = None;
        }
        if self.partial.is_none() {
            if let Some((line, taken)) = whole_line(input)
                && taken <= MAX_UNENDED
            {
                let line = &input[..line];
                *input = &input[taken..];
                return Ok(Some(classify(line, max_line)));
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
        let partial = self.partial.get_or_insert_default();
        if !partial.gather(input, max_line)? {
            return Ok(None);
        }
        partial.handed_out = true;
        if partial.overflowed {
            return Ok(Some(Line::TooLong(&partial.bytes)));
        }
        Ok(Some(classify(&partial.bytes, max_line)))
    }
}

impl Partial {
    /// Takes bytes off `input` up to and with the next line end; tells whether
    /// there was one.
    fn gather(&mut self, input: &mut &[u8], max_line: usize) -> Result<bool, Endless> {
        loop {
            if self.length >= MAX_UNENDED {
                return Err(Endless);
            }
            let Some(&byte) = input.first() else {
                return Ok(false);
            };
            match self.state {
                State::Data => {
                    let run = memchr3(b'\n', b'\r', IAC, input).unwrap_or(input.len());
                    if run > 0 {
                        // Never past the limit, so that it bites at the same
                        // byte however the input was cut into pieces.
                        let run = run.min(MAX_UNENDED - self.length);
                        self.keep(&input[..run], max_line);
                        self.take(input, run);
                        continue;
                    }
                    self.take(input, 1);
                    match byte {
                        b'\n' => return Ok(true),
                        b'\r' => self.state = State::Cr,
                        _ => self.state = State::Iac,
                    }
                }
                State::Cr => match byte {
                    b'\n' | 0 => {
                        self.take(input, 1);
                        return Ok(true);
                    }
                    _ => {
                        self.keep(b"\r", max_line);
                        self.state = State::Data;
                    }
                },
                State::Iac => match byte {
                    SB => self.step(input, State::Subnegotiation),
                    WILL..=DONT => self.step(input, State::IacOption(byte)),
                    IAC => {
                        self.keep(&[IAC], max_line);
                        self.step(input, State::Data);
                    }
                    SE..SB => self.step(input, State::Data),
                    _ => {
                        self.keep(&[IAC], max_line);
                        self.state = State::Data;
                    }
                },
                State::IacOption(command) => {
                    if is_option(byte) {
                        self.step(input, State::Data);
                    } else {
                        self.keep(&[IAC, command], max_line);
                        self.state = State::Data;
                    }
                }
                State::Subnegotiation => {
                    let run = memchr2(IAC, b'\n', input).unwrap_or(input.len());
                    if run > 0 {
                        let run = run.min(MAX_UNENDED - self.length);
                        self.take(input, run);
                    } else if byte == IAC {
                        self.step(input, State::SubnegotiationIac);
                    } else {
                        self.keep(&[IAC, SB], max_line);
                        self.state = State::Data;
                    }
                }
                State::SubnegotiationIac => match byte {
                    SE => self.step(input, State::Data),
                    b'\n' => self.state = State::Subnegotiation,
                    _ => self.step(input, State::Subnegotiation),
                },
            }
        }
    }

    fn step(&mut self, input: &mut &[u8], next: State) {
        self.take(input, 1);
        self.state = next;
    }

    fn take(&mut self, input: &mut &[u8], count: usize) {
        *input = &input[count..];
        self.length += count;
    }

    fn keep(&mut self, bytes: &[u8], max_line: usize) {
        let room = max_line.saturating_sub(self.bytes.len());
        let kept = bytes.len().min(room);
        self.bytes.extend_from_slice(&bytes[..kept]);
        self.overflowed |= kept < bytes.len();
    }
}

fn classify(line: &[u8], max_line: usize) -> Line<'_> {
    if line.len() > max_line {
        return Line::TooLong(&line[..max_line]);
    }
    match std::str::from_utf8(line) {
        Ok(text) => Line::Whole(text),
        Err(_) => Line::NotUtf8(line),
    }
}

/// The length of the line that `input` begins with and how many bytes it takes
/// with its end, if it is whole and plain.
fn whole_line(input: &[u8]) -> Option<(usize, usize)> {
    let end = memchr3(b'\n', b'\r', IAC, input)?;
    match (input[end], input.get(end + 1)) {
        (b'\n', _) => Some((end, end + 1)),
        (b'\r', Some(b'\n' | 0)) => Some((end, end + 2)),
        _ => None,
    }
}

/// Whether `byte` can name a telnet option. Those that are registered are
/// below 64 or above 127; what is between is text, and so are line ends.
fn is_option(byte: u8) -> bool {
    !matches!(byte, b'\n' | b'\r' | 64..128)
}

// RFC 854 and 855.
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const DONT: u8 = 254;
const IAC: u8 = 255;

#[cfg(test)]
mod tests;
