//! Recognizes peers that speak another protocol, by their first line.
//!
//! A web page can make a browser send lines to any port. If its headers and
//! body were taken for chat, every page could talk in the room; so the first
//! line decides, before anything of it reaches anyone.

use std::fmt;

/// A protocol that is not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// An HTTP request line (RFC 9112 §3).
    Http,
    /// A TLS record that carries a handshake (RFC 8446 §5.1).
    Tls,
    /// An SSH identification string (RFC 4253 §4.2).
    Ssh,
}

impl Foreign {
    /// Looks at how a server begins to speak.
    pub fn recognize_answer(start: &[u8]) -> Option<Self> {
        // An alert (RFC 8446 §6) or a handshake.
        if start.starts_with(&[0x15, 0x03]) || start.starts_with(&[0x16, 0x03]) {
            return Some(Self::Tls);
        }
        if start.starts_with(b"HTTP/") {
            return Some(Self::Http);
        }
        start.starts_with(b"SSH-").then_some(Self::Ssh)
    }

    /// Looks at the first line of a connection, or at what has come of it.
    pub fn recognize(start: &[u8]) -> Option<Self> {
        if start.starts_with(&[0x16, 0x03]) {
            return Some(Self::Tls);
        }
        if start.starts_with(b"SSH-") {
            return Some(Self::Ssh);
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
