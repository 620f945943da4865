use proptest::prelude::*;

use super::fixtures::{ED25519, Fixture, P256, P384, P521, RSA, RSA_1024};
use super::*;

/// Bytes of base64, as `base64 -d` gives them.
fn decode(base64: &str) -> Vec<u8> {
    let value = |digit| match digit {
        b'A'..=b'Z' => u32::from(digit - b'A'),
        b'a'..=b'z' => u32::from(digit - b'a') + 26,
        b'0'..=b'9' => u32::from(digit - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => 0,
    };
    let padding = base64.bytes().filter(|&digit| digit == b'=').count();
    let groups = base64.as_bytes().chunks(4);
    let mut bytes: Vec<u8> = groups
        .flat_map(|group| {
            let bits = group
                .iter()
                .fold(0, |bits, &digit| bits << 6 | value(digit));
            [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]
        })
        .collect();
    bytes.truncate(bytes.len() - padding);
    bytes
}

fn of(key: &Fixture) -> Result<PublicKey, Unusable> {
    of_spki(&decode(key.spki))
}

#[test]
fn the_key_of_a_certificate_is_the_one_that_ssh_knows() {
    for key in [ED25519, P256, P384, RSA] {
        let found = of(&key).unwrap();
        assert_eq!(found.to_openssh().unwrap(), key.line);
        assert_eq!(fingerprint(&found).to_string(), key.fingerprint);
        assert_eq!(check(&PublicKey::from_openssh(key.line).unwrap()), Ok(()));
    }
}

#[test]
fn keys_that_no_client_can_use_are_refused() {
    assert!(matches!(of(&P521), Err(Unusable::Kind(_))));
    assert_eq!(of(&RSA_1024), Err(Unusable::RsaBits(1024)));
    let check = |line| check(&PublicKey::from_openssh(line).unwrap()).unwrap_err();
    assert_eq!(check(RSA_1024.line), Unusable::RsaBits(1024));
    let kind = "keys of ecdsa-sha2-nistp521 cannot be used: only";
    assert!(check(P521.line).to_string().starts_with(kind));
    let fido = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIGxFPBDb\
                N+OkrGp/NzegtTyHg3BxZTsar4i72WMqvI2sAAAABHNzaDo=";
    assert_eq!(check(fido), Unusable::Fido);
}

#[test]
fn only_one_encoding_of_a_key_is_taken() {
    let good = decode(P256.spki);
    // A compressed point; the header says how long the rest is.
    let mut compressed = good[..59].to_vec();
    compressed[1] -= 32;
    compressed[24] -= 32;
    compressed[26] = 2;
    assert_eq!(of_spki(&compressed), Err(Unusable::Malformed));
    // A point of one curve under the name of the other.
    let other = [
        &[0x30, 0x56, 0x30, 0x10],
        &decode(P384.spki)[4..20],
        &good[23..],
    ]
    .concat();
    assert_eq!(of_spki(&other), Err(Unusable::Malformed));
    // A length in two bytes where one is enough, and something behind the key.
    let long = [&[0x30, 0x81, good[1]], &good[2..]].concat();
    assert_eq!(of_spki(&long), Err(Unusable::Malformed));
    assert_eq!(
        of_spki(&[&good[..], &[0]].concat()),
        Err(Unusable::Malformed)
    );
    assert_eq!(of_spki(&[]), Err(Unusable::Malformed));
    // A zero before the modulus that it does not need: 0x00 0x00 0xda.
    let rsa = decode(RSA.spki);
    let at = rsa.windows(2).position(|pair| pair == [0, 0xda]).unwrap();
    let mut padded = [&rsa[..at], &[0], &rsa[at..]].concat();
    for length in [2, 21, 26, 30] {
        // The low byte of each length around it; none overflows.
        padded[length + 1] += 1;
    }
    assert_eq!(of_spki(&padded), Err(Unusable::Malformed));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        mut bytes in prop_oneof![
            Just(decode(RSA.spki)), Just(decode(P384.spki)), Just(decode(ED25519.spki)),
        ],
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = of_spki(&bytes);
        let _ = of_spki(&bytes[..end.index(bytes.len())]);
    }

    #[test]
    fn a_changed_encoding_is_never_the_same_key(
        (spki, line) in prop_oneof![
            Just((decode(RSA.spki), RSA.line)), Just((decode(P256.spki), P256.line)),
        ],
        place in any::<prop::sample::Index>(),
        byte in 1u8..,
    ) {
        let mut changed = spki;
        let place = place.index(changed.len());
        changed[place] ^= byte;
        if let Ok(key) = of_spki(&changed) {
            prop_assert_ne!(key.to_openssh().unwrap(), line);
        }
    }
}
