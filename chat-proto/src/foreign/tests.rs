use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_line_panics(
        line in "(user|PASS|mail|a1|set|GET|\\*)?[ -~\t]{0,40}",
        bytes in any::<Vec<u8>>(),
    ) {
        for line in [Line::Whole(&line), Line::NotUtf8(&bytes), Line::TooLong(&bytes)] {
            for mut beginning in [Beginning::Unknown, Beginning::User, Beginning::Talk] {
                beginning.unended(&bytes);
                beginning.line(line);
                prop_assert_ne!(beginning, Beginning::Unknown);
            }
        }
    }
}

#[track_caller]
fn check(line: impl AsRef<[u8]>, expected: Option<Foreign>) {
    let line = line.as_ref();
    let judged = match std::str::from_utf8(line) {
        Ok(text) => Beginning::default().line(Line::Whole(text)),
        Err(_) => Beginning::default().line(Line::NotUtf8(line)),
    };
    assert_eq!(judged, expected, "{}", String::from_utf8_lossy(line));
}

#[test]
fn requests() {
    for line in [
        &b"GET / HTTP/1.1"[..],
        b"POST /",
        b"GET /index.html",
        b"PROPFIND / HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT example.org:443 HTTP/1.1",
        b"CONNECT [::1]:443 HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"GET http://example.org/ HTTP/1.0",
        b"GET /a b c HTTP/1.1",
        b"GET nonsense HTTP/1.1",
        b"GET /\xe9 HTTP/1.1",
        b"get / HTTP/1.1",
        b"patch / HTTP/1.1",
        b"Patch /x?a=b http/1.1",
        b"M-SEARCH * HTTP/1.1",
        b"VERSION-CONTROL /x HTTP/1.1",
        b"x!#$%&'*+-.^_`|~1 / HTTP/1.1",
        b"mkcol urn:x HTTP/1.1",
        b"GET / HTTP/3",
        b" GET  /\tHTTP/1.1 ",
    ] {
        check(line, Some(Foreign::Http));
    }
    for line in [
        "OPTIONS rtsp://example.org/ RTSP/1.0",
        "OPTIONS sip:nm SIP/2.0",
        "REGISTER sips:ss2.biloxi.example.com SIP/2.0",
        "REQMOD icap://icap.example.org/ ICAP/1.0",
        "SOURCE /stream ICE/1.0",
    ] {
        check(line, Some(Foreign::HttpLike));
    }
}

/// Of a line that is too long only the beginning is known.
#[test]
fn long_requests() {
    let long = "a".repeat(4000);
    for (start, expected) in [
        (format!("patch /{long}"), Some(Foreign::Http)),
        (format!("M-SEARCH http://{long}"), Some(Foreign::Http)),
        (format!("GET /x{long} {long}"), Some(Foreign::Http)),
        (format!("<?xml version='1.0'?>{long}"), Some(Foreign::Xmpp)),
        (format!("look: /{long}"), None),
        (format!("look {long}"), None),
        (format!("look /tmp {long}"), None),
        (long, None),
    ] {
        let judged = Beginning::default().line(Line::TooLong(start.as_bytes()));
        assert_eq!(judged, expected, "{}", &start[..20]);
    }
}

#[test]
fn logins() {
    for (foreign, lines) in LOGINS {
        for line in lines {
            check(line, Some(foreign));
        }
    }
}

/// What clients say first, to log in or before that.
const LOGINS: [(Foreign, &[&str]); 10] = [
    (
        Foreign::Irc,
        &[
            "CAP LS 302",
            "CAP LS",
            "cap req :sasl",
            "NICK x",
            "NICK :x",
            "USER ann 0 * :Ann Other",
            "USER ann host server real",
            "user ann 8 * :Ann",
            "PASS hunter2",
            "pass hunter2",
            "PASS :correct horse battery",
            "PASS secret 0210010000 IRC|aBgH$ Z",
            "PASS secret TS 6 :42X",
            "WEBIRC secret cgi host 10.0.0.1",
        ],
    ),
    (
        Foreign::Ftp,
        &[
            "USER anonymous",
            "ACCT x",
            "AUTH TLS",
            "auth tls",
            "AUTH PLAIN AGFubgBodW50ZXIy",
            "AUTH LOGIN",
            "AUTH",
            "FEAT",
            "SYST",
            "CAPA",
            "STLS",
            "STARTTLS",
            "APOP ann c4c9334bac560ecc979e58001b3e22fb",
        ],
    ),
    (
        Foreign::Smtp,
        &[
            "EHLO",
            "EHLO example.org",
            "ehlo [127.0.0.1]",
            "HELO ann",
            "helo mail.example.org",
            "LHLO x",
            "MAIL FROM:<ann@example.org>",
            "mail from: <ann@example.org> SIZE=5",
            "RCPT TO:<bo@example.org>",
        ],
    ),
    (
        Foreign::Imap,
        &[
            "a1 LOGIN ann hunter2",
            "a1 login ann hunter2",
            "a LOGIN \"ann\" \"hunter 2\"",
            "1 LOGIN ann hunter2",
            "a001 CAPABILITY",
            "BAAB1 capability",
            "1 CAPABILITY",
            "A142 STARTTLS",
            "2 AUTHENTICATE PLAIN",
            "2 AUTHENTICATE PLAIN AGFubgBodW50ZXIy",
        ],
    ),
    (
        Foreign::Xmpp,
        &["<?xml version='1.0'?>", "<stream:stream to='example.org'>"],
    ),
    (
        Foreign::Redis,
        &["*1", "*12", "AUTH hunter2", "AUTH ann hunter2"],
    ),
    (
        Foreign::Memcached,
        &["set key 0 900 5", "cas k 0 0 5 17 noreply"],
    ),
    (
        Foreign::Proxy,
        &[
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
            "PROXY TCP6 ::1 ::1 1 2",
            "PROXY UNKNOWN",
            // What is left of version 2 between the line ends in it.
            "\0",
        ],
    ),
    (
        Foreign::Other,
        &[
            "STOMP",
            "CONNECT",
            "CONNECT {\"user\":\"ann\",\"pass\":\"hunter2\"}",
            "AUTHINFO USER ann",
            "authinfo pass hunter2",
            "MODE READER",
            "BEGIN AUTH REQUEST",
            "@RSYNCD: 31.0",
            "{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"ann\",\"hunter2\"]}",
        ],
    ),
    (Foreign::Ssh, &["SSH-2.0-OpenSSH_9.2", "SSH-1.99-x"]),
];

