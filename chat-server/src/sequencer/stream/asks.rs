//! What a record asks for, in JSON.

mod parts;

use std::borrow::Cow;
use std::net::IpAddr;
use std::num::NonZeroU64;

use chat_proto::event::{MessageId, RunId, SpeechKind};
use chat_proto::moderation::{Remark, Subject};
use chat_proto::name::{Name, NamePrefix};
use chat_proto::text::Text;
use serde::{Deserialize, Serialize};

use self::parts::{key_of, line_of, operation_of, order_of};
use super::rules::Rules;
use crate::access::naming::Naming;
use crate::access::people::People;
use crate::room::identity::Owner;
use crate::room::origin::{Authority, ClientId, Origin, ServerId};
use crate::room::request::{Act, Fallback, Join, Request};

/// What a record asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A run of a server begins, which goes by these rules. The first thing that each run
    /// asks for.
    Begin {
        /// The rules.
        rules: Rules,
    },
    /// A run has said nothing for so long that its server counts as gone.
    End {
        /// The run.
        run: RunId,
        /// The last record of it that was read. If there is another one by now the run goes
        /// on.
        number: u64,
    },
    /// The pending arrivals and departures are told together.
    TellPending,
    /// The file of people of the server says what is to count.
    SetPeople {
        /// What keys mean for names.
        naming: Naming,
        /// What the file says.
        people: Box<People>,
        /// How many of the room's own changes are in that.
        taken: u64,
    },
    /// The server sets the topic.
    SetTopic(Remark),
    /// So many of the room's own changes are in the file of people.
    ChangesTaken(u64),
    /// A connection of the server asks the room for something.
    Client(ClientId, Act),
}

impl Ask {
    /// What a server asks the room for; `None` for what no server asks for where the room is
    /// shared, since it follows from the events.
    pub fn of(request: Request) -> Option<Self> {
        match request {
            Request::Open | Request::AwaitReturns | Request::Forget { .. } => None,
            Request::TellPending => Some(Self::TellPending),
            Request::SetPeople {
                naming,
                people,
                taken,
            } => Some(Self::SetPeople {
                naming,
                people,
                taken,
            }),
            Request::SetTopic(text) => Some(Self::SetTopic(text)),
            Request::ChangesTaken(count) => Some(Self::ChangesTaken(count)),
            Request::Client(origin, act) => Some(Self::Client(origin.client, act)),
        }
    }

    /// About how many bytes it takes in a record.
    pub fn weight(&self) -> usize {
        const EACH: usize = 256;
        let text = match self {
            Self::Client(_, Act::Say { text, .. }) => text.as_str().len(),
            Self::Client(_, Act::Operate { operation, .. }) => order_of(operation).len(),
            Self::SetPeople { people, .. } => people.to_bytes().len(),
            _ => 0,
        };
        EACH + text
    }

    /// The request to the room, if this one of the servers has asked for it.
    pub fn request_of(self, server: ServerId) -> Option<Request> {
        match self {
            Self::Begin { .. } | Self::End { .. } => None,
            Self::TellPending => Some(Request::TellPending),
            Self::SetPeople {
                naming,
                people,
                taken,
            } => Some(Request::SetPeople {
                naming,
                people,
                taken,
            }),
            Self::SetTopic(text) => Some(Request::SetTopic(text)),
            Self::ChangesTaken(count) => Some(Request::ChangesTaken(count)),
            Self::Client(client, act) => Some(Request::Client(Origin { server, client }, act)),
        }
    }
}

