//! Who may come in: how many connections there are in all and from one address,
//! and how many of them have not said anything yet.
//!
//! An address is one of IPv4, or what one subscriber of IPv6 usually has, 64
//! bits of it. Addresses of this machine count in all only, unless it is said
//! that they count like the others. It is all a matter of numbers: sockets and
//! clocks are elsewhere.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use chat_proto::event::Limits;
use chat_proto::text_form::GREETING;

/// Everybody who has come in and not gone.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Limits,
    /// The addresses of this machine count as well.
    limit_loopback: bool,
    /// How many there are.
    connections: usize,
    from: HashMap<Source, Count>,
    /// Those who are in the room and have said nothing, and where they are from; who
    /// has been so for longest is the first.
    silent: BTreeMap<Silent, IpAddr>,
    /// When each address could again send as many as after ten quiet minutes.
    rested: HashMap<Source, Instant>,
    /// When those of them that mean nothing any more were last dropped.
    swept: Option<Instant>,
}

#[derive(Debug, Default)]
struct Count {
    connections: usize,
    /// Of those, the silent ones.
    silent: usize,
}

/// Somebody who is in the room and has said nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Silent {
    /// For how long.
    pub(crate) since: Instant,
    /// Whose connection it is.
    pub(crate) worker: usize,
    /// Which one of those.
    pub(crate) key: usize,
}

/// Where somebody comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4([u8; 4]),
    /// The first half of an address.
    V6([u8; 8]),
}

/// Why somebody may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There are as many as there can be.
    Full,
    /// There are as many from this address as there can be.
    AddressFull,
    /// As many have come from this address of late as may.
    AddressBusy,
    /// As many of this address as may have said nothing yet.
    AddressSilent,
    /// It does not come through the proxy.
    NoHeader,
}

impl Refusal {
    /// All that there are.
    pub const ALL: [Self; 5] = [
        Self::Full,
        Self::AddressFull,
        Self::AddressBusy,
        Self::AddressSilent,
        Self::NoHeader,
    ];
}

impl Refusal {
    /// What whoever is refused sees first. A program takes it for the greeting,
    /// and asks.
    pub(crate) fn greeting(self) -> String {
        // The words that a program looks for, without the `-- ` of a notice.
        let version = &GREETING["-- ".len()..];
        format!("{version} {}", self.advice())
    }

    /// What a person can make of it.
    pub(crate) fn advice(self) -> String {
        match self {
            Self::NoHeader => format!("{self}: come through the proxy (--proxy-protocol)"),
            _ => format!("{self}: try again later"),
        }
    }
}

/// For whoever is refused, and for the log.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the room is full",
            Self::AddressFull => "too many connections from one address",
            Self::AddressBusy => "too many new connections from one address",
            Self::AddressSilent => "too many from one address that have not said anything",
            Self::NoHeader => "no PROXY header came first",
        })
    }
}

impl Admission {
    /// Nobody is here yet.
    pub(crate) fn new(limits: Limits, limit_loopback: bool) -> Self {
        Self {
            limits,
            limit_loopback,
            connections: 0,
            from: HashMap::new(),
            silent: BTreeMap::new(),
            rested: HashMap::new(),
            swept: None,
        }
    }

    /// Somebody comes. Who is refused is not counted.
    pub(crate) fn arrive(&mut self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        if is_reached(self.connections, self.limits.clients) {
            return Err(Refusal::Full);
        }
        if let Some(source) = self.source(address) {
            let from = self.from.get(&source).map_or(0, |from| from.connections);
            if is_reached(from, self.limits.per_address) {
                return Err(Refusal::AddressFull);
            }
            if !self.is_rested(source, now) {
                return Err(Refusal::AddressBusy);
            }
            self.from.entry(source).or_default().connections += 1;
        }
        self.connections += 1;
        Ok(())
    }

    /// Somebody who came in has gone.
    pub(crate) fn leave(&mut self, address: IpAddr) {
        self.connections -= 1;
        if let Some(source) = self.source(address)
            && let Entry::Occupied(mut from) = self.from.entry(source)
        {
            from.get_mut().connections -= 1;
            if from.get().connections == 0 {
                from.remove();
            }
        }
    }

