//! Servers of NATS, as processes of their own in a folder of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::{env, fs};

use chat_testkit::{DEADLINE, Program, Signal, until_some};
use serde_json::Value;

use crate::order::until_slowly;

/// Servers of NATS that keep copies for each other.
pub(crate) struct Nats {
    folder: tempfile::TempDir,
    nodes: Vec<Node>,
}

struct Node {
    program: Option<Program>,
    client: SocketAddr,
    monitor: SocketAddr,
}

/// How servers of NATS are set up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setup {
    /// Each record is on the disk before it counts.
    pub(crate) sync_always: bool,
    /// `user: …` and the like, for the block `authorization`.
    pub(crate) authorization: Option<&'static str>,
    /// What a server of NATS may keep; a GiB unless it is given.
    pub(crate) max_store: Option<&'static str>,
}

impl Nats {
    /// So many, which have chosen a leader.
    pub(crate) fn start(count: usize) -> Self {
        Self::start_with(count, Setup::default())
    }

    pub(crate) fn start_with(count: usize, setup: Setup) -> Self {
        // The ports have to be known before: each is told those of the others.
        let ports: Vec<[SocketAddr; 3]> = (0..count).map(|_| [(); 3].map(|()| free())).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let routes: Vec<String> = ports
            .iter()
            .map(|[_, _, route]| route.to_string())
            .collect();
        for (number, [client, monitor, route]) in ports.iter().enumerate() {
            let store = folder.path().join(format!("store-{number}"));
            let others: Vec<String> = routes.iter().map(|it| format!("nats://{it}")).collect();
            let cluster = match count {
                1 => String::new(),
                _ => format!("cluster {{ name: c, listen: \"{route}\", routes: {others:?} }}"),
            };
            let config = format!(
                "server_name: n{number}\nlisten: \"{client}\"\nhttp: \"{monitor}\"\n\
                 jetstream {{ store_dir: {store:?}, max_file_store: {}, {} }}\n\
                 {}\n{cluster}\n",
                setup.max_store.unwrap_or("1GB"),
                match setup.sync_always && env::var_os("CHAT_NATS_WITHOUT_SYNC").is_none() {
                    true => "sync_interval: always",
                    false => "",
                },
                setup
                    .authorization
                    .map_or_else(String::new, |it| format!("authorization {{ {it} }}")),
            );
            fs::write(config_of(folder.path(), number), config).expect("a file");
        }
        let node = |[client, monitor, _]: [SocketAddr; 3]| Node {
            program: None,
            client,
            monitor,
        };
        let nodes = ports.into_iter().map(node).collect();
        let mut nats = Self { folder, nodes };
        (0..count).for_each(|number| nats.begin(number));
        (0..count).for_each(|number| nats.wait_for(number));
        nats
    }

    /// The argument of `--cluster` for this room.
    pub(crate) fn url(&self, room: &str) -> String {
        let hosts = self.nodes.iter().map(|node| node.client.to_string());
        format!("nats://{}/{room}", hosts.collect::<Vec<_>>().join(","))
    }

    /// Where clients of one of them connect.
    pub(crate) fn address(&self, number: usize) -> SocketAddr {
        self.nodes[number].client
    }

    /// Kills one of them.
    pub(crate) fn kill(&mut self, number: usize) {
        self.nodes[number].program = None;
    }

    /// Starts one again that was killed.
    pub(crate) fn restart(&mut self, number: usize) {
        self.begin(number);
        self.wait_for(number);
    }

    pub(crate) fn signal(&self, number: usize, signal: Signal) {
        if let Some(program) = &self.nodes[number].program {
            program.signal(signal);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Which of them leads the stream of a room.
    pub(crate) fn leader(&self, room: &str) -> usize {
        let stream = format!("chat-{room}");
        until_some("the stream has a leader", || {
            let running = self.nodes.iter().filter(|node| node.program.is_some());
            let mut told = running.filter_map(|node| get(node.monitor, "/jsz?streams=true"));
            told.find_map(|jsz| leader_in(&jsz, &stream))
        })
    }

    /// Starts one that was killed, without waiting for it.
    pub(crate) fn begin(&mut self, number: usize) {
        let config = config_of(self.folder.path(), number);
        let config = config.to_str().expect("a name in UTF-8");
        let program = Program::spawn(program(), &["-c", config], &[]);
        self.nodes[number].program = Some(program);
    }

    /// Waits until it is ready.
    pub(crate) fn wait_for(&self, number: usize) {
        let monitor = self.nodes[number].monitor;
        // They have to choose a leader first.
        until_slowly("NATS is ready", || {
            get(monitor, "/healthz").is_some_and(|health| health["status"] == "ok")
        });
    }
}

fn leader_in(jsz: &Value, stream: &str) -> Option<usize> {
    let accounts = jsz["account_details"].as_array()?;
    let mut streams = accounts
        .iter()
        .filter_map(|account| account["stream_detail"].as_array())
        .flatten();
    let found = streams.find(|it| it["name"] == stream)?;
    let leader = found["cluster"]["leader"].as_str()?;
    leader.strip_prefix('n')?.parse().ok()
}

fn config_of(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("{number}.conf"))
}

/// The program, which the one who runs the tests names.
fn program() -> PathBuf {
    let given = env::var_os("CHAT_NATS_SERVER");
    given
        .expect("CHAT_NATS_SERVER names nats-server: see tests/README.md")
        .into()
}

/// A port that no other program has at this moment.
fn free() -> SocketAddr {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("ports are left");
    socket.local_addr().expect("a bound socket")
}

/// What a monitor tells.
fn get(monitor: SocketAddr, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect_timeout(&monitor, DEADLINE).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

/// Another program that NATS lets in.
pub(crate) struct Stranger {
    stream: BufReader<TcpStream>,
}

impl Stranger {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("NATS");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        let mut stranger = Self {
            stream: BufReader::new(stream),
        };
        stranger.send(b"CONNECT {\"verbose\":false,\"headers\":true}\r\n");
        stranger
    }

    pub(crate) fn publish(&mut self, subject: &str, payload: &[u8]) {
        let head = format!("PUB {subject} {}\r\n", payload.len());
        self.send(&[head.as_bytes(), payload, b"\r\n"].concat());
    }

    /// Has it hear what is published there from now on.
    pub(crate) fn listen(&mut self, subject: &str) {
        self.send(format!("SUB {subject} 1\r\nPING\r\n").as_bytes());
        while self.line() != "PONG" {}
    }

    /// What it hears next.
    pub(crate) fn hear(&mut self) -> Vec<u8> {
        loop {
            let line = self.line();
            let words: Vec<&str> = line.split(' ').collect();
            let [head, all] = match words[..] {
                ["MSG", .., all] => ["0", all],
                ["HMSG", .., head, all] => [head, all],
                ["PING"] => {
                    self.send(b"PONG\r\n");
                    continue;
                }
                _ => continue,
            };
            let [head, all] = [head, all].map(|it| it.parse::<usize>().expect("a length"));
            let mut message = vec![0; all + 2];
            self.stream.read_exact(&mut message).expect("a message");
            return message[head..all].to_vec();
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("NATS speaks");
        line.trim_end().to_owned()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("NATS");
    }
}