/// The form in which it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Begin {
        #[serde(borrow)]
        rules: Cow<'a, str>,
    },
    End {
        #[serde(borrow)]
        run: Cow<'a, str>,
        n: u64,
    },
    TellPending,
    SetPeople {
        #[serde(borrow)]
        naming: Cow<'a, str>,
        /// Each byte of the file as one character: it need not be UTF-8.
        #[serde(borrow)]
        file: Cow<'a, str>,
        taken: u64,
    },
    SetTopic {
        #[serde(borrow)]
        text: Cow<'a, str>,
    },
    ChangesTaken {
        count: u64,
    },
    Enter {
        from: Client,
        #[serde(borrow)]
        name: Cow<'a, str>,
        numbered: bool,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        key: Option<Cow<'a, str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ip: Option<IpAddr>,
    },
    Join {
        from: Client,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known: Option<NonZeroU64>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        name: Option<Cow<'a, str>>,
        #[serde(borrow)]
        otherwise: Cow<'a, str>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        key: Option<Cow<'a, str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ip: Option<IpAddr>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        program: Option<Cow<'a, str>>,
    },
    Rename {
        from: Client,
        #[serde(borrow)]
        name: Cow<'a, str>,
    },
    Say {
        from: Client,
        what: Kind,
        #[serde(borrow)]
        text: Cow<'a, str>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    List {
        from: Client,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        after: Option<Cow<'a, str>>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        prefix: Option<Cow<'a, str>>,
    },
    Free {
        from: Client,
        #[serde(borrow)]
        name: Cow<'a, str>,
        right: Right,
    },
    Operate {
        from: Client,
        /// The object of `chat/1` that asks for it.
        #[serde(borrow)]
        order: Cow<'a, str>,
        right: Right,
    },
    ListBans {
        from: Client,
        #[serde(borrow)]
        after: Cow<'a, str>,
        right: Right,
    },
    Leave {
        from: Client,
    },
}

/// A connection: its thread, its key and its generation.
type Client = (u16, u32, u32);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Message,
    Action,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Right {
    Control,
    Member,
}

impl<'a> Line<'a> {
    pub(super) fn of(ask: &'a Ask) -> Self {
        match ask {
            Ask::Begin { rules } => Self::Begin {
                rules: rules.0.as_str().into(),
            },
            Ask::End { run, number } => Self::End {
                run: run.to_string().into(),
                n: *number,
            },
            Ask::TellPending => Self::TellPending,
            Ask::SetPeople {
                naming,
                people,
                taken,
            } => Self::SetPeople {
                naming: naming.word().into(),
                file: people.to_bytes().into_iter().map(char::from).collect(),
                taken: *taken,
            },
            Ask::SetTopic(text) => Self::SetTopic {
                text: text.as_str().into(),
            },
            Ask::ChangesTaken(count) => Self::ChangesTaken { count: *count },
            Ask::Client(client, act) => {
                Self::of_client((client.worker, client.key, client.generation), act)
            }
        }
    }

    fn of_client(from: Client, act: &'a Act) -> Self {
        match act {
            Act::Enter {
                wanted,
                fallback,
                key,
                from: ip,
            } => Self::Enter {
                from,
                name: wanted.as_str().into(),
                numbered: *fallback == Fallback::Numbered,
                key: key.as_ref().and_then(line_of),
                ip: *ip,
            },
            Act::Join(join) => Self::Join {
                from,
                known: join.known.map(Owner::number),
                name: join.wanted.as_ref().map(|name| name.as_str().into()),
                otherwise: join.otherwise.as_str().into(),
                key: join.key.as_ref().and_then(line_of),
                ip: join.from,
                program: join.program.as_ref().map(|it| it.as_str().into()),
            },
            Act::Rename(name) => Self::Rename {
                from,
                name: name.as_str().into(),
            },
            Act::Say { kind, text, id } => Self::Say {
                from,
                what: match kind {
                    SpeechKind::Message => Kind::Message,
                    SpeechKind::Action => Kind::Action,
                },
                text: text.as_str().into(),
                id: id.as_ref().map(|id| id.as_str().into()),
            },
            Act::List { after, prefix } => Self::List {
                from,
                after: after.as_ref().map(|name| name.as_str().into()),
                prefix: prefix.as_ref().map(|prefix| prefix.as_str().into()),
            },
            Act::Forget { name, authority } => Self::Free {
                from,
                name: name.as_str().into(),
                right: Right::of(*authority),
            },
            Act::Operate {
                operation,
                authority,
            } => Self::Operate {
                from,
                order: order_of(operation).into(),
                right: Right::of(*authority),
            },
            Act::ListBans { after, authority } => Self::ListBans {
                from,
                after: after.to_string().into(),
                right: Right::of(*authority),
            },
            Act::Leave => Self::Leave { from },
        }
    }

