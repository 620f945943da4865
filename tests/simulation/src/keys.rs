//! The keys that peers show, and the room in which names belong to them.

use chat_server::access::keys::{PersonKey, of_spki};
use chat_server::access::naming::Naming;
use chat_server::access::people::People;
use chat_server::clock::Now;
use chat_server::hub::Hub;
use chat_server::room::request::Request;

/// The key of every second one of these: few, so that one person has several connections,
/// and several persons want the same names.
pub(crate) fn key_of(number: usize) -> Option<PersonKey> {
    if number.is_multiple_of(2) {
        return None;
    }
    let mut spki = ED25519.to_vec();
    spki.extend([(number / 2 % KEYS) as u8; 32]);
    let key = of_spki(&spki).expect("a key of Ed25519");
    Some(PersonKey::of(&key).expect("one that ssh can write"))
}

/// Names belong to keys from now on, and none does yet.
pub(crate) fn begin_claims(hub: &mut Hub, now: Now) {
    let request = Request::SetPeople {
        naming: Naming::Claim,
        people: Box::new(People::default()),
        taken: 0,
    };
    hub.request(request, now);
}

const KEYS: usize = 3;

/// What stands before the 32 bytes of such a key (RFC 8410).
const ED25519: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
