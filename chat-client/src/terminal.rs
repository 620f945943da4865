//! The edge to the terminal and to standard input.
//!
//! The keyboard is read by a thread that blocks, because neither Windows nor
//! every kind of standard input can be watched by a poll. It hands over what
//! it has and wakes the loop; it is never joined, and ends with the process.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Once};
use std::thread;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::{execute, terminal};
use mio::Waker;

use crate::editor::Key;
use crate::layout::Size;

/// What the person did.
#[derive(Debug)]
pub enum Input {
    /// Pressed a key, or pasted.
    Key(Key),
    /// Changed the size of the window.
    Resized,
    /// Sent a line by a pipe.
    Line(String),
    /// Sent a line by a pipe that cannot be sent on, and why.
    BadLine(&'static str),
    /// There is nothing more to come.
    Closed,
}

/// Starts the thread that reads keys.
pub fn read_keys(waker: Arc<Waker>) -> Receiver<Input> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            let input = match event {
                Event::Key(key) => key_of(key).map(Input::Key),
                Event::Paste(text) => Some(Input::Key(Key::Text(text))),
                Event::Resize(..) => Some(Input::Resized),
                _ => None,
            };
            if input.is_some_and(|input| !hand_over(&sender, &waker, input)) {
                return;
            }
        }
        hand_over(&sender, &waker, Input::Closed);
    });
    receiver
}

/// Starts the thread that reads lines.
pub fn read_lines(waker: Arc<Waker>) -> Receiver<Input> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Some(input) = next_line(&mut stdin) {
            if !hand_over(&sender, &waker, input) {
                return;
            }
        }
        hand_over(&sender, &waker, Input::Closed);
    });
    receiver
}

fn hand_over(sender: &SyncSender<Input>, waker: &Waker, input: Input) -> bool {
    sender.send(input).is_ok() && waker.wake().is_ok()
}

/// The next line, `None` at the end. A last line needs no end: the pipe says
/// itself that it is over.
fn next_line(stdin: &mut impl BufRead) -> Option<Input> {
    let mut line = Vec::new();
    let read = stdin
        .by_ref()
        .take(MAX_LINE)
        .read_until(b'\n', &mut line)
        .ok()?;
    if read == 0 {
        return None;
    }
    if !line.ends_with(b"\n") && line.len() as u64 == MAX_LINE {
        let _ = stdin.skip_until(b'\n');
        return Some(Input::BadLine("that line was not sent: it is too long"));
    }
    while line
        .last()
        .is_some_and(|last| matches!(last, b'\n' | b'\r'))
    {
        line.pop();
    }
    Some(match String::from_utf8(line) {
        Ok(line) => Input::Line(line),
        Err(_) => Input::BadLine("that line was not sent: it is not UTF-8"),
    })
}

fn key_of(
    KeyEvent {
        code,
        modifiers,
        kind,
        ..
    }: KeyEvent,
) -> Option<Key> {
    // Windows reports the release of each key as well.
    if kind == KeyEventKind::Release {
        return None;
    }
    let control = modifiers.contains(KeyModifiers::CONTROL);
    let alt = modifiers.contains(KeyModifiers::ALT);
    Some(match code {
        KeyCode::Char(character) if control && !alt => match character.to_ascii_lowercase() {
            'a' => Key::Home,
            'b' => Key::Left,
            'c' => Key::Interrupt,
            'd' => Key::EndOfInput,
            'e' => Key::End,
            'f' => Key::Right,
            'h' => Key::Backspace,
            'j' | 'm' => Key::Enter,
            'k' => Key::KillToEnd,
            'u' => Key::KillToStart,
            'w' => Key::KillWord,
            _ => return None,
        },
        KeyCode::Char(character) if control == alt => Key::Text(character.to_string()),
        KeyCode::Tab => Key::Text("\t".to_owned()),
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}

/// The size of the terminal. Asked for before each repaint, because the
/// notice of a change may come later than the change.
pub fn size() -> Size {
    let (width, height) = terminal::size().unwrap_or((80, 24));
    let or = |cells: u16, usual| {
        if cells == 0 {
            usual
        } else {
            usize::from(cells)
        }
    };
    Size {
        width: or(width, 80),
        height: or(height, 24),
    }
}

/// Standard output without the line buffer of `std`, which would tear a
/// repaint into two writes.
#[cfg(unix)]
pub type Output = std::fs::File;

/// Standard output. The console wants more than bytes, which `std` knows.
#[cfg(not(unix))]
pub type Output = io::Stdout;

/// Standard output, to be written to in whole repaints.
///
/// # Errors
///
/// When it was closed from the beginning.
pub fn output() -> io::Result<Output> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
    }
    #[cfg(not(unix))]
    Ok(io::stdout())
}

/// While this lives the terminal gives us every key. However it ends, the
/// terminal is given back as it was.
#[derive(Debug)]
pub struct RawMode(());

impl RawMode {
    /// Takes the terminal.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let inner = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                give_back();
                inner(info);
            }));
        });
        terminal::enable_raw_mode()?;
        let raw = Self(());
        execute!(io::stdout(), event::EnableBracketedPaste)?;
        Ok(raw)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        give_back();
    }
}

/// Errors are passed over: a terminal that is gone needs nothing back.
fn give_back() {
    let _ = execute!(
        io::stdout(),
        terminal::EndSynchronizedUpdate,
        terminal::EnableLineWrap,
        event::DisableBracketedPaste,
        crossterm::cursor::Show
    );
    let _ = terminal::disable_raw_mode();
}

/// Keys and lines that may wait for the loop; a pipe then waits, too.
const WAITING: usize = 64;

/// A line of a pipe that is longer than this is not kept whole.
const MAX_LINE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_pipe() {
        let long = "x".repeat(MAX_LINE as usize + 5);
        let bytes = [b"one\r\n\n\xff\n".as_slice(), long.as_bytes(), b"\nlast"].concat();
        let mut pipe = io::Cursor::new(bytes);
        let mut seen = Vec::new();
        while let Some(input) = next_line(&mut pipe) {
            seen.push(match input {
                Input::Line(line) => line,
                Input::BadLine(why) => why.to_owned(),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(
            seen,
            [
                "one",
                "",
                "that line was not sent: it is not UTF-8",
                "that line was not sent: it is too long",
                "last"
            ]
        );
    }

    #[test]
    fn keys() {
        let key = |code, modifiers| key_of(KeyEvent::new(code, modifiers));
        assert_eq!(
            key(KeyCode::Char('中'), KeyModifiers::NONE),
            Some(Key::Text("中".into()))
        );
        assert_eq!(
            key(KeyCode::Char('A'), KeyModifiers::SHIFT),
            Some(Key::Text("A".into()))
        );
        assert_eq!(
            key(KeyCode::Char('w'), KeyModifiers::CONTROL),
            Some(Key::KillWord)
        );
        assert_eq!(key(KeyCode::Char('x'), KeyModifiers::ALT), None);
        // AltGr on Windows.
        let alt_gr = KeyModifiers::CONTROL | KeyModifiers::ALT;
        assert_eq!(key(KeyCode::Char('@'), alt_gr), Some(Key::Text("@".into())));
        let mut released = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert_eq!(key_of(released), None);
    }
}
