//! Servers of other protocols, known by their first bytes. Pure.

use std::fmt;
use std::time::Duration;

use chat_proto::foreign::Foreign;
use chat_proto::text;

/// Why a server is not talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignServer {
    /// It speaks this other protocol.
    Speaks(String),
    /// This is its first line, which is no greeting.
    Says(String),
    /// It has not said anything for so long.
    Silent(Duration),
}

/// What the person says that the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServerKind {
    /// One that greets as `chat/1`.
    #[default]
    Chat,
    /// One of plain lines, unless it greets.
    PlainLines,
}

impl ForeignServer {
    /// Recognizes a server by its first line, or by the part of it that has come.
    /// `None`: no other protocol, or not known yet.
    ///
    /// If the person says that it is a server of plain lines, only beginnings that no
    /// such server sends count.
    pub(super) fn recognize(start: &[u8], server: ServerKind) -> Option<Self> {
        let protocol = match Foreign::recognize_answer(start) {
            Some(foreign) => foreign.to_string(),
            // An answer without a status line, as HTTP had it at first.
            None if is_html(start.trim_ascii_start()) => "HTTP".to_owned(),
            None if server == ServerKind::Chat => guess(start)?.to_owned(),
            None if is_binary(start) => BINARY.to_owned(),
            None => return None,
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

impl fmt::Display for ForeignServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("that is no chat server: ")?;
        match self {
            Self::Speaks(protocol) => write!(f, "it speaks {protocol}"),
            Self::Says(line) if line.is_empty() => f.write_str("it begins with a blank line"),
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
    match start {
        [_, _, 0, 0, MYSQL_VERSION, b'0'..=b'9', ..] => return Some("MySQL"),
        [TELNET_COMMAND, TELNET_WILL..=TELNET_DO, ..] => return Some("Telnet"),
        _ if is_binary(start) => return Some(BINARY),
        _ => {}
    }
    let start = start.to_ascii_lowercase();
    let known = BEGINNINGS
        .iter()
        .find(|(beginning, _)| start.starts_with(beginning));
    if let Some((_, protocol)) = known {
        return Some(protocol);
    }
    // The first line, when it is whole.
    let end = start.iter().position(|&byte| byte == b'\n')?;
    let line = &start[..end];
    if is_irc(line) {
        return Some("IRC");
    }
    let has = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    let begins = |codes: &[&[u8]]| codes.iter().any(|code| line.starts_with(code));
    if begins(&NEWS_CODES) && (has(b"nntp") || has(b"nnrp") || has(b"news")) {
        return Some("NNTP");
    }
    if !begins(&CODES) {
        return None;
    }
    // Both begin with such a code; the words behind it tell them apart.
    Some(match (has(b"smtp"), has(b"ftp")) {
        (true, _) => "SMTP",
        (false, true) => "FTP",
        (false, false) => "SMTP or FTP",
    })
}

/// Whether the first line, or the part of it that has come, has several NULs, as no
/// text has. Fewer than 8 bytes may belong to any protocol.
fn is_binary(start: &[u8]) -> bool {
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
    start.len() >= 8 && line.iter().filter(|&&byte| byte == 0).count() > 1
}

/// A message with the name of the server before it: a notice or a numeric reply
/// (RFC 2812, 2.3.1 and 2.4).
fn is_irc(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let is_prefix =
        matches!(words.next(), Some([b':', first, ..]) if first.is_ascii_alphanumeric());
    let is_command =
        |word: &[u8]| word == b"notice" || word.len() == 3 && word.iter().all(u8::is_ascii_digit);
    is_prefix && words.next().is_some_and(is_command)
}

const BINARY: &str = "a binary protocol";

/// Bytes of the first line that are looked at.
pub(super) const BEGINNING: usize = 512;

/// How servers of other protocols begin, in small letters.
const BEGINNINGS: [(&[u8], &str); 22] = [
    (b"* ok ", "IMAP"),
    (b"* preauth ", "IMAP"),
    (b"* bye ", "IMAP"),
    (b"+ok", "POP3"),
    (b"-err", "Redis or POP3"),
    (b"-denied ", "Redis"),
    (b"-noauth ", "Redis"),
    (b"error\r\n", "the protocol of memcached"),
    (b"notice auth ", "IRC"),
    (b"notice * ", "IRC"),
    (b"error :", "IRC"),
    (b"ping :", "IRC"),
    (b"rfb 00", "VNC"),
    (b"info {", "NATS"),
    (b"rtsp/", "RTSP"),
    (b"sip/", "SIP"),
    (b"@rsyncd:", "rsync"),
    (b"( success ( ", "Subversion"),
    (b"\"implementation\" ", "ManageSieve"),
    (b"ok mpd ", "MPD"),
    (b"<?xml ", "XML"),
    (b"<stream:stream ", "XMPP"),
];

/// A greeting, and a refusal, of RFC 5321 (SMTP) and of RFC 959 (FTP).
const CODES: [&[u8]; 8] = [
    b"220 ", b"220-", b"421 ", b"421-", b"530 ", b"530-", b"554 ", b"554-",
];

/// The greetings and refusals of RFC 3977 (NNTP).
const NEWS_CODES: [&[u8]; 4] = [b"200 ", b"201 ", b"400 ", b"502 "];

/// How a server of telnet begins to negotiate options (RFC 854).
const TELNET_COMMAND: u8 = 0xff;
const TELNET_WILL: u8 = 0xfb;
const TELNET_DO: u8 = 0xfd;

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
        let expected = expected.map(|protocol| ForeignServer::Speaks(protocol.to_owned()));
        assert_eq!(ForeignServer::recognize(start, ServerKind::Chat), expected);
        // No beginning of it is taken for something else.
        for end in 0..start.len() {
            let found = ForeignServer::recognize(&start[..end], ServerKind::Chat);
            assert!(found.is_none() || found == expected, "{end}: {found:?}");
        }
        // With `--plain-server` the person is believed.
        let is_sure = ["HTTP/", "SSH-", "\x15", "<!DOC"]
            .iter()
            .any(|sure| start.trim_ascii_start().starts_with(sure.as_bytes()));
        if !is_sure && !is_binary(start) {
            assert_eq!(
                ForeignServer::recognize(start, ServerKind::PlainLines),
                None
            );
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
        check(b"-ERR unknown command 'hi'\r\n", Some("Redis or POP3"));
        check(b"-DENIED Redis is running\r\n", Some("Redis"));
        check(b"ERROR\r\n", Some("the protocol of memcached"));
        check(
            b"NOTICE AUTH :*** Looking up your hostname\r\n",
            Some("IRC"),
        );
        for line in [
            ":irc.example.org NOTICE * :*** Looking up your hostname\r\n",
            ":irc.example.org 020 * :Please wait\r\n",
            "PING :12345\r\n",
        ] {
            check(line.as_bytes(), Some("IRC"));
        }
        check(b"554 no SMTP service here\r\n", Some("SMTP"));
        check(b"530 this FTP server is full\r\n", Some("FTP"));
        check(b"200 example.org NNRP ready (posting ok)\r\n", Some("NNTP"));
        check(b"@RSYNCD: 31.0 sha512\n", Some("rsync"));
        check(b"( success ( 2 2 ( ) ) ) ", Some("Subversion"));
        check(b"<?xml version='1.0'?><stream:stream>", Some("XML"));
        check(b"\r\n\r\n<!DOCTYPE html>\n", Some("HTTP"));
        check(b"\xff\xfd\x18\xff\xfb\x01\r\nlogin: ", Some("Telnet"));
        check(b"RFB 003.008\n", Some("VNC"));
        check(b"\x4a\0\0\0\x0a8.0.36\0", Some("MySQL"));
    }

    /// HTTP/2, PostgreSQL, MySQL's refusal, ZeroMQ, AMQP, X11, and text in UTF-16.
    #[test]
    fn servers_of_binary_protocols() {
        for start in [
            &b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80"[..],
            b"E\0\0\0\x8fSFATAL\0C08P01\0",
            b"E\0\0\0\xffj\x04Host 'x' is not allowed",
            b"\xff\0\0\0\0\0\0\0\x01\x7f",
            b"AMQP\0\0\x09\x01",
            b"\0\x16\x0b\0\0\0\x06\0No protocol specified\n",
            b"\0\0\0\0\0\0\0\0\0\0",
            b"\xff\xfeh\0i\0!\0\n\0",
        ] {
            check(start, Some(BINARY));
            assert!(
                ForeignServer::recognize(start, ServerKind::PlainLines).is_some(),
                "{start:?}"
            );
        }
    }

    #[test]
    fn servers_of_lines() {
        for line in [
            "\r-- chat/1 welcome\n",
            "\r<('127.0.0.1', 38378)> 220 people\n",
            "2 people are here\n",
            "2200 and counting\n",
            "200 people are here\n",
            ": 020 is the number\n",
            ":-) notice me\n",
            "\x1b[1;32mhello\x1b[0m\x07 there\x08\x0c\0\x01\n",
            "Gr\u{fc}\u{df}e\n",
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
        let told = ForeignServer::says(&format!("a\x1b[2Jb{}", "x".repeat(100))).to_string();
        let row = "x".repeat(MAX_SHOWN - 2);
        assert_eq!(
            told,
            format!("that is no chat server: it begins with \"ab{row}…\"")
        );
        let told = ForeignServer::says("\r\x1b[2J").to_string();
        assert_eq!(told, "that is no chat server: it begins with a blank line");
    }
}