/// How clients of binary protocols begin: TLS, PostgreSQL, MySQL, RDP, SMB, MQTT,
/// Bitcoin, LDAP, SOCKS, AMQP, DNS. None of them needs a line end to be recognized.
#[test]
fn binary_protocols() {
    let starts: [(&[u8], Foreign); 14] = [
        (b"\x16\x03\x01\x02\x00\x01", Foreign::Tls),
        (b"\x15\x03\x01\x00\x02\x02\x28", Foreign::Tls),
        (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", Foreign::Binary),
        (
            b"\x00\x00\x00\x29\x00\x03\x00\x00user\x00ann\x00",
            Foreign::Binary,
        ),
        (b"\x20\x00\x00\x01\x85\xa6\x03\x00", Foreign::Binary),
        (
            b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01",
            Foreign::Binary,
        ),
        (b"\x00\x00\x00\x2f\xffSMBr\x00\x00", Foreign::Binary),
        (b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c", Foreign::Binary),
        (b"\xf9\xbe\xb4\xd9version\0\0\0\0\0", Foreign::Binary),
        (
            b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00",
            Foreign::Binary,
        ),
        (b"\x05\x01\x00", Foreign::Binary),
        (b"AMQP\x00\x00\x09\x01", Foreign::Binary),
        (b"\x00\x1e\x00\x06\x01\x00\x00\x01", Foreign::Binary),
        (b"h\x00i\x00", Foreign::Binary),
    ];
    for (start, expected) in starts {
        check(start, Some(expected));
        let unended = Beginning::default().unended(start);
        assert_eq!(unended, Some(expected), "{start:?}");
    }
    check(b"a\0b", None);
    check(b"/nick a\0b", None);
    let xml = Beginning::default().unended(b"<?xml version='1.0'?><stream");
    assert_eq!(xml, Some(Foreign::Xmpp));
    assert_eq!(Beginning::default().unended(b"PASS hunter2"), None);
    assert_eq!(Beginning::Talk.unended(b"\0"), None);
}

/// A name alone may be said, and a password behind it may not.
#[test]
fn a_login_by_hand() {
    let mut beginning = Beginning::default();
    assert_eq!(beginning.line(Line::Whole("user ann")), None);
    let password = beginning.line(Line::Whole("pass correct horse"));
    assert_eq!(password, Some(Foreign::Ftp));
    let mut beginning = Beginning::default();
    assert_eq!(beginning.line(Line::Whole("user error")), None);
    assert_eq!(beginning.line(Line::Whole("sorry")), None);
    assert_eq!(beginning.line(Line::Whole("pass hunter2")), None);
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
    for line in TALK {
        check(line, None);
    }
    check(b"caf\xe9 au lait", None);
}

/// What people say first.
const TALK: &[&str] = &[
    "",
    "hello",
    "help",
    "HELP",
    "QUIT",
    "PING",
    "INFO",
    "GET OUT",
    "get a life",
    "get on with it HTTP/1.1",
    "PUT the kettle on",
    "PUT /me on the list",
    "I use HTTP/1.1",
    "we speak HTTP/2.0",
    "see /etc/motd for HTTP/1.1",
    "see /dev/sda SATA/6",
    "READ /etc/motd and HTTP",
    "look /etc/motd",
    "note: this HTTP/1.1",
    "SSH is not this",
    "SSH-Keys bitte",
    "user error",
    "User error",
    "user error in the module",
    "user bob is back :)",
    "pass the salt",
    "PASS me the salt",
    "Pass auf dich auf",
    "pass",
    "PASS",
    "nick is here",
    "nick ann",
    "NICK IS HERE",
    "cap it",
    "CAP it at 5",
    "helo",
    "helo ann",
    "helo everybody.",
    "mail from the boss",
    "mail from: the boss",
    "auth failed",
    "auth is broken again",
    "AUTH IS BROKEN AGAIN",
    "the login works now",
    "2 login attempts failed",
    "login ann hunter2 is the example",
    "a capability",
    "*1 good",
    "* waves",
    "*",
    "set the table for 5",
    "set x 1 2",
    "add me 2 the list",
    "PROXY is down",
    "PROXY",
    "CONNECT me",
    "MODE",
    "begin auth request",
    "<3",
    "<?php",
    "{\"level\":\"info\",\"msg\":\"build 42 is green\"}",
    ":)",
    "@ann hi",
    "你好",
    "/nick ann",
    "/hello {\"protocol\":1}",
    "caf\u{e9} /x HTTP",
    "\u{1b}[A",
];
