//! The edge to the terminal and to standard input.
//!
//! The keyboard is read by a thread that blocks, because neither Windows nor
//! every kind of standard input can be watched by a poll. It hands over what
//! it has and wakes the loop; it is never joined, and ends with the process.

mod answer;
#[cfg(unix)]
pub mod decoder;

use std::io::{self, BufRead, BufReader, Read};
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use mio::Waker;

pub use answer::Answer;

use crate::editor::Key;
use crate::reason::reason;
use crate::sys::{self, Keyboard};

/// What the terminal told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A key, which may have been released.
    Key(KeyEvent),
    /// A paste.
    Paste(String),
    /// A paste that fits no draft has begun; nothing of it is kept.
    PasteTooLong,
    /// The end of a paste that had ended already: it had the mark of its end in
    /// itself.
    PasteEnd,
    /// Another size. Unix has a signal for it.
    Resized,
    /// What it is.
    Answer(Answer),
}

/// What the person did.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// Pressed keys.
    Pressed(Vec<Press>),
    /// Changed the size of the window.
    Resized,
    /// Sent a line by a pipe, or a block of them.
    Line(String),
    /// Sent something by a pipe that cannot be sent on, and why.
    BadLine(&'static str),
    /// Cannot be read any further, and why.
    Failed(String),
    /// There is nothing more to come.
    Closed,
}

/// A key, by what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// The draft.
    Key(Key),
    /// A paste that fits no draft.
    PasteTooLong,
    /// The screen: C-l.
    Clear,
    /// The process: C-z.
    Suspend,
    /// No key, but what the terminal says of itself.
    Answer(Answer),
}

/// Starts the thread that reads keys. A terminal that does not tell pasted
/// text from typed is not `bracketed`.
pub fn read_keys(waker: Arc<Waker>, bracketed: bool) -> Receiver<Input> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::spawn(move || {
        // Without a keyboard there is nothing to wait for.
        let _ = hand_over_keys(&sender, &waker, bracketed);
        hand_over(&sender, &waker, Input::Closed);
    });
    receiver
}

/// Until nobody takes them any more, or the terminal is gone.
fn hand_over_keys(sender: &SyncSender<Input>, waker: &Waker, bracketed: bool) -> io::Result<()> {
    let mut keyboard = Keyboard::open()?;
    // What was typed before the terminal was ours has line ends for Enter.
    let mut typed_ahead = keyboard.is_ready(TOGETHER)?;
    loop {
        let mut typed = next_typed(&mut keyboard)?;
        if mem::take(&mut typed_ahead) {
            line_ends_to_enters(&mut typed);
        }
        let resized = typed.contains(&Typed::Resized);
        let pressed = presses(typed, bracketed);
        if !pressed.is_empty() && !hand_over(sender, waker, Input::Pressed(pressed))
            || resized && !hand_over(sender, waker, Input::Resized)
        {
            return Ok(());
        }
    }
}

fn line_ends_to_enters(typed: &mut [Typed]) {
    let line_end = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL);
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    for typed in typed {
        if *typed == Typed::Key(line_end) {
            *typed = Typed::Key(enter);
        }
    }
}

/// Waits for something, and takes what came with it.
fn next_typed(keyboard: &mut Keyboard) -> io::Result<Vec<Typed>> {
    let mut typed = Vec::new();
    while typed.is_empty() {
        keyboard.read(&mut typed)?;
    }
    for _ in 0..MOST_READS {
        let pasted = typed.iter().any(|typed| matches!(typed, Typed::Paste(_)));
        let (pause, most) = match pasted {
            true => (AFTER_PASTE, MOST_AFTER_PASTE),
            false => (TOGETHER, MOST_TOGETHER),
        };
        // A terminal that is gone is so the next time as well.
        if typed.len() >= most
            || !keyboard.is_ready(pause).unwrap_or(false)
            || keyboard.read(&mut typed).is_err()
        {
            break;
        }
    }
    Ok(typed)
}

