use std::io::Cursor;

use ssh_key::PublicKey;

use super::*;
use crate::identity::fixtures::{ED25519, P256};

/// An agent that gives one answer.
struct Scripted {
    answer: Cursor<Vec<u8>>,
    asked: Vec<u8>,
}

impl Scripted {
    fn new(answer: &[u8]) -> Self {
        Self {
            answer: Cursor::new(answer.to_vec()),
            asked: Vec::new(),
        }
    }
}

impl Read for Scripted {
    /// A byte at a time, as a stream may.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.answer.read(&mut buffer[..most])
    }
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.asked.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn string_of(bytes: &[u8]) -> Vec<u8> {
    prefixed(bytes).unwrap()
}

#[test]
fn keys_are_listed() {
    let body = [
        &[IDENTITIES_ANSWER, 0, 0, 0, 2][..],
        b"\0\0\0\x01a\0\0\0\x02bc\0\0\0\0\0\0\0\0",
    ];
    let mut agent = Scripted::new(&string_of(&body.concat()));
    let listed = list(&mut agent).unwrap();
    assert_eq!(agent.asked, [0, 0, 0, 1, REQUEST_IDENTITIES]);
    assert_eq!(
        listed[0],
        Listed {
            blob: b"a".into(),
            comment: "bc".into()
        }
    );
    assert_eq!(
        listed[1],
        Listed {
            blob: b"".into(),
            comment: "".into()
        }
    );
}

#[test]
fn an_answer_that_makes_no_sense_is_an_error() {
    let fails = |answer: &[u8]| list(&mut Scripted::new(answer)).unwrap_err().kind();
    assert_eq!(fails(&[]), io::ErrorKind::UnexpectedEof);
    assert_eq!(fails(&[0, 0, 0, 0]), io::ErrorKind::InvalidData);
    // Longer than an answer may be, and longer than what comes.
    assert_eq!(fails(&[0, 4, 0, 1, 12]), io::ErrorKind::InvalidData);
    assert_eq!(fails(&[0xff, 0xff, 0xff, 0xff]), io::ErrorKind::InvalidData);
    assert_eq!(fails(&[0, 4, 0, 0, 12]), io::ErrorKind::UnexpectedEof);
    // It refuses.
    assert_eq!(fails(&[0, 0, 0, 1, 5]), io::ErrorKind::PermissionDenied);
    let body = |body: &[u8]| fails(&string_of(&[&[IDENTITIES_ANSWER], body].concat()));
    assert_eq!(body(&[0, 0]), io::ErrorKind::InvalidData);
    assert_eq!(body(&[0, 0, 0, 1]), io::ErrorKind::InvalidData);
    assert_eq!(
        body(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]),
        io::ErrorKind::InvalidData
    );
    // More keys than there may be.
    let many = [&[0, 0, 8, 1][..], &[0; 8 * 2049]].concat();
    assert_eq!(body(&many), io::ErrorKind::InvalidData);
    let most = [&[IDENTITIES_ANSWER, 0, 0, 8, 0][..], &[0; 8 * 2048]].concat();
    assert_eq!(
        list(&mut Scripted::new(&string_of(&most))).unwrap().len(),
        2048
    );
}

fn sign_with(key: &str, kind: &str, signature: &[u8]) -> io::Result<Vec<u8>> {
    let key = PublicKey::from_openssh(key).unwrap();
    let signature = [string_of(kind.as_bytes()), string_of(signature)].concat();
    let answer = [&[SIGN_RESPONSE][..], &string_of(&signature)].concat();
    sign(
        &mut Scripted::new(&string_of(&answer)),
        key.key_data(),
        b"key",
        b"message",
    )
}

#[test]
fn signatures_get_the_form_of_tls() {
    let bare = sign_with(ED25519.public, "ssh-ed25519", &[7; 64]);
    assert_eq!(bare.unwrap(), [7; 64]);
    // The numbers of ECDSA, one of them with a zero before it and one a byte short.
    let numbers = [
        string_of(&[&[0][..], &[0x80; 32]].concat()),
        string_of(&[1; 31]),
    ]
    .concat();
    let der = [&[0x30, 68, 2, 33, 0][..], &[0x80; 32], &[2, 31], &[1; 31]].concat();
    let signed = sign_with(P256.public, "ecdsa-sha2-nistp256", &numbers);
    assert_eq!(signed.unwrap(), der);

    let fails = |key, kind, signature: &[u8]| sign_with(key, kind, signature).unwrap_err().kind();
    let invalid = io::ErrorKind::InvalidData;
    assert_eq!(fails(ED25519.public, "ssh-ed25519", &[7; 63]), invalid);
    assert_eq!(fails(ED25519.public, "ssh-rsa", &[7; 64]), invalid);
    assert_eq!(fails(P256.public, "ecdsa-sha2-nistp256", &[0; 3]), invalid);
    let long = [string_of(&[1; 34]), string_of(&[1; 32])].concat();
    assert_eq!(fails(P256.public, "ecdsa-sha2-nistp256", &long), invalid);
}

#[test]
fn a_request_names_the_key_and_the_message() {
    let key = PublicKey::from_openssh(ED25519.public).unwrap();
    let mut agent = Scripted::new(&[0, 0, 0, 1, 5]);
    let refused = sign(&mut agent, key.key_data(), b"key", b"message").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    let request = b"\0\0\0\x17\x0d\0\0\0\x03key\0\0\0\x07message\0\0\0\0";
    assert_eq!(agent.asked, request);
}