    /// Somebody says nothing for a while after coming in. If those are too many
    /// now, whoever has been silent for longest is one of them no more, and is to go.
    pub(crate) fn wait(
        &mut self,
        silent: Silent,
        address: IpAddr,
    ) -> Result<Option<Silent>, Refusal> {
        if let Some(source) = self.source(address) {
            let from = self.from.entry(source).or_default();
            if is_reached(from.silent, self.limits.unjoined_per_address) {
                return Err(Refusal::AddressSilent);
            }
            from.silent += 1;
        }
        let is_crowded = is_reached(self.silent.len(), self.limits.unjoined);
        let first = self.silent.first_key_value().map(|(first, _)| *first);
        self.silent.insert(silent, address);
        let first = first.filter(|_| is_crowded);
        if let Some(first) = &first {
            self.join(first);
        }
        Ok(first)
    }

    /// Somebody who has waited says something, or goes.
    pub(crate) fn join(&mut self, silent: &Silent) {
        if let Some(address) = self.silent.remove(silent)
            && let Some(source) = self.source(address)
            && let Some(from) = self.from.get_mut(&source)
        {
            from.silent -= 1;
        }
    }

    /// How many there are.
    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    /// How many of them have said nothing yet.
    pub(crate) fn silent(&self) -> usize {
        self.silent.len()
    }

    /// What counts as one with this address, if it is counted.
    fn source(&self, address: IpAddr) -> Option<Source> {
        let address = address.to_canonical();
        if address.is_loopback() && !self.limit_loopback {
            return None;
        }
        Some(match address {
            IpAddr::V4(address) => Source::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Source::V6([a, b, c, d, e, f, g, h])
            }
        })
    }

    /// Whether one more may come from there, which is taken note of.
    fn is_rested(&mut self, source: Source, now: Instant) -> bool {
        let most = self.limits.new_per_address;
        if most == 0 {
            return true;
        }
        if self.rested.len() >= MAX_SOURCES && !self.rested.contains_key(&source) {
            if self.swept.is_none_or(|swept| swept + SWEEP_EVERY <= now) {
                self.swept = Some(now);
                self.rested.retain(|_, rested| *rested > now);
            }
            if self.rested.len() >= MAX_SOURCES {
                // Whoever has so many addresses is not stopped by counting them.
                return true;
            }
        }
        let rested = self.rested.entry(source).or_insert(now);
        let next = now.max(*rested) + WINDOW / most;
        let is_rested = next <= now + WINDOW;
        if is_rested {
            *rested = next;
        }
        is_rested
    }
}

/// 0 is no limit.
fn is_reached(count: usize, most: usize) -> bool {
    most > 0 && count >= most
}

/// The time in which only so many may come from one address.
const WINDOW: Duration = Duration::from_secs(600);

