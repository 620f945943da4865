//! Servers as processes of their own: started on their core, looked at through
//! `/proc`, and killed when dropped.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tempfile::TempDir;

/// The cores: the first ones for a server, the last one for the load.
#[derive(Debug, Clone)]
pub(crate) struct Cores {
    all: Vec<usize>,
}

impl Cores {
    /// The cores that this program may use.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let set = sched_getaffinity(None).context("cannot ask for the cores")?;
        let all = (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core));
        Ok(Self { all: all.collect() })
    }

    /// Whether the server and the load have to share one.
    pub(crate) fn is_single(&self) -> bool {
        self.all.len() < 2
    }

    /// As many for a server as it has busy threads, as far as there are.
    fn server(&self, threads: usize) -> CpuSet {
        let most = self.all.len().saturating_sub(1).max(1);
        set_of(&self.all[..threads.clamp(1, most)])
    }

    fn load(&self) -> CpuSet {
        set_of(&self.all[self.all.len() - 1..])
    }

    /// Which cores those are, for people.
    pub(crate) fn describe(&self, threads: usize) -> String {
        let server = self.server(threads);
        let server: Vec<String> = (0..CpuSet::MAX_CPU)
            .filter(|&core| server.is_set(core))
            .map(|core| core.to_string())
            .collect();
        let load = self.all[self.all.len() - 1];
        format!("server on core {}, load on core {load}", server.join(", "))
    }

    /// Moves this thread to the core of the load.
    pub(crate) fn take_load_core(&self) -> anyhow::Result<()> {
        sched_setaffinity(None, &self.load()).context("cannot take a core for the load")
    }
}

fn set_of(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core);
    }
    set
}

/// Raises the limit on descriptors as far as it goes, for this program and for
/// the servers that it starts, and tells how many there may be.
pub(crate) fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    now.unwrap_or(u64::MAX)
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// Its configuration and what it writes.
    home: TempDir,
}

/// How a server is started.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) command: Command,
    /// Where it will listen; `None` if it says so itself.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) home: TempDir,
    /// How many threads of it are busy.
    pub(crate) threads: usize,
}

impl Server {
    /// Starts it on its core, and waits until it takes connections.
    pub(crate) fn start(mut recipe: Recipe, cores: &Cores) -> anyhow::Result<Self> {
        let program = Path::new(recipe.command.get_program()).file_name();
        let program = program.unwrap_or_default().to_string_lossy().into_owned();
        let log = File::create(recipe.home.path().join(LOG)).context("cannot keep its output")?;
        recipe.command.stdin(Stdio::null());
        recipe.command.stdout(log.try_clone()?);
        recipe.command.stderr(log);
        // A child has the cores of the thread that starts it, so that not even
        // its first instruction runs beside the load.
        let set = cores.server(recipe.threads);
        sched_setaffinity(None, &set).context("cannot take a core for the server")?;
        let child = recipe.command.spawn();
        cores.take_load_core()?;
        let child = child.with_context(|| format!("cannot start {program}"))?;
        let mut server = Self {
            child,
            address: recipe.address.unwrap_or(UNKNOWN),
            home: recipe.home,
        };
        if let Err(error) = server.wait_until_up() {
            bail!(
                "{program} does not come up: {error:#}\n{}",
                server.last_words()
            );
        }
        server.pin(&set)?;
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Processor time that all its threads together have used.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let mut nanoseconds = 0;
        for task in self.tasks()? {
            // A thread may end between the listing and the look.
            if let Ok(text) = fs::read_to_string(task.join("schedstat")) {
                let first = text.split_whitespace().next();
                nanoseconds += first
                    .and_then(|number| number.parse::<u64>().ok())
                    .context("no times in schedstat: the kernel needs CONFIG_SCHED_INFO")?;
            }
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Memory that it occupies, in bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"))
            .and_then(|number| number.trim().parse::<u64>().ok());
        Ok(kib.context("no VmRSS in its status")? * 1024)
    }

    /// The end of what it wrote, to find the reason of a failure.
    pub(crate) fn last_words(&self) -> String {
        let text = fs::read(self.home.path().join(LOG)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(5)..];
        if last.is_empty() {
            "it has written nothing".to_owned()
        } else {
            format!("its last words:\n  {}", last.join("\n  "))
        }
    }

    fn wait_until_up(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + UP_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}");
            }
            if self.address.port() == 0 {
                let log = fs::read_to_string(self.home.path().join(LOG))?;
                let said = log.split_once(LISTENING).and_then(|(_, rest)| {
                    let (address, _) = rest.split_once('\n')?;
                    address.trim().parse().ok()
                });
                if let Some(address) = said {
                    self.address = address;
                    return Ok(());
                }
            } else if is_listened_on(self.address.port())? {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("it took no connection within {UP_WITHIN:?}");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Also threads that chose cores for themselves.
    fn pin(&self, set: &CpuSet) -> anyhow::Result<()> {
        for task in self.tasks()? {
            let id = task.file_name().and_then(|name| name.to_str());
            let id = id.and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
            match sched_setaffinity(id, set) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error).context("cannot keep the server on its core"),
            }
        }
        Ok(())
    }

    fn tasks(&self) -> anyhow::Result<Vec<PathBuf>> {
        let list = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let list = list.with_context(|| format!("the server is gone; {}", self.last_words()))?;
        Ok(list
            .collect::<io::Result<Vec<_>>>()?
            .iter()
            .map(fs::DirEntry::path)
            .collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks for a listener on the loopback without connecting: ncat ends when a client
/// connects and is gone at once.
fn is_listened_on(port: u16) -> anyhow::Result<bool> {
    let text = fs::read_to_string("/proc/net/tcp").context("cannot list the sockets")?;
    let loopback = u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets());
    let listener = format!(" {loopback:08X}:{port:04X} 00000000:0000 0A ");
    Ok(text.contains(&listener))
}

/// How often a connection found the backlog of a listener full, since the machine was
/// started. Other programs are expected to be idle.
pub(crate) fn backlog_drops() -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/netstat").context("cannot read netstat")?;
    // A line of names, and then one of numbers.
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, numbers) = (lines.next().zip(lines.next())).context("no TcpExt in netstat")?;
    names
        .split_whitespace()
        .zip(numbers.split_whitespace())
        .find(|(name, _)| *name == "ListenOverflows")
        .and_then(|(_, number)| number.parse().ok())
        .context("no ListenOverflows in netstat")
}

/// An address of the loopback without a listener at the moment.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}

/// Until it says where it listens.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

const LOG: &str = "output";

const LISTENING: &str = "listening on ";

const UP_WITHIN: Duration = Duration::from_secs(10);
