//! Keys of an ssh-agent, which the test plays.

use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use chat_client::net::connect::CONNECT_FOR;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::SigningKey;

use super::*;

/// What the agent does when it is asked to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Signs,
    Refuses,
    /// Asks the person, who takes longer than a connection may.
    AsksFirst,
    /// Asks the person, who is away until it does something else.
    Waits,
}

/// An agent with one key.
struct Agent {
    folder: TempDir,
    fingerprint: String,
    desk: Arc<Desk>,
}

/// What the agent is to do, and how often it was asked to sign since that was said.
#[derive(Debug)]
struct Desk {
    order: Mutex<(Manner, usize)>,
    changed: Condvar,
}

impl Desk {
    fn order(&self, manner: Manner) {
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        *order = (manner, 0);
        self.changed.notify_all();
    }

    fn asked(&self) -> usize {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Whether the agent signs now.
    fn signs(&self) -> bool {
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order.1 += 1;
        let is_away = |order: &mut (Manner, usize)| order.0 == Manner::Waits;
        let order = self.changed.wait_while(order, is_away);
        let (manner, _) = *order.unwrap_or_else(PoisonError::into_inner);
        if manner == Manner::AsksFirst {
            thread::sleep(CONNECT_FOR + Duration::from_millis(200));
        }
        manner != Manner::Refuses
    }
}

impl Agent {
    #[track_caller]
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let listener = UnixListener::bind(folder.path().join("agent")).expect("a free name");
        // RFC 8410, around a key that counts for nothing elsewhere.
        let prefix = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
        let der = PrivatePkcs8KeyDer::from([&prefix[..], &[7; 32]].concat());
        let signing = any_supported_type(&der.into()).expect("a key");
        let spki = signing.public_key().expect("its public part").to_vec();
        let blob = [string(b"ssh-ed25519"), string(&spki[spki.len() - 32..])].concat();
        let key = PublicKey::from_bytes(&blob).expect("a key");
        let desk = Arc::new(Desk {
            order: Mutex::new((Manner::Signs, 0)),
            changed: Condvar::new(),
        });
        let told = Arc::clone(&desk);
        // It ends with the tests.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                while let Some(request) = read(&mut stream) {
                    let body = match request.first() {
                        Some(11) => listed(&blob),
                        Some(13) if told.signs() => signed(&request[1..], &*signing),
                        _ => vec![5],
                    };
                    // A client that goes away is no error here.
                    let _ = stream.write_all(&string(&body));
                }
            }
        });
        Self {
            folder,
            fingerprint: keys::fingerprint(&key).to_string(),
            desk,
        }
    }

    fn socket(&self) -> String {
        let socket = self.folder.path().join("agent");
        socket.to_str().expect("a plain path").to_owned()
    }

    /// A client with pipes that asks this agent.
    #[track_caller]
    fn pipe(&self, home: &Home, addr: SocketAddr) -> Program {
        let env = [
            ("XDG_STATE_HOME", home.state()),
            ("SSH_AUTH_SOCK", &self.socket()),
        ];
        Program::spawn(client(), &[&[&*addr.to_string()], ASKING].concat(), &env)
    }

    /// One in a terminal.
    #[track_caller]
    fn open(&self, home: &Home, addr: SocketAddr) -> Terminal {
        let env = [
            ("XDG_STATE_HOME", home.state()),
            ("SSH_AUTH_SOCK", &self.socket()),
        ];
        let addr = addr.to_string();
        Terminal::spawn(client(), &[&[&*addr], ASKING, USUAL].concat(), &env, 24, 80)
    }
}

const ASKING: &[&str] = &["--name", "ann", "--tls", "--identity", "agent"];

fn read(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).ok()?;
    Some(request)
}

/// `SSH_AGENT_IDENTITIES_ANSWER`.
fn listed(blob: &[u8]) -> Vec<u8> {
    [&[12, 0, 0, 0, 1], &*string(blob), &*string(b"a key")].concat()
}

/// `SSH_AGENT_SIGN_RESPONSE` to a request that names the key, the message and flags.
fn signed(request: &[u8], key: &dyn SigningKey) -> Vec<u8> {
    let (_, rest) = split(request);
    let (message, _) = split(rest);
    let signer = key.choose_scheme(&[SignatureScheme::ED25519]);
    let signature = signer.expect("its scheme").sign(message).expect("a key");
    let signature = [string(b"ssh-ed25519"), string(&signature)].concat();
    [vec![14], string(&signature)].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short one");
    [&length.to_be_bytes(), bytes].concat()
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = bytes.split_first_chunk().expect("a length");
    rest.split_at(u32::from_be_bytes(*length) as usize)
}

/// The connection that it does not sign for is lost, and not the last one.
#[test]
fn an_agent_signs_for_each_connection() {
    let (front, listener) = front(&Identity::new());
    let (home, agent) = (Home::new(), Agent::start());
    let mut program = agent.pipe(&home, front.addr());
    let inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
    agent.desk.order(Manner::Refuses);
    front.cut();
    drop(inner);
    program.stdout.expect("-- connection lost; trying again");
    until("it is asked again", || agent.desk.asked() > 0);
    agent.desk.order(Manner::Signs);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- back after");
    assert_eq!(shown(&front), [&*agent.fingerprint; 2]);
    assert!(!home.own_key().exists());
}

#[test]
fn an_agent_that_does_not_sign_ends_it_before_anything_is_sent() {
    let (front, listener) = front(&Identity::new());
    let (home, agent) = (Home::new(), Agent::start());
    agent.desk.order(Manner::Refuses);
    let mut program = agent.pipe(&home, front.addr());
    program.wait_exit(Duration::from_secs(10));
    let told = "the key does not sign: the ssh-agent: it refuses";
    ended(&program.finish(), 2, &[told]);
    // Where there is none.
    let output = home.say_secret(front.addr(), &["--tls", "--identity", "agent"]);
    ended(
        &output,
        2,
        &["there is no ssh-agent: SSH_AUTH_SOCK is not set"],
    );
    assert_eq!(front.proofs(), []);
    is_unvisited(&listener);
}

/// The time in which a person is asked is none of the network's.
#[test]
fn an_agent_may_ask_the_person_first() {
    let (front, listener) = front(&Identity::new());
    let (home, agent) = (Home::new(), Agent::start());
    let mut program = agent.pipe(&home, front.addr());
    let inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
    agent.desk.order(Manner::AsksFirst);
    front.cut();
    drop(inner);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- back after");
    assert_eq!(agent.desk.asked(), 1);
}

#[test]
fn a_person_types_while_the_agent_is_waited_for() {
    let (front, listener) = front(&Identity::new());
    let (home, agent) = (Home::new(), Agent::start());
    let ann = agent.open(&home, front.addr());
    let inner = welcome(&listener, "ann");
    ann.wait_for_text("-- you are ann");
    agent.desk.order(Manner::Waits);
    front.cut();
    drop(inner);
    until("it is asked", || agent.desk.asked() > 0);
    ann.type_text("meanwhile");
    ann.wait_for_text("<You> meanwhile");
    agent.desk.order(Manner::Signs);
    let _inner = welcome(&listener, "ann");
    ann.wait_for_text("-- back after");
}
