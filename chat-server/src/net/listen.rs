//! Where to listen: what `--listen` says, which sockets that takes, and what to do
//! when one of them cannot be had.
//!
//! Every IPv6 socket is for IPv6 only, so that it never gets in the way of one for
//! IPv4. What would overlap is opened once: an address that is given twice, and one
//! that a wildcard for its port covers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, ToSocketAddrs};

use crate::net::listener::{Listener, own_addresses};
use crate::ops::errors::in_words;

/// The port of the chat.
pub const DEFAULT_PORT: u16 = 5000;

/// What one `--listen` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// All addresses of this machine, IPv4 and IPv6.
    Everywhere(u16),
    /// One address.
    At(SocketAddr),
    /// A host, whose addresses are looked up at the start.
    Host(String, u16),
}

/// A socket to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    address: SocketAddr,
    /// A machine that has no such address does without.
    optional: bool,
}

impl Listen {
    /// Reads `ADDR:PORT`, `[IPV6]:PORT`, `NAME:PORT`, or `PORT`, also written
    /// `:PORT` and `*:PORT`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what to give instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return match address {
                SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() && v6.scope_id() == 0 => {
                    let (ip, port) = (v6.ip(), v6.port());
                    Err(format!(
                        "its interface is missing: give [{ip}%eth0]:{port} or the like"
                    ))
                }
                _ => Ok(Self::At(canonical(address))),
            };
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return port(text).map(Self::Everywhere);
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!("leave out {scheme}://, and give ADDR:PORT"));
        }
        let mut several = text.split([',', ' ']).filter(|one| !one.is_empty());
        if text.contains([',', ' ']) && several.all(|one| Self::parse(one).is_ok()) {
            return Err("these are several places: give --listen for each of them".to_owned());
        }
        let Some((host, behind)) = text.rsplit_once(':') else {
            let is_word = text.starts_with(char::is_alphabetic) && is_host(text);
            return Err(match text {
                "" => HINT.to_owned(),
                _ if is_word || text.parse::<IpAddr>().is_ok() => no_port(text),
                _ => format!("that is no port: {HINT}"),
            });
        };
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        if host.contains(':') && !is_bracketed {
            // Where there is one bracket, the other one was forgotten.
            let [whole, host] = [text, host].map(|text| text.trim_matches(['[', ']']));
            return Err(
                if is_ipv6(whole) && (text.ends_with(']') || !is_ipv6(host)) {
                    no_port(&format!("[{whole}]"))
                } else if is_ipv6(host) {
                    format!("an IPv6 address stands in brackets: give [{host}]:{behind}")
                } else {
                    format!("{text} is not an address: {HINT}")
                },
            );
        }
        let port = port(behind)?;
        match host {
            "" | "*" => Ok(Self::Everywhere(port)),
            // With an interface by name: [fe80::1%eth0].
            _ if is_bracketed && host.contains('%') => {
                Ok(Self::Host(host[1..host.len() - 1].to_owned(), port))
            }
            _ if is_host(host) => Ok(Self::Host(host.to_owned(), port)),
            _ => Err(format!("{host} is not an address: {HINT}")),
        }
    }

    /// The sockets for it.
    fn places(&self) -> Result<Vec<Place>, String> {
        Ok(match self {
            Self::Everywhere(port) => vec![
                Place::new((Ipv4Addr::UNSPECIFIED, *port).into()),
                Place {
                    optional: true,
                    ..Place::new((Ipv6Addr::UNSPECIFIED, *port).into())
                },
            ],
            Self::At(address) => vec![Place::new(*address)],
            Self::Host(name, port) => {
                let found = (&**name, *port).to_socket_addrs();
                let found: Vec<_> = found.into_iter().flatten().map(canonical).collect();
                if found.is_empty() {
                    return Err(format!(
                        "cannot listen on {name}:{port}: no address is known for {name}\n\
                         check the spelling, or give an address: --listen 127.0.0.1:{port}"
                    ));
                }
                let has_v4 = found.iter().any(SocketAddr::is_ipv4);
                let place = |address: SocketAddr| Place {
                    address,
                    optional: has_v4 && address.is_ipv6(),
                };
                found.into_iter().map(place).collect()
            }
        })
    }
}

impl Place {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            optional: false,
        }
    }

    /// Whether one socket here takes all that comes to `other`.
    fn covers(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.address, other.address);
        mine == theirs
            || mine.port() == theirs.port()
                && mine.is_ipv4() == theirs.is_ipv4()
                && mine.ip().is_unspecified()
    }
}

