//! One connection's part in the conversation, without its socket.
//!
//! Bytes and moments come in, the room changes, and what is to be sent waits
//! in the [`Reader`]. A session begins as a stranger: greeted, but not
//! announced until it says `/hello`, says anything else, or has been there for
//! [`ANNOUNCE_AFTER`], so that it comes in under its final name.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_proto::command::{Command, Hello};
use chat_proto::event::{ErrorCode, Limits, Reply, Speech, Timestamp, Welcome};
use chat_proto::foreign::Foreign;
use chat_proto::framing::{Line, LineDecoder};
use chat_proto::name::{MAX_NAME_COLUMNS, Name};
use chat_proto::text::MAX_TEXT;
use chat_proto::{PROTOCOL, json_form, text_form};

use crate::broadcast::{Reader, Slices};
use crate::room::{Form, Place, Room, notice};

/// How long a newcomer may take to say who they are.
pub const ANNOUNCE_AFTER: Duration = Duration::from_millis(500);

/// How long a peer that has closed its sending side still receives.
pub const LISTEN_FOR: Duration = Duration::from_secs(30);

/// How long the last words to a peer may take to be sent.
pub const FAREWELL_FOR: Duration = Duration::from_secs(5);

/// Replies that may wait before no more of a peer's input is processed: who
/// asks without reading gets no more answers.
const MAX_PRIVATE: usize = 16 * 1024;

/// Detours that may wait, likewise.
const MAX_DETOURS: usize = 1024;

/// What one connection may say before it is somebody else's turn, in lines and
/// in what they come to in both forms together: a line of two bytes can be
/// 200 in JSON form, and a text of a thousand lines a thousand prefixed ones.
const TURN_LINES: usize = 64;
const TURN_BYTES: u64 = 64 * 1024;

/// Now, for people and for deadlines.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The time of day.
    pub time: Timestamp,
    /// The time that never goes backwards.
    pub instant: Instant,
}

/// One connection, without its socket.
#[derive(Debug)]
pub struct Session {
    decoder: LineDecoder,
    /// Input that came and is not to be processed yet.
    backlog: Vec<u8>,
    seat: Seat,
}

/// All of a session but the bytes that come in.
#[derive(Debug)]
struct Seat {
    address: SocketAddr,
    form: Form,
    phase: Phase,
    reader: Reader,
    /// A line has been taken: what comes is the chat protocol.
    spoke: bool,
    /// The answer to `who` goes on behind this name.
    who: Option<String>,
    /// The name under which it left.
    was: Option<Name>,
    /// Why the session ended.
    reason: &'static str,
}

#[derive(Debug)]
enum Phase {
    /// Greeted and not yet announced; comes in at this moment at the latest.
    Arriving(Instant),
    /// In the room.
    Present(Name),
    /// Gone from the room, but still receiving until this moment.
    Listening(Instant),
    /// To be closed once all is sent, or at this moment.
    Closing(Instant),
}

impl Session {
    /// A connection that has just been accepted.
    pub fn new(address: SocketAddr, room: &Room, now: Now) -> Self {
        let mut seat = Seat {
            address,
            form: Form::Text,
            phase: Phase::Arriving(now.instant + ANNOUNCE_AFTER),
            reader: Reader::held_at(room.log(Form::Text)),
            spoke: false,
            who: None,
            was: None,
            reason: "closed",
        };
        seat.greet(room, now);
        Self {
            decoder: LineDecoder::new(text_form::MAX_LINE),
            backlog: Vec::new(),
            seat,
        }
    }

    /// Takes what the peer sent.
    pub fn receive(&mut self, input: &[u8], room: &mut Room, now: Now) {
        if self.backlog.is_empty() {
            let rest = self.process(input, room, now).to_vec();
            self.backlog = rest;
        } else {
            self.backlog.extend_from_slice(input);
            self.go_on(room, now);
        }
    }

