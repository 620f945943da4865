//! Clients that send as fast as their messages are confirmed, and reconnect after each
//! loss: load for the room, and witnesses of its order.

mod line;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use socket2::SockRef;

use crate::carrier::{Target, Wire};
use crate::ledger::Ledger;
use crate::poll;
use crate::random::Random;
use line::without_run;
pub use line::{event, id_at_the_end, room_of};

/// A client in JSON form, in a thread of its own.
///
/// After a lost connection it sends the unconfirmed messages again, in order and under
/// the same ids, and only then new ones.
#[derive(Debug)]
pub struct Talker {
    name: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<Ledger, String>>>,
}

/// The state that the test and the thread share.
#[derive(Debug, Default)]
struct Shared {
    /// No new messages are to be sent.
    silent: AtomicBool,
    /// It ends when it has seen this event; 0 until the test knows which.
    last: AtomicU64,
    abandoned: AtomicBool,
    /// It reads nothing.
    stopped: AtomicBool,
    confirmed: AtomicU64,
    waiting: AtomicU64,
    seen: AtomicU64,
    refused: AtomicU64,
    connections: AtomicU64,
}

impl Talker {
    /// Starts to talk. At most `window` messages are on their way at a time.
    pub fn start(target: impl Into<Target>, name: &str, window: usize, random: Random) -> Self {
        let shared = Arc::new(Shared::default());
        let work = Work {
            target: target.into(),
            window,
            random,
            ledger: Ledger::new(name),
            shared: Arc::clone(&shared),
            room: None,
            certificate: None,
            last: 0,
            waiting: VecDeque::new(),
            said: 0,
            pause: None,
        };
        Self {
            name: name.to_owned(),
            shared,
            thread: Some(thread::spawn(move || work.run())),
        }
    }

    /// Messages that were confirmed so far.
    pub fn confirmed(&self) -> u64 {
        self.shared.confirmed.load(Ordering::SeqCst)
    }

    /// Messages that were refused because they could not be kept.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// How often it was welcomed.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Lets it read nothing until it is to [`Self::read_on`], as soon as it is in the
    /// room.
    pub fn stop_reading(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
    }

    /// Lets it read again.
    pub fn read_on(&self) {
        self.shared.stopped.store(false, Ordering::SeqCst);
    }

    /// Ends it when it has seen this event; what it knows of the room.
    #[track_caller]
    fn finish(mut self, last: u64) -> Ledger {
        self.shared.last.store(last.max(1), Ordering::SeqCst);
        let thread = self.thread.take().expect("it is finished once");
        match thread.join() {
            Ok(Ok(ledger)) => ledger,
            Ok(Err(error)) => panic!("{}: {error}", self.name),
            Err(_) => panic!("{} has panicked", self.name),
        }
    }
}

/// Lets the talkers send no new messages, and waits until all are confirmed and every
/// talker has seen all of them; their ledgers.
#[track_caller]
pub fn settle(talkers: Vec<Talker>) -> Vec<Ledger> {
    for talker in &talkers {
        talker.shared.silent.store(true, Ordering::SeqCst);
    }
    let settled = |talker: &Talker| {
        talker.shared.waiting.load(Ordering::SeqCst) == 0
            || talker.thread.as_ref().is_none_or(JoinHandle::is_finished)
    };
    if poll(PATIENCE, || talkers.iter().all(settled).then_some(())).is_none() {
        panic!("not all is confirmed after {PATIENCE:?}: {talkers:#?}");
    }
    let seen = |talker: &Talker| talker.shared.seen.load(Ordering::SeqCst);
    let last = talkers.iter().map(seen).max().unwrap_or(0);
    for talker in &talkers {
        // All at once: each that leaves is one event more.
        talker.shared.last.store(last.max(1), Ordering::SeqCst);
    }
    let finish = |talker: Talker| talker.finish(last);
    talkers.into_iter().map(finish).collect()
}

impl Drop for Talker {
    fn drop(&mut self) {
        self.shared.abandoned.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // The outcome does not matter: the test has failed already.
            let _ = thread.join();
        }
    }
}

/// The thread's side.
struct Work {
    target: Target,
    window: usize,
    random: Random,
    ledger: Ledger,
    shared: Arc<Shared>,
    /// As the last welcome named it.
    room: Option<String>,
    /// What an encrypted server has shown first: its next run shows the same.
    certificate: Option<Vec<u8>>,
    /// The newest event that it has.
    last: u64,
    /// Messages that were sent and not answered yet.
    waiting: VecDeque<Message>,
    said: u64,
    /// Nothing new is said before this moment.
    pause: Option<Instant>,
}

struct Message {
    id: String,
    text: String,
    /// When it was sent over the present connection, if it was.
    sent: Option<Instant>,
}

