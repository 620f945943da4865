//! The link to the server: a connection, or the attempts to make it again.
//!
//! Every connection is made by an [`Attempt`]; only the first one is waited for.
//! Nothing else here blocks: the person types on meanwhile.

use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Registry, Token, Waker};
use ssh_key::Fingerprint;

use super::backoff::{Backoff, asked_to_wait};
use super::connect::{Attempt, Connected};
use super::failure::ConnectError;
use super::outcome::{Lost, Received};
use super::security::{Encryption, Remark, Security};
use super::target::Target;
use super::transport::Transport;
use crate::identity::Identity;
use crate::random::Random;

/// The link to one server.
#[derive(Debug)]
pub struct Link {
    target: Target,
    security: Security,
    reconnect: Reconnect,
    watch: Watch,
    state: State,
    /// What the person is to know.
    remarks: Vec<Remark>,
    /// What they know already.
    remarked: Vec<Remark>,
    backoff: Backoff,
    random: Random,
}

/// Whether a lost connection is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconnect {
    /// With growing waits.
    Always,
    /// The first connection is the only one.
    Never,
}

/// What became of the attempts to reconnect.
#[derive(Debug)]
pub enum Progress {
    /// Nothing new.
    None,
    /// There is a connection.
    Connected,
    /// An attempt has failed.
    Failed(ConnectError),
}

/// Where the events of a link go.
#[derive(Debug)]
pub struct Watch {
    /// The poll.
    pub registry: Registry,
    /// That of the connection.
    pub token: Token,
    /// Woken when an attempt is over.
    pub waker: Arc<Waker>,
}

#[derive(Debug)]
enum State {
    Connected(Connection),
    /// The next attempt is at this moment.
    Waiting(Instant),
    /// An attempt is on.
    Connecting(Attempt),
}

#[derive(Debug)]
struct Connection {
    transport: Transport,
    since: Instant,
}

