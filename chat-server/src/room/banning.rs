//! Bans and mutes: whom they hit, and who has to go.

use chat_proto::command::OwnConnections;
use chat_proto::event::Timestamp;
use chat_proto::moderation::{MeasureKind, Network, Subject, Target, Term};
use chat_proto::name::Name;
use chat_proto::text_form::some_of;

use super::apply::{Events, Room};
use super::gone::REMEMBERED_FOR;
use super::members::Keyed;
use super::moderation::{MAX_SUBJECTS, Traces};
use super::operated::{Answer, Refused};
use super::operator::{Decided, Operator, USUAL_BAN, USUAL_MUTE, WantedBan, for_words, name_of};
use super::origin::{Authority, Origin};
use super::verdict::Farewell;
use crate::clock::Now;

/// Whom a measure is to hit.
struct Aim {
    /// The person's name, if the operator has given one.
    of: Option<Name>,
    subjects: Vec<Subject>,
    /// What the operator is to know of that.
    remark: String,
}

impl Room {
    pub(super) fn ban(
        &mut self,
        wanted: WantedBan,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Decided {
        let aim = self.aim(&wanted.target, operator, now)?;
        let own = self.members.get(operator.origin);
        let hits_own = own.is_some_and(|member| {
            let traces = self.traces_of(&member);
            aim.subjects.iter().any(|subject| traces.are_of(subject))
        });
        if hits_own && wanted.own == OwnConnections::Spared {
            return Err(Refused::Impossible(format!(
                "that would ban you as well: /ban! {} does it all the same",
                wanted.target
            )));
        }
        if self.moderation.bans().count(now.time) + aim.subjects.len() > MAX_SUBJECTS {
            return Err(Refused::Impossible(format!(
                "there are {MAX_SUBJECTS} bans already: /unban some of them"
            )));
        }
        let term = wanted.term.unwrap_or(Term::For(USUAL_BAN));
        let until = term.end(now.time);
        let hit = self.members_hit(&aim, operator);
        let names: Vec<Name> = hit.iter().map(|(_, name)| name.clone()).collect();
        self.tell_before(&names.iter().collect::<Vec<_>>(), now, events);
        let who = aim
            .of
            .as_ref()
            .map_or_else(String::new, |name| format!("{name} is "));
        let long = for_words(term);
        let mut done = format!("{who}banned {long}: {}", some_of(&aim.subjects));
        done += &aim.remark;
        done += &removed_words(&names, aim.of.as_ref());
        if let Some(reason) = &wanted.reason {
            done += &format!("; reason: {reason}");
        }
        let reason = wanted.reason;
        let farewell = Farewell::Banned {
            until,
            reason: reason.clone(),
        };
        let first = names.len().min(NAMES_AT_ONCE);
        let kind = MeasureKind::Banned {
            names: names[..first].to_vec(),
            until,
            subjects: aim.subjects,
            of: aim.of,
            reason,
        };
        self.take_measure(operator, kind, now, events);
        self.name_others_banned(&names[first..], until, operator, now, events);
        for (origin, _) in &hit {
            self.remove_member(*origin, now, events);
        }
        let removed = hit.into_iter();
        let removed = removed.map(|(origin, _)| (origin, farewell.clone()));
        Ok((Answer::Done(done), removed.collect()))
    }

    /// Tells which further people a ban removes, of whom there are more than its event can
    /// name.
    fn name_others_banned(
        &mut self,
        names: &[Name],
        until: Option<Timestamp>,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) {
        for names in names.chunks(NAMES_AT_ONCE) {
            let kind = MeasureKind::Banned {
                names: names.to_vec(),
                until,
                subjects: Vec::new(),
                of: None,
                reason: None,
            };
            self.take_measure(operator, kind, now, events);
        }
    }

    /// The members who are hit. Operators are hit only by their key, or by name.
    fn members_hit(&self, aim: &Aim, operator: &Operator) -> Vec<(Origin, Name)> {
        let members = self.members.iter().filter(|(origin, member)| {
            let mut traces = self.traces_of(member);
            let is_other = *origin != operator.origin;
            let keyed = member.keyed.as_ref();
            if is_other && keyed.is_some_and(|keyed| self.is_operator_key(&keyed.key)) {
                traces.address = None;
            }
            aim.subjects.iter().any(|subject| traces.are_of(subject))
        });
        members
            .map(|(origin, member)| (origin, member.name))
            .collect()
    }

    /// Whom an operator means.
    fn aim(&self, target: &Target, operator: &Operator, now: Now) -> Result<Aim, Refused> {
        match target {
            Target::Name(name) => self.aim_at_name(name, operator, now),
            Target::Key(key) => {
                let keys = self.members.iter().filter_map(|(_, member)| member.keyed);
                let mut keys = keys.map(|keyed| keyed.key.print());
                let key = keys.find(|it| it.id() == *key).ok_or_else(|| {
                    Refused::NotFound(
                        "no person here has that key: give the whole fingerprint, as \
                         ssh-keygen -l prints it"
                            .to_owned(),
                    )
                })?;
                self.aim_at(Subject::Key(key), operator)
            }
            Target::Subject(subject) => self.aim_at(*subject, operator),
        }
    }

    fn aim_at(&self, subject: Subject, operator: &Operator) -> Result<Aim, Refused> {
        if let Subject::Key(key) = subject {
            let has_key = |keyed: &Keyed| keyed.key.print() == key;
            for (origin, member) in self.members.iter() {
                if member.keyed.as_ref().is_some_and(has_key) {
                    self.check_may_hit(origin, &member, operator)?;
                }
            }
            let is_operator =
                self.moderation.is_operator(&key) || self.holders.is_operator_print(&key);
            let is_own = self.members.get(operator.origin).and_then(|it| it.keyed);
            let is_own = is_own.as_ref().is_some_and(has_key);
            if is_operator && !is_own {
                self.check_from_control(operator)?;
            }
        }
        Ok(Aim {
            of: None,
            subjects: vec![subject],
            remark: String::new(),
        })
    }

    fn check_from_control(&self, operator: &Operator) -> Result<(), Refused> {
        match operator.authority {
            Authority::Control => Ok(()),
            Authority::Member => Err(Refused::NotAllowed(
                "that is an operator's key: only the person who runs the server can do that, \
                 over the control socket"
                    .to_owned(),
            )),
        }
    }

    /// A person who is here, or has left lately: by the key if they have one, and by the
    /// address. If others share that, they are spared as far as they can be told apart: of a
    /// person with a key only the key is hit, and of others only people without one.
    fn aim_at_name(&self, name: &str, operator: &Operator, now: Now) -> Result<Aim, Refused> {
        let traces = match self.find_member(name) {
            Ok((origin, member)) => {
                self.check_may_hit(origin, &member, operator)?;
                Some(self.traces_of(&member))
            }
            Err(_) => self.gone.find(&name_of(name)?, now.instant),
        };
        let name = name_of(name)?;
        let Some(traces) = traces else {
            let hours = REMEMBERED_FOR.as_secs() / 3600;
            return Err(Refused::NotFound(format!(
                "{name} is not here, and has not been within the last {hours} h: give an \
                 address or a key"
            )));
        };
        let Some(address) = traces.address else {
            return Err(Refused::Impossible(format!(
                "{name} is at the server's own terminal"
            )));
        };
        let network = Network::of(address);
        let sharers = self.sharers(&name, network);
        // On a machine to which people log in they all come from there.
        let is_shared = !sharers.is_empty() || address.is_loopback();
        let mut subjects: Vec<Subject> = traces.key.map(Subject::Key).into_iter().collect();
        let mut remark = String::new();
        match (is_shared, traces.key) {
            (false, _) => subjects.push(Subject::Network(network)),
            (true, None) => subjects.push(Subject::Guests(network)),
            (true, Some(_)) if sharers.is_empty() => {
                remark = format!("; not {network}, which is this machine");
            }
            (true, Some(_)) => {
                let others = some_of(&sharers);
                remark = format!("; not {network}, which is shared with {others}");
            }
        }
        subjects.extend(traces.program.map(Subject::Program));
        Ok(Aim {
            of: Some(name),
            subjects,
            remark,
        })
    }

    /// The other people who come from the same address.
    fn sharers(&self, name: &Name, network: Network) -> Vec<Name> {
        let members = self.members.iter().map(|(_, member)| member);
        let others = members.filter(|member| {
            let address = member.visit.address;
            member.name != *name && address.is_some_and(|it| network.contains(it))
        });
        others.map(|member| member.name).collect()
    }

    pub(super) fn unban(
        &mut self,
        target: &Target,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Result<String, Refused> {
        let name = match target {
            Target::Name(name) => Some(name_of(name)?),
            Target::Subject(_) | Target::Key(_) => None,
        };
        let bans = self.moderation.bans().standing(now.time);
        let meant = bans.filter(|ban| match (target, ban.subject) {
            (Target::Name(_), _) => ban.of.is_some() && ban.of == name,
            (Target::Subject(Subject::Network(network)), Subject::Guests(its)) => *network == its,
            (Target::Subject(subject), its) => *subject == its,
            (Target::Key(key), Subject::Key(its)) => its.id() == *key,
            (Target::Key(_), _) => false,
        });
        let subjects: Vec<Subject> = meant.map(|ban| ban.subject).collect();
        if subjects.is_empty() {
            let text = format!("there is no ban of {target}; /bans lists them");
            return Err(Refused::NotFound(text));
        }
        let done = format!("banned no more: {}", some_of(&subjects));
        for piece in subjects.chunks(NAMES_AT_ONCE) {
            let subjects = piece.to_vec();
            let kind = MeasureKind::Unbanned { subjects };
            self.take_measure(operator, kind, now, events);
        }
        Ok(done)
    }

    pub(super) fn mute(
        &mut self,
        name: &str,
        term: Option<Term>,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Result<String, Refused> {
        let term = term.unwrap_or(Term::For(USUAL_MUTE));
        let Some(until) = term.end(now.time) else {
            return Err(Refused::Impossible(
                "a mute always ends: say for how long, as in /mute NAME 30m".to_owned(),
            ));
        };
        let aim = self.aim_at_name(name, operator, now)?;
        if self.moderation.mutes().count(now.time) + aim.subjects.len() > MAX_SUBJECTS {
            let text = format!("there are {MAX_SUBJECTS} mutes already");
            return Err(Refused::Impossible(text));
        }
        let name = name_of(name)?;
        let hit = self.members_hit(&aim, operator);
        let others: Vec<Name> = hit
            .into_iter()
            .map(|(_, it)| it)
            .filter(|it| *it != name)
            .collect();
        let mut done = format!(
            "{name} can read and not speak {}: {}{}",
            for_words(term),
            some_of(&aim.subjects),
            aim.remark
        );
        if !others.is_empty() {
            done += &format!("; that also hits {}", some_of(&others));
        }
        let kind = MeasureKind::Muted {
            name,
            until,
            subjects: aim.subjects,
        };
        self.take_measure(operator, kind, now, events);
        Ok(done)
    }

    pub(super) fn unmute(
        &mut self,
        name: &str,
        operator: &Operator,
        now: Now,
        events: &mut Events,
    ) -> Result<String, Refused> {
        let name = name_of(name)?;
        let member = self.find_member(name.as_str()).ok();
        let traces = member.map(|(_, member)| self.traces_of(&member));
        let hits = |traces: &Traces, subject: &Subject| traces.are_of(subject);
        let mutes = self.moderation.mutes().standing(now.time);
        let meant = mutes.filter(|mute| {
            mute.of == name || traces.as_ref().is_some_and(|it| hits(it, &mute.subject))
        });
        let subjects: Vec<Subject> = meant.map(|mute| mute.subject).collect();
        if subjects.is_empty() {
            return Err(Refused::NotFound(format!("{name} is not muted")));
        }
        let done = format!("{name} can speak again");
        for piece in subjects.chunks(NAMES_AT_ONCE) {
            let kind = MeasureKind::Unmuted {
                name: name.clone(),
                subjects: piece.to_vec(),
            };
            self.take_measure(operator, kind, now, events);
        }
        Ok(done)
    }
}

/// Who has been removed besides the person who was named.
fn removed_words(removed: &[Name], of: Option<&Name>) -> String {
    let others: Vec<Name> = removed
        .iter()
        .filter(|it| Some(*it) != of)
        .cloned()
        .collect();
    match (others.is_empty(), of) {
        (true, _) => String::new(),
        (false, Some(_)) => format!("; also removed: {}", some_of(&others)),
        (false, None) => format!("; removed: {}", some_of(&others)),
    }
}

/// Names, or subjects, in one event: they take less than its line may have.
const NAMES_AT_ONCE: usize = 100;