/// What came together: typed characters as one text and, where pastes look
/// like typing, several Enters as a paste.
fn presses(typed: Vec<Typed>, bracketed: bool) -> Vec<Press> {
    let mut presses: Vec<Press> = Vec::new();
    for typed in whole_pastes(typed) {
        let press = match typed {
            Typed::Key(key) => press_of(key),
            Typed::Paste(text) => Some(Press::Key(Key::Paste(text))),
            Typed::PasteTooLong => Some(Press::PasteTooLong),
            Typed::Answer(answer) => Some(Press::Answer(answer)),
            Typed::PasteEnd | Typed::Resized => None,
        };
        match (presses.last_mut(), press) {
            (Some(Press::Key(Key::Text(text))), Some(Press::Key(Key::Text(more)))) => {
                text.push_str(&more);
            }
            (_, press) => presses.extend(press),
        }
    }
    if !bracketed && looks_pasted(&presses) {
        let text: String = presses.iter().filter_map(pasted).collect();
        return vec![Press::Key(Key::Paste(text))];
    }
    presses
}

/// A text with the mark of a paste's end in it ends its paste there, and what
/// follows looks like keys, an Enter among them: whoever wrote the text could
/// have the person say it. But then the real end ends nothing, and so tells
/// that all up to it was pasted.
fn whole_pastes(mut typed: Vec<Typed>) -> Vec<Typed> {
    let begin = typed
        .iter()
        .position(|typed| matches!(typed, Typed::Paste(_)));
    let end = typed.iter().rposition(|typed| *typed == Typed::PasteEnd);
    if let (Some(begin), Some(end)) = (begin, end)
        && begin < end
    {
        let text = typed[begin..end]
            .iter()
            .filter_map(|typed| match typed {
                Typed::Paste(text) => Some(text.clone()),
                Typed::Key(key) => press_of(*key).as_ref().and_then(pasted).map(str::to_owned),
                _ => None,
            })
            .collect();
        typed.splice(begin..=end, [Typed::Paste(text)]);
    }
    typed
}

fn looks_pasted(presses: &[Press]) -> bool {
    let enters = presses
        .iter()
        .filter(|press| matches!(press, Press::Key(Key::Enter | Key::Newline)))
        .count();
    enters > 1 && presses.iter().all(|press| pasted(press).is_some())
}

fn pasted(press: &Press) -> Option<&str> {
    match press {
        Press::Key(Key::Text(text)) => Some(text),
        Press::Key(Key::Enter | Key::Newline) => Some("\n"),
        Press::Key(Key::Tab) => Some("\t"),
        _ => None,
    }
}

/// Whether a terminal tells pasted text from typed, by `$TERM`. The oldest ones
/// do not, nor does Windows.
pub fn is_bracketed(term: &str) -> bool {
    !cfg!(windows) && !is_old(term)
}

/// Whether a terminal may be asked what it is, and switched to other keys, by `$TERM`.
/// What it does not know it ignores, but the oldest ones might print it.
pub fn is_asked(term: &str) -> bool {
    cfg!(unix) && !is_old(term)
}

/// Whether a terminal is the console of Linux or one of the oldest, by `$TERM`.
fn is_old(term: &str) -> bool {
    let old = ["", "linux", "ansi", "cons25", "dumb"];
    old.contains(&term) || term.starts_with("vt")
}

/// Starts the thread that reads lines.
pub fn read_lines(waker: Arc<Waker>) -> Receiver<Input> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::spawn(move || {
        let mut stdin = BufReader::new(Waiting(io::stdin().lock()));
        while let Some(input) = next_line(&mut stdin).unwrap_or_else(failed) {
            let is_over = matches!(input, Input::Failed(_));
            if !hand_over(&sender, &waker, input) {
                return;
            }
            if is_over {
                break;
            }
        }
        hand_over(&sender, &waker, Input::Closed);
    });
    receiver
}

