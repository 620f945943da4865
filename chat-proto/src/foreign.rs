//! Recognizes peers that speak another protocol, by how they begin.
//!
//! A web page can make a browser send lines to any port. If its headers and
//! body were taken for chat, every page could talk in the room; so the first
//! line decides, before anything of it reaches anyone.

use std::fmt;

/// A protocol that is not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// An HTTP request line (RFC 9112 §3), or the status line of an answer (§4).
    Http,
    /// A TLS record that carries a handshake or an alert (RFC 8446 §5.1).
    Tls,
    /// An SSH identification string (RFC 4253 §4.2).
    Ssh,
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
            [b'S', b'S', b'H', b'-', ..] => Some(Self::Ssh),
            _ => None,
        }
    }

    /// Looks at the first line of a connection, or at what has come of it.
    pub fn recognize(start: &[u8]) -> Option<Self> {
        if let Some(foreign) = Self::recognize_either(start) {
            return Some(foreign);
        }
        let method_end = start.iter().position(|&byte| byte == b' ')?;
        let target = &start[method_end + 1..];
        let looks_like_target = [&b"/"[..], b"http://", b"https://", b"*"]
            .iter()
            .any(|form| target.starts_with(form));
        let method = &start[..method_end];
        let names_version = target.windows(6).any(|window| window == b" HTTP/");
        let is_http = if METHODS.contains(&method) {
            looks_like_target || names_version
        } else {
            // Any other method there may be, as in `PROPFIND / HTTP/1.1`.
            !method.is_empty()
                && method.iter().all(u8::is_ascii_uppercase)
                && looks_like_target
                && names_version
        };
        is_http.then_some(Self::Http)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Tls => "TLS",
            Self::Ssh => "SSH",
        })
    }
}

/// What a TLS record carries (RFC 8446 §5.1).
const ALERT: u8 = 0x15;
const HANDSHAKE: u8 = 0x16;

/// RFC 9110 §9, RFC 5789 and the preface of HTTP/2 (RFC 9113 §3.4).
const METHODS: [&[u8]; 10] = [
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: &[u8], expected: Option<Foreign>) {
        assert_eq!(Foreign::recognize(start), expected);
    }

    #[test]
    fn other_protocols() {
        check(b"GET / HTTP/1.1", Some(Foreign::Http));
        check(b"POST /", Some(Foreign::Http));
        check(b"PROPFIND / HTTP/1.1", Some(Foreign::Http));
        check(b"OPTIONS * HTTP/1.1", Some(Foreign::Http));
        check(b"CONNECT example.org:443 HTTP/1.1", Some(Foreign::Http));
        check(b"PRI * HTTP/2.0", Some(Foreign::Http));
        check(b"GET http://example.org/ HTTP/1.0", Some(Foreign::Http));
        check(b"\x16\x03\x01\x02\x00\x01", Some(Foreign::Tls));
        check(b"SSH-2.0-OpenSSH_9.2", Some(Foreign::Ssh));
    }

    #[test]
    fn other_servers() {
        let answers = [
            (&b"HTTP/1.1 400 Bad Request"[..], Some(Foreign::Http)),
            (b"\x15\x03\x01\x00\x02\x02\x28", Some(Foreign::Tls)),
            (b"SSH-2.0-OpenSSH_9.2", Some(Foreign::Ssh)),
            (b"-- chat/1 welcome", None),
            (b"<announce> already connected: nobody.", None),
            (b"", None),
        ];
        for (answer, expected) in answers {
            assert_eq!(Foreign::recognize_answer(answer), expected);
        }
    }

    #[test]
    fn people() {
        check(b"", None);
        check(b"GET OUT", None);
        check(b"get / HTTP/1.1", None);
        check(b"PUT the kettle on", None);
        check(b"I use HTTP/1.1", None);
        check(b"READ /etc/motd and HTTP", None);
        check(b"SSH is not this", None);
        check("你好".as_bytes(), None);
    }
}
