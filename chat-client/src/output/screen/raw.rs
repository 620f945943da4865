//! Taking the terminal and giving it back.
//!
//! Besides the raw mode of the system, two modes of the terminal itself are
//! switched on: pastes have marks, and keys are told apart by kitty's keyboard
//! protocol, where the terminal has it.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::{cursor, execute, terminal};

use crate::input::term::is_asked;
use crate::sys;

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
        let raw = Self(());
        take()?;
        Ok(raw)
    }

    /// Gives the terminal back for a while.
    pub fn leave(&self) {
        give_back();
    }

    /// Takes it again, also if another program gave it back.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn enter_again(&self) -> io::Result<()> {
        // crossterm believes that no other program changes the mode, and the terminal
        // has a stack of keyboard modes.
        give_back();
        take()
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back within 0.2 s. If it takes no output, it
/// gets back at least its settings.
pub fn give_back_in_time() {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        give_back();
        // The receiver may have given up.
        let _ = done.send(());
    });
    if wait.recv_timeout(GIVE_BACK_WITHIN).is_err() {
        let _ = sys::disable_raw_mode();
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    sys::enable_raw_mode()?;
    // A program that died may have left lines that do not wrap.
    execute!(io::stdout(), terminal::EnableLineWrap, EnableBracketedPaste)?;
    if has_kitty_keys() {
        let push = PushKeyboardEnhancementFlags(KEYS);
        execute!(io::stdout(), cursor::SavePosition, push)?;
    }
    Ok(())
}

/// Once for each time that it was taken. Errors are passed over: a terminal
/// that is gone needs nothing back.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    if has_kitty_keys() {
        let pop = PopKeyboardEnhancementFlags;
        let _ = execute!(io::stdout(), cursor::SavePosition, pop);
    }
    let _ = execute!(
        io::stdout(),
        terminal::EndSynchronizedUpdate,
        terminal::EnableLineWrap,
        DisableBracketedPaste,
        cursor::Show
    );
    let _ = sys::disable_raw_mode();
}

/// Whether the terminal is asked to tell keys apart. One that does not know
/// kitty's protocol ignores that, but an old console may print it, and some
/// terminals take `CSI > 5 u` for `CSI u`, which moves the cursor to where it was
/// saved: so it is saved before. The terminal is not asked whether it knows the
/// protocol, because its answer might come after the program has ended.
fn has_kitty_keys() -> bool {
    is_asked(&std::env::var("TERM").unwrap_or_default())
}

/// Shift-Enter is not Enter, and Esc begins no sequence. C-c is C-c on a
/// Cyrillic keyboard, since the terminal tells what a Latin one has there.
const KEYS: KeyboardEnhancementFlags = KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
    .union(KeyboardEnhancementFlags::REPORT_ALTERNATE_KEYS);

/// Whether the terminal is taken now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// How long a program that ends because it is stuck waits for the terminal.
const GIVE_BACK_WITHIN: std::time::Duration = std::time::Duration::from_millis(200);
