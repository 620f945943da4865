use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chat_proto::event::{Limits, RunId, SpeechKind};
use chat_proto::name::Name;

use super::*;
use crate::access::keys::fixtures::person_key;
use crate::access::naming::Naming;
use crate::config::Config;
use crate::hub::testing::client;
use crate::hub::{Hub, notice};
use crate::ops::logger::{Format, Level, Logger};
use crate::ops::people_file::PeopleFile;
use crate::room::identity::tests::identity;
use crate::room::origin::ServerId;
use crate::room::request::{Act, Join};
use crate::sequencer::shared::SharedOrder;

/// What a server has logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One of the servers, with a file of its own.
struct Server {
    shared: Shared,
    keeper: PeopleKeeper,
    path: PathBuf,
    log: Log,
}

impl Server {
    fn file(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    fn before(&self) -> Option<String> {
        let path = self.path.with_extension("before");
        fs::read_to_string(path).ok()
    }

    /// A look at the file, and what follows from it.
    fn look(&mut self) {
        let look = self.keeper.file.look_at_once();
        self.keeper.round(look, &self.shared);
    }

    fn log(&self) -> String {
        self.shared.logger.flush();
        let log = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(log.clone()).unwrap()
    }
}

/// Servers that share an order.
struct Test {
    order: SharedOrder,
    servers: Vec<Server>,
    folder: tempfile::TempDir,
}

impl Test {
    fn new() -> Self {
        Self {
            order: SharedOrder::new(),
            servers: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Another server comes, whose file says this, and has read all of the order.
    fn add(&mut self, file: &str) -> &mut Server {
        let number = self.servers.len();
        let path = self.folder.path().join(format!("people-{number}"));
        fs::write(&path, file).unwrap();
        let mut hub = Hub::new(identity(), 1 << 20);
        hub.set_sequencer(self.order.of(ServerId(number as u16)));
        hub.advance(now());
        let (log, config) = (Log::default(), Config::of(Limits::default()));
        let logger = Logger::new(log.clone(), Format::Text, Level::Info);
        let file = PeopleFile::open(path.clone()).unwrap().0;
        self.servers.push(Server {
            shared: Shared::new(hub, None, Vec::new(), Arc::new(config), logger),
            keeper: PeopleKeeper::new(file, Naming::Claim),
            path,
            log,
        });
        &mut self.servers[number]
    }

    /// All that is proposed gets its place, and each server applies it.
    fn apply(&self) {
        let count = self.order.state().proposed.len();
        self.order.state().place(count);
        for server in &self.servers {
            server.shared.write().hub.advance(now());
        }
    }

    /// Until nothing more is proposed or written.
    fn settle(&mut self) {
        for _ in 0..5 {
            self.servers.iter_mut().for_each(Server::look);
            self.apply();
        }
        assert!(self.order.state().proposed.is_empty());
        let files: Vec<String> = self.servers.iter().map(Server::file).collect();
        assert!(files.iter().all(|file| *file == files[0]), "{files:?}");
    }

    fn propose(&self, server: usize, act: Act) {
        let hub = &mut self.servers[server].shared.write().hub;
        assert!(hub.propose(client(1), act, now()).is_none());
    }
}

/// The line that gives this key a name.
fn line(holder: &str, key: u8) -> String {
    let key = person_key(key).public().to_openssh().unwrap();
    format!("name=\"{holder}\" {key}\n")
}

#[test]
fn the_first_file_counts_and_those_of_later_servers_become_copies() {
    let mut test = Test::new();
    test.add(&line("ann", 1));
    test.settle();
    let first = test.servers[0].file();
    assert!(first.contains("ann"));
    assert_eq!(test.servers[0].before(), None);
    test.add(&line("bo", 2));
    test.settle();
    assert_eq!(test.servers[1].file(), first);
    assert_eq!(test.servers[1].before(), Some(line("bo", 2)));
    assert!(test.servers[1].log().contains("becomes that of the other"));
    // A server without a file gets one, and has nothing to keep.
    test.add("");
    test.settle();
    assert_eq!(test.servers[2].file(), first);
    assert_eq!(test.servers[2].before(), None);
}

/// The last one of two that come at once counts, and what the other one had is not lost.
#[test]
fn of_two_files_at_once_one_is_kept_aside() {
    let mut test = Test::new();
    test.add(&line("ann", 1));
    test.add(&line("bo", 2));
    test.settle();
    assert_eq!(test.servers[0].file(), line("bo", 2));
    assert_eq!(test.servers[0].before(), Some(line("ann", 1)));
    assert_eq!(test.servers[1].before(), None);
}

#[test]
fn an_edit_reaches_all_servers() {
    let mut test = Test::new();
    test.add(&line("ann", 1));
    test.settle();
    test.add("");
    test.settle();
    for (server, file) in [(1, line("ann", 1) + &line("cy", 3)), (0, line("cy", 3))] {
        fs::write(&test.servers[server].path, &file).unwrap();
        test.settle();
        assert_eq!(test.servers[1 - server].file(), file);
    }
}

#[test]
fn a_claim_at_one_server_is_written_by_all() {
    let mut test = Test::new();
    test.add(&line("ann", 1));
    test.settle();
    test.add("");
    test.settle();
    let name = |name| Name::choose(name).unwrap();
    let join = Join {
        known: None,
        wanted: Some(name("di")),
        otherwise: name("x"),
        key: Some(person_key(4)),
        from: None,
        program: None,
    };
    test.propose(0, Act::Join(join));
    test.apply();
    let say = Act::Say {
        kind: SpeechKind::Message,
        text: notice("hello"),
        id: None,
    };
    test.propose(0, say);
    test.apply();
    for _ in 0..3 {
        test.servers[0].look();
        assert_eq!(test.order.state().proposed.len(), 1, "it is told once");
    }
    test.settle();
    let file = test.servers[1].file();
    assert!(file.contains("di") && file.contains("ann"), "{file}");
    for server in &test.servers {
        let holders = &server.shared.read().hub;
        let holders = holders.room().holders();
        assert_eq!(holders.made(), 1);
        assert!(
            !holders.has_pending(1),
            "the servers know that it is written"
        );
    }
}

/// It would not fit into a record. The operator is told, and the edit is kept aside.
#[test]
fn an_edit_that_is_too_large_is_refused() {
    let mut test = Test::new();
    test.add(&line("ann", 1));
    test.settle();
    test.add("");
    test.settle();
    let before = test.servers[0].file();
    let edit = line("bo", 2) + &format!("# {}\n", "x".repeat(98)).repeat(MOST / 100 + 1);
    fs::write(&test.servers[0].path, &edit).unwrap();
    test.settle();
    assert_eq!(test.servers[1].file(), before);
    assert_eq!(test.servers[0].before(), Some(edit));
    assert!(test.servers[0].log().contains("too large"));
}

#[test]
fn nothing_is_proposed_before_a_server_takes_part() {
    let mut test = Test::new();
    let server = test.add(&line("ann", 1));
    let begin_anew = |hub: &mut Hub| hub.begin_anew(RunId::new(1, 1));
    begin_anew(&mut server.shared.write().hub);
    server.look();
    assert!(test.order.state().proposed.is_empty());
    test.servers[0].shared.write().hub.advance(now());
    test.servers[0].look();
    assert_eq!(test.order.state().proposed.len(), 1);
}

/// The others have gone on without the server before they have read what it told.
#[test]
fn what_was_lost_is_told_again() {
    let mut test = Test::new();
    test.add(&line("ann", 1));
    test.settle();
    test.add("");
    test.settle();
    let edit = line("cy", 3);
    fs::write(&test.servers[1].path, &edit).unwrap();
    test.servers[1].look();
    assert_eq!(test.order.state().proposed.len(), 1);
    test.servers[1].look();
    assert_eq!(test.order.state().proposed.len(), 1, "once");
    test.order.state().proposed.clear();
    let begin_anew = |hub: &mut Hub| hub.begin_anew(RunId::new(1, 1));
    begin_anew(&mut test.servers[1].shared.write().hub);
    test.settle();
    assert_eq!(test.servers[0].file(), edit);
}
