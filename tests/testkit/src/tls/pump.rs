//! The bytes of one connection, both ways.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustls::ServerConnection;

/// Hands on until both sides have closed.
pub(super) fn pump(
    session: ServerConnection,
    outside: &TcpStream,
    inside: TcpStream,
) -> io::Result<()> {
    inside.set_nodelay(true)?;
    outside.set_read_timeout(None)?;
    let session = Mutex::new(session);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = decrypt(&session, outside, &inside);
            // Whatever the reason: the server learns that the client is gone.
            let _ = inside.shutdown(Shutdown::Write);
        });
        let done = encrypt(&session, outside, &inside);
        if done.is_err() {
            let _ = inside.shutdown(Shutdown::Both);
        }
        done
    })
}

fn decrypt(
    session: &Mutex<ServerConnection>,
    mut outside: &TcpStream,
    mut inside: &TcpStream,
) -> io::Result<()> {
    let mut bytes = [0; 4096];
    let mut received: &[u8] = &[];
    loop {
        // First of all: words may have come along with the end of the handshake.
        let mut plain = Vec::new();
        let heard = lock(session).reader().read_to_end(&mut plain);
        inside.write_all(&plain)?;
        match heard {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if received.is_empty() {
            let count = outside.read(&mut bytes)?;
            received = &bytes[..count];
        }
        let mut session = lock(session);
        // The end is told to the session as well.
        session.read_tls(&mut received)?;
        let processed = session.process_new_packets();
        while session.wants_write() {
            session.write_tls(&mut outside)?;
        }
        processed.map_err(io::Error::other)?;
    }
}

fn encrypt(
    session: &Mutex<ServerConnection>,
    mut outside: &TcpStream,
    mut inside: &TcpStream,
) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let count = inside.read(&mut bytes)?;
        let mut session = lock(session);
        match count {
            0 => session.send_close_notify(),
            _ => session.writer().write_all(&bytes[..count])?,
        }
        while session.wants_write() {
            session.write_tls(&mut outside)?;
        }
        if count == 0 {
            return outside.shutdown(Shutdown::Write);
        }
    }
}

fn lock(session: &Mutex<ServerConnection>) -> MutexGuard<'_, ServerConnection> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}