    /// What it asks for; `None` if anything in it breaks a rule.
    pub(super) fn read(self) -> Option<Ask> {
        Some(match self {
            Self::Begin { rules } => {
                let rules = Rules(rules.into_owned());
                (rules.0.len() <= MAX_RULES).then_some(Ask::Begin { rules })?
            }
            Self::End { run, n } => {
                let run = RunId::parse(&run)?;
                Ask::End { run, number: n }
            }
            Self::TellPending => Ask::TellPending,
            Self::SetPeople {
                naming,
                file,
                taken,
            } => {
                let file: Result<Vec<u8>, _> = file.chars().map(u8::try_from).collect();
                Ask::SetPeople {
                    naming: Naming::of_word(&naming)?,
                    people: Box::new(People::parse(&file.ok()?).ok()?.0),
                    taken,
                }
            }
            Self::SetTopic { text } => Ask::SetTopic(Remark::new(&text).ok()?),
            Self::ChangesTaken { count } => Ask::ChangesTaken(count),
            of_client => return of_client.read_of_client(),
        })
    }

    fn read_of_client(self) -> Option<Ask> {
        let (from, act) = match self {
            Self::Enter {
                from,
                name,
                numbered,
                key,
                ip,
            } => {
                let act = Act::Enter {
                    wanted: Name::parse(&name).ok()?,
                    fallback: match numbered {
                        true => Fallback::Numbered,
                        false => Fallback::Nothing,
                    },
                    key: optional(key, key_of)?,
                    from: ip,
                };
                (from, act)
            }
            Self::Join {
                from,
                known,
                name,
                otherwise,
                key,
                ip,
                program,
            } => {
                let act = Act::Join(Join {
                    known: known.map(Owner::of),
                    wanted: optional(name, |name| Name::parse(name).ok())?,
                    otherwise: Name::parse(&otherwise).ok()?,
                    key: optional(key, key_of)?,
                    from: ip,
                    program: optional(program, |program| Remark::new(program).ok())?,
                });
                (from, act)
            }
            Self::Rename { from, name } => (from, Act::Rename(Name::parse(&name).ok()?)),
            Self::Say {
                from,
                what,
                text,
                id,
            } => {
                let act = Act::Say {
                    kind: match what {
                        Kind::Message => SpeechKind::Message,
                        Kind::Action => SpeechKind::Action,
                    },
                    text: Text::clean(&text).ok()?,
                    id: optional(id, MessageId::new)?,
                };
                (from, act)
            }
            Self::List {
                from,
                after,
                prefix,
            } => {
                let after = optional(after, |name| Name::parse(name).ok())?;
                // Nothing that stands there makes a record void.
                let prefix = prefix.and_then(|prefix| NamePrefix::new(&prefix));
                (from, Act::List { after, prefix })
            }
            Self::Free { from, name, right } => {
                let act = Act::Forget {
                    name: Name::parse(&name).ok()?,
                    authority: right.into(),
                };
                (from, act)
            }
            Self::Operate { from, order, right } => {
                let act = Act::Operate {
                    operation: operation_of(&order)?,
                    authority: right.into(),
                };
                (from, act)
            }
            Self::ListBans { from, after, right } => {
                let act = Act::ListBans {
                    after: after.parse::<Subject>().ok()?,
                    authority: right.into(),
                };
                (from, act)
            }
            Self::Leave { from } => (from, Act::Leave),
            _ => return None,
        };
        let (worker, key, generation) = from;
        let client = ClientId {
            worker,
            key,
            generation,
        };
        client.is_one().then_some(Ask::Client(client, act))
    }
}

impl Right {
    fn of(authority: Authority) -> Self {
        match authority {
            Authority::Control => Self::Control,
            Authority::Member => Self::Member,
        }
    }
}

impl From<Right> for Authority {
    fn from(right: Right) -> Self {
        match right {
            Right::Control => Self::Control,
            Right::Member => Self::Member,
        }
    }
}

/// What is there has to pass `read`; the outer `None` if it does not.
fn optional<T>(
    given: Option<Cow<'_, str>>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(given) => read(&given).map(Some),
    }
}

/// The longest rules, in bytes.
const MAX_RULES: usize = 256;