/// An IPv4 address that is written as one of IPv6 is that IPv4 address.
fn canonical(address: SocketAddr) -> SocketAddr {
    match (address, address.ip().to_canonical()) {
        // Its flow is nothing to listen on; its interface is.
        (SocketAddr::V6(v6), IpAddr::V6(ip)) => {
            SocketAddrV6::new(ip, v6.port(), 0, v6.scope_id()).into()
        }
        (_, ip) => SocketAddr::new(ip, address.port()),
    }
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| match text {
        "" => format!("the port is missing: {HINT}"),
        _ => format!("{text} is no port: give a number from 0 to 65535"),
    })
}

fn no_port(host: &str) -> String {
    format!("the port is missing: give {host}:{DEFAULT_PORT}")
}

/// Whether it is an address of IPv6, perhaps with an interface.
fn is_ipv6(text: &str) -> bool {
    let (ip, _) = text.split_once('%').unwrap_or((text, ""));
    ip.parse::<Ipv6Addr>().is_ok()
}

/// Whether this can be the name of a host. Digits and dots alone are a misspelt
/// address.
fn is_host(text: &str) -> bool {
    let is_allowed = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    text.chars().all(is_allowed) && text.contains(char::is_alphabetic)
}

/// The sockets to open for all of these together: none twice, and none that another
/// one covers. Those with a port of their own come first.
fn plan(mut places: Vec<Place>) -> Vec<Place> {
    // An IPv6 wildcard alone is for IPv4 as well.
    let wildcards = places.iter().map(|place| place.address);
    let wildcards = wildcards.filter(|address| address.is_ipv6() && address.ip().is_unspecified());
    let also: Vec<Place> = wildcards
        .filter(|v6| {
            let mut others = places.iter().map(|place| place.address);
            !others.any(|other| other.is_ipv4() && other.port() == v6.port())
        })
        .map(|v6| Place {
            address: (Ipv4Addr::UNSPECIFIED, v6.port()).into(),
            optional: true,
        })
        .collect();
    places.extend(also);
    places.sort_by_key(|place| place.address.port() == 0);
    let mut planned: Vec<Place> = Vec::new();
    for place in places {
        if let Some(wider) = planned.iter_mut().find(|other| other.covers(&place)) {
            wider.optional &= place.optional;
            continue;
        }
        let covered = planned.extract_if(.., |other| place.covers(other));
        let optional = covered.fold(place.optional, |optional, one| optional && one.optional);
        planned.push(Place { optional, ..place });
    }
    planned
}

/// The sockets that systemd has opened if there are any, and otherwise those of [`open`].
///
/// # Errors
///
/// As for [`open`].
pub fn open_or_adopt(
    wanted: &[Listen],
    passed: Vec<TcpListener>,
) -> Result<(Vec<Listener>, Vec<String>), String> {
    if passed.is_empty() {
        return open(wanted);
    }
    let adopted: io::Result<Vec<_>> = passed.into_iter().map(Listener::adopt).collect();
    let adopted =
        adopted.map_err(|why| format!("cannot use a socket of systemd: {}", in_words(&why)))?;
    let mut notes = Vec::new();
    if !wanted.is_empty() {
        notes.push("--listen is not used: systemd has opened the sockets".to_owned());
    }
    Ok((adopted, notes))
}

/// Opens the sockets for all of these, or for the usual port if there are none. Port
/// 0 is one free port, the same for all that want one. What the machine has not, and
/// need not have, is told in a line each.
///
/// # Errors
///
/// Which one cannot be had, why, and what to do.
pub fn open(wanted: &[Listen]) -> Result<(Vec<Listener>, Vec<String>), String> {
    let usual = [Listen::Everywhere(DEFAULT_PORT)];
    let wanted = if wanted.is_empty() { &usual } else { wanted };
    let mut places = Vec::new();
    for listen in wanted {
        places.extend(listen.places()?);
    }
    let places = plan(places);
    let mut picks = 0;
    loop {
        match bind(&places) {
            // It was picked for another address, where it is free.
            Err(refused) if refused.picked && is_in_use(&refused.error) && picks < PICKS => {
                picks += 1;
            }
            result => return result.map_err(|refused| refused.explain(&own_addresses())),
        }
    }
}

