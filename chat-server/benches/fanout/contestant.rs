//! The servers that are compared, and how clients talk to each: how a client comes in,
//! how it says a message, and whether its own messages come back.

use std::path::PathBuf;
use std::time::Duration;

use chat_testkit::Carrier;

/// A byte that is once in each message, and nowhere else in what any of the
/// servers sends: deliveries are counted by it.
pub(crate) const MARK: u8 = b'`';

/// One of the servers that are compared.
#[derive(Debug, Clone)]
pub(crate) struct Contestant {
    pub(crate) kind: Kind,
    /// Whether its clients are encrypted.
    pub(crate) carrier: Carrier,
    /// Its name in the table.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// How many threads our server is told to use, if it is told.
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Floor,
    /// Ours, in text form.
    Text,
    /// Ours, in JSON form.
    Json,
    Redis,
    Nats,
    Ngircd,
    Inspircd,
    Mosquitto,
    Ncat,
}

/// A step of coming in: bytes to say, and bytes that the answer contains. Without an
/// answer the step is done when it is said.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) say: Vec<u8>,
    pub(crate) until: Option<&'static [u8]>,
}

impl Contestant {
    /// The word by which it is chosen.
    pub(crate) fn word(&self) -> String {
        word(self.kind, self.carrier)
    }

    /// The same server with encrypted clients; none of the floor, which repeats bytes.
    pub(crate) fn encrypted(&self) -> Option<Self> {
        (self.kind != Kind::Floor).then(|| Self {
            carrier: Carrier::Tls,
            name: format!("{}, TLS", self.name),
            ..self.clone()
        })
    }
}

/// The words by which contestants are chosen.
pub(crate) fn words() -> impl Iterator<Item = String> {
    let carriers = [Carrier::Plain, Carrier::Tls];
    let both = Kind::ALL.map(|kind| carriers.map(|carrier| word(kind, carrier)));
    both.into_iter().flatten()
}

