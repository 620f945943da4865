//! Several servers with one room, over real servers of NATS.
//!
//! `CHAT_NATS_SERVER` names the program nats-server; `.ci/cluster` installs one and runs these.

mod faults;
mod hostile;
mod nats;
mod newcomers;
mod nightly;
mod order;

use std::path::PathBuf;

use chat_testkit::proxy::Plan;
use chat_testkit::{Proxy, Random, ServerProcess};
use nats::Nats;

const SERVER: &str = env!("CARGO_BIN_EXE_chat-server");

/// Servers with one room, each with a history of its own.
struct Cluster {
    nats: Nats,
    room: String,
    folder: tempfile::TempDir,
    servers: Vec<ServerProcess>,
    more: Vec<String>,
}

impl Cluster {
    /// So many servers, over so many servers of NATS.
    fn start(servers: usize, nats: Nats, more: &[&str]) -> Self {
        let mut cluster = Self {
            nats,
            room: "test".to_owned(),
            folder: tempfile::tempdir().expect("a folder"),
            servers: Vec::new(),
            more: more.iter().map(ToString::to_string).collect(),
        };
        for number in 0..servers {
            let server = cluster.begin(number);
            cluster.servers.push(server);
        }
        cluster
    }

    /// Starts a server, which goes on with what it has of the room.
    fn begin(&self, number: usize) -> ServerProcess {
        self.begin_at(number, &self.nats.url(&self.room))
    }

    /// The same, with this way to NATS.
    fn begin_at(&self, number: usize, url: &str) -> ServerProcess {
        let history = self.history(number);
        let history = history.to_str().expect("a name in UTF-8");
        let copies = self.nats.count().min(3).to_string();
        let mut args = vec!["--cluster", url, "--cluster-copies", &copies];
        args.extend(["--history", history, "--history-keep", "256MiB"]);
        args.extend(self.more.iter().map(String::as_str));
        // NATS may have to choose a leader first.
        ServerProcess::start_slowly(SERVER, &args)
    }

    fn history(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("room-{number}.jsonl"))
    }

    /// A way to one of the servers, which can be turned to another one.
    fn way(&self, number: usize) -> Proxy {
        let whole = |_, _: &mut Random| Plan::default();
        Proxy::with_plans(self.servers[number].addr(), Random::new(1), whole)
    }
}
