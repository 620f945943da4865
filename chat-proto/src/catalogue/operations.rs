//! The commands that concern the order of the room.

use super::entry::{Arguments, Entry, TextForm, Typist, When};
use crate::command::{Given, Kind, Operation, Slot, Unfit};
use crate::event::Rank;

/// An entry of this part of the catalogue.
const fn entry(
    kind: Kind,
    rank: Rank,
    form: TextForm,
    slots: &'static [Slot],
    make: fn(&Given) -> Result<Operation, Unfit>,
) -> Entry {
    Entry {
        kind,
        json: Some(form.word),
        text: Some(form),
        arguments: Arguments::Operation { slots, make },
        when: When::Anywhere,
        rank,
    }
}

/// How a command stands in text form.
const fn form(
    word: &'static str,
    argument: &'static str,
    help: &'static str,
    usage: &'static str,
    synonyms: &'static [&'static str],
) -> TextForm {
    TextForm {
        word,
        argument,
        help: Some(help),
        usage,
        synonyms,
        typist: Typist::Person,
    }
}

pub(super) const TOPIC: Entry = entry(
    Kind::Topic,
    Rank::Ordinary,
    form(
        "topic",
        "[TEXT]",
        "tells what the room is about; operators set it",
        "/topic [TEXT]: say what the room is about; /topic - removes that",
        &["subject", "about", "title"],
    ),
    &[Slot::Rest],
    |given| {
        Ok(Operation::Topic {
            text: given.remark()?,
        })
    },
);

pub(super) const WHOIS: Entry = entry(
    Kind::Whois,
    Rank::Ordinary,
    form(
        "whois",
        "NAME",
        "tells what is known of a person",
        "/whois NAME: say whom you want to know of",
        &["finger", "info", "user"],
    ),
    &[Slot::Word("name")],
    |given| {
        Ok(Operation::Whois {
            name: given.word()?,
        })
    },
);

pub(super) const KICK: Entry = entry(
    Kind::Kick,
    Rank::Operator,
    form(
        "kick",
        "NAME [REASON]",
        "removes a person, who may come back",
        "/kick NAME [REASON]: say whom you want to remove",
        &["boot", "remove"],
    ),
    &[Slot::Word("name"), Slot::Rest],
    |given| {
        Ok(Operation::Kick {
            name: given.word()?,
            reason: given.remark()?,
        })
    },
);

pub(super) const BAN: Entry = entry(
    Kind::Ban,
    Rank::Operator,
    form(
        "ban",
        "WHAT [TIME] [REASON]",
        "removes people and keeps them out",
        "/ban WHAT [TIME] [REASON]: WHAT is a name, an address (192.0.2.7, 192.0.2.0/24) or \
         key:FINGERPRINT; TIME is 30m, 2h, 7d (1d if left out) or forever",
        &["block", "kickban"],
    ),
    &[Slot::Emphasis, Slot::Word("what"), Slot::Term, Slot::Rest],
    |given| {
        Ok(Operation::Ban {
            target: given.target()?,
            term: given.term,
            reason: given.remark()?,
            own: given.own,
        })
    },
);

pub(super) const UNBAN: Entry = entry(
    Kind::Unban,
    Rank::Operator,
    form(
        "unban",
        "WHAT",
        "ends a ban",
        "/unban WHAT: WHAT is a name, an address or a key, as /bans shows it",
        &["pardon", "unblock"],
    ),
    &[Slot::Word("what")],
    |given| {
        Ok(Operation::Unban {
            target: given.target()?,
        })
    },
);

pub(super) const BANS: Entry = entry(
    Kind::Bans,
    Rank::Operator,
    form(
        "bans",
        "",
        "lists the bans",
        "/bans takes nothing behind it",
        &["banlist", "banned"],
    ),
    &[],
    |_| Ok(Operation::Bans),
);

pub(super) const MUTE: Entry = entry(
    Kind::Mute,
    Rank::Operator,
    form(
        "mute",
        "NAME [TIME]",
        "lets a person read only",
        "/mute NAME [TIME]: say whom, and for how long (30m, 2h, 7d; 10m if left out)",
        &["gag", "quiet", "silence"],
    ),
    &[Slot::Word("name"), Slot::Term],
    |given| {
        Ok(Operation::Mute {
            name: given.word()?,
            term: given.term,
        })
    },
);