    /// Processes input that had to wait, if it no longer has to.
    pub fn go_on(&mut self, room: &mut Room, now: Now) {
        self.seat.go_on_with_who(room, now);
        if !self.backlog.is_empty() && self.wants_input() {
            let backlog = std::mem::take(&mut self.backlog);
            self.backlog = self.process(&backlog, room, now).to_vec();
        }
    }

    /// The peer will send nothing more. What it was in the middle of saying is
    /// not said: half a line is not what anybody meant.
    pub fn input_ended(&mut self, room: &mut Room, now: Now) {
        self.seat
            .input_ended(!self.decoder.pending().is_empty(), room, now);
    }

    /// The socket failed: nothing can be sent any more.
    pub fn lost(&mut self, reason: &'static str, room: &mut Room, now: Now) {
        self.seat.leave(room, now);
        self.seat.close(reason, room, now);
    }

    /// It fell too far behind: says so, and lets the others go on.
    pub fn fell_behind(&mut self, room: &mut Room, now: Now) {
        self.seat.leave(room, now);
        self.seat.reader.abandon(room.log(self.seat.form));
        self.seat.error(
            ErrorCode::TooSlow,
            "you were too far behind to follow, and are disconnected; come back to go on",
            room,
            now,
        );
        self.seat.close("too slow", room, now);
    }

    /// The server stops.
    pub fn goodbye(&mut self, room: &Room, now: Now) {
        if !matches!(self.seat.phase, Phase::Closing(_)) {
            self.seat
                .notice("the server is shutting down: goodbye", room, now);
            self.seat.close("server stopped", room, now);
        }
    }

    /// When [`Session::expire`] wants to be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        match self.seat.phase {
            Phase::Present(_) => None,
            Phase::Arriving(at) | Phase::Listening(at) | Phase::Closing(at) => Some(at),
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, room: &mut Room, now: Now) {
        if self
            .deadline()
            .is_none_or(|deadline| deadline > now.instant)
        {
            return;
        }
        match self.seat.phase {
            Phase::Arriving(_) => self.seat.announce(room, now),
            Phase::Listening(_) => self.seat.close("closed", room, now),
            Phase::Closing(_) | Phase::Present(_) => {}
        }
    }

    /// Whether more input would be processed now.
    fn wants_input(&self) -> bool {
        self.seat.wants_input()
    }

    /// Whether there is something to do without the peer's doing anything.
    pub fn has_work(&self) -> bool {
        let more_names = self.seat.who.is_some() && self.seat.reader.private_bytes() < MAX_PRIVATE;
        more_names || !self.backlog.is_empty() && self.wants_input()
    }

    /// Whether the peer is not to be read from: it has to take what waits for
    /// it first, or has said more than is processed yet. Those who have left
    /// are never held: reading from them is how their end is noticed.
    pub fn is_held(&self) -> bool {
        matches!(self.seat.phase, Phase::Arriving(_) | Phase::Present(_))
            && !(self.wants_input() && self.backlog.is_empty())
    }

    /// Whether all is said, and all sent or past its time.
    pub fn is_finished(&self, room: &Room, now: Now) -> bool {
        match self.seat.phase {
            Phase::Closing(until) => now.instant >= until || !self.has_output(room),
            _ => false,
        }
    }

    /// Whether it is to be closed once all is sent.
    pub fn is_closing(&self) -> bool {
        matches!(self.seat.phase, Phase::Closing(_))
    }

    /// Whether there is anything to send.
    pub fn has_output(&self, room: &Room) -> bool {
        self.seat.reader.is_behind(room.log(self.seat.form))
    }

    /// What is to be sent next.
    pub fn output<'a>(&'a self, room: &'a Room, slices: &mut Slices<'a>) {
        self.seat.reader.slices(room.log(self.seat.form), slices);
    }

    /// Takes note that `count` bytes were sent.
    pub fn sent(&mut self, count: usize) {
        self.seat.reader.advance(count);
    }

    /// Whether it stands before what the log is about to drop.
    pub fn is_too_far_behind(&self, room: &Room) -> bool {
        self.seat
            .reader
            .needs_before(room.log(self.seat.form).trim_point())
    }

    /// Who it is, for the log: the address, and the name if there is one.
    pub fn describe(&self) -> String {
        let Seat { address, phase, .. } = &self.seat;
        let name = match phase {
            Phase::Present(name) => Some(name),
            _ => self.seat.was.as_ref(),
        };
        match name {
            Some(name) if !name.is_address() => format!("{address} {name}"),
            _ => address.to_string(),
        }
    }

    /// Why it ended.
    pub fn reason(&self) -> &'static str {
        self.seat.reason
    }

    /// Takes lines off `input` while they may be processed, but no more than
    /// a turn's worth; gives back the rest.
    fn process<'a>(&mut self, mut input: &'a [u8], room: &mut Room, now: Now) -> &'a [u8] {
        let written = room.written();
        for _ in 0..TURN_LINES {
            if !self.seat.wants_input() || room.written() - written >= TURN_BYTES {
                break;
            }
            let line = match self.decoder.next_line(&mut input) {
                Ok(Some(line)) => line,
                Ok(None) => {
                    if !self.seat.spoke
                        && Foreign::recognize(self.decoder.pending()) == Some(Foreign::Tls)
                    {
                        self.seat.foreign(Foreign::Tls, room, now);
                    }
                    break;
                }
                Err(_) => {
                    self.seat.error(
                        ErrorCode::TooLong,
                        "that was 64 KiB without a line end: goodbye",
                        room,
                        now,
                    );
                    self.seat.end("no line end", room, now);
                    break;
                }
            };
            self.seat.line(line, room, now);
            self.decoder.set_max_line(match self.seat.form {
                Form::Text => text_form::MAX_LINE,
                Form::Json => json_form::MAX_LINE,
            });
        }
        if self.is_closing() { &[] } else { input }
    }
}