fn word(kind: Kind, carrier: Carrier) -> String {
    match carrier {
        Carrier::Plain => kind.word().to_owned(),
        Carrier::Tls => format!("{}-tls", kind.word()),
    }
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Floor,
        Self::Text,
        Self::Json,
        Self::Redis,
        Self::Nats,
        Self::Ngircd,
        Self::Inspircd,
        Self::Mosquitto,
        Self::Ncat,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Text => "text",
            Self::Json => "json",
            Self::Redis => "redis",
            Self::Nats => "nats",
            Self::Ngircd => "ngircd",
            Self::Inspircd => "inspircd",
            Self::Mosquitto => "mosquitto",
            Self::Ncat => "ncat",
        }
    }

    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Text | Self::Json)
    }

    /// Whether it says a line in plain before TLS begins.
    pub(crate) fn begins_in_plain(self) -> bool {
        self == Self::Nats
    }

    /// How many people it is asked to bear. ncat waits by `select`, which ends at 1,024
    /// descriptors, and in an IRC channel all are told of each newcomer, one by one.
    pub(crate) fn most_clients(self) -> usize {
        match self {
            Self::Ngircd | Self::Inspircd | Self::Ncat => 900,
            _ => usize::MAX,
        }
    }

    /// How many may be coming in at the same time; some listen with a backlog
    /// of ten.
    pub(crate) fn most_arrivals(self) -> usize {
        match self {
            Self::Ngircd | Self::Ncat => 8,
            _ => 256,
        }
    }

    /// After so long without a word all have been told who came: our server tells a
    /// crowd up to half a second later.
    pub(crate) fn quiet(self) -> Duration {
        Duration::from_millis(if self.is_ours() { 600 } else { 150 })
    }

    /// The longest text that goes through as one message.
    pub(crate) fn longest_text(self) -> usize {
        match self {
            // 512 bytes are a line of IRC, the speaker's address included.
            Self::Ngircd | Self::Inspircd => 400,
            _ => 4000,
        }
    }

    /// Whether a client's own messages come back.
    pub(crate) fn echoes(self) -> bool {
        matches!(
            self,
            Self::Json | Self::Redis | Self::Nats | Self::Mosquitto
        )
    }

    /// Whether it asks `PING …` in lines, and wants `PONG …` to hear.
    pub(crate) fn pings(self) -> bool {
        matches!(self, Self::Nats | Self::Ngircd | Self::Inspircd)
    }

    /// Whether it answers nothing when a client comes in.
    pub(crate) fn is_silent(self) -> bool {
        matches!(self, Self::Floor | Self::Ncat)
    }

    /// How client `number` comes in.
    pub(crate) fn arrival(self, number: usize) -> Vec<Step> {
        let step = |say: String, until: &'static str| Step {
            say: say.into_bytes(),
            until: Some(until.as_bytes()),
        };
        match self {
            // A client that says nothing may not even be connected: a server whose
            // backlog is full forgets it, and it does not know.
            Self::Floor | Self::Ncat => vec![Step {
                say: b"\n".to_vec(),
                until: None,
            }],
            Self::Text => {
                vec![step(format!("/nick c{number}x\n"), "-- you are now ")]
            }
            Self::Json => vec![step(
                format!("/hello {{\"protocol\":1,\"name\":\"c{number}x\"}}\n"),
                "\"type\":\"welcome\"",
            )],
            // In RESP3 one connection may subscribe and publish.
            Self::Redis => vec![step("HELLO 3\r\nSUBSCRIBE room\r\n".into(), "subscribe")],
            Self::Nats => vec![step(
                "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB room 1\r\nPING\r\n".into(),
                "PONG",
            )],
            Self::Ngircd | Self::Inspircd => vec![
                step(format!("NICK c{number}x\r\nUSER u 0 * :u\r\n"), " 001 "),
                step("JOIN #room\r\n".into(), " 366 "),
            ],
            Self::Mosquitto => {
                let mut say = vec![0x10, 0, 0, 4];
                // MQTT 3.1.1, a clean session, no keepalive.
                say.extend_from_slice(b"MQTT\x04\x02\0\0");
                put_short(&format!("c{number}x"), &mut say);
                say[1] = (say.len() - 2) as u8;
                let mut subscribe = vec![0x82, 0, 0, 1];
                put_short(TOPIC, &mut subscribe);
                subscribe.push(0);
                subscribe[1] = (subscribe.len() - 2) as u8;
                say.append(&mut subscribe);
                vec![Step {
                    say,
                    until: Some(b"\x90\x03\0\x01\0"),
                }]
            }
        }
    }

    /// A message as a client says it, with a text of `size` bytes.
    pub(crate) fn message(self, size: usize) -> Vec<u8> {
        let mut text = "x".repeat(size.saturating_sub(1));
        text.push(char::from(MARK));
        match self {
            // The floor repeats bytes and knows no lines.
            Self::Floor => text.into_bytes(),
            Self::Text | Self::Ncat => format!("{text}\n").into_bytes(),
            Self::Json => format!("{{\"type\":\"message\",\"text\":\"{text}\"}}\n").into_bytes(),
            Self::Redis => {
                format!("*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n${size}\r\n{text}\r\n").into_bytes()
            }
            Self::Nats => format!("PUB room {size}\r\n{text}\r\n").into_bytes(),
            Self::Ngircd | Self::Inspircd => format!("PRIVMSG #room :{text}\r\n").into_bytes(),
            Self::Mosquitto => {
                let mut body = Vec::new();
                put_short(TOPIC, &mut body);
                body.extend_from_slice(text.as_bytes());
                let mut message = vec![0x30];
                let mut length = body.len();
                while length >= 0x80 {
                    message.push((length & 0x7f) as u8 | 0x80);
                    length >>= 7;
                }
                message.push(length as u8);
                message.append(&mut body);
                message
            }
        }
    }
}

/// A string with its length in two bytes before it, as MQTT has them.
fn put_short(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

const TOPIC: &str = "room";
