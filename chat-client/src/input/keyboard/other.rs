//! The keyboard on Windows: records of the console, which we decode.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crossterm_winapi::{Console, Handle, InputRecord, KeyEventRecord};

use super::records::{Decoder, Record};
use crate::input::event::Typed;

/// The console of the process.
pub struct Keyboard {
    console: Console,
    decoder: Decoder,
}

impl Keyboard {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            console: Handle::current_in_handle()?.into(),
            decoder: Decoder::default(),
        })
    }

    /// Whether something comes within this time.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn is_ready(&self, within: Duration) -> io::Result<bool> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.console.number_of_console_input_events()? {
                0 if left.is_zero() => return Ok(false),
                // To wait for the console itself takes unsafe code.
                0 => thread::sleep(left.min(LOOK_EVERY)),
                _ => return Ok(true),
            }
        }
    }

    /// Waits, and takes all records that have come, perhaps half a character.
    ///
    /// # Errors
    ///
    /// When the console is gone.
    pub fn read(&mut self, typed: &mut Vec<Typed>) -> io::Result<()> {
        let first = self.console.read_single_input_event()?;
        let others = self.console.read_console_input()?;
        for record in [first].into_iter().chain(others) {
            match record {
                InputRecord::KeyEvent(key) => self.decoder.decode(record_of(&key), typed),
                InputRecord::WindowBufferSizeEvent(_) => typed.push(Typed::Resized),
                _ => {}
            }
        }
        Ok(())
    }
}

fn record_of(key: &KeyEventRecord) -> Record {
    let state = &key.control_key_state;
    Record {
        is_down: key.key_down,
        repeat: key.repeat_count,
        code: key.virtual_key_code,
        unit: key.u_char,
        shift: state.has_state(SHIFT_PRESSED),
        control: state.has_state(LEFT_CTRL_PRESSED | RIGHT_CTRL_PRESSED),
        alt: state.has_state(LEFT_ALT_PRESSED | RIGHT_ALT_PRESSED),
    }
}

/// Bits of KEY_EVENT_RECORD.
const RIGHT_ALT_PRESSED: u32 = 0x1;
const LEFT_ALT_PRESSED: u32 = 0x2;
const RIGHT_CTRL_PRESSED: u32 = 0x4;
const LEFT_CTRL_PRESSED: u32 = 0x8;
const SHIFT_PRESSED: u32 = 0x10;

/// How soon a record is noticed while one is waited for with a limit.
const LOOK_EVERY: Duration = Duration::from_millis(1);