impl Seat {
    fn greet(&mut self, room: &Room, now: Now) {
        let here = match room.people() {
            0 => "nobody else is here yet".to_owned(),
            1 => "1 person is here".to_owned(),
            people => format!("{people} people are here"),
        };
        let name = Name::of_address(self.address);
        // The words that a program looks for, without the `-- ` of a notice.
        let version = &text_form::GREETING["-- ".len()..];
        self.notice(
            &format!(
                "{version} welcome: {here}, and you are {name}\n\
                 just type to talk; /nick NAME gives you a name, /help tells the rest"
            ),
            room,
            now,
        );
    }

    fn wants_input(&self) -> bool {
        matches!(self.phase, Phase::Arriving(_) | Phase::Present(_))
            && self.reader.private_bytes() < MAX_PRIVATE
            && self.reader.detours() < MAX_DETOURS
            && self.who.is_none()
    }

    fn line(&mut self, line: Line<'_>, room: &mut Room, now: Now) {
        let start = match line {
            Line::Whole(text) => text.as_bytes(),
            Line::TooLong(start) | Line::NotUtf8(start) => start,
        };
        if start.trim_ascii().is_empty() {
            return;
        }
        if !self.spoke
            && let Some(foreign) = Foreign::recognize(start)
        {
            self.foreign(foreign, room, now);
            return;
        }
        match line {
            Line::Whole(text) => self.command(text, room, now),
            Line::TooLong(_) => {
                let text = format!("that was not sent: a message has at most {MAX_TEXT} bytes");
                self.error(ErrorCode::TooLong, &text, room, now);
            }
            Line::NotUtf8(_) => {
                self.error(
                    ErrorCode::NotUtf8,
                    "that was not sent: it is not UTF-8",
                    room,
                    now,
                );
            }
        }
        self.spoke = true;
    }

    fn command(&mut self, line: &str, room: &mut Room, now: Now) {
        let command = match self.form {
            Form::Text => text_form::parse_command(line),
            Form::Json => json_form::parse_command(line),
        };
        match command {
            Ok(None) => {}
            Ok(Some(Command::Hello(hello))) => self.hello(&hello, room, now),
            Ok(Some(Command::Nick { name })) => self.nick(&name, room, now),
            Ok(Some(command)) => {
                self.announce(room, now);
                self.do_command(command, room, now);
            }
            Err(error) => self.reply(&error.into_reply(), room, now),
        }
    }

