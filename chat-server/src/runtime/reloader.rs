//! The thread that reads the configuration again: on SIGHUP, and when the operator asks for it
//! at the control socket.
//!
//! All of it is read before any of it holds. If anything is wrong nothing changes, and the
//! operator is told all that is.

use std::ffi::OsStr;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use chat_proto::moderation::Remark;
use chat_proto::text::{MAX_TEXT, Text, clean};

use crate::access::password::PasswordHash;
use crate::cli::Args;
use crate::clock::Now;
use crate::config::Config;
use crate::net::identity::{Credentials, Source};
use crate::net::tls::TlsConfig;
use crate::ops::errors::chain;
use crate::ops::greeting;
use crate::ops::logger::Record;
use crate::ops::password::PasswordSource;
use crate::room::origin::ClientId;
use crate::room::request::Request;
use crate::runtime::control::{ACCEPTOR, Shared};
use crate::runtime::mailbox::Task;
use crate::runtime::system_clock::now;
use crate::settings::changes::Changes;
use crate::settings::sources::{Held, Settings, Sources};
use crate::settings::start;

/// What the thread is asked for.
#[derive(Debug)]
pub(crate) enum Ask {
    /// To read the configuration again, for a connection at the control socket or for a
    /// signal.
    Reload(Option<ClientId>),
    /// To end.
    End,
}

/// Reads the configuration again.
#[derive(Debug)]
pub struct Reloader {
    sources: Sources,
    /// What holds.
    held: Vec<Held>,
    /// The configured topic that was used last.
    topic: Option<Remark>,
    password: Option<PasswordSource>,
    /// How many connections the system allows.
    possible: usize,
    /// Whether peers could say a password: over TLS, or because all come over loopback.
    may_have_password: bool,
    tls: Option<Tls>,
    /// How the file of people is looked at at once.
    people: Option<Sender<()>>,
    asked: Receiver<Ask>,
    ask: Sender<Ask>,
}

/// The certificate that holds.
#[derive(Debug)]
struct Tls {
    config: Arc<TlsConfig>,
    source: Source,
}

/// All that was read, when all of it is right.
struct Read {
    settings: Settings,
    config: Config,
    password: Password,
    credentials: Option<(Source, Credentials)>,
    notes: Vec<String>,
}

/// What becomes of the password of the room.
enum Password {
    /// It stays, and so does where it comes from.
    Same,
    /// It is another one, or was read again.
    Set(PasswordSource, PasswordHash),
    /// There is none from now on.
    Removed,
}

impl Reloader {
    /// From these sources, of which `settings` were read. The system allows `possible`
    /// connections.
    pub fn new(sources: Sources, settings: &Settings, possible: usize) -> Self {
        let (ask, asked) = channel();
        Self {
            sources,
            held: settings.held.clone(),
            topic: settings.args.reception.topic.clone(),
            password: settings.args.password(),
            possible,
            may_have_password: false,
            tls: None,
            people: None,
            asked,
            ask,
        }
    }

