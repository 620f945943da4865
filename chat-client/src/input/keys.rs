//! Reading keys, and grouping those that come together.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use std::{io, mem, thread};

use crossterm::event::{KeyCode, KeyModifiers};
use mio::Waker;

use super::channel::{Sender, channel};
use super::event::{Input, Press, Typed};
use super::keyboard::Keyboard;
use super::keymap::press_of;
use super::term::Pastes;
use crate::editor::Key;

/// Starts the thread that reads keys.
pub fn read(waker: Arc<Waker>, pastes: Pastes) -> Receiver<Input> {
    let (sender, receiver) = channel(waker);
    thread::spawn(move || {
        // Without a keyboard there is nothing to wait for.
        let _ = hand_over(&sender, pastes);
        sender.send(Input::Closed);
    });
    receiver
}

/// Returns when the loop has ended, or the terminal is gone.
fn hand_over(sender: &Sender, pastes: Pastes) -> io::Result<()> {
    let mut keyboard = Keyboard::open()?;
    // Keys typed before we took the terminal have line ends for Enter.
    let mut typed_ahead = keyboard.is_ready(TOGETHER)?;
    loop {
        let mut typed = next_typed(&mut keyboard)?;
        if mem::take(&mut typed_ahead) {
            line_ends_to_enters(&mut typed);
        }
        let resized = typed.contains(&Typed::Resized);
        let pressed = presses(typed, pastes);
        if !pressed.is_empty() && !sender.send(Input::Pressed(pressed))
            || resized && !sender.send(Input::Resized)
        {
            return Ok(());
        }
    }
}

fn line_ends_to_enters(typed: &mut [Typed]) {
    let line_end = Typed::key(KeyCode::Char('j'), KeyModifiers::CONTROL);
    let enter = Typed::key(KeyCode::Enter, KeyModifiers::NONE);
    for typed in typed {
        if *typed == line_end {
            *typed = enter.clone();
        }
    }
}

/// Waits for an event, and takes those that came with it.
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

/// The keys that came together: typed characters as one text and, where pastes look
/// like typing, several Enters as a paste.
pub(super) fn presses(typed: Vec<Typed>, pastes: Pastes) -> Vec<Press> {
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
    if pastes == Pastes::Unmarked && looks_pasted(&presses) {
        let text: String = presses.iter().filter_map(pasted).collect();
        return vec![Press::Key(Key::Paste(text))];
    }
    presses
}

/// A text with the end mark of a paste in it ends its paste there, and the rest looks
/// like keys, perhaps with an Enter: the author of the text could have the person say
/// it. But then the real end mark ends no paste, and so tells that all up to it was
/// pasted.
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

/// Keys that follow each other so closely were sent together.
const TOGETHER: Duration = Duration::from_millis(1);

/// Keys that follow a paste so closely may belong to it.
const AFTER_PASTE: Duration = Duration::from_millis(20);

/// Keys that are taken together, so that a flood of them is still shown.
const MOST_TOGETHER: usize = 4096;

/// The same behind a paste, where taking them for keys is worse.
const MOST_AFTER_PASTE: usize = 64 * 1024;

/// Reads that are taken together: of an endless paste no key may ever come.
const MOST_READS: usize = 64;

#[cfg(test)]
mod tests;