    fn do_command(&mut self, command: Command, room: &mut Room, now: Now) {
        let Phase::Present(name) = &self.phase else {
            return;
        };
        let name = name.clone();
        match command {
            Command::Message { text, id } => {
                let place = room.message(Speech { name, text, id }, now.time);
                self.skip_own(place);
            }
            Command::Action { text, id } => {
                let place = room.action(Speech { name, text, id }, now.time);
                self.skip_own(place);
            }
            Command::Who => {
                self.who = Some(String::new());
                self.go_on_with_who(room, now);
            }
            Command::Ping { id } => self.reply(&Reply::Pong { id }, room, now),
            Command::Help => self.notice(HELP, room, now),
            Command::Quit => {
                self.notice("goodbye", room, now);
                self.end("quit", room, now);
            }
            Command::Hello(_) | Command::Nick { .. } => {}
        }
    }

    fn hello(&mut self, hello: &Hello, room: &mut Room, now: Now) {
        if hello.protocol != PROTOCOL {
            self.speak_json(room);
            let text = format!("this server speaks protocol {PROTOCOL} only: goodbye");
            self.error(ErrorCode::BadCommand, &text, room, now);
            self.end("wrong protocol", room, now);
            return;
        }
        let mut refused = None;
        let name = match (&self.phase, hello.name.as_deref()) {
            (Phase::Present(name), None) => name.clone(),
            (Phase::Present(old), Some(wanted)) => match Name::choose(wanted) {
                Ok(wanted) => room.rename_at_hello(old, &wanted, now.time),
                Err(error) => {
                    refused = Some(format!("{error}; you stay {old}"));
                    old.clone()
                }
            },
            (_, wanted) => {
                let address = Name::of_address(self.address);
                let wanted = match wanted.map(Name::choose) {
                    None => address,
                    Some(Ok(name)) => name,
                    Some(Err(error)) => {
                        refused = Some(format!("{error}; you are {address} until you say nick"));
                        address
                    }
                };
                room.enter(&wanted, now.time).0
            }
        };
        self.phase = Phase::Present(name.clone());
        self.speak_json(room);
        let welcome = Welcome {
            name,
            seq: room.seq(),
            people: room.people(),
            names: room.names(None, Welcome::MAX_NAMES).0,
            limits: Limits {
                text: MAX_TEXT,
                line: json_form::MAX_LINE,
                name: MAX_NAME_COLUMNS,
            },
        };
        self.reply(&Reply::Welcome(welcome), room, now);
        if let Some(text) = refused {
            self.notice(&text, room, now);
        }
    }

    fn speak_json(&mut self, room: &Room) {
        self.reader
            .change_log(room.log(Form::Text), room.log(Form::Json));
        self.form = Form::Json;
    }

    fn nick(&mut self, wanted: &str, room: &mut Room, now: Now) {
        // As a first line it is the name to come in under, if it can be had.
        if let Phase::Arriving(_) = self.phase
            && let Ok(name) = Name::choose(wanted)
            && !room.is_taken(&name)
        {
            self.come_in(&name, room, now);
            self.notice(&format!("you are now known as {name}"), room, now);
            return;
        }
        self.announce(room, now);
        let Phase::Present(old) = &self.phase else {
            return;
        };
        match room.rename(old, wanted, now.time) {
            Ok(Some((name, place))) => {
                self.skip_own(place);
                if self.form == Form::Text {
                    self.notice(&format!("you are now known as {name}"), room, now);
                }
                self.phase = Phase::Present(name);
            }
            Ok(None) => self.notice(&format!("you are {old} already"), room, now),
            Err(error) => self.reply(&error.reply(), room, now),
        }
    }

    /// Comes in under the address, if not in yet.
    fn announce(&mut self, room: &mut Room, now: Now) {
        if let Phase::Arriving(_) = self.phase {
            self.come_in(&Name::of_address(self.address), room, now);
        }
    }