    /// The server listens at these addresses.
    #[must_use]
    pub fn with_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.may_have_password |= addresses.into_iter().all(|ip| ip.is_loopback());
        self
    }

    /// Connections can be encrypted, with a certificate from there.
    pub(crate) fn set_tls(&mut self, config: Arc<TlsConfig>, source: Source) {
        self.may_have_password = true;
        self.tls = Some(Tls { config, source });
    }

    /// The file of people is looked at when this is asked. Its keeper ends with this one.
    pub(crate) fn set_people(&mut self, ask: Sender<()>) {
        self.people = Some(ask);
    }

    /// By this it is asked.
    pub(crate) fn ask(&self) -> Sender<Ask> {
        self.ask.clone()
    }

    /// Waits for what it is asked for, to the end.
    pub(crate) fn run(mut self, shared: &Shared) {
        while let Ok(Ask::Reload(client)) = self.asked.recv() {
            let told = shared.manager.reload(|| self.reload(shared));
            if let Some(client) = client {
                // Not between two looks of its worker at the room.
                let state = shared.write();
                let answer = state.hub.reloaded(told);
                shared.give(client.worker.into(), Task::Outcome(client, answer));
            }
        }
    }

    /// Reads all of it again, and has it hold if all of it is right. What to tell the
    /// operator is in the log already.
    fn reload(&mut self, shared: &Shared) -> Result<String, String> {
        self.people.iter().for_each(|ask| _ = ask.send(()));
        let time = now().time;
        let read = match self.read(&shared.config()) {
            Ok(read) => read,
            Err(mistakes) => {
                for mistake in &mistakes {
                    let record = Record::new("mistake in the configuration");
                    shared.logger.error(time, record.with("what", mistake));
                }
                shared.logger.error(time, Record::new(STAYS));
                shared.give(ACCEPTOR, Task::Reopen);
                return Err(bounded(&format!("{}\n{STAYS}", mistakes.join("\n"))));
            }
        };
        for note in &read.notes {
            let record = Record::new("configuration").with("note", note);
            shared.logger.warn(time, record);
        }
        let told = Changes::between(&self.held, &read.settings.held).in_words();
        self.held = Changes::apply(&self.held, &read.settings.held);
        self.apply(read, shared);
        let told = bounded(&told);
        for line in told.lines() {
            shared
                .logger
                .info(time, Record::new("reload").with("what", line));
        }
        Ok(told)
    }

    /// Reads all of it; or tells all that is wrong.
    fn read(&self, current: &Config) -> Result<Read, Vec<String>> {
        let settings = match self.sources.read() {
            Ok(settings) => settings,
            Err(trouble) => return Err(start::in_words(&self.sources, &trouble)),
        };
        let (mut mistakes, mut notes) = (Vec::new(), Vec::new());
        let args = &settings.args;
        let mut or_tell = |mistake: String| mistakes.push(mistake);
        let greeting = args.reception.greeting.as_deref().map(greeting::read);
        let greeting = greeting.transpose().unwrap_or_else(|why| {
            or_tell(format!("the old greeting stays: {why}"));
            None
        });
        let password = self.read_password(args, &mut notes).unwrap_or_else(|why| {
            or_tell(format!("the old password stays: {why}"));
            Password::Same
        });
        let credentials = self
            .read_certificate(args, &mut notes)
            .unwrap_or_else(|why| {
                or_tell(format!("the old certificate and key stay: {why}"));
                None
            });
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let config = Config {
            limits: args.limits(self.possible),
            limit_loopback: args.limit_loopback,
            together: args.tuning.together,
            greeting: greeting.flatten(),
            ..current.clone()
        };
        Ok(Read {
            config,
            password,
            credentials,
            notes,
            settings,
        })
    }

    fn read_password(&self, args: &Args, notes: &mut Vec<String>) -> Result<Password, String> {
        let Some(source) = args.password() else {
            return Ok(match self.password {
                Some(_) => Password::Removed,
                None => Password::Same,
            });
        };
        if !self.may_have_password {
            return Err(NO_TLS.to_owned());
        }
        match source.reload(notes) {
            Some(Ok(hash)) => Ok(Password::Set(source, hash)),
            Some(Err(why)) => Err(chain(&why)),
            None if self.password.as_ref() == Some(&source) => Ok(Password::Same),
            None => Err("the password comes from a file that is none".to_owned()),
        }
    }

    /// The certificate of the operator; `None` if the server's own one stays.
    fn read_certificate(
        &self,
        args: &Args,
        notes: &mut Vec<String>,
    ) -> Result<Option<(Source, Credentials)>, String> {
        let Some(tls) = &self.tls else {
            return Ok(None);
        };
        let variable = |name: &str| self.sources.variables.get(OsStr::new(name)).cloned();
        let source = match (args.source(variable), &tls.source) {
            // It does not change.
            (Some(Source::Own(_)) | None, Source::Own(_)) | (None, _) => return Ok(None),
            (Some(source), _) => source,
        };
        let credentials = source.load(notes).map_err(|failure| chain(failure.why()))?;
        Ok(Some((source, credentials)))
    }

    /// Has it hold from now on.
    fn apply(&mut self, read: Read, shared: &Shared) {
        let Now { time, .. } = now();
        let config = Arc::new(read.config);
        shared
            .logger
            .set_level(read.settings.args.logging.log_level);
        let mut state = shared.write();
        match read.password {
            Password::Same => {}
            Password::Set(source, hash) => {
                state.hub.access.set_password(Some(hash));
                self.password = Some(source);
                let record = Record::new("the password was read again");
                shared.logger.info(time, record);
            }
            Password::Removed => {
                state.hub.access.set_password(None);
                self.password = None;
                let record = Record::new("the room has no password any more");
                shared.logger.warn(time, record);
            }
        }
        if let (Some(tls), Some((source, credentials))) = (&mut self.tls, read.credentials) {
            tls.config.replace(credentials.key);
            let record = Record::new("the certificate and the key were read again")
                .with("from", &source)
                .with("fingerprint", credentials.fingerprint);
            shared.logger.info(time, record);
            tls.source = source;
        }
        let topic = read.settings.args.reception.topic;
        if let Some(topic) = topic
            .as_ref()
            .filter(|topic| self.topic.as_ref() != Some(topic))
        {
            let current = state.hub.room().moderation().topic();
            if current.is_none_or(|current| current.text != *topic) {
                state.hub.request(Request::SetTopic(topic.clone()), now());
            }
        }
        self.topic = topic;
        state.hub.set_config(Arc::clone(&config));
        shared.set_config(config);
        drop(state);
        // Its round shows the topic, and looks after the files of the history.
        shared.give(ACCEPTOR, Task::Reopen);
        // The next connection may be one that had no place before.
        shared.tell_of_space();
    }
}

/// A text that a connection can be told.
fn bounded(text: &str) -> String {
    let mut bounded = String::new();
    for line in text.lines().map(clean) {
        if bounded.len() + line.len() >= MAX_TEXT - MORE.len() {
            bounded += MORE;
            break;
        }
        bounded += &format!("{line}\n");
    }
    let bounded = bounded.trim_end();
    match Text::clean(bounded) {
        Ok(text) => text.as_str().to_owned(),
        Err(_) => MORE.to_owned(),
    }
}

const MORE: &str = "the log tells the rest";

const STAYS: &str = "the configuration stays as it was";

/// As at the start.
const NO_TLS: &str = "without encryption peers on other machines could not say it";
