//! Keys of an agent: one that is made of a thread and some key files.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Instant;

use rustls::SignatureScheme;
use ssh_key::PrivateKey;
use tempfile::TempDir;

use super::super::agent::Agent;
use super::*;

/// What the agent does when it is asked to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Signs,
    Refuses,
    SignsOther,
    SaysNothing,
}

/// Runs an agent with these keys until its directory is dropped with the test.
fn agent(manner: Manner, keys: Vec<(Vec<u8>, Option<Key>)>) -> (TempDir, Agent) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("agent");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            while let Some(request) = read(&mut stream) {
                answer(manner, &keys, &request, &mut stream);
            }
        }
    });
    (directory, Agent::at(path))
}

fn read(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).ok()?;
    Some(request)
}

fn answer(
    manner: Manner,
    keys: &[(Vec<u8>, Option<Key>)],
    request: &[u8],
    stream: &mut UnixStream,
) {
    let body = match (request[0], manner) {
        (11, _) => {
            let mut body = vec![12];
            body.extend(u32::try_from(keys.len()).unwrap().to_be_bytes());
            for (blob, _) in keys {
                body.extend([string(blob), string(b"a key")].concat());
            }
            body
        }
        (13, Manner::SaysNothing) => return,
        (13, Manner::Signs | Manner::SignsOther) => {
            let (blob, rest) = split(&request[1..]);
            let (message, flags) = split(rest);
            assert_eq!(flags, [0; 4]);
            let key = keys.iter().find(|(its, _)| its == blob);
            let key = key.unwrap().1.as_ref().unwrap();
            let message = match manner {
                Manner::SignsOther => b"another message",
                _ => message,
            };
            let signature = sign(key, message);
            [vec![14], string(&signature)].concat()
        }
        _ => vec![5],
    };
    let _ = stream.write_all(&string(&body));
}

/// As ssh writes signatures.
fn sign(key: &Key, message: &[u8]) -> Vec<u8> {
    let schemes = [
        SignatureScheme::ED25519,
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::ECDSA_NISTP384_SHA384,
    ];
    let signer = key.signing.choose_scheme(&schemes).unwrap();
    let signature = signer.sign(message).unwrap();
    let kind = key.public.algorithm();
    let signature = match signer.scheme() {
        SignatureScheme::ED25519 => signature,
        // SEQUENCE { INTEGER, INTEGER }, all of them short.
        _ => {
            let (one, other) = signature[4..].split_at(signature[3].into());
            [string(one), string(&other[2..])].concat()
        }
    };
    [string(kind.as_str().as_bytes()), string(&signature)].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = bytes.split_first_chunk().unwrap();
    rest.split_at(u32::from_be_bytes(*length) as usize)
}

fn with_key(fixture: &Fixture) -> (Vec<u8>, Option<Key>) {
    let key = PrivateKey::from_openssh(fixture.private).unwrap();
    let blob = key.public_key().to_bytes().unwrap();
    (blob, Some(Key::of_private(&key, Path::new("key")).unwrap()))
}

/// A key that the agent only lists.
fn listed(kind: &str) -> (Vec<u8>, Option<Key>) {
    (string(kind.as_bytes()), None)
}

#[test]
fn an_agent_signs_for_the_server() {
    for fixture in [ED25519, P256, P384] {
        let keys = vec![
            listed("sk-ssh-ed25519@openssh.com"),
            with_key(&RSA),
            with_key(&fixture),
        ];
        let (_directory, agent) = agent(Manner::Signs, keys);
        let identity = Identity::of_key(agent.first_key().unwrap()).unwrap();
        check(&identity, &fixture);
        // Again, over another connection to the agent.
        check(&identity, &fixture);
        assert_eq!(identity.public_key().comment(), "a key");
    }
}

#[test]
fn a_public_key_chooses_one_of_the_agent() {
    let keys = vec![with_key(&ED25519), with_key(&P256), with_key(&RSA)];
    let (_directory, agent) = agent(Manner::Signs, keys);
    let public = |fixture: &Fixture| PublicKey::from_openssh(fixture.public).unwrap();
    let identity = Identity::of_key(agent.key(&public(&P256)).unwrap()).unwrap();
    check(&identity, &P256);
    let missing = format!("{:#}", agent.key(&public(&P384)).unwrap_err());
    assert!(
        missing.contains("does not have the other part"),
        "{missing}"
    );
    let rsa = format!("{:#}", agent.key(&public(&RSA)).unwrap_err());
    assert!(rsa.contains("its file can be used"), "{rsa}");
}

#[test]
fn an_agent_without_a_usable_key_says_why() {
    let told = |keys| {
        let (_directory, agent) = agent(Manner::Signs, keys);
        format!("{:#}", agent.first_key().unwrap_err())
    };
    assert!(told(vec![]).contains("ssh-add"));
    let others = told(vec![with_key(&RSA), listed("nonsense")]);
    assert!(
        others.contains("a key is ssh-rsa (TLS 1.3 wants other signatures"),
        "{others}"
    );
    assert!(
        others.contains("a key is a kind that is not known here"),
        "{others}"
    );
    let fido = PublicKey::from_openssh(
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIGxFPBDbN+Ok\
         rGp/NzegtTyHg3BxZTsar4i72WMqvI2sAAAABHNzaDo=",
    );
    let fido = told(vec![(fido.unwrap().to_bytes().unwrap(), None)]);
    assert!(fido.contains("a FIDO key signs only"), "{fido}");
}

#[test]
fn an_agent_that_does_not_sign_fails_the_handshake() {
    let (_directory, refusing) = agent(Manner::Refuses, vec![with_key(&ED25519)]);
    let error = Identity::of_key(refusing.first_key().unwrap()).unwrap_err();
    assert!(
        format!("{error:#}").contains("the ssh-agent: it refuses"),
        "{error:#}"
    );
    // A wrong signature is the server's to refuse.
    let (_directory, wrong) = agent(Manner::SignsOther, vec![with_key(&ED25519)]);
    let identity = Identity::of_key(wrong.first_key().unwrap()).unwrap();
    assert!(key_seen_by_server(&identity).is_err());
    // One that has gone.
    let (directory, gone) = agent(Manner::Signs, vec![with_key(&ED25519)]);
    let identity = Identity::of_key(gone.first_key().unwrap()).unwrap();
    drop(directory);
    let error = key_seen_by_server(&identity).unwrap_err();
    assert!(error.to_string().contains("the ssh-agent: "), "{error}");
    assert!(
        gone.first_key()
            .unwrap_err()
            .to_string()
            .contains("cannot ask")
    );
}

#[test]
fn an_agent_that_says_nothing_is_not_waited_for() {
    use crate::sys::AgentStream;
    use std::time::Duration;
    let (directory, _agent) = agent(Manner::SaysNothing, vec![]);
    let path = directory.path().join("agent");
    let begin = Instant::now();
    let mut stream = AgentStream::connect(&path, Duration::from_millis(50)).unwrap();
    stream.write_all(&string(&[13])).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    // Also when it is asked again.
    assert_eq!(
        stream.read(&mut [0]).unwrap_err().kind(),
        std::io::ErrorKind::TimedOut
    );
    assert!(begin.elapsed() >= Duration::from_millis(50));
}
