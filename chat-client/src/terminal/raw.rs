//! Taking the terminal and giving it back.

use std::io;
use std::sync::Once;

use crossterm::{event, execute, terminal};

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

    /// Takes it again, also if somebody else gave it back.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn again(&self) -> io::Result<()> {
        // crossterm believes that nobody else changes the mode.
        terminal::disable_raw_mode()?;
        take()
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), event::EnableBracketedPaste)
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
