//! Servers that a test plays itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use chat_testkit::Peer;

/// A listener on a free port of 127.0.0.1.
#[track_caller]
pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("ports are left");
    let addr = listener.local_addr().expect("a bound socket");
    (listener, addr)
}

/// Greets as chat/1 and welcomes the client that says hello, as `name`.
#[track_caller]
pub(crate) fn welcome(listener: &TcpListener, name: &str) -> Peer {
    let mut peer = greet(listener);
    send_welcome(&mut peer, name);
    peer
}

/// Greets as chat/1 and takes the hello, but sends no welcome yet.
#[track_caller]
pub(crate) fn greet(listener: &TcpListener) -> Peer {
    let mut peer = Peer::accept(listener);
    peer.send_str("\r-- chat/1 hello; type and you are heard\n");
    let hello = peer.expect_line();
    assert!(hello.starts_with("/hello {"), "{hello:?}");
    peer
}

/// Welcomes the client that has said hello, as `name`.
#[track_caller]
pub(crate) fn send_welcome(peer: &mut Peer, name: &str) {
    send_reply(
        peer,
        &format!(
            r#""seq":0,"type":"welcome","protocol":1,"name":"{name}","people":1,"names":["{name}"],"limits":{{"text":4096,"line":32768,"name":32}}"#
        ),
    );
}

/// Greets the next client as chat/1, and checks that the hello has this in it.
#[track_caller]
pub(crate) fn greet_again(listener: &TcpListener, in_hello: &str) -> Peer {
    let mut peer = Peer::accept(listener);
    peer.send_str("\r-- chat/1 hello; type and you are heard\n");
    let hello = peer.expect_line();
    let heard = hello.starts_with("/hello {") && hello.contains(in_hello);
    assert!(heard, "{in_hello} in {hello}");
    peer
}

/// Welcomes the client that has said hello as `name` into the room `r1`, whose newest
/// event is `seq`. `more`: further members, each behind a comma.
#[track_caller]
pub(crate) fn welcome_to_room(peer: &mut Peer, seq: u64, name: &str, more: &str) {
    send_reply(
        peer,
        &format!(
            r#""seq":{seq},"type":"welcome","protocol":1,"name":"{name}","people":2,"names":["{name}","bo"],"limits":{{"text":4096,"line":32768,"name":32}},"room":"r1","first":1,"kept":false{more}"#
        ),
    );
}

/// Sends an object with these members, in JSON, and a time that is long past.
#[track_caller]
pub(crate) fn send_reply(peer: &mut Peer, members: &str) {
    peer.send_str(&object("2023-11-23T10:00:00.123Z", members));
}

/// The line of an object of this time with these members.
pub(crate) fn object(time: &str, members: &str) -> String {
    format!("{{\"time\":\"{time}\",{members}}}\n")
}

/// Sends a message as the room would.
#[track_caller]
pub(crate) fn send_message(peer: &mut Peer, seq: u64, name: &str, text: &str, id: Option<&str>) {
    let id = id.map_or_else(String::new, |id| format!(",\"id\":\"{id}\""));
    let members = format!(r#""seq":{seq},"type":"message","name":"{name}","text":"{text}"{id}"#);
    send_reply(peer, &members);
}

/// The mark of a message that a client has sent.
#[track_caller]
pub(crate) fn id_of(message: &str) -> &str {
    let (_, rest) = message.split_once("\"id\":\"").expect("it has a mark");
    rest.split_once('"').expect("a whole line").0
}

/// The tutorial's server: the bytes of one read go to all clients but their sender,
/// behind a carriage return and the sender's address.
pub(crate) struct Tutorial {
    addr: SocketAddr,
    people: Arc<Mutex<Vec<TcpStream>>>,
}

impl Tutorial {
    pub(crate) fn start() -> Self {
        let (listener, addr) = listen();
        let people = Arc::new(Mutex::new(Vec::new()));
        let tutorial = Self {
            addr,
            people: Arc::clone(&people),
        };
        // It ends with the tests.
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let people = Arc::clone(&people);
                thread::spawn(move || serve(stream, &people));
            }
        });
        tutorial
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many are connected.
    pub(crate) fn people(&self) -> usize {
        lock(&self.people).len()
    }
}

fn serve(mut stream: TcpStream, people: &Mutex<Vec<TcpStream>>) {
    let addr = stream.peer_addr().expect("a connected socket");
    tell_others(people, addr, &format!("[{addr}] entered room\n"));
    lock(people).push(stream.try_clone().expect("descriptors are left"));
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let said = String::from_utf8_lossy(&buffer[..count]);
        let from = format!("('{}', {})", addr.ip(), addr.port());
        tell_others(people, addr, &format!("\r<{from}> {said}"));
    }
    lock(people).retain(|person| person.peer_addr().is_ok_and(|other| other != addr));
    let from = format!("({}, {})", addr.ip(), addr.port());
    tell_others(people, addr, &format!("Client {from} is offline"));
}

fn tell_others(people: &Mutex<Vec<TcpStream>>, sender: SocketAddr, text: &str) {
    for mut person in lock(people).iter() {
        if person.peer_addr().is_ok_and(|addr| addr != sender) {
            // The thread of a client that is gone notices it.
            let _ = person.write_all(text.as_bytes());
        }
    }
}

fn lock(people: &Mutex<Vec<TcpStream>>) -> MutexGuard<'_, Vec<TcpStream>> {
    people.lock().unwrap_or_else(PoisonError::into_inner)
}