impl Link {
    /// Makes the first connection, and waits for it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn open(
        target: Target,
        security: Security,
        reconnect: Reconnect,
        watch: Watch,
        random: Random,
    ) -> Result<Self, ConnectError> {
        let attempt = watch.attempt(&target, &security);
        let mut link = Self {
            target,
            security,
            reconnect,
            watch,
            state: State::Waiting(Instant::now()),
            remarks: Vec::new(),
            remarked: Vec::new(),
            backoff: Backoff::default(),
            random,
        };
        link.connected(attempt.wait()?)?;
        Ok(link)
    }

    /// Takes a connection that was made.
    fn connected(&mut self, connected: Connected) -> Result<(), ConnectError> {
        let Connected {
            transport,
            met,
            remarks,
        } = connected;
        self.security.met = met.or_else(|| self.security.met.take());
        for remark in remarks {
            if !self.remarked.contains(&remark) {
                self.remarked.push(remark.clone());
                self.remarks.push(remark);
            }
        }
        let connection = self.watch.connection(transport, &self.target)?;
        self.state = State::Connected(connection);
        Ok(())
    }

    /// What the person is to know of the server, once.
    pub fn remarks(&mut self) -> impl Iterator<Item = Remark> {
        self.remarks.drain(..)
    }

    /// The server.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether a lost connection can be had again.
    pub fn reconnects(&self) -> bool {
        self.reconnect == Reconnect::Always
    }

    /// Takes an event of our token from the poll.
    pub fn handle_event(&mut self, event: &Event) {
        if let State::Connected(connection) = &mut self.state {
            connection.transport.handle_event(event);
        }
    }

    /// Whether there is a connection, as far as is known.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(_))
    }

    /// Whether there may be something to read.
    pub fn is_readable(&self) -> bool {
        self.transport()
            .is_some_and(|transport| !transport.is_drained())
    }

    /// Whether something can be sent.
    pub fn is_writable(&self) -> bool {
        self.transport().is_some_and(Transport::is_writable)
    }

    /// The connection, if there is one.
    pub fn transport(&self) -> Option<&Transport> {
        match &self.state {
            State::Connected(connection) => Some(&connection.transport),
            State::Waiting(_) | State::Connecting(_) => None,
        }
    }

    /// The person's key that the server was shown, if it has asked for one.
    pub fn shown_key(&self) -> Option<Fingerprint> {
        self.transport()
            .filter(|transport| transport.is_encrypted())?;
        // It was found before that connection was made.
        let key = self.security.key.find().ok()?;
        key.map(Identity::fingerprint)
    }

    /// Reads once.
    pub fn read(&mut self, buffer: &mut [u8]) -> Received {
        match &mut self.state {
            State::Connected(connection) => connection.transport.read(buffer),
            State::Waiting(_) | State::Connecting(_) => Received::Drained,
        }
    }

    /// Sends as much of `output` as possible, and removes it there.
    ///
    /// # Errors
    ///
    /// When the server will never take it.
    pub fn write(&mut self, output: &mut Vec<u8>) -> Result<(), Lost> {
        let State::Connected(Connection { transport, .. }) = &mut self.state else {
            return Ok(());
        };
        while transport.is_writable() && (!output.is_empty() || transport.wants_write()) {
            let count = transport.write(&[IoSlice::new(output)])?;
            output.drain(..count);
        }
        Ok(())
    }

    /// Closes the sending side.
    pub fn close_sending(&mut self) {
        if let State::Connected(connection) = &mut self.state {
            connection.transport.close();
        }
    }

    /// Gives up the connection and begins to reconnect, not before `asked` has passed.
    pub fn disconnect(&mut self, asked: Duration, now: Instant) {
        let lived = match &mut self.state {
            State::Connected(connection) => {
                connection.transport.deregister(&self.watch.registry);
                now.saturating_duration_since(connection.since)
            }
            State::Waiting(_) | State::Connecting(_) => Duration::ZERO,
        };
        let wait = self.backoff.wait(lived, self.random.fraction());
        let asked = asked_to_wait(asked, self.random.fraction());
        self.state = State::Waiting(now + wait.max(asked));
    }

    /// Gives up a plain connection for an encrypted one, at once. From now on no
    /// connection is plain.
    pub fn encrypt(&mut self) {
        if let State::Connected(connection) = &mut self.state {
            connection.transport.deregister(&self.watch.registry);
        }
        self.security.encryption = Encryption::Always;
        self.state = State::Connecting(self.watch.attempt(&self.target, &self.security));
    }

    /// Goes on reconnecting. After an attempt that has failed, [`Link::disconnect`]
    /// begins the next one.
    pub fn poll_reconnect(&mut self, now: Instant) -> Progress {
        match &self.state {
            State::Waiting(at) if *at <= now && self.reconnects() => {
                let attempt = self.watch.attempt(&self.target, &self.security);
                self.state = State::Connecting(attempt);
                Progress::None
            }
            State::Connecting(attempt) => match attempt.poll() {
                None => Progress::None,
                Some(outcome) => match outcome.and_then(|connected| self.connected(connected)) {
                    Ok(()) => Progress::Connected,
                    Err(error) => Progress::Failed(error),
                },
            },
            State::Connected(_) | State::Waiting(_) => Progress::None,
        }
    }

    /// The connection is good: the next loss begins with short waits.
    pub fn progress(&mut self) {
        self.backoff.progress();
    }

    /// When [`Link::poll_reconnect`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(at) => Some(at),
            State::Connected(_) | State::Connecting(_) => None,
        }
    }
}

impl Watch {
    fn attempt(&self, target: &Target, security: &Security) -> Attempt {
        let waker = Arc::clone(&self.waker);
        Attempt::begin(target.clone(), security.clone(), move || {
            drop(waker.wake());
        })
    }

    fn connection(
        &self,
        mut transport: Transport,
        target: &Target,
    ) -> Result<Connection, ConnectError> {
        let registered = transport.register(&self.registry, self.token);
        registered.map_err(|error| ConnectError::system(target.clone(), &error))?;
        Ok(Connection {
            transport,
            since: Instant::now(),
        })
    }
}

#[cfg(test)]
mod tests;
