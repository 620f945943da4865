//! The program: arguments, sockets, and what people are told at the start.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use chat_server::access::naming::Naming;
use chat_server::access::password::PasswordHash;
use chat_server::cli::{Action, Args, Control, CtlArgs, MetricsAt, NoFolder};
use chat_server::cluster::start as sharing;
use chat_server::config::{Config, TlsMode};
use chat_server::ctl::{self, Status};
use chat_server::hub::Hub;
use chat_server::net::control_socket::{self, ControlSocket};
use chat_server::net::identity::{Failure, Secure};
use chat_server::net::listen;
use chat_server::net::listener::Listener;
use chat_server::ops::console::Console;
use chat_server::ops::descriptors::{RAISE_LIMIT, Space};
use chat_server::ops::errors::{chain, in_words};
use chat_server::ops::greeting;
use chat_server::ops::introduction::Introduction;
use chat_server::ops::logger::{Format, Level, Logger, Record};
use chat_server::ops::metrics::{self, Endpoint};
use chat_server::ops::people_file::{PeopleFile, PeopleKeeper, tell_problems};
use chat_server::ops::signals::{raise_descriptor_limit, survive_full_files};
use chat_server::ops::systemd::notify::Manager;
use chat_server::ops::systemd::sockets::{self, Passed};
use chat_server::room::identity::Identity;
use chat_server::runtime::reloader::Reloader;
use chat_server::runtime::server::{LOG_BYTES, Server};
use chat_server::runtime::system_clock::now;
use chat_server::sequencer::stream::rules::Rules;
use chat_server::settings::sources::Sources;
use chat_server::settings::start;
use chat_server::storage::History;

fn main() -> ExitCode {
    let sources = Sources::of_process();
    let settings = match start::read(&sources) {
        Ok(settings) => settings,
        Err(status) => return status,
    };
    let args = &settings.args;
    if let Some(Action::Ctl(args)) = &args.action {
        return ctl(args, &sources);
    }
    if let Some(what) = args.generate {
        // A reader that has seen enough is no failure.
        let _ = what.write(&mut io::stdout().lock());
        return ExitCode::SUCCESS;
    }
    // Before there is another thread.
    let passed = sockets::take();
    let format = match args.console {
        true => Format::on_terminal(args.logging.log_format),
        false => Format::on_stderr(args.logging.log_format),
    };
    let console = match args.console.then(Console::find).transpose() {
        Ok(console) => console,
        Err(error) => return fail(&error, format),
    };
    let logger = match &console {
        Some(console) => Logger::new(console.log(), format, args.logging.log_level),
        None => Logger::new(io::stderr(), format, args.logging.log_level),
    };
    let passed = passed.map_err(|why| (CANNOT_LISTEN, why));
    let parts = match passed.and_then(|passed| prepare(args, passed, &logger)) {
        Ok(parts) => parts,
        Err((status, why)) => {
            let record = Record::new("cannot start").with("why", &why);
            logger.say(Level::Error, &format!("chat-server: {why}"), record);
            logger.finish();
            return ExitCode::from(status);
        }
    };
    let reloader = Reloader::new(sources, &settings, parts.possible);
    match serve(parts, args, reloader, console, logger) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, format),
    }
}

/// Serves until a signal says stop.
fn serve(
    parts: Parts,
    args: &Args,
    reloader: Reloader,
    console: Option<Console>,
    logger: Logger,
) -> anyhow::Result<()> {
    let Parts {
        listeners,
        secure,
        history,
        hub,
        password,
        people,
        control,
        metrics,
        config,
        possible: _,
    } = parts;
    let addresses: Vec<SocketAddr> = listeners.iter().map(Listener::address).collect();
    let mode = config.tls;
    let fingerprint = secure.as_ref().map(|secure| secure.credentials.fingerprint);
    let mut server = Server::new(
        listeners,
        hub,
        history,
        config,
        args.tuning.threads(),
        logger,
    )?;
    let ips = addresses.iter().map(SocketAddr::ip);
    server.set_reloader(reloader.with_addresses(ips));
    if let Some(secure) = secure {
        server.encrypt(secure)?;
    }
    if let Some(topic) = args.reception.topic.clone() {
        server.set_topic(topic);
    }
    let mut introduction = Introduction::of(&addresses, mode, fingerprint);
    if let Some(hash) = password {
        server.set_password(hash);
        introduction = introduction.with_password();
    }
    if let Some(people) = people {
        server.keep_people(people);
    }
    if args.names == Naming::Known {
        introduction = introduction.with_people();
    }
    let path = control.as_ref().map(|control| control.path().to_owned());
    if let Some(control) = control {
        introduction = introduction.with_control(control.path());
        server.set_control(control)?;
    }
    let shown_at = metrics.as_ref().map(Endpoint::address);
    if let Some(metrics) = metrics {
        server.show_metrics(metrics);
    }
    match Manager::of(|name| std::env::var_os(name), std::process::id()) {
        Ok(manager) => server.report_to(manager),
        Err(error) => {
            let record = Record::new("the service manager cannot be told that the server is ready");
            let record = record.with("why", in_words(&error));
            server.logger().warn(now().time, record);
        }
    }
    // Not before signals are watched for: who reads this may send one.
    introduction.tell(server.logger());
    if let Some(address) = shown_at {
        let line = format!("metrics at http://{address}/metrics");
        let record = Record::new("metrics").with("address", address);
        server.logger().say(Level::Info, &line, record);
    }
    let _console = match (console, path) {
        (Some(console), Some(path)) => Some(console.open(&path)?),
        (Some(_), None) => bail!("--console needs the control socket, and there is none"),
        (None, _) => None,
    };
    server.run()
}

