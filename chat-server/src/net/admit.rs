//! The last step of the way in: a peer is let in, or told why not.

use std::net::SocketAddr;

use chat_proto::event::Reply;
use chat_proto::text_form;

use crate::clock::Now;
use crate::hub::notice;
use crate::net::transport::Transport;
use crate::net::wire::Wire;
use crate::runtime::control::Shared;
use crate::runtime::mailbox::Peer;

/// A peer comes from this address: lets it in, or has it told why not.
pub(crate) fn admit(
    wire: Wire,
    address: SocketAddr,
    shared: &Shared,
    now: Now,
    take: &mut dyn FnMut(Peer),
) {
    match shared.admit(wire, address, now) {
        Ok(peer) => take(peer),
        Err((wire, refusal)) => turn_away(wire, &refusal.greeting(&shared.config().limits)),
    }
}

/// Tells a peer, as far as that can be done at once, in the place of a greeting why it
/// cannot come in. What it has sent is read first: to close a socket with unread input
/// resets the connection, and the word would be lost.
pub(crate) fn turn_away(mut wire: Wire, greeting: &str) {
    let mut line = Vec::new();
    text_form::encode_reply(&Reply::Notice(notice(greeting)), &mut line);
    let _ = wire.read(&mut [0; 4096]);
    let _ = wire.write(&line);
    let _ = wire.shut();
}