/// One connection, and what of a line has come over it.
struct Connection {
    wire: Wire<TcpStream>,
    begun: Instant,
    partial: Vec<u8>,
    welcomed: bool,
    reading: Reading,
}

/// Whether the talker reads from a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    On,
    /// It reads nothing, by the wish of the test.
    Stopped,
}

/// The connection is over, and another one is to be made.
struct Lost;

impl Work {
    fn run(mut self) -> Result<Ledger, String> {
        loop {
            let mut connection = self.connect()?;
            let hello = format!("/hello {}\n", self.hello());
            // If that fails, the next write does, too.
            let _ = connection.wire.write_all(hello.as_bytes());
            while self.turn(&mut connection).is_ok() {
                if self.is_over() {
                    return Ok(self.ledger);
                }
            }
            for message in &mut self.waiting {
                message.sent = None;
            }
        }
    }

    /// Tries again and again: the server is away for a moment.
    fn connect(&self) -> Result<Connection, String> {
        let mut last_error = None;
        let connected = poll(PATIENCE, || {
            if self.shared.abandoned.load(Ordering::SeqCst) {
                return Some(None);
            }
            match connect(self.target) {
                Ok(connection) => Some(Some(connection)),
                Err(error) => {
                    last_error = Some(error);
                    None
                }
            }
        });
        match connected {
            Some(Some(connection)) => Ok(connection),
            Some(None) => Err("abandoned".to_owned()),
            None => Err(format!("cannot come back: {last_error:?}")),
        }
    }

    fn is_over(&self) -> bool {
        let last = self.shared.last.load(Ordering::SeqCst);
        let all_seen = last > 0 && self.last >= last && self.waiting.is_empty();
        all_seen || self.shared.abandoned.load(Ordering::SeqCst)
    }

    /// Says what may be said, and hears what there is to hear.
    fn turn(&mut self, connection: &mut Connection) -> Result<(), Lost> {
        if connection.welcomed {
            self.say(connection)?;
        }
        if self.is_stopped(connection) {
            thread::sleep(GLANCE);
            return Ok(());
        }
        let mut chunk = [0; 16 * 1024];
        match connection.wire.read(&mut chunk) {
            Ok(0) => return Err(Lost),
            Ok(count) => self.hear(connection, &chunk[..count]),
            Err(error) if is_timeout(&error) => {}
            Err(_) => return Err(Lost),
        }
        let oldest = self.waiting.front().and_then(|message| message.sent);
        let since = match connection.welcomed {
            true => oldest,
            false => Some(connection.begun),
        };
        match since.is_some_and(|since| since.elapsed() > STALL) {
            // Something on the way has swallowed it.
            true => Err(Lost),
            false => Ok(()),
        }
    }

    /// Whether it reads nothing now.
    fn is_stopped(&mut self, connection: &mut Connection) -> bool {
        let is_wanted = self.shared.stopped.load(Ordering::SeqCst) && connection.welcomed;
        let before = connection.reading;
        connection.reading = match is_wanted {
            true => Reading::Stopped,
            false => Reading::On,
        };
        if before == Reading::Stopped && !is_wanted {
            // The answers may have come long ago, and are read now.
            let sent = self.waiting.iter_mut().map(|message| &mut message.sent);
            sent.flatten().for_each(|sent| *sent = Instant::now());
        }
        is_wanted
    }

    fn say(&mut self, connection: &mut Connection) -> Result<(), Lost> {
        let now = Instant::now();
        let may_talk = !self.shared.silent.load(Ordering::SeqCst)
            && self.pause.is_none_or(|until| until <= now);
        while may_talk && self.waiting.len() < self.window {
            self.said += 1;
            let id = self.random.id();
            let text = format!("{} says {}", self.ledger.name, self.said);
            self.ledger.sent(&id, &text);
            let sent = None;
            self.waiting.push_back(Message { id, text, sent });
        }
        self.tell();
        let mut lines = String::new();
        for message in &mut self.waiting {
            if message.sent.is_none() {
                message.sent = Some(now);
                let Message { id, text, .. } = message;
                let object = json!({ "type": "message", "text": text, "id": id });
                lines.push_str(&format!("{object}\n"));
            }
        }
        let sent = connection.wire.write_all(lines.as_bytes());
        sent.map_err(|_| Lost)
    }