fn fail(error: &anyhow::Error, format: Format) -> ExitCode {
    let why = chain(error);
    let line = match format {
        Format::Text => format!("chat-server: {why}\n"),
        Format::Json | Format::Journal => {
            let record = Record::new("cannot go on").with("why", why);
            format.line(now().time, Level::Error, &record)
        }
    };
    let _ = io::stderr().write_all(line.as_bytes());
    ExitCode::from(FAILURE)
}

/// Gives orders to a server that runs.
fn ctl(args: &CtlArgs, sources: &Sources) -> ExitCode {
    match args.order(|name| std::env::var_os(name), |key| sources.look_up(key)) {
        Ok(order) => ExitCode::from(match ctl::run(&order) {
            Status::Done => 0,
            Status::Refused => REFUSED,
            Status::NoServer => NO_SERVER,
        }),
        Err(error) => {
            let _ = writeln!(io::stderr(), "chat-server: {}", chain(&error));
            ExitCode::from(NO_SERVER)
        }
    }
}

/// What a server is made of.
struct Parts {
    listeners: Vec<Listener>,
    /// Its certificate, unless no connection is encrypted.
    secure: Option<Secure>,
    history: Option<History>,
    hub: Hub,
    /// The password of the room.
    password: Option<PasswordHash>,
    /// Which names belong to which keys, if any do.
    people: Option<PeopleKeeper>,
    /// Where the operator comes in, if there is such a place.
    control: Option<ControlSocket>,
    /// Where metrics are served, if they are.
    metrics: Option<Endpoint>,
    config: Config,
    /// How many connections the system allows.
    possible: usize,
}