    fn come_in(&mut self, wanted: &Name, room: &mut Room, now: Now) {
        let (name, place) = room.enter(wanted, now.time);
        self.phase = Phase::Present(name);
        self.reader.go_on(room.log(self.form));
        self.skip_own(place);
    }

    fn leave(&mut self, room: &mut Room, now: Now) {
        if let Phase::Present(name) = &self.phase {
            let name = name.clone();
            let place = room.leave(&name, now.time);
            self.skip_own(place);
            self.was = Some(name);
            self.phase = Phase::Closing(now.instant);
        }
    }

    fn input_ended(&mut self, in_mid_line: bool, room: &mut Room, now: Now) {
        match self.phase {
            Phase::Present(_) if self.spoke => {
                if in_mid_line {
                    self.notice("your last line had no end and was not sent", room, now);
                }
                self.leave(room, now);
                self.phase = Phase::Listening(now.instant + LISTEN_FOR);
                // The peer's system answers this with a reset if nobody
                // listens there any more, which frees the connection at once.
                let seconds = LISTEN_FOR.as_secs();
                let text = format!("you have left, and still hear the room for {seconds} s");
                self.notice(&text, room, now);
            }
            Phase::Arriving(_) | Phase::Present(_) => {
                if in_mid_line {
                    self.notice("your line had no end and was not sent", room, now);
                }
                self.end("closed", room, now);
            }
            Phase::Listening(_) | Phase::Closing(_) => {}
        }
    }

    fn foreign(&mut self, foreign: Foreign, room: &mut Room, now: Now) {
        let text = format!("this is a chat (chat/1), and you speak {foreign}: goodbye");
        self.error(ErrorCode::BadCommand, &text, room, now);
        self.end("another protocol", room, now);
    }

    /// Leaves the room and closes once all is sent.
    fn end(&mut self, reason: &'static str, room: &mut Room, now: Now) {
        self.reader.stop_at_head_of(room.log(self.form));
        self.leave(room, now);
        self.close(reason, room, now);
    }

    fn close(&mut self, reason: &'static str, room: &Room, now: Now) {
        self.reader.stop_at_head_of(room.log(self.form));
        self.reason = reason;
        self.who = None;
        self.phase = Phase::Closing(now.instant + FAREWELL_FOR);
    }

    /// In text form nobody gets their own lines back.
    fn skip_own(&mut self, place: Place) {
        if self.form == Form::Text {
            self.reader.skip(place.text);
        }
    }

    fn go_on_with_who(&mut self, room: &Room, now: Now) {
        while let Some(after) = &self.who
            && self.reader.private_bytes() < MAX_PRIVATE
        {
            let (names, next) = room.names(Some(after), Welcome::MAX_NAMES);
            let more = next.is_some();
            self.who = next;
            self.reply(
                &Reply::People {
                    people: room.people(),
                    names,
                    more,
                },
                room,
                now,
            );
        }
    }

    fn notice(&mut self, text: &str, room: &Room, now: Now) {
        self.reply(&Reply::Notice(notice(text)), room, now);
    }

    fn error(&mut self, code: ErrorCode, text: &str, room: &Room, now: Now) {
        self.reply(
            &Reply::Error {
                code,
                text: notice(text),
                id: None,
            },
            room,
            now,
        );
    }

    fn reply(&mut self, reply: &Reply, room: &Room, now: Now) {
        let form = self.form;
        self.reader.reply(room.log(form), |out| match form {
            Form::Text => text_form::encode_reply(reply, out),
            Form::Json => json_form::encode_reply(reply, now.time, out),
        });
    }
}

const HELP: &str = "\
whatever you type is said to everyone here
/me TEXT      says what you do: * ann waves
/nick NAME    gives you another name
/who          tells who is here
/quit         leaves
//TEXT        says a line that begins with /
programs get JSON by answering /hello {\"protocol\":1,\"name\":\"ann\"}";

#[cfg(test)]
mod tests;
