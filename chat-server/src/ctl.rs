//! `chat-server ctl`: commands for a running server, from a shell or a script.
//!
//! It is a program of the chat protocol at the control socket, in JSON form, that stays
//! outside the room ([`Entry::Aside`]): the room is not told of it, and it is sent no events.
//!
//! ```text
//!  a line ──► Request (pure) ──► Session: the socket ──► Answer (pure) ──► text or objects
//! ```
//!
//! One command is asked at a time, so what comes is the answer to it.

mod answer;
mod request;
#[cfg_attr(not(unix), path = "ctl/nowhere.rs")]
mod session;

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use chat_proto::catalogue;
use chat_proto::command::{Command, Entry, Hello};
use chat_proto::json_form;
use chat_proto::moderation::Remark;

pub use answer::Format;
use answer::{Answer, Greeted, Shown, Verdict, greeted};
use request::{Request, number};
use session::Session;

/// What is wanted.
#[derive(Debug)]
pub struct Order {
    /// The control socket of the server.
    pub path: PathBuf,
    /// How answers are shown.
    pub format: Format,
    /// The command; empty to read commands from standard input.
    pub words: Vec<String>,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All was done.
    Done,
    /// A command was refused, or is none.
    Refused,
    /// There is no server, or it is gone.
    NoServer,
}

/// Does what is wanted, and says what came of it.
pub fn run(order: &Order) -> Status {
    let mut talk = Talk {
        order,
        session: None,
        asked: 0,
    };
    let went = match order.words.is_empty() {
        true => talk.all_lines(&mut io::stdin().lock()),
        false => talk.obey(&order.words.join(" ")).map(|(status, _)| status),
    };
    went.unwrap_or_else(|why| {
        complain(&why);
        Status::NoServer
    })
}

/// What stops a talk: there is no server any more, and why.
type Gone = String;

/// Whether more lines are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    On,
    Over,
}

struct Talk<'a> {
    order: &'a Order,
    /// From the first command on that the server has to know.
    session: Option<Session>,
    /// How many commands the server was asked.
    asked: u64,
}

impl Talk<'_> {
    /// Obeys each line, also behind one that is refused: the status tells of that.
    fn all_lines(&mut self, input: &mut impl BufRead) -> Result<Status, Gone> {
        let is_person = io::stdin().is_terminal();
        let prompt = || {
            if is_person {
                // Apart from the answers, which may go into a file.
                let _ = write!(io::stderr(), "> ");
            }
        };
        self.session()?;
        let mut worst = Status::Done;
        prompt();
        while let Some(line) = next_line(input) {
            let (status, course) = match line {
                Ok(line) => self.obey(&line)?,
                Err(why) => (refuse(&why), Course::On),
            };
            worst = worst.max(status);
            if course == Course::Over {
                return Ok(worst);
            }
            prompt();
        }
        if is_person {
            // The shell's prompt is to begin a line.
            let _ = writeln!(io::stderr());
        }
        Ok(worst)
    }

    /// Does what a line says.
    fn obey(&mut self, line: &str) -> Result<(Status, Course), Gone> {
        let id = number(self.asked + 1);
        let command = match Request::read(line, &id) {
            Err(why) => return Ok((refuse(&why), Course::On)),
            Ok(Request::Nothing) => return Ok((Status::Done, Course::On)),
            Ok(Request::Leave) => return Ok((Status::Done, Course::Over)),
            Ok(Request::Help) => {
                show(catalogue::help_outside().trim_start());
                return Ok((Status::Done, Course::On));
            }
            Ok(Request::Ask(command)) => command,
        };
        self.asked += 1;
        let answer = Answer::new(&command, id, self.order.format);
        let session = self.session()?;
        session.send(&encode(&command))?;
        loop {
            let heard = answer.hear(&session.next_line()?);
            match heard.shown {
                Shown::Nothing => {}
                Shown::Output(text) => show(&text),
                Shown::Trouble(text) => complain(&text),
            }
            match heard.verdict {
                None => {}
                Some(Verdict::Done) => return Ok((Status::Done, Course::On)),
                Some(Verdict::Refused) => return Ok((Status::Refused, Course::On)),
                Some(Verdict::Gone(why)) => return Err(why),
            }
        }
    }

    /// The connection, which is made when it is needed first.
    fn session(&mut self) -> Result<&mut Session, Gone> {
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                let mut session = Session::open(&self.order.path, PATIENCE)?;
                greet(&mut session)?;
                session
            }
        };
        Ok(self.session.insert(session))
    }
}

/// Says hello, and waits for the welcome.
fn greet(session: &mut Session) -> Result<(), Gone> {
    let mut hello = None;
    loop {
        let line = match (session.next_line(), &hello) {
            (Ok(line), _) => line,
            // It says only why it does not let us in.
            (Err(_), Some(why)) => return Err(format!("the server does not let you in: {why}")),
            (Err(why), None) => return Err(why),
        };
        match greeted(&line) {
            Greeted::Welcome => return Ok(()),
            Greeted::Words => {}
            Greeted::Chat(words) => {
                hello = Some(words);
                // Why it cannot be sent is what comes next.
                let _ = session.send(&self::hello().encode());
            }
            Greeted::Refused(why) => return Err(format!("the server refuses: {why}")),
            Greeted::Foreign => {
                return Err(format!("{} is not that of a chat server", session.name()));
            }
        }
    }
}

fn hello() -> Hello {
    let program = concat!("chat-server ctl ", env!("CARGO_PKG_VERSION"));
    Hello {
        protocol: chat_proto::PROTOCOL,
        name: None,
        password: None,
        resume: None,
        replay: 0,
        program: Remark::new(program).ok(),
        entry: Entry::Aside,
    }
}

fn encode(command: &Command) -> Vec<u8> {
    let mut line = Vec::new();
    json_form::encode_command(command, &mut line);
    line
}

/// The next line, or why it cannot be obeyed; `None` at the end of the input. What cannot be
/// read is the end.
fn next_line(input: &mut impl BufRead) -> Option<Result<String, String>> {
    let mut line = Vec::new();
    let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
    match read {
        Ok(0) => return None,
        Ok(_) => {}
        Err(error) => {
            let why = crate::ops::errors::in_words(&error);
            complain(&format!("cannot read standard input: {why}"));
            return None;
        }
    }
    if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") {
        let _ = input.skip_until(b'\n');
        return Some(Err("that was not done: the line is too long".to_owned()));
    }
    let line = String::from_utf8(line);
    Some(line.map_err(|_| "that was not done: it is not UTF-8".to_owned()))
}

/// On standard output. Whether it is read or not, commands are carried out.
fn show(text: &str) {
    if !text.is_empty() {
        let _ = writeln!(io::stdout(), "{text}");
    }
}

fn complain(why: &str) {
    let why = chat_proto::text::clean(why);
    let _ = writeln!(io::stderr(), "chat-server: {why}");
}

fn refuse(why: &str) -> Status {
    complain(why);
    Status::Refused
}

/// How long the server may be silent. It answers at once, but for one that has to slow a
/// connection down, or is stopped.
const PATIENCE: Duration = Duration::from_secs(10);

/// No command is as long as this.
const MAX_LINE: u64 = 64 * 1024;
