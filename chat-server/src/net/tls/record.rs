//! Records that are sent.

use std::io::{self, ErrorKind};

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncryptError, InsufficientSizeError};

use super::buffers::{MAX_RECORD, Rest};

/// What a record is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'a> {
    Data(&'a [u8]),
    /// That nothing follows.
    CloseNotify,
}

/// Makes a record in `outgoing`, behind what rustls itself has to say. Tells how many
/// bytes that are.
pub(super) fn make_record(
    connection: &mut UnbufferedServerConnection,
    incoming: &mut Vec<u8>,
    content: Content<'_>,
    outgoing: &mut Vec<u8>,
) -> io::Result<usize> {
    if outgoing.len() < MAX_RECORD {
        outgoing.resize(MAX_RECORD, 0);
    }
    let mut own = Rest::default();
    loop {
        let status = connection.process_tls_records(incoming);
        let discard = status.discard;
        match status.state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                let (before, space) = outgoing.split_at_mut(own.as_slice().len());
                before.copy_from_slice(own.as_slice());
                let made = match content {
                    Content::Data(bytes) => traffic.encrypt(bytes, space),
                    Content::CloseNotify => traffic.queue_close_notify(space),
                };
                match made {
                    Ok(count) => return Ok(before.len() + count),
                    Err(EncryptError::InsufficientSize(InsufficientSizeError {
                        required_size,
                    })) => outgoing.resize(own.as_slice().len() + required_size, 0),
                    Err(error @ EncryptError::EncryptExhausted) => {
                        return Err(io::Error::other(error));
                    }
                }
            }
            Ok(ConnectionState::EncodeTlsData(record)) => own.encode(record),
            Ok(ConnectionState::TransmitTlsData(sent)) => sent.done(),
            Ok(_) | Err(_) => return Err(ErrorKind::BrokenPipe.into()),
        }
        incoming.drain(..discard);
    }
}