/// Why there is no socket.
#[derive(Debug)]
struct Refused {
    address: SocketAddr,
    /// The system picked the port, for another address.
    picked: bool,
    error: io::Error,
}

fn bind(places: &[Place]) -> Result<(Vec<Listener>, Vec<String>), Refused> {
    let (mut listeners, mut notes) = (Vec::new(), Vec::new());
    let mut pick = None;
    for place in places {
        let mut address = place.address;
        let wants_pick = address.port() == 0;
        let picked = pick.filter(|_| wants_pick);
        if let Some(port) = picked {
            address.set_port(port);
        }
        match Listener::bind(address) {
            Ok(listener) => {
                if wants_pick {
                    pick = Some(listener.address().port());
                }
                listeners.push(listener);
            }
            Err(error) if place.optional && !is_in_use(&error) => {
                notes.push(format!(
                    "not listening on {address}: {}",
                    why(address, &error)
                ));
            }
            Err(error) => {
                return Err(Refused {
                    address,
                    picked: picked.is_some(),
                    error,
                });
            }
        }
    }
    Ok((listeners, notes))
}

impl Refused {
    /// What has happened and what to do; `own` are addresses that the machine has.
    fn explain(&self, own: &[IpAddr]) -> String {
        let Self { address, error, .. } = self;
        let (ip, port) = (address.ip(), address.port());
        let at = |port: u16| match ip.is_unspecified() {
            true => format!("--listen {port}"),
            false => format!("--listen {}", SocketAddr::new(ip, port)),
        };
        let why = why(*address, error);
        let what = if is_in_use(error) {
            let mut what = format!(
                "\nstop the program that has it, which this finds: {}\n\
                 or take another port: {}",
                who_listens(port),
                at(port.checked_add(1).unwrap_or(0))
            );
            if cfg!(target_os = "macos") && port == DEFAULT_PORT {
                what += "\non macOS port 5000 often belongs to the AirPlay Receiver \
                         (System Settings, General, AirDrop & Handoff)";
            }
            what
        } else if is_not_here(error) {
            let same = own.iter().filter(|own| own.is_ipv4() == ip.is_ipv4());
            let same: Vec<String> = same.map(ToString::to_string).collect();
            match same.is_empty() {
                true => format!("\ntake all that it has: --listen {port}"),
                false => {
                    let same = same.join(", ");
                    format!("\ntake one that it has ({same}), or all: --listen {port}")
                }
            }
        } else if is_for_root(port, error) {
            format!("\ntake another port: {}", at(DEFAULT_PORT))
        } else {
            String::new()
        };
        format!("cannot listen on {address}: {why}{what}")
    }
}

/// Why there is no socket for an address.
fn why(address: SocketAddr, error: &io::Error) -> String {
    let why = match address.ip() {
        _ if is_in_use(error) => "the port is in use, perhaps by another chat-server",
        _ if is_for_root(address.port(), error) => "ports below 1024 are for root",
        _ if !is_not_here(error) => return in_words(error),
        IpAddr::V6(ip) if ip.is_unspecified() || ip.is_loopback() => "this machine has no IPv6",
        _ => "this machine does not have that address",
    };
    why.to_owned()
}

fn is_in_use(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

/// Whether the machine has not this address, or none of its family.
fn is_not_here(error: &io::Error) -> bool {
    #[cfg(unix)]
    if rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::AFNOSUPPORT) {
        return true;
    }
    error.kind() == io::ErrorKind::AddrNotAvailable
}

/// Whether it is only that the port needs a privilege.
fn is_for_root(port: u16, error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && port < FIRST_FREE_PORT
}

/// The command that tells who listens on a port.
fn who_listens(port: u16) -> String {
    if cfg!(target_os = "linux") {
        format!("sudo ss -ltnp 'sport = :{port}'")
    } else if cfg!(windows) {
        format!("netstat -ano | findstr :{port}")
    } else {
        format!("sudo lsof -nP -iTCP:{port} -sTCP:LISTEN")
    }
}

const HINT: &str = "give ADDR:PORT such as 127.0.0.1:5000, [IPV6]:PORT, NAME:PORT or PORT";

/// The first port that is not for root alone, where nothing else is set.
const FIRST_FREE_PORT: u16 = 1024;

/// How often another port is picked because the first one was taken on another
/// address.
const PICKS: usize = 20;

#[cfg(test)]
mod tests;
