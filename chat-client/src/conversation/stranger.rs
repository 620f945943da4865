//! Servers that are not ours, known by how they begin. Pure.

use std::fmt;
use std::time::Duration;

use chat_proto::foreign::Foreign;
use chat_proto::text;

/// Why a server is not talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stranger {
    /// It speaks this other protocol.
    Speaks(String),
    /// This is its first line, which is no greeting.
    Says(String),
    /// It has not said anything for so long.
    Silent(Duration),
}

impl Stranger {
    /// Looks at how a server begins to speak: at its first line, or at what has
    /// come of it. `None` is no other protocol, or none that is known yet.
    ///
    /// Where it `may_be_plain`, since the person says so, only what no server of plain
    /// lines would say counts.
    pub(super) fn recognize(start: &[u8], may_be_plain: bool) -> Option<Self> {
        let protocol = match Foreign::recognize_answer(start) {
            Some(foreign) => foreign.to_string(),
            // An answer without a status line, as HTTP had it at first.
            None if is_html(start) => "HTTP".to_owned(),
            None if may_be_plain => return None,
            None => guess(start)?.to_owned(),
        };
        Some(Self::Speaks(protocol))
    }

    /// One that begins with this line.
    pub(super) fn says(line: &str) -> Self {
        let line = text::clean(line.trim()).replace('\n', " ");
        let mut shown: String = line.chars().take(MAX_SHOWN).collect();
        if shown.len() < line.len() {
            shown.push('…');
        }
        Self::Says(shown)
    }

    /// Whether it may be a server of plain lines, which some people have.
    pub fn may_be_plain(&self) -> bool {
        !matches!(self, Self::Speaks(_))
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("that is no chat server: ")?;
        match self {
            Self::Speaks(protocol) => write!(f, "it speaks {protocol}"),
            Self::Says(line) => write!(f, "it begins with \"{line}\""),
            Self::Silent(time) => write!(f, "it has said nothing for {} s", time.as_secs()),
        }
    }
}

fn is_html(start: &[u8]) -> bool {
    [&b"<!doctype html"[..], b"<html"].iter().any(|tag| {
        let start = start.get(..tag.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(tag))
    })
}

/// The protocol that most likely begins like this.
fn guess(start: &[u8]) -> Option<&'static str> {
    if let [_, _, 0, 0, MYSQL_VERSION, b'0'..=b'9', ..] = start {
        return Some("MySQL");
    }
    let start = start.to_ascii_lowercase();
    let known = BEGINNINGS
        .iter()
        .find(|(beginning, _)| start.starts_with(beginning));
    if let Some((_, protocol)) = known {
        return Some(protocol);
    }
    if !CODES.iter().any(|code| start.starts_with(code)) {
        return None;
    }
    // Both begin with such a code; the words behind it tell them apart.
    let end = start.iter().position(|&byte| byte == b'\n')?;
    let has = |word: &[u8]| start[..end].windows(word.len()).any(|part| part == word);
    Some(match (has(b"smtp"), has(b"ftp")) {
        (true, _) => "SMTP",
        (false, true) => "FTP",
        (false, false) => "SMTP or FTP",
    })
}

/// Bytes of the first line that are looked at.
pub(super) const BEGINNING: usize = 512;

/// How servers of other protocols begin, in small letters.
const BEGINNINGS: [(&[u8], &str); 12] = [
    (b"* ok ", "IMAP"),
    (b"* preauth ", "IMAP"),
    (b"* bye ", "IMAP"),
    (b"+ok", "POP3"),
    (b"-err", "Redis"),
    (b"notice auth ", "IRC"),
    (b"notice * ", "IRC"),
    (b"error :", "IRC"),
    (b"rfb 00", "VNC"),
    (b"info {", "NATS"),
    (b"rtsp/", "RTSP"),
    (b"sip/", "SIP"),
];

/// A greeting, and a refusal, of RFC 5321 (SMTP) and of RFC 959 (FTP).
const CODES: [&[u8]; 4] = [b"220 ", b"220-", b"421 ", b"421-"];

/// Behind the length of the packet and its number.
const MYSQL_VERSION: u8 = 10;

/// Characters of a first line that are shown.
const MAX_SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    /// At once, or when the line is whole.
    #[track_caller]
    fn check(start: &[u8], expected: Option<&str>) {
        let expected = expected.map(|protocol| Stranger::Speaks(protocol.to_owned()));
        assert_eq!(Stranger::recognize(start, false), expected);
        // No beginning of it is taken for something else.
        for end in 0..start.len() {
            let found = Stranger::recognize(&start[..end], false);
            assert!(found.is_none() || found == expected, "{end}: {found:?}");
        }
        // Whoever says that it is a server of plain lines is believed.
        if !["HTTP/", "SSH-", "\x15", "<!DOC"]
            .iter()
            .any(|sure| start.starts_with(sure.as_bytes()))
        {
            assert_eq!(Stranger::recognize(start, true), None);
        }
    }

    #[test]
    fn servers_of_other_protocols() {
        check(b"HTTP/1.1 400 Bad Request\r\n", Some("HTTP"));
        check(b"<!DOCTYPE HTML>\n<html lang=\"en\">\n", Some("HTTP"));
        check(b"SSH-2.0-OpenSSH_9.2\r\n", Some("SSH"));
        check(b"\x15\x03\x01\x00\x02\x02\x28", Some("TLS"));
        check(b"220 mail.example.org ESMTP Postfix\r\n", Some("SMTP"));
        check(b"220-mail.example.org smtp\r\n220 hi\r\n", Some("SMTP"));
        check(b"220 (vsFTPd 3.0.3)\r\n", Some("FTP"));
        check(b"220 ready\r\n", Some("SMTP or FTP"));
        check(b"421 too many connections\r\n", Some("SMTP or FTP"));
        check(b"* OK [CAPABILITY IMAP4rev1] ready\r\n", Some("IMAP"));
        check(b"+OK POP3 ready\r\n", Some("POP3"));
        check(b"-ERR unknown command 'hi'\r\n", Some("Redis"));
        check(
            b"NOTICE AUTH :*** Looking up your hostname\r\n",
            Some("IRC"),
        );
        check(b"RFB 003.008\n", Some("VNC"));
        check(b"\x4a\0\0\0\x0a8.0.36\0", Some("MySQL"));
    }

    #[test]
    fn servers_of_lines() {
        for line in [
            "\r-- chat/1 welcome\n",
            "\r<('127.0.0.1', 38378)> 220 people\n",
            "2 people are here\n",
            "2200 and counting\n",
            "200 people are here\n",
            "welcome to HTTP/1.1\n",
            "<announce> already connected: nobody.\n",
            "* ann waves\n",
            "[127.0.0.1:4] entered room\n",
            "你好\n",
            "\n",
            "",
        ] {
            check(line.as_bytes(), None);
        }
    }

    #[test]
    fn what_one_says_is_safe_and_short() {
        let told = Stranger::says(&format!("a\x1b[2Jb{}", "x".repeat(100))).to_string();
        let row = "x".repeat(MAX_SHOWN - 2);
        assert_eq!(
            told,
            format!("that is no chat server: it begins with \"ab{row}…\"")
        );
    }
}
