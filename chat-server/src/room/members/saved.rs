//! The members as they are saved: a row for each of them.

use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU64};

use chat_proto::moderation::Remark;
use chat_proto::name::Name;
use serde::{Deserialize, Serialize};

use super::{Keyed, MAX_PLACES, MAX_PROGRAMS, Member, Members, Thread, Visit};
use crate::access::keys::PersonKey;
use crate::room::identity::Owner;
use crate::room::origin::{ClientId, Origin, ServerId};
use crate::saved::{self, NoState};

#[derive(Serialize, Deserialize)]
pub(in crate::room) struct SavedMembers<'a> {
    programs: Vec<String>,
    /// The server, the number of the thread there, and its members by their keys.
    #[serde(borrow)]
    threads: Vec<(u16, u16, Vec<Row<'a>>)>,
}

/// A member: the key and the generation of the connection, the name, and more.
#[derive(Serialize, Deserialize)]
struct Row<'a>(
    u32,
    u32,
    &'a str,
    Option<NonZeroU64>,
    SavedVisit,
    Option<SavedKey>,
);

/// The address, the number of the program, when the person came, and when they spoke last.
type SavedVisit = (Option<IpAddr>, Option<NonZeroU16>, u32, u32);

/// The key, and whether what its bearer says claims the name.
type SavedKey = (String, bool);

impl Members {
    pub(in crate::room) fn save(&self) -> SavedMembers<'_> {
        let threads = self.threads.iter().map(|(&(server, worker), thread)| {
            let names = thread.names.iter().enumerate();
            let rows = names.filter_map(|(key, name)| Some(thread.save(key, name.as_ref()?)));
            (server.0, worker, rows.collect())
        });
        let programs = self.programs.iter().map(|it| it.as_str().to_owned());
        SavedMembers {
            programs: programs.collect(),
            threads: threads.collect(),
        }
    }

    pub(in crate::room) fn restore(saved: &SavedMembers<'_>) -> Result<Self, NoState> {
        let wrong = || NoState::wrong("members");
        let mut members = Self {
            programs: programs(&saved.programs)?,
            ..Self::default()
        };
        let mut connections = Vec::new();
        let mut places = 0;
        for (server, worker, rows) in &saved.threads {
            let last = rows.last().ok_or_else(wrong)?;
            places += u64::from(last.0) + 1;
            let in_order = rows.is_sorted_by(|one, next| one.0 < next.0);
            NoState::unless(in_order && places <= MAX_PLACES, "members")?;
            let mut thread = Thread::default();
            for Row(key, generation, name, owner, visit, keyed) in rows {
                let client = ClientId {
                    worker: *worker,
                    key: *key,
                    generation: *generation,
                };
                let server = ServerId(*server);
                let owner = owner.map(Owner::of);
                connections.extend(owner.map(|owner| (owner, Origin { server, client })));
                let member = Member {
                    name: saved::name(name)?,
                    owner,
                    keyed: keyed.as_ref().map(key_of).transpose()?,
                    visit: members.visit_of(*visit)?,
                };
                thread.insert(client, member);
            }
            let before = members.threads.insert((ServerId(*server), *worker), thread);
            NoState::unless(before.is_none(), "members")?;
        }
        let count = connections.len();
        members.connections = connections.into_iter().collect();
        NoState::unless(members.connections.len() == count, "members")?;
        Ok(members)
    }

    fn visit_of(&self, (address, program, came, spoke): SavedVisit) -> Result<Visit, NoState> {
        let visit = Visit {
            address,
            program,
            came,
            spoke,
        };
        let is_known = program.is_none() || self.program(&visit).is_some();
        NoState::unless(is_known, "members")?;
        Ok(visit)
    }
}

impl Thread {
    /// The member with this name, on the connection with this key.
    fn save<'a>(&self, key: usize, name: &'a Name) -> Row<'a> {
        let Visit {
            address,
            program,
            came,
            spoke,
        } = self.visits[key];
        let owner = self.owners.get(key).copied().flatten();
        let keyed = self.keys.get(&(key as u32));
        Row(
            key as u32,
            self.generations[key],
            name.as_str(),
            owner.map(Owner::number),
            (address, program, came, spoke),
            keyed.map(|keyed| (keyed.key.save(), keyed.may_claim)),
        )
    }
}

fn key_of((key, may_claim): &SavedKey) -> Result<Keyed, NoState> {
    Ok(Keyed {
        key: PersonKey::restore(key)?,
        may_claim: *may_claim,
    })
}

fn programs(saved: &[String]) -> Result<Vec<Remark>, NoState> {
    NoState::unless(saved.len() <= MAX_PROGRAMS, "programs")?;
    let program = |text: &String| Remark::new(text).map_err(|_| NoState::wrong("programs"));
    saved.iter().map(program).collect()
}
