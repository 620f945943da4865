//! How operators are shown bans, and people what is known of a person.

use crate::event::{CountedBan, Profile, Rank};
use crate::moderation::{by_words, in_words};

/// Lines that list bans.
pub fn bans(bans: &[CountedBan]) -> Vec<String> {
    if bans.is_empty() {
        return vec!["no bans".to_owned()];
    }
    bans.iter().map(ban).collect()
}

fn ban(CountedBan { ban, hits }: &CountedBan) -> String {
    let mut line = format!("{} is banned", ban.subject);
    if let Some(name) = &ban.of {
        line += &format!(" ({name})");
    }
    line += &match ban.until {
        Some(until) => format!(" until {}", until.to_seconds()),
        None => " for good".to_owned(),
    };
    let by = by_words(ban.by.as_ref());
    line += &format!(", since {} by {by}", ban.time.to_seconds());
    line += &match hits {
        0 => ", never hit".to_owned(),
        1 => ", hit once".to_owned(),
        hits => format!(", hit {hits} times"),
    };
    if let Some(reason) = &ban.reason {
        line += &format!(": {reason}");
    }
    line
}

/// Lines that tell what is known of a person.
pub fn whois(profile: &Profile) -> Vec<String> {
    let name = &profile.person.name;
    let since = profile.since.to_seconds();
    let idle = in_words(profile.idle);
    let mut first = format!("{name} is here since {since}, and has said nothing for {idle}");
    if let Some(program) = &profile.program {
        first += &format!(", with {program}");
    }
    let mut lines = vec![first];
    if let Some(key) = &profile.person.held {
        lines.push(format!("{name} belongs to the key SHA256:{key}…"));
    }
    if profile.rank >= Rank::Operator {
        lines.push(format!("{name} is an operator"));
    }
    if let Some(until) = profile.muted {
        lines.push(format!("{name} is muted until {}", until.to_seconds()));
    }
    if let Some(address) = &profile.address {
        lines.push(format!("{name} comes from {address}"));
    }
    if let Some(key) = &profile.key {
        lines.push(format!("{name} has shown the key {key}"));
    }
    lines
}
