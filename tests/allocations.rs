//! What the server allocates while people talk: nothing for a delivery, and a
//! few pieces of memory for a message.
//!
//! The server runs in this process, whose allocator counts; the clients use what they
//! have from the start. It is a program of its own, since no other test may allocate
//! meanwhile.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use chat_proto::event::Limits;
use chat_server::config::Config;
use chat_server::hub::Hub;
use chat_server::net::listener::Listener;
use chat_server::ops::logger::Logger;
use chat_server::room::identity::Identity;
use chat_server::runtime::server::{LOG_BYTES, Server};
use chat_server::runtime::system_clock::now;
use chat_server::timeline::mark::Form;

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

/// Messages that are counted.
const MESSAGES: u64 = 1000;

fn serve() -> SocketAddr {
    let anywhere = "127.0.0.1:0".parse().expect("an address");
    let listener = Listener::bind(anywhere).expect("ports are left");
    let address = listener.address();
    let limits = Limits {
        rate: 0,
        ..Limits::default()
    };
    let config = Config {
        connections: 1000,
        together: 1000,
        ..Config::of(limits)
    };
    let identity = Identity::new(now().time).expect("random bits");
    let room = Hub::new(identity, LOG_BYTES);
    let logger = Logger::on_stderr();
    let server = Server::new(
        vec![listener],
        room,
        None,
        config,
        NonZeroUsize::MIN,
        logger,
    );
    let server = server.expect("a poll can be had");
    // To the end of the process.
    thread::spawn(|| server.run());
    address
}

/// A peer that is in the room, and has read everything so far.
fn join(address: SocketAddr, form: Form, number: usize) -> TcpStream {
    let mut peer = TcpStream::connect(address).expect("the server listens");
    let limit = Some(Duration::from_secs(30));
    peer.set_read_timeout(limit).expect("a limit can be set");
    let hello = match form {
        Form::Json => {
            format!("/hello {{\"protocol\":1,\"name\":\"p{number}x\"}}\n{{\"type\":\"ping\"}}\n")
        }
        Form::Text => format!("/nick p{number}x\n"),
    };
    peer.write_all(hello.as_bytes()).expect("it is taken");
    let known = format!("known as p{number}x\n");
    read_until(&mut peer, [b"\"pong\"}\n", known.as_bytes()]);
    peer
}

/// Reads until what came ends in one of these, and allocates nothing.
fn read_until(peer: &mut TcpStream, ends: [&[u8]; 2]) {
    let mut buffer = [0; 16 * 1024];
    let mut length = 0;
    while !ends.iter().any(|end| buffer[..length].ends_with(end)) {
        if length > buffer.len() / 2 {
            buffer.copy_within(length - 100..length, 0);
            length = 100;
        }
        let count = peer.read(&mut buffer[length..]).expect("it comes");
        assert!(count > 0, "the server closed");
        length += count;
    }
}

/// How many times memory was allocated for [`MESSAGES`] messages, one at a time, to
/// this many readers, half of them in each form.
fn allocations(readers: usize, form: Form) -> u64 {
    const TEXT: &[u8] = b"one of many\n";
    // The mark counts up in its place.
    let mut line =
        *b"{\"type\":\"message\",\"text\":\"one of many\",\"id\":\"0000000000000000000000\"}\n";
    let digits = line.len() - 3 - 4..line.len() - 3;
    let address = serve();
    let mut talker = join(address, form, readers);
    let mut people: Vec<TcpStream> = (0..readers)
        .map(|number| {
            let form = [Form::Json, Form::Text][number % 2];
            join(address, form, number)
        })
        .collect();
    if form == Form::Json {
        // In this form a peer gets its own lines, too.
        people.push(talker.try_clone().expect("descriptors are left"));
    }
    let mut say = |number: u64| {
        let mut left = number;
        for digit in line[digits.clone()].iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
        let (said, own): (&[u8], &[u8]) = match form {
            Form::Json => (&line, &line[digits.start..]),
            Form::Text => (TEXT, b"one of many\"}\n"),
        };
        talker.write_all(said).expect("it is taken");
        for peer in &mut people {
            read_until(peer, [TEXT, own]);
        }
    };
    // What grows at first has grown then.
    (0..MESSAGES).for_each(&mut say);
    let before = dhat::HeapStats::get().total_blocks;
    (MESSAGES..2 * MESSAGES).for_each(&mut say);
    dhat::HeapStats::get().total_blocks - before
}

#[test]
fn nothing_is_allocated_for_a_delivery_and_little_for_a_message() {
    let _profiler = dhat::Profiler::builder().testing().build();
    for (form, pieces) in [(Form::Text, 2), (Form::Json, 4)] {
        let [few, many] = [2, 18].map(|readers| allocations(readers, form));
        println!("{few} for 2 readers, {many} for 18, {MESSAGES} messages; {form:?}");
        // The log and its index grow now and then.
        assert!(few <= pieces * MESSAGES + MESSAGES / 10, "{few}");
        // One a delivery would be 16 times as many messages more.
        assert!(many.abs_diff(few) < MESSAGES / 10, "{few} and {many}");
    }
}
