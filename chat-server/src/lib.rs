//! The server of the chat.
//!
//! ```text
//!  peer ── bytes ──► Connection ──► Session: lines, commands ──► Request
//!                    (socket)       (pure)                          │
//!                        ▲                                          ▼ Hub::propose
//!                        │                     Room::apply (pure, deterministic)
//!                        │                                          │ events, each encoded
//!                        │                                          ▼ once per form
//!                        │        Timeline   …│ m41 │ m42 │ m43 │ m44 │◄─ head
//!                        │                           ▲           ▲
//!                        │                     Cursor of C   Cursor of A
//!                        └── write_vectored ◄────────┘
//! ```
//!
//! A session proposes a change to the [`hub`], and the [`sequencer`] gives it its place. The
//! room decides what comes of it, and depends on nothing but what it was given before: the
//! same requests in the same order lead to the same room and the same events. The events go
//! into the timeline, in which every connection is a position.
//!
//! | folder | holds | never |
//! | --- | --- | --- |
//! | [`net`] | sockets, who may connect, who is closed | a rule of the room |
//! | [`access`] | the password; what a file says of whose name is whose | a socket, a file, a clock |
//! | [`session`] | one peer's rules: bytes to commands, replies, the welcome | a socket |
//! | [`hub`] | the way of a request to its events | a socket, a file, a clock |
//! | [`sequencer`] | the order of requests | a socket, a file, a clock |
//! | [`room`] | who is in the room, under which name; events and their numbers | a socket, a file, a clock |
//! | [`timeline`] | the log in memory, and who is where in it | a socket, a file |
//! | [`storage`] | the history on disk | a socket |
//! | [`runtime`] | threads, turns and wake-ups | a rule of the room |
//! | [`settings`] | what the operator wants: options, variables, files, and their mistakes | a socket, the room |
//! | [`config`] | what the workers are told to do | |
//! | [`ops`] | what an operator sees | |
//! | [`ctl`] | `chat-server ctl`, a program that gives orders to a server | the server but for its protocol |
//!
//! # The timeline
//!
//! An event is encoded once for each form and appended to the log of that form. At the end
//! of a poll round each connection that is behind and writable gets one vectored write.
//! There is no queue and no allocation for each recipient. A peer in text form does not get
//! its own lines: the write leaves them out. Answers to one peer stand at a position
//! of the log.
//!
//! ```text
//!  FILE.000001   FILE.000002   FILE                memory
//!  ├─ segment ──┼── segment ──┼── segment ─ … ──────────────┤ head
//!  │ e1 e2 …    │             │            ├── JSON log ────┤
//!         ▲                                     ▲     ▲
//!    Replay: two numbers              shown to all    readers
//! ```
//!
//! Positions in the JSON log are those in the files. 6 MiB of that log are in memory, and
//! half as much in text form. All of this memory is taken at the start (17 MiB are
//! resident then), and a room that fills up does not grow.
//!
//! When the log drops what a slow reader has not got yet, that reader becomes a replay: the
//! numbers of the events that it is to get. Their bytes are taken from the JSON log, read
//! from the files, or encoded anew for the text form: a page at a time when the socket
//! takes it, four pages a round for all readers together. Another thread reads the files,
//! two pieces at a time for each worker. So readers that come back do not delay
//! people who talk, and a thousand stopped readers cost what one costs.
//!
//! A text can be erased. Readers before its event become replays, so that no reader is sent
//! it any more: pages are filled without it. Then its line is replaced in memory and in its
//! file, which is written anew. What lies behind the line keeps its place, and all before it
//! moves ([`timeline::erasures`]).
//!
//! The loop itself writes each round's events to the file. That write does not wait for the
//! disk, also not while another thread syncs the file (`cargo bench -p chat-server --bench
//! micro -- keep` shows what it costs). That thread waits for the disk, and also changes the
//! names of files: one job at a time. The system tells only once of a failed sync,
//! and so tells it to the only thread that asks.
//!
//! # Threads
//!
//! ```text
//!  worker 0: poll, listeners, signals ─┐                      ┌─ read together: send
//!  worker 1: poll, connections ────────┼── RwLock(Hub, History)
//!  worker …: poll, connections ────────┘                      └─ alone: accept, hear, append, keep
//! ```
//!
//! There are as many threads as cores (`--threads`), each with its own [`mio`] poll and its
//! own connections. A round that concerns the room holds it alone for a moment: it takes in
//! new connections, reads what peers say, and appends events. Then all threads send from the
//! one log at once, sixteen connections at a time, so that a peer that has something to say
//! does not wait for long. There is one order for all, and no byte goes from thread to
//! thread. A sleeping thread is woken when there is news.
//!
//! No thread reads from peers while one of them is more than 1 MiB behind: one fast speaker
//! would outrun readers that read as fast as they are served. Up to 128 people are on one
//! thread (`--together`): to wake another one for a few costs more than it saves.
//!
//! With TLS connections come through one more thread, the entry. It has a poll of its own,
//! holds a silent connection for a moment and shakes hands, so no handshake is done under the
//! room's lock. Then it gives the connection to a worker.
//!
//! ```text
//!  worker 0: accept ──► entry: first byte? ──► handshake ──► admission ──► a worker
//!                                   └─ plain ──────────────────▲
//! ```
//!
//! Operators come in at the control socket ([`net::control_socket`]), which worker 0 looks at
//! first. They go straight to a worker: neither the entry nor the admission knows them.
//!
//! With names that belong to keys one more thread keeps the file of people and the room the
//! same ([`ops::people_file`]): it writes what the room has decided, and reads what the
//! operator has edited.
//!
//! With `--metrics` one more thread serves figures over HTTP ([`ops::metrics`]). It asks the
//! other threads for what they do not count anyway, and each of them answers in a round.
//!
//! One more thread reads the configuration again ([`runtime::reloader`]), on SIGHUP or when the
//! operator says so: all of it, before any of it holds.
//!
//! With `--cluster` several servers share the room ([`cluster`], [`sequencer::stream`]). One
//! more thread speaks with NATS: it takes records from the round that has proposed them, and
//! wakes worker 0 when entries have come. A request then waits for its place:
//!
//! ```text
//!  hear ─► Hub::propose ─► record ─► NATS ─► entry ─► Room::apply, at every server ─► append ─► send
//! ```
//!
//! Under a service manager that asks for it one more thread tells it who is here, and that all
//! threads above are alive ([`ops::systemd`]).
//!
//! One more thread writes the log lines, because a terminal that does not take them must not
//! stop the room. The history has two: one syncs files and names them, one reads them.
//!
//! Of thousands of connections nearly all are idle. An idle one takes some 150 bytes, its
//! name and its name's keys: what only few connections need at a time lies apart (`cold`).

pub mod access;
pub mod cli;
pub mod clock;
pub mod cluster;
mod cold;
pub mod config;
pub mod ctl;
pub mod hub;
pub mod net;
pub mod ops;
pub mod room;
pub mod runtime;
pub mod saved;
mod secret_file;
pub mod sequencer;
pub mod session;
pub mod settings;
pub mod storage;
pub mod timeline;
mod wake;