/// Gets all that the server needs of the system, or tells with which status to end,
/// and why.
fn prepare(args: &Args, passed: Passed, logger: &Logger) -> Result<Parts, (u8, String)> {
    let descriptors = raise_descriptor_limit().unwrap_or(MANY_DESCRIPTORS);
    // The operator types it before anything is there that would have to wait.
    let failed = |error: anyhow::Error| (FAILURE, chain(&error));
    let password = password(args, logger).map_err(failed)?;
    let greeting = args.reception.greeting.as_deref().map(greeting::read);
    let greeting = greeting.transpose().map_err(|why| (FAILURE, why))?;
    // Before a history is opened, which is written to as well.
    let _ = survive_full_files();
    let listeners = listen::open_or_adopt(&args.listen, passed.listeners);
    let (listeners, notes) = listeners.map_err(|why| (CANNOT_LISTEN, why))?;
    let notes = passed.notes.into_iter().chain(notes);
    for note in notes {
        let record = Record::new("listening").with("note", &note);
        logger.say(Level::Warn, &note, record);
    }
    let metrics = args.metrics.as_ref().map(MetricsAt::open).transpose();
    let metrics = metrics.map_err(|why| (CANNOT_LISTEN, why))?;
    let secure = secure(args, logger).map_err(failed)?;
    let is_local = |listener: &Listener| listener.address().ip().is_loopback();
    if password.is_some() && secure.is_none() && !listeners.iter().all(is_local) {
        return Err((WRONG_ARGUMENTS, PASSWORD_NEEDS_TLS.to_owned()));
    }
    let people = match secure {
        Some(_) => people(args, logger).map_err(failed)?,
        None if args.names == Naming::Known => {
            return Err((WRONG_ARGUMENTS, start::KEYS_NEED_TLS.to_owned()));
        }
        // No peer can show a key.
        None => None,
    };
    let naming = people.as_ref().map_or(Naming::Free, |_| args.names);
    let (history, hub) = open(args, naming, logger).map_err(failed)?;
    #[cfg(unix)]
    let control = match passed.control {
        Some(socket) => {
            Some(ControlSocket::adopt(socket).map_err(|why| (FAILURE, in_words(&why)))?)
        }
        None => control(args, logger).map_err(failed)?,
    };
    #[cfg(not(unix))]
    let control = control(args, logger).map_err(failed)?;
    let threads = args.tuning.threads().get() + usize::from(secure.is_some());
    let own = own_descriptors(threads, control.as_ref(), history.as_ref())
        + metrics.as_ref().map_or(0, |_| metrics::DESCRIPTORS);
    let space = Space::of(descriptors, own).map_err(|why| (FAILURE, why))?;
    if space.possible < args.max_clients().unwrap_or(FEW) {
        let words = format!(
            "only {} connections are possible: this process may have {descriptors} files \
             open\n{RAISE_LIMIT}",
            space.possible
        );
        let record = Record::new("few connections are possible (ulimit -n, LimitNOFILE=)");
        let record = record.count("connections", space.possible);
        logger.say(Level::Warn, &words, record.count("files", descriptors));
    }
    let config = Config {
        tls: match secure {
            Some(_) => args.tls,
            None => TlsMode::Off,
        },
        limits: args.limits(space.possible),
        limit_loopback: args.limit_loopback,
        proxied: args.proxy_protocol,
        together: args.tuning.together,
        connections: space.possible + space.spare,
        returning: space.returning,
        greeting: greeting.flatten(),
    };
    Ok(Parts {
        listeners,
        secure,
        history,
        hub,
        password,
        people,
        control,
        metrics,
        config,
        possible: space.possible,
    })
}

/// What the server itself needs, which is not for people to take.
fn own_descriptors(
    threads: usize,
    control: Option<&ControlSocket>,
    history: Option<&History>,
) -> usize {
    OWN_DESCRIPTORS
        + threads * DESCRIPTORS_OF_A_THREAD
        + control.map_or(0, |_| control_socket::DESCRIPTORS)
        + history.map_or(0, History::descriptors)
}

/// The password of the room, if it is to have one.
fn password(args: &Args, logger: &Logger) -> anyhow::Result<Option<PasswordHash>> {
    let Some(source) = args.password() else {
        return Ok(None);
    };
    let mut notes = Vec::new();
    let loaded = source.load(&mut notes);
    for note in notes {
        logger.warn(now().time, Record::new("password").with("note", note));
    }
    Ok(Some(loaded?))
}

/// The certificate for encrypted connections, if there are to be any.
fn secure(args: &Args, logger: &Logger) -> anyhow::Result<Option<Secure>> {
    if args.tls == TlsMode::Off {
        return Ok(None);
    }
    let why = match args.source(|name| std::env::var_os(name)) {
        None => anyhow!("there is no folder for the server's own key: name one with --state"),
        Some(source) => {
            let mut notes = Vec::new();
            let loaded = source.load(&mut notes);
            for note in notes {
                let record = Record::new("certificate and key").with("note", note);
                logger.warn(now().time, record);
            }
            match loaded {
                Ok(credentials) => {
                    return Ok(Some(Secure {
                        source,
                        credentials,
                    }));
                }
                Err(Failure::Wrong(why)) => return Err(why),
                Err(Failure::NotKept(why)) => why,
            }
        }
    };
    // A server with another key at each start would alarm its clients each time.
    let needs_tls = args.tls == TlsMode::Require || args.names == Naming::Known;
    if needs_tls || args.names_state() {
        return Err(why);
    }
    let why = chain(&why);
    let words = format!(
        "warning: no connection will be encrypted: {why}\n\
         give a folder that this user can write to: --state DIR, or StateDirectory=chat-server \
         in a systemd unit"
    );
    let record = Record::new("no connection will be encrypted (--state, StateDirectory=)");
    logger.say(Level::Warn, &words, record.with("why", why));
    Ok(None)
}