    fn hear(&mut self, connection: &mut Connection, chunk: &[u8]) {
        let mut bytes = std::mem::take(&mut connection.partial);
        bytes.extend_from_slice(chunk);
        let mut rest = &bytes[..];
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            // The greeting, and what else comes in text form, is skipped.
            if rest.starts_with(b"{") {
                self.line(connection, &rest[..end]);
            }
            rest = &rest[end + 1..];
        }
        connection.partial = rest.to_vec();
        self.tell();
    }

    fn line(&mut self, connection: &mut Connection, line: &[u8]) {
        if let Some(seq) = event(line) {
            self.event(seq, line);
            return;
        }
        let object: Value = match serde_json::from_slice(line) {
            Ok(object) => object,
            Err(error) => {
                let line = String::from_utf8_lossy(line);
                self.ledger.wrong(format!("no JSON ({error}): {line}"));
                return;
            }
        };
        let id = object["id"].as_str().unwrap_or_default();
        match object["type"].as_str().unwrap_or_default() {
            "welcome" => {
                connection.welcomed = true;
                self.shared.connections.fetch_add(1, Ordering::SeqCst);
                self.recognise(&connection.wire);
                self.welcome(&object);
            }
            "gap" => {
                let missed = object["missed"].as_u64().unwrap_or_default();
                self.last += missed;
                self.ledger.missed(missed);
            }
            "confirmed" => self.confirmed(id, object["seq"].as_u64().unwrap_or_default()),
            "error" if object["code"] == "not_kept" && !id.is_empty() => {
                self.ledger.refused(id);
                self.waiting.retain(|message| message.id != id);
                self.shared.refused.fetch_add(1, Ordering::SeqCst);
                // Or it would be refused as fast as it can talk.
                self.pause = Some(Instant::now() + REFUSED_FOR);
            }
            "error" if object["code"] != "not_kept" => {
                self.ledger.wrong(format!("refused: {object}"));
            }
            _ => {}
        }
    }

    /// A server that comes back has the same key.
    fn recognise(&mut self, wire: &Wire<TcpStream>) {
        let Some(shown) = wire.certificate() else {
            return;
        };
        let known = self.certificate.get_or_insert_with(|| shown.to_vec());
        if known[..] != shown[..] {
            self.ledger.wrong("the server shows another certificate");
        }
    }

    fn welcome(&mut self, welcome: &Value) {
        let seq = welcome["seq"].as_u64().unwrap_or_default();
        let room = welcome["room"].as_str().unwrap_or_default();
        match self.room.replace(room.to_owned()) {
            None => {
                self.last = seq;
                self.ledger.joined(seq);
            }
            Some(known) if without_run(&known) != room_of(welcome) => {
                self.ledger.wrong(format!("another room: {welcome}"));
            }
            Some(_) if welcome["resumed"] != true => {
                let last = self.last;
                self.ledger
                    .wrong(format!("not resumed behind {last}: {welcome}"));
            }
            Some(_) => {}
        }
    }

    fn event(&mut self, seq: u64, line: &[u8]) {
        self.ledger.saw(seq, line);
        self.last = self.last.max(seq);
        if let Some(id) = id_at_the_end(line)
            && self.waiting.iter().any(|message| message.id == id)
        {
            self.confirmed(id, seq);
        }
    }

    fn confirmed(&mut self, id: &str, seq: u64) {
        self.ledger.confirmed(id, seq);
        let before = self.waiting.len();
        self.waiting.retain(|message| message.id != id);
        if self.waiting.len() < before {
            self.shared.confirmed.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Tells the test how far it is.
    fn tell(&self) {
        let waiting = self.waiting.len() as u64;
        self.shared.waiting.store(waiting, Ordering::SeqCst);
        self.shared.seen.store(self.last, Ordering::SeqCst);
    }

    fn hello(&self) -> Value {
        let mut hello = json!({ "protocol": 1, "name": self.ledger.name });
        if let Some(room) = &self.room {
            hello["resume"] = json!({ "room": room, "seq": self.last });
        }
        hello
    }
}

/// Connects and says nothing yet.
fn connect(target: Target) -> io::Result<Connection> {
    let Target { addr, carrier } = target;
    let stream = TcpStream::connect_timeout(&addr, CONNECT_WITHIN)?;
    if stream.local_addr()? == addr {
        // Without a listener the system has connected the socket with itself: the
        // server could not come back as long as it stays open.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(GLANCE))?;
    stream.set_write_timeout(Some(STALL))?;
    Ok(Connection {
        wire: Wire::new(carrier, stream),
        begun: Instant::now(),
        partial: Vec::new(),
        welcomed: false,
        reading: Reading::On,
    })
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// How long it waits for a server that is away, and for the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long one attempt to connect takes. One that meets a server in the moment in
/// which it is killed gets no answer, and the system would try again only after a
/// second.
const CONNECT_WITHIN: Duration = Duration::from_millis(200);

/// After so long without an answer it looks for another connection.
const STALL: Duration = Duration::from_secs(2);

/// How often it looks whether the test wants something, when it hears nothing.
const GLANCE: Duration = Duration::from_millis(10);

const REFUSED_FOR: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
