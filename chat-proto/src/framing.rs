//! Bytes in, whole lines out.
//!
//! [`LineDecoder`] is the first thing that touches what a peer sent. It knows
//! line ends, telnet and the limits on length, and nothing of what a line
//! means. Lines that lie whole in the input are handed out as slices of it; a
//! copy is made only of a line that arrives in pieces, and only while it is
//! incomplete, so that an idle connection holds no buffer.

use memchr::{memchr2, memchr3};

/// A connection is closed after so many bytes without a line end: the peer does not
/// speak in lines.
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

impl<'a> Line<'a> {
    /// The known part of the line, and whether that is the whole line.
    pub fn start(self) -> (&'a [u8], bool) {
        match self {
            Line::Whole(text) => (text.as_bytes(), true),
            Line::NotUtf8(bytes) => (bytes, true),
            Line::TooLong(start) => (start, false),
        }
    }

    /// Whether it has nothing but blanks.
    pub fn is_blank(self) -> bool {
        self.start().0.trim_ascii().is_empty()
    }
}

/// What a stream of bytes holds besides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A line has ended.
    Line(Line<'a>),
    /// The peer's telnet asks for an answer, in the middle of a line or between
    /// two of them.
    Telnet(Telnet),
}

/// A telnet command (RFC 854) that is to be answered.
///
/// Only requests for an option that is off are answered. WONT and DONT tell what is so
/// already, and an answer to them would begin a loop (RFC 1143).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telnet {
    /// DO: this side is to turn the option on.
    Do(u8),
    /// WILL: the peer would like to turn the option on.
    Will(u8),
    /// AYT: the person wants to see a sign of life.
    AreYouThere,
}

impl Telnet {
    /// The bytes of the answer, which is no to every option. A client that has sent
    /// DO TIMING-MARK throws away what it gets until it is answered, and either
    /// answer does (RFC 860). `None` asks for a word that a person can see.
    pub fn refusal(self) -> Option<[u8; 3]> {
        match self {
            Self::Do(option) => Some([IAC, WONT, option]),
            Self::Will(option) => Some([IAC, DONT, option]),
            Self::AreYouThere => None,
        }
    }
}

/// The peer sent [`MAX_UNENDED`] bytes without a line end. Its input cannot be read any
/// further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless;

/// Finds the lines in a stream of bytes.
///
/// A line ends at LF, CR LF or CR NUL (what telnet sends for the Enter key,
/// RFC 1123 §3.3.1). A CR anywhere else is part of the line.
///
/// Telnet commands (RFC 854: IAC and what follows it) are taken out:
///
/// | command | what becomes of it |
/// | --- | --- |
/// | DO, WILL, AYT | handed out to be answered, see [`Telnet`] |
/// | DONT, WONT, SB … SE | nothing: no option is ever on |
/// | EC, EL | takes back the last character, or all, of the line so far |
/// | IP, AO, BRK, ABORT, SUSP, EOF, EOR | nothing: there is nothing to interrupt or to end |
/// | NOP, DM, GA, SE | nothing |
///
/// An IAC that begins no command stays and makes the line [`Line::NotUtf8`]. No
/// command takes a line end with it, so that bytes of another kind cannot join two
/// lines.
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
    /// Raw bytes so far, with the telnet commands among them.
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

    /// Takes away the beginning of a line whose end has not come, for readers that
    /// cannot wait for it. The next byte begins a new line.
    pub fn take_pending(&mut self) -> Option<Vec<u8>> {
        if self.pending().is_empty() {
            return None;
        }
        self.partial.take().map(|partial| partial.bytes)
    }

    /// Takes the next line off the front of `input`, and drops what telnet asks
    /// before it; otherwise like [`LineDecoder::next_item`].
    ///
    /// # Errors
    ///
    /// See there.
    pub fn next_line<'line, 'input: 'line>(
        &'line mut self,
        input: &mut &'input [u8],
        max_line: usize,
    ) -> Result<Option<Line<'line>>, Endless> {
        loop {
            match self.advance(input, max_line)? {
                Step::Telnet(_) => {}
                Step::More => return Ok(None),
                Step::Plain(line) => return Ok(Some(classify(line, max_line))),
                Step::Gathered => return Ok(self.gathered(max_line)),
            }
        }
    }

    /// Takes the next line or request off the front of `input`. `None` means that
    /// all of `input` was taken and nothing further is complete. A line of more
    /// than `max_line` bytes is refused.
    ///
    /// # Errors
    ///
    /// [`Endless`] once the peer has sent [`MAX_UNENDED`] bytes without a line
    /// end; close the connection.
    pub fn next_item<'line, 'input: 'line>(
        &'line mut self,
        input: &mut &'input [u8],
        max_line: usize,
    ) -> Result<Option<Item<'line>>, Endless> {
        Ok(match self.advance(input, max_line)? {
            Step::Telnet(telnet) => Some(Item::Telnet(telnet)),
            Step::More => None,
            Step::Plain(line) => Some(Item::Line(classify(line, max_line))),
            Step::Gathered => self.gathered(max_line).map(Item::Line),
        })
    }

    fn advance<'input>(
        &mut self,
        input: &mut &'input [u8],
        max_line: usize,
    ) -> Result<Step<'input>, Endless> {
        if self.partial.as_ref().is_some_and(|last| last.handed_out) {
            self.partial = None;
        }
        if self.partial.is_none() {
            if let Some((line, taken)) = whole_line(input)
                && taken <= MAX_UNENDED
            {
                let line = &input[..line];
                *input = &input[taken..];
                return Ok(Step::Plain(line));
            }
            if input.is_empty() {
                return Ok(Step::More);
            }
        }
        let partial = self.partial.get_or_insert_default();
        let step = partial.gather(input, max_line)?;
        if partial.is_blank() {
            self.partial = None;
        }
        Ok(step)
    }

    /// The line that [`Step::Gathered`] tells of.
    fn gathered(&mut self, max_line: usize) -> Option<Line<'_>> {
        let partial = self.partial.as_mut()?;
        partial.handed_out = true;
        Some(match partial.overflowed {
            true => Line::TooLong(&partial.bytes),
            false => classify(&partial.bytes, max_line),
        })
    }
}

