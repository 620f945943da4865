//! The handshake. It blocks, and so happens in the thread that connects.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_proto::text_form::{GREETING, TLS_OFFERED};
use rustls::client::Resumption;
use rustls::pki_types::{IpAddr, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection};

use super::provider::provider;
use super::roots::Roots;
use super::verifier::{Naming, Verifier};
use super::words;
use crate::identity::Identity;
use crate::trust::{Distrust, Trust, Trusted};

/// Why there is no encrypted connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::net) enum Fault {
    /// The server is not the one that is meant.
    Distrusted(Distrust),
    /// The server has greeted in plain, and offers TLS: our first bytes came too late
    /// for it.
    Late,
    /// Nothing came in time.
    NoAnswer,
    /// The server has broken off.
    BrokenOff,
    /// The person's key does not sign; why, in words.
    NotSigned(String),
}

/// What a handshake goes by.
#[derive(Debug, Clone, Copy)]
pub(in crate::net) struct Meeting<'a> {
    /// The server as the person calls it.
    pub(in crate::net) host: &'a str,
    /// What is known of it.
    pub(in crate::net) trust: &'a Trust,
    /// Who vouches for it if nothing is.
    pub(in crate::net) roots: Roots,
    /// The key that it is shown once it is trusted, if it asks for one.
    pub(in crate::net) identity: Option<&'a Identity>,
}

/// Makes an encrypted connection of a socket that blocks. Before the server has shown
/// that it is the one that is meant, nothing is sent but the beginning of TLS.
///
/// # Errors
///
/// When there is none by the moment `until`, or when the server is not trusted.
pub(in crate::net) fn shake_hands(
    socket: &TcpStream,
    meeting: Meeting<'_>,
    until: Instant,
) -> Result<(ClientConnection, Trusted), Fault> {
    let (name, naming) = server_name(meeting.host, socket)?;
    let trust = meeting.trust;
    let verifier = Verifier::new(provider(), trust.clone(), meeting.roots, naming);
    let verifier = Arc::new(verifier);
    let config = Arc::new(config(&verifier, meeting.identity));
    let session = ClientConnection::new(config, name);
    let mut session = session.map_err(|error| unfit(&error))?;
    let mut shaking = Handshake { socket, until };
    shaking.send(&mut session)?;
    if shaking.answers_in_plain()? {
        return Err(match shaking.offers_tls() {
            Ok(true) => Fault::Late,
            // However its plain answer goes on.
            Ok(false) | Err(_) => Fault::Distrusted(trust.plaintext()),
        });
    }
    while session.is_handshaking() {
        shaking.receive(&mut session)?;
        let begun = Instant::now();
        let processed = session.process_new_packets();
        // An agent may ask the person before it signs, which is no delay of the server's.
        shaking.until += begun.elapsed();
        // The last flight, or an alert, for a server that may be gone.
        let sent = shaking.send(&mut session);
        if let Err(error) = processed {
            return Err(match verifier.judged() {
                Some(Err(distrust)) => Fault::Distrusted(distrust),
                _ => unfit(&error),
            });
        }
        sent?;
    }
    match verifier.judged() {
        Some(Ok(trusted)) => Ok((session, trusted)),
        Some(Err(distrust)) => Err(Fault::Distrusted(distrust)),
        None => Err(Fault::Distrusted(Distrust::Unfit(
            "it shows no key".to_owned(),
        ))),
    }
}

fn unfit(error: &rustls::Error) -> Fault {
    // Nothing that a server does leads to such an error.
    if let rustls::Error::General(why) = error {
        return Fault::NotSigned(why.clone());
    }
    match words::fault(error) {
        Some(why) => Fault::Distrusted(Distrust::Unfit(why)),
        None => Fault::BrokenOff,
    }
}

/// One connection: no tickets are kept, so that no two can be told to be of one client.
fn config(verifier: &Arc<Verifier>, identity: Option<&Identity>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has suites of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier) as _);
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config
}

