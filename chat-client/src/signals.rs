//! The signals that end the client, as events of the poll. The only part that
//! differs between Unix and Windows.

use std::io;

use mio::{Registry, Token};

/// SIGTERM, SIGHUP and SIGINT.
pub struct Signals(#[cfg(unix)] signal_hook_mio::v1_0::Signals);

#[cfg(unix)]
impl Signals {
    /// Has them reported under `token`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let mut signals = signal_hook_mio::v1_0::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        registry.register(&mut signals, token, mio::Interest::READABLE)?;
        Ok(Self(signals))
    }

    /// The number of one that came.
    pub fn pending(&mut self) -> Option<u8> {
        self.0
            .pending()
            .next()
            .and_then(|signal| u8::try_from(signal).ok())
    }
}

#[cfg(not(unix))]
impl Signals {
    /// There are none here.
    ///
    /// # Errors
    ///
    /// None.
    pub fn register(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Self())
    }

    /// None.
    pub fn pending(&mut self) -> Option<u8> {
        None
    }
}