/// Starts the thread that reads all there is, as one block.
pub fn read_block(waker: Arc<Waker>) -> Receiver<Input> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::spawn(move || {
        let input = block(&mut Waiting(io::stdin().lock()));
        if hand_over(&sender, &waker, input) {
            hand_over(&sender, &waker, Input::Closed);
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
        // Said as it is: no line of a file is meant as a command.
        Ok(text) if text.starts_with('/') => Input::Line(format!("/{text}")),
        Ok(text) => Input::Line(text),
        Err(_) => Input::BadLine(NOT_UTF8),
    }
}

fn hand_over(sender: &SyncSender<Input>, waker: &Waker, input: Input) -> bool {
    sender.send(input).is_ok() && waker.wake().is_ok()
}

/// The next line, `None` at the end. A last line needs no end: the pipe says
/// itself that it is over. What came of one before an error is none.
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

/// Standard input that may have been made not to block, by whoever shares it
/// with us: that nothing is there yet is not its end.
struct Waiting<R>(R);

impl<R: Read> Read for Waiting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => sys::wait_for_input()?,
                result => return result,
            }
        }
    }
}

fn press_of(
    KeyEvent {
        code,
        modifiers,
        kind,
        ..
    }: KeyEvent,
) -> Option<Press> {
    // Windows reports the release of each key as well. The other modifiers are
    // for window managers.
    let others = KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META;
    if kind == KeyEventKind::Release || modifiers.intersects(others) {
        return None;
    }
    let control = modifiers.contains(KeyModifiers::CONTROL);
    let alt = modifiers.contains(KeyModifiers::ALT);
    let shift = modifiers.contains(KeyModifiers::SHIFT);
    let key = match code {
        KeyCode::Char(character) if control && !alt => match character.to_ascii_lowercase() {
            'a' => Key::Home,
            'b' => Key::Left,
            'c' => Key::Interrupt,
            'd' => Key::EndOfInput,
            'e' => Key::End,
            'f' => Key::Right,
            'h' => Key::Backspace,
            'i' => Key::Tab,
            'j' => Key::Newline,
            'k' => Key::KillToEnd,
            'l' => return Some(Press::Clear),
            'm' => Key::Enter,
            'n' => Key::Down,
            'p' => Key::Up,
            'r' => Key::Search,
            't' => Key::TransposeChars,
            'u' => Key::KillToStart,
            'w' => Key::KillWord,
            'y' => Key::Yank,
            'z' => return Some(Press::Suspend),
            // The byte of C-_ is that of C-7 and, on most keyboards, of C-/. A
            // terminal may not tell what Shift makes of the key.
            '_' | '7' | '/' => Key::Undo,
            '-' if shift => Key::Undo,
            // The byte of Esc.
            '[' => Key::Escape,
            _ => return None,
        },
        KeyCode::Char(character) if alt && !control => match character.to_ascii_lowercase() {
            'b' => Key::WordLeft,
            'd' => Key::KillWordForward,
            'f' => Key::WordRight,
            't' => Key::TransposeWords,
            'y' => Key::YankPop,
            _ => return None,
        },
        // AltGr is both on Windows, where it makes no ASCII letter of a key.
        KeyCode::Char(character)
            if alt && (!cfg!(windows) || character.is_ascii_alphanumeric()) =>
        {
            return None;
        }
        KeyCode::Char(character) => Key::Text(character.to_string()),
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Enter if alt || shift => Key::Newline,
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace if alt => Key::KillWordBack,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left if control => Key::WordLeft,
        KeyCode::Right if control => Key::WordRight,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Esc => Key::Escape,
        _ => return None,
    };
    Some(Press::Key(key))
}

/// Keys and lines that may wait for the loop; a pipe then waits, too.
const WAITING: usize = 64;

/// A line of a pipe that is longer than this is not kept whole.
const MAX_LINE: u64 = 64 * 1024;

/// Keys that follow each other so closely were sent together.
const TOGETHER: Duration = Duration::from_millis(1);

/// What so closely follows a paste may belong to it.
const AFTER_PASTE: Duration = Duration::from_millis(20);

/// Keys that are taken together, so that a flood of them is still shown.
const MOST_TOGETHER: usize = 4096;

/// The same behind a paste, where taking them for keys is worse.
const MOST_AFTER_PASTE: usize = 64 * 1024;

/// Reads that are taken together: of an endless paste no key may ever come.
const MOST_READS: usize = 64;

const TOO_LONG: &str = "that was not sent: it is too long";
const NOT_UTF8: &str = "that was not sent: it is not UTF-8";

#[cfg(test)]
mod tests;
