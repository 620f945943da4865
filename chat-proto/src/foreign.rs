//! Recognizes peers that speak another protocol, by how they begin.
//!
//! A web page can make a browser send lines to any port, and a mail, IRC or FTP client
//! that has the wrong port sends a password. If that were taken for chat, every page
//! could talk in the room, and the room would read the password. So the first line is
//! judged before anything of it reaches the room.
//!
//! A line counts as another protocol's when it has the form that the protocol's
//! standard gives to a *first* line, to the last word. Where English has lines of
//! the same form, only capitals count, which is how programs send them:
//! `NICK ann`, but not `nick is here`. The exception is `pass WORD`, in any letters,
//! because a password that is told is worse than a line that is refused. Commands
//! that give nothing away and that a person may well say first, such as `HELP`,
//! `QUIT` and `PING`, are talk.

mod grammar;

use std::fmt;

use crate::framing::Line;

/// A protocol that is not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// An HTTP request line (RFC 9112 §3), or the status line of an answer (§4).
    Http,
    /// A request line of the same form: RTSP (RFC 7826), SIP (RFC 3261), ICAP.
    HttpLike,
    /// A TLS record that carries a handshake or an alert (RFC 8446 §5.1).
    Tls,
    /// An SSH identification string (RFC 4253 §4.2).
    Ssh,
    /// What an IRC client or server sends first (RFC 2812 §3.1).
    Irc,
    /// What FTP (RFC 959, 4217) and POP3 (RFC 1939, 2449) clients log in with.
    Ftp,
    /// SMTP or LMTP (RFC 5321, 2033).
    Smtp,
    /// IMAP (RFC 9051).
    Imap,
    /// A stream of XML (RFC 6120 §4.2).
    Xmpp,
    /// A Redis request, or its `AUTH`.
    Redis,
    /// A storage command of memcached.
    Memcached,
    /// STOMP, NATS, NNTP, CVS, rsync, or JSON-RPC.
    Other,
    /// A header of the PROXY protocol, version 1 or 2.
    Proxy,
    /// Bytes that no text begins with: a control character and a NUL, or several NULs.
    /// A single NUL in a line is left out of it like other control characters.
    Binary,
}

impl Foreign {
    /// Looks at how a server begins to speak.
    pub fn recognize_answer(start: &[u8]) -> Option<Self> {
        match start.starts_with(b"HTTP/") {
            true => Some(Self::Http),
            false => Self::recognize_either(start),
        }
    }

    /// What both sides begin with.
    fn recognize_either(start: &[u8]) -> Option<Self> {
        match start {
            [ALERT | HANDSHAKE, 0x03, ..] => Some(Self::Tls),
            [b'S', b'S', b'H', b'-', b'0'..=b'9', ..] => Some(Self::Ssh),
            _ => None,
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::HttpLike => "a protocol like HTTP",
            Self::Tls => "TLS",
            Self::Ssh => "SSH",
            Self::Irc => "IRC",
            Self::Ftp => "FTP or POP3",
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Xmpp => "XMPP",
            Self::Redis => "the protocol of Redis",
            Self::Memcached => "the protocol of memcached",
            Self::Other => "another protocol",
            Self::Proxy => "the PROXY protocol",
            Self::Binary => "a binary protocol",
        })
    }
}

/// How much of a connection's beginning is known.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// No line has come yet, but perhaps blank ones.
    #[default]
    Unknown,
    /// The first line was `user NAME` in small letters, which a person may say. If
    /// `pass` comes next it was a login after all.
    User,
    /// The peer talks.
    Talk,
}

impl Beginning {
    /// Judges a line that is not blank.
    pub fn line(&mut self, line: Line<'_>) -> Option<Foreign> {
        let (start, _) = line.start();
        let foreign = match self {
            Self::Talk => return None,
            Self::User => grammar::password(start),
            Self::Unknown => beginning(start).or_else(|| grammar::first_line(line)),
        };
        let is_user = *self == Self::Unknown && grammar::is_user(start);
        *self = if is_user { Self::User } else { Self::Talk };
        foreign
    }

    /// Judges the beginning of a line whose end may never come.
    pub fn unended(self, start: &[u8]) -> Option<Foreign> {
        match self {
            Self::Unknown => beginning(start),
            Self::User | Self::Talk => None,
        }
    }
}

/// What can be told before the line ends.
fn beginning(start: &[u8]) -> Option<Foreign> {
    Foreign::recognize_either(start).or_else(|| {
        // Of the signature of PROXY version 2 only this is no blank line.
        if start == b"\0" {
            Some(Foreign::Proxy)
        } else if is_binary(start) {
            Some(Foreign::Binary)
        } else if start.starts_with(b"<?xml ") || start.starts_with(b"<stream:stream") {
            Some(Foreign::Xmpp)
        } else {
            None
        }
    })
}

fn is_binary(start: &[u8]) -> bool {
    match start.iter().filter(|&&byte| byte == 0).count() {
        0 => false,
        1 => !start[0].is_ascii_graphic(),
        _ => true,
    }
}

/// What a TLS record carries (RFC 8446 §5.1).
const ALERT: u8 = 0x15;
const HANDSHAKE: u8 = 0x16;

#[cfg(test)]
mod tests;