/// The file of people, if names belong to keys.
fn people(args: &Args, logger: &Logger) -> anyhow::Result<Option<PeopleKeeper>> {
    let path = match args.people(|name| std::env::var_os(name)) {
        Ok(Some(path)) => path,
        Ok(None) => return Ok(None),
        Err(NoFolder) => {
            return Err(anyhow!(
                "there is no folder for the file of people: name it with --people"
            ));
        }
    };
    let (file, problems) = PeopleFile::open(path)?;
    tell_problems(&file, &problems, logger);
    if args.names == Naming::Known && file.people().is_empty() {
        let path = file.path().display();
        let words = format!(
            "warning: no person can come in yet, because {path} lists no key (--names known)"
        );
        let record = Record::new("no person can come in, because no key is listed (--names known)");
        logger.say(Level::Warn, &words, record.with("path", path));
    }
    Ok(Some(PeopleKeeper::new(file, args.names)))
}

/// The control socket, if there is to be one and, in its usual place, if it can be had.
fn control(args: &Args, logger: &Logger) -> anyhow::Result<Option<ControlSocket>> {
    let path = match args.control(|name| std::env::var_os(name)) {
        Control::Nowhere => return Ok(None),
        Control::Named(path) => {
            let what = format!("cannot make the control socket {}", path.display());
            return ControlSocket::open(path).map(Some).context(what);
        }
        Control::Usual(path) => path,
    };
    let show = path.as_ref().map(|path| format!("{}: ", path.display()));
    let opened = path.context("there is no folder for it: name a path with --control");
    Ok(match opened.and_then(ControlSocket::open_in_folder) {
        Ok(control) => Some(control),
        Err(why) => {
            let (show, why) = (show.unwrap_or_default(), chain(&why));
            let words = format!("warning: there is no control socket: {show}{why}");
            let record = Record::new("there is no control socket");
            logger.say(
                Level::Warn,
                &words,
                record.with("why", format!("{show}{why}")),
            );
            None
        }
    })
}

/// The room, as it was left if it is kept.
fn open(args: &Args, naming: Naming, logger: &Logger) -> anyhow::Result<(Option<History>, Hub)> {
    let mut notes = Vec::new();
    let history = args.history();
    let show = history.as_ref().map(|it| it.path.display().to_string());
    let (history, hub) = match (args.cluster()?, history) {
        (Some(cluster), history) => {
            let address = cluster.address.to_string();
            // NATS may be slow to answer.
            let words = format!("looking for the room at {address}");
            let record = Record::new("looking for the room").with("address", &address);
            logger.say(Level::Info, &words, record);
            let rules = Rules::of(naming, cluster.names_up_to);
            let joined = sharing::join(cluster, rules, history, LOG_BYTES, now(), &mut notes)?;
            let words = format!("the room is shared with other servers over {address}");
            let record = Record::new("sharing the room").with("address", address);
            logger.say(Level::Info, &words, record);
            joined
        }
        (None, Some(options)) => {
            let (history, hub) = History::open(options, LOG_BYTES, now(), &mut notes)?;
            (Some(history), hub)
        }
        (None, None) => {
            let identity = Identity::new(now().time).context("the system gives no random bits")?;
            (None, Hub::new(identity, LOG_BYTES))
        }
    };
    for note in notes {
        logger.warn(now().time, Record::new("history").with("what", note));
    }
    if let Some(show) = show {
        // One of these is that it was opened.
        let events = hub.timeline.head().seq.saturating_sub(hub.timeline.first());
        let words = format!("what is said is kept in {show} ({events} events so far)");
        let record = Record::new("history opened").with("path", show);
        logger.say(Level::Info, &words, record.count("events", events));
    }
    Ok((history, hub))
}

/// A password that is sent plain over a network is none.
const PASSWORD_NEEDS_TLS: &str = "a room with a password needs encryption for peers on other \
                                  machines: leave out --tls off, or listen on 127.0.0.1 only";

/// Its poll, and what wakes it up.
const DESCRIPTORS_OF_A_THREAD: usize = 2;

/// As many as Linux gives one process unless it is told otherwise.
const MANY_DESCRIPTORS: usize = 1 << 20;

/// Standard streams, listeners and the like.
const OWN_DESCRIPTORS: usize = 20;

/// Connections that most rooms need, so that fewer are worth a word.
const FEW: usize = 256;

/// The exit status where the system does not give what the server needs.
const FAILURE: u8 = 1;

/// The exit status for arguments that make no sense.
const WRONG_ARGUMENTS: u8 = 2;

/// The exit status for an address that cannot be had.
const CANNOT_LISTEN: u8 = 3;

/// The exit status of `ctl` where a command was not done,
const REFUSED: u8 = 1;

/// and where there is no server that could do it.
const NO_SERVER: u8 = 3;