pub(super) const UNMUTE: Entry = entry(
    Kind::Unmute,
    Rank::Operator,
    form(
        "unmute",
        "NAME",
        "lets a person speak again",
        "/unmute NAME: say who may speak again",
        &["unquiet", "ungag", "voice"],
    ),
    &[Slot::Word("name")],
    |given| {
        Ok(Operation::Unmute {
            name: given.word()?,
        })
    },
);

pub(super) const SLOW: Entry = entry(
    Kind::Slow,
    Rank::Operator,
    form(
        "slow",
        "SECONDS",
        "lets each person say one thing in so many seconds",
        "/slow SECONDS: say how long each person is to wait between two messages; 0 ends it",
        &["slowmode"],
    ),
    &[Slot::Number("seconds")],
    |given| {
        let seconds = u32::try_from(given.number()?).ok();
        let seconds = seconds.filter(|seconds| *seconds <= MAX_SLOW);
        let too_long = || Unfit(format!("that was not done: at most {MAX_SLOW} seconds"));
        Ok(Operation::Slow {
            seconds: seconds.ok_or_else(too_long)?,
        })
    },
);

/// An hour between two messages of a person, at most.
const MAX_SLOW: u32 = 3600;

pub(super) const LOCK: Entry = entry(
    Kind::Lock,
    Rank::Operator,
    form(
        "lock",
        "",
        "lets no newcomers in",
        "/lock takes nothing behind it",
        &["close", "invite"],
    ),
    &[],
    |_| Ok(Operation::Lock),
);

pub(super) const UNLOCK: Entry = entry(
    Kind::Unlock,
    Rank::Operator,
    form(
        "unlock",
        "",
        "lets newcomers in again",
        "/unlock takes nothing behind it",
        &["open"],
    ),
    &[],
    |_| Ok(Operation::Unlock),
);

pub(super) const OP: Entry = entry(
    Kind::Op,
    Rank::Operator,
    form(
        "op",
        "NAME",
        "makes a person an operator",
        "/op NAME: say who is to be an operator; the name has to belong to a key",
        &["admin", "mod", "promote"],
    ),
    &[Slot::Word("name")],
    |given| {
        Ok(Operation::Op {
            name: given.word()?,
        })
    },
);

pub(super) const DEOP: Entry = entry(
    Kind::Deop,
    Rank::Operator,
    form(
        "deop",
        "NAME",
        "makes an operator an ordinary person",
        "/deop NAME: say who is to be an operator no more",
        &["demote", "unop"],
    ),
    &[Slot::Word("name")],
    |given| {
        Ok(Operation::Deop {
            name: given.word()?,
        })
    },
);

pub(super) const ANNOUNCE: Entry = entry(
    Kind::Announce,
    Rank::Operator,
    form(
        "announce",
        "TEXT",
        "tells all people something as a word of the server",
        "/announce TEXT: say what all people are to be told",
        &["broadcast", "wall", "motd"],
    ),
    &[Slot::Rest],
    |given| {
        Ok(Operation::Announce {
            text: given.text()?,
        })
    },
);

pub(super) const ERASE: Entry = entry(
    Kind::Erase,
    Rank::Operator,
    form(
        "erase",
        "NUMBER [REASON]",
        "removes what was said; /history shows its number",
        "/erase NUMBER [REASON]: say the number of the message, as /history shows it",
        &["delete", "redact", "rm"],
    ),
    &[Slot::Number("target"), Slot::Rest],
    |given| {
        Ok(Operation::Erase {
            target: given.number()?,
            reason: given.remark()?,
        })
    },
);

pub(super) const RELOAD: Entry = entry(
    Kind::Reload,
    Rank::Control,
    form(
        "reload",
        "",
        "reads the configuration of the server again",
        "/reload takes nothing behind it",
        &["rehash"],
    ),
    &[],
    |_| Ok(Operation::Reload),
);