/// The name to ask for. One that no certificate can have is not sent, and the address
/// stands in its place.
fn server_name(host: &str, socket: &TcpStream) -> Result<(ServerName<'static>, Naming), Fault> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let address = host.split_once('%').map_or(host, |(address, _)| address);
    match ServerName::try_from(address.to_owned()) {
        Ok(name) => Ok((name, Naming::Possible)),
        Err(_) => {
            let address = socket.peer_addr().map_err(|_| Fault::BrokenOff)?.ip();
            let name = ServerName::IpAddress(IpAddr::from(address));
            Ok((name, Naming::Impossible))
        }
    }
}

/// A socket with a time limit for all that is read and written.
struct Handshake<'a> {
    socket: &'a TcpStream,
    until: Instant,
}

impl Handshake<'_> {
    fn send(&mut self, session: &mut ClientConnection) -> Result<(), Fault> {
        while session.wants_write() {
            let set = self.socket.set_write_timeout(Some(left(self.until)?));
            set.map_err(|_| Fault::BrokenOff)?;
            let written = session.write_tls(&mut self.socket);
            check(written, self.until)?;
        }
        Ok(())
    }

    /// Once, as much as there is.
    fn receive(&mut self, session: &mut ClientConnection) -> Result<(), Fault> {
        self.limit_reading(self.until)?;
        match check(session.read_tls(&mut self.socket), self.until)? {
            Some(0) => Err(Fault::BrokenOff),
            _ => Ok(()),
        }
    }

    /// Waits for the first byte, and leaves it where it is.
    fn answers_in_plain(&self) -> Result<bool, Fault> {
        let mut first = [0];
        loop {
            self.limit_reading(self.until)?;
            match check(self.socket.peek(&mut first), self.until)? {
                Some(0) => return Err(Fault::BrokenOff),
                Some(_) => return Ok(!matches!(first, [RECORD_OF_ALERT | RECORD_OF_HANDSHAKE])),
                None => {}
            }
        }
    }

    /// Whether a plain answer is a greeting that offers TLS.
    fn offers_tls(&mut self) -> Result<bool, Fault> {
        let offer = format!("{GREETING} {TLS_OFFERED} ");
        // It is short, and comes at once.
        let until = self.until.min(Instant::now() + GREETING_WITHIN);
        let mut said = Vec::new();
        while Instant::now() < until {
            self.limit_reading(until)?;
            let mut more = [0; 64];
            match check(self.socket.read(&mut more), until)? {
                Some(0) => break,
                Some(count) => said.extend(&more[..count]),
                None => {}
            }
            let line = said.strip_prefix(b"\r").unwrap_or(&said);
            if line.starts_with(offer.as_bytes()) {
                return Ok(true);
            }
            let compared = line.len().min(offer.len());
            if line[..compared] != offer.as_bytes()[..compared] {
                break;
            }
        }
        Ok(false)
    }

    fn limit_reading(&self, until: Instant) -> Result<(), Fault> {
        let set = self.socket.set_read_timeout(Some(left(until)?));
        set.map_err(|_| Fault::BrokenOff)
    }
}

/// `None`: a signal came, or the time has run out.
fn check<T>(done: io::Result<T>, until: Instant) -> Result<Option<T>, Fault> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) => match error.kind() {
            // The name differs between systems.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => {
                left(until).map(|_| None)
            }
            _ => Err(Fault::BrokenOff),
        },
    }
}

/// How much time there is, if any.
fn left(until: Instant) -> Result<Duration, Fault> {
    let left = until.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(Fault::NoAnswer),
        false => Ok(left),
    }
}

/// The name of our protocol (RFC 7301).
const ALPN: &[u8] = b"chat/1";

/// The first bytes of the records that a server may begin with (RFC 8446, 5.1).
const RECORD_OF_ALERT: u8 = 21;
const RECORD_OF_HANDSHAKE: u8 = 22;

/// How long the rest of a greeting may take.
const GREETING_WITHIN: Duration = Duration::from_millis(500);