/// What was found next.
enum Step<'input> {
    /// A line that lies whole in the input.
    Plain(&'input [u8]),
    /// The end of the line that came in pieces.
    Gathered,
    /// A request.
    Telnet(Telnet),
    /// The end of the input.
    More,
}

impl Partial {
    /// Takes bytes off `input` up to and with the next line end or request.
    fn gather(&mut self, input: &mut &[u8], max_line: usize) -> Result<Step<'static>, Endless> {
        loop {
            if self.length >= MAX_UNENDED {
                return Err(Endless);
            }
            let Some(&byte) = input.first() else {
                return Ok(Step::More);
            };
            match self.state {
                State::Data => {
                    let run = memchr3(b'\n', b'\r', IAC, input).unwrap_or(input.len());
                    if run > 0 {
                        // Never past the limit, so that a peer is closed at the same
                        // byte however the input was cut into pieces.
                        let run = run.min(MAX_UNENDED - self.length);
                        self.keep(&input[..run], max_line);
                        self.take(input, run);
                        continue;
                    }
                    self.take(input, 1);
                    match byte {
                        b'\n' => return Ok(Step::Gathered),
                        b'\r' => self.state = State::Cr,
                        _ => self.state = State::Iac,
                    }
                }
                State::Cr => match byte {
                    b'\n' | 0 => {
                        self.take(input, 1);
                        self.state = State::Data;
                        return Ok(Step::Gathered);
                    }
                    _ => {
                        self.keep(b"\r", max_line);
                        self.state = State::Data;
                    }
                },
                State::Iac => {
                    if let Some(telnet) = self.command(input, byte, max_line) {
                        return Ok(Step::Telnet(telnet));
                    }
                }
                State::IacOption(command) => {
                    if let Some(telnet) = self.option(input, command, byte, max_line) {
                        return Ok(Step::Telnet(telnet));
                    }
                }
                State::Subnegotiation => self.subnegotiation(input, byte, max_line),
                State::SubnegotiationIac => match byte {
                    SE => self.end_command(input),
                    b'\n' => self.state = State::Subnegotiation,
                    _ => self.step(input, State::Subnegotiation),
                },
            }
        }
    }

    /// The byte behind an IAC.
    fn command(&mut self, input: &mut &[u8], byte: u8, max_line: usize) -> Option<Telnet> {
        match byte {
            SB => self.step(input, State::Subnegotiation),
            WILL..=DONT => self.step(input, State::IacOption(byte)),
            IAC => {
                self.keep(&[IAC], max_line);
                self.step(input, State::Data);
            }
            EOF..SB => {
                match byte {
                    EC => self.take_back_character(),
                    EL => self.take_back_line(),
                    _ => {}
                }
                self.end_command(input);
                return (byte == AYT).then_some(Telnet::AreYouThere);
            }
            _ => {
                self.keep(&[IAC], max_line);
                self.state = State::Data;
            }
        }
        None
    }

    /// The byte behind DO, DONT, WILL or WONT.
    fn option(
        &mut self,
        input: &mut &[u8],
        command: u8,
        byte: u8,
        max_line: usize,
    ) -> Option<Telnet> {
        if !is_option(byte) {
            self.keep(&[IAC, command], max_line);
            self.state = State::Data;
            return None;
        }
        self.end_command(input);
        match command {
            DO => Some(Telnet::Do(byte)),
            WILL => Some(Telnet::Will(byte)),
            _ => None,
        }
    }

    /// What stands between SB and SE, which begins with `byte`.
    fn subnegotiation(&mut self, input: &mut &[u8], byte: u8, max_line: usize) {
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

    /// A command ends with the next byte of `input`. Before a line has begun its bytes
    /// do not count: a telnet that sends a sign of life each minute sends no endless
    /// line.
    fn end_command(&mut self, input: &mut &[u8]) {
        self.step(input, State::Data);
        if self.bytes.is_empty() && !self.overflowed {
            self.length = 0;
        }
    }

    /// Whether it is as if nothing had come.
    fn is_blank(&self) -> bool {
        self.length == 0 && self.state == State::Data
    }

    /// EC. Of a line that is too long the last character is not kept, and it
    /// stays too long.
    fn take_back_character(&mut self) {
        if !self.overflowed {
            while self.bytes.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
        }
    }

    /// EL.
    fn take_back_line(&mut self) {
        self.bytes.clear();
        self.overflowed = false;
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

// RFC 854 and 855, and from RFC 1184 and 885 the commands EOF (236), SUSP, ABORT
// and EOR, which like those from SE to GA (249) are two bytes.
const EOF: u8 = 236;
const SE: u8 = 240;
const AYT: u8 = 246;
const EC: u8 = 247;
const EL: u8 = 248;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;

#[cfg(test)]
mod tests;
