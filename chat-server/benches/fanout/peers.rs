//! The servers of others: where they are, and a configuration for each that
//! lets them do nothing but fan-out. On the loopback, on a port of their own,
//! without flood control, limits per address or anything kept on disk.

mod encrypted;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use chat_testkit::Carrier;
use tempfile::TempDir;

use crate::contestant::{Contestant, Kind};
use crate::process::{Recipe, free_address};
use encrypted::{INSPIRCD_PROFILE, Pem};

/// The servers that are installed, and the names of those that are not.
pub(crate) fn find() -> (Vec<Contestant>, Vec<&'static str>) {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for (kind, package, version) in PEERS {
        // The package is named as its program.
        match program(package) {
            Some(program) => {
                let version = version_of(&program, version);
                let chat = if kind == Kind::Ncat { " --chat" } else { "" };
                found.push(Contestant {
                    kind,
                    carrier: Carrier::Plain,
                    name: format!("{package}{chat} {version}").trim_end().to_owned(),
                    program,
                    threads: None,
                });
            }
            None => missing.push(package),
        }
    }
    (found, missing)
}

const PEERS: [(Kind, &str, &str); 6] = [
    (Kind::Redis, "redis-server", "--version"),
    (Kind::Inspircd, "inspircd", "--version"),
    (Kind::Nats, "nats-server", "--version"),
    (Kind::Ngircd, "ngircd", "--version"),
    (Kind::Ncat, "ncat", "--version"),
    (Kind::Mosquitto, "mosquitto", "-h"),
];

fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders
        .map(|folder: PathBuf| folder.join(name))
        .find(|file| file.is_file())
}

/// The first thing that looks like a version in what it says about itself.
fn version_of(program: &Path, argument: &str) -> String {
    let mut command = Command::new(program);
    let output = command.arg(argument).stdin(Stdio::null()).output();
    let Ok(output) = output else {
        return String::new();
    };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text)
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .find(|word| word.contains('.'))
        .unwrap_or_default()
        .to_owned()
}

/// How such a server is started.
pub(crate) fn recipe(contestant: &Contestant) -> anyhow::Result<Recipe> {
    let home = tempfile::tempdir().context("no place for a configuration")?;
    let address = free_address()?;
    let port = address.port();
    let mut command = Command::new(&contestant.program);
    command.current_dir(home.path());
    let pem = match contestant.carrier {
        Carrier::Plain => None,
        Carrier::Tls => Some(Pem::write(&home)?),
    };
    let pem = pem.as_ref();
    match contestant.kind {
        Kind::Floor | Kind::Text | Kind::Json => unreachable!("ours are no peers"),
        Kind::Redis => {
            command.arg(config(&home, &redis(port, pem))?);
        }
        Kind::Nats => {
            command.arg("-c").arg(config(&home, &nats(port, pem))?);
        }
        Kind::Ngircd => {
            command.arg("-n").arg("-f");
            command.arg(config(&home, &ngircd(port, pem))?);
        }
        Kind::Inspircd => {
            command.args(["--nofork", "--nopid", "--runasroot"]);
            let config = config(&home, &inspircd(port, pem))?;
            command.arg(format!("--config={}", config.display()));
        }
        Kind::Mosquitto => {
            command.arg("-c").arg(config(&home, &mosquitto(port, pem))?);
        }
        Kind::Ncat => {
            command.args(["-n", "-l", "--chat", "-m", "1000"]);
            command.args(pem.iter().flat_map(|pem| pem.ncat()));
            command.arg("127.0.0.1");
            command.arg(port.to_string());
        }
    }
    Ok(Recipe {
        command,
        address: Some(address),
        home,
        threads: 1,
    })
}

fn config(home: &TempDir, text: &str) -> anyhow::Result<PathBuf> {
    let path = home.path().join("config");
    fs::write(&path, text).context("cannot write a configuration")?;
    Ok(path)
}

fn redis(port: u16, pem: Option<&Pem>) -> String {
    let ports = match pem {
        None => format!("port {port}\n"),
        Some(pem) => pem.redis(port),
    };
    format!(
        "bind 127.0.0.1
{ports}protected-mode no
daemonize no
save \"\"
appendonly no
maxclients {MANY}
tcp-backlog 1024
tcp-keepalive 0
timeout 0
client-output-buffer-limit pubsub 0 0 0
client-output-buffer-limit normal 0 0 0
"
    )
}

fn nats(port: u16, pem: Option<&Pem>) -> String {
    let tls = pem.map(Pem::nats).unwrap_or_default();
    format!(
        "listen: \"127.0.0.1:{port}\"
max_connections: {MANY}
max_pending: 1GB
write_deadline: \"1h\"
ping_interval: \"24h\"
{tls}"
    )
}

fn ngircd(port: u16, pem: Option<&Pem>) -> String {
    let (ports, tls) = match pem {
        None => (format!("Ports = {port}\n"), String::new()),
        Some(pem) => (String::new(), pem.ngircd(port)),
    };
    format!(
        "[Global]
Name = bench.local
Info = bench
AdminInfo1 = bench
Listen = 127.0.0.1
{ports}[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
MaxNickLength = 16
PingTimeout = 86400
PongTimeout = 86400
[Options]
DNS = no
Ident = no
PAM = no
{tls}"
    )
}

fn inspircd(port: u16, pem: Option<&Pem>) -> String {
    let tls = pem.map(Pem::inspircd).unwrap_or_default();
    let profile = pem.map(|_| format!(" sslprofile=\"{INSPIRCD_PROFILE}\""));
    let profile = profile.unwrap_or_default();
    format!(
        r##"{tls}<server name="bench.local" description="bench" network="bench" id="00A">
<admin name="bench" nick="bench" email="bench@bench.local">
<bind address="127.0.0.1" port="{port}" type="clients"{profile}>
<connect name="all" allow="*" timeout="600" pingfreq="86400"
 limit="{MANY}" localmax="{MANY}" globalmax="{MANY}" maxconnwarn="no"
 fakelag="no" commandrate="1000000000" threshold="1000000000"
 recvq="100M" softsendq="1G" hardsendq="1G"
 resolvehostnames="no" useident="no">
<performance softlimit="{MANY}" somaxconn="1024" netbuffersize="65534">
<log method="file" type="none" level="sparse" target="log">
"##
    )
}

fn mosquitto(port: u16, pem: Option<&Pem>) -> String {
    let tls = pem.map(Pem::mosquitto).unwrap_or_default();
    format!(
        "listener {port} 127.0.0.1
{tls}allow_anonymous true
persistence false
set_tcp_nodelay true
max_connections -1
max_queued_messages 0
sys_interval 0
log_type error
connection_messages false
"
    )
}

/// More than the clients that come.
const MANY: usize = 30_000;