/// The time between two searches for what can be dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Addresses that are remembered after their connections have ended.
const MAX_SOURCES: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(limits: Limits) -> Admission {
        Admission::new(limits, false)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn come(admission: &mut Admission, addresses: &[&str], now: Instant) -> Vec<bool> {
        let come = |address: &&str| admission.arrive(ip(address), now).is_ok();
        addresses.iter().map(come).collect()
    }

    /// C-04: who goes makes room for another one.
    #[test]
    fn so_many_in_all() {
        let mut admission = admission(Limits {
            clients: 2,
            ..Limits::default()
        });
        let now = Instant::now();
        let [a, b] = [ip("127.0.0.1"), ip("10.0.0.1")];
        assert_eq!(admission.arrive(a, now), Ok(()));
        assert_eq!(admission.arrive(b, now), Ok(()));
        assert_eq!(admission.arrive(a, now), Err(Refusal::Full));
        admission.leave(b);
        assert_eq!(admission.arrive(a, now), Ok(()));
        assert_eq!(admission.connections(), 2);
    }

    /// C-05: IPv6 by its first half, IPv4 as itself in every form, and this
    /// machine not at all.
    #[test]
    fn so_many_from_one_address() {
        let limits = Limits {
            per_address: 2,
            ..Limits::default()
        };
        let now = Instant::now();
        for [same, other] in [
            ["10.0.0.1", "10.0.0.2"],
            ["::ffff:10.0.0.1", "::ffff:10.0.0.2"],
            ["2001:db8:1:1::1", "2001:db8:1:2::1"],
        ] {
            let mut admission = admission(limits);
            assert_eq!(
                come(&mut admission, &[same, same, same, other], now),
                [true, true, false, true]
            );
            admission.leave(ip(same));
            assert_eq!(come(&mut admission, &[same, same], now), [true, false]);
        }
        let mut admission = admission(limits);
        assert_eq!(
            come(&mut admission, &["10.0.0.1", "::ffff:10.0.0.1"], now),
            [true, true]
        );
        assert_eq!(come(&mut admission, &["10.0.0.1"], now), [false]);
        assert_eq!(
            come(&mut admission, &["2001:db8::1", "2001:db8::ffff"], now),
            [true, true]
        );
        assert_eq!(come(&mut admission, &["2001:db8::2"], now), [false]);
        assert_eq!(come(&mut admission, &["127.0.0.1"; 3], now), [true; 3]);
        assert_eq!(come(&mut admission, &["::1"; 3], now), [true; 3]);
        let mut strict = Admission::new(limits, true);
        let come_twice = come(&mut strict, &["127.0.0.2"; 3], now);
        assert_eq!(come_twice, [true, true, false]);
        assert_eq!(come(&mut strict, &["127.0.0.3"], now), [true]);
    }

    #[test]
    fn so_many_from_one_address_in_ten_minutes() {
        let mut admission = admission(Limits::default());
        let address = ip("10.0.0.1");
        let mut now = Instant::now();
        let come = |admission: &mut Admission, now| {
            let mut count = 0;
            while admission.arrive(address, now).is_ok() {
                admission.leave(address);
                count += 1;
            }
            count
        };
        assert_eq!(come(&mut admission, now), 60);
        assert_eq!(admission.arrive(address, now), Err(Refusal::AddressBusy));
        now += Duration::from_secs(10);
        assert_eq!(come(&mut admission, now), 1);
        now += WINDOW;
        assert_eq!(come(&mut admission, now), 60);
    }

    /// C-01: they are counted apart, and each that speaks makes room.
    #[test]
    fn so_many_who_say_nothing() {
        let mut admission = admission(Limits {
            unjoined: 3,
            unjoined_per_address: 2,
            ..Limits::default()
        });
        let now = Instant::now();
        let [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(ip);
        for address in [a, a, a, b, c] {
            assert_eq!(admission.arrive(address, now), Ok(()));
        }
        // Whoever has waited for longest is first, on whichever thread.
        let silent = |number: u64| Silent {
            since: now + Duration::from_secs(number),
            worker: 9 - number as usize,
            key: 0,
        };
        assert_eq!(admission.wait(silent(1), a), Ok(None));
        assert_eq!(admission.wait(silent(2), a), Ok(None));
        assert_eq!(admission.wait(silent(3), a), Err(Refusal::AddressSilent));
        assert_eq!(admission.wait(silent(4), b), Ok(None));
        assert_eq!(admission.wait(silent(5), c), Ok(Some(silent(1))));
        assert_eq!(admission.silent(), 3);
        // That is counted once, whatever it does before it goes.
        admission.join(&silent(1));
        assert_eq!(admission.silent(), 3);
        admission.join(&silent(4));
        assert_eq!(admission.wait(silent(6), a), Ok(None));
        assert_eq!(admission.wait(silent(7), a), Err(Refusal::AddressSilent));
    }

    /// C-06: what is remembered has an end.
    #[test]
    fn memory_is_bounded() {
        let mut admission = admission(Limits::default());
        let now = Instant::now();
        for number in 0..MAX_SOURCES as u32 + 1000 {
            let address = IpAddr::from(number.wrapping_add(1 << 24).to_be_bytes());
            assert_eq!(admission.arrive(address, now), Ok(()));
            admission.leave(address);
        }
        assert!(admission.from.is_empty());
        assert_eq!(admission.rested.len(), MAX_SOURCES);
        // A while later they make room for others.
        let later = now + WINDOW;
        assert_eq!(admission.arrive(ip("1.1.1.1"), later), Ok(()));
        assert_eq!(admission.rested.len(), 1);
    }
}
