//! The first lines of protocols that are made of lines.

use super::Foreign;
use crate::framing::Line;

/// Judges a first line, or the beginning of one that is too long.
pub(super) fn first_line(line: Line<'_>) -> Option<Foreign> {
    let (start, _) = line.start();
    let words: Vec<&[u8]> = words(start).collect();
    request_line(&words, line)
        .or_else(|| irc(&words))
        .or_else(|| proxy(&words))
        .or_else(|| mail_and_files(&words))
        .or_else(|| imap(&words))
        .or_else(|| databases(&words))
        .or_else(|| others(start, &words))
}

/// HTTP and the like: a method, a target and a version. Methods are any word, in
/// any letters; so unless it is one that is well known the target has to look like
/// one (RFC 9112 §3.2). Requests without a version are those of HTTP/0.9.
fn request_line(words: &[&[u8]], line: Line<'_>) -> Option<Foreign> {
    let [method, target, rest @ ..] = words else {
        return None;
    };
    let is_cut = matches!(line, Line::TooLong(_));
    let is_method = METHODS.contains(method);
    let is_token = method.iter().copied().all(is_token);
    let is_target = is_target(target);
    match rest {
        [] if is_method && is_plain_target(target) => Some(Foreign::Http),
        // The path alone is too long.
        [] if is_cut && is_token && is_plain_target(target) => Some(Foreign::Http),
        [] => None,
        [_, ..] if is_cut && is_method && is_target => Some(Foreign::Http),
        [version] if is_token && (is_method || is_target) => of_version(version),
        // A target with blanks in it, as only a program sends it.
        [.., version] if is_method && is_target => of_version(version),
        _ => None,
    }
}

/// Which protocol has a version of this form.
fn of_version(version: &[u8]) -> Option<Foreign> {
    let slash = version.iter().position(|&byte| byte == b'/')?;
    let (name, number) = (&version[..slash], &version[slash + 1..]);
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let has_two = number.split(|&byte| byte == b'.').all(is_number) && number.contains(&b'.');
    if name.eq_ignore_ascii_case(b"HTTP") && (has_two || is_number(number)) {
        Some(Foreign::Http)
    } else if !name.is_empty() && name.iter().all(u8::is_ascii_uppercase) && has_two {
        Some(Foreign::HttpLike)
    } else {
        None
    }
}

/// A path, `*`, or what has a scheme or a port.
fn is_target(target: &[u8]) -> bool {
    is_plain_target(target) || target.len() > 1 && target.contains(&b':')
}

fn is_plain_target(target: &[u8]) -> bool {
    let has_scheme = target.windows(3).any(|window| window == b"://");
    target.starts_with(b"/") || target == b"*" || has_scheme
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9110 §9, RFC 5789 and the preface of HTTP/2 (RFC 9113 §3.4).
const METHODS: [&[u8]; 10] = [
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI",
];

/// RFC 2812 §3.1 and IRCv3's `CAP` and `WEBIRC`; and how servers greet one another.
fn irc(words: &[&[u8]]) -> Option<Foreign> {
    let [command, first, rest @ ..] = words else {
        return None;
    };
    let is_one = match (*command, rest) {
        (b"NICK", []) => true,
        (b"USER", [_, _, _, ..]) | (b"WEBIRC", [_, _, _, ..]) => true,
        (b"PASS", [version, ..]) => {
            first.starts_with(b":") || *version == b"TS" || version.starts_with(b"0210")
        }
        (_, []) if is(command, b"PASS") => true,
        // The mode is a number, and the word behind it is not used.
        (_, [mode, unused, name, ..]) if is(command, b"USER") => {
            let is_mode = mode.iter().all(u8::is_ascii_digit) || *unused == b"*";
            is_mode && name.starts_with(b":")
        }
        (_, _) if is(command, b"CAP") => [&b"LS"[..], b"REQ", b"LIST", b"END"]
            .iter()
            .any(|known| is(first, known)),
        _ => false,
    };
    is_one.then_some(Foreign::Irc)
}

/// Version 1 of the PROXY protocol, of which version 2 is binary.
fn proxy(words: &[&[u8]]) -> Option<Foreign> {
    match words {
        [b"PROXY", b"TCP4" | b"TCP6" | b"UNKNOWN", ..] => Some(Foreign::Proxy),
        _ => None,
    }
}

/// What SMTP, FTP and POP3 clients say before, or with, a name and a password.
fn mail_and_files(words: &[&[u8]]) -> Option<Foreign> {
    match *words {
        [b"EHLO" | b"HELO" | b"LHLO"] => Some(Foreign::Smtp),
        [command, _] if is(command, b"EHLO") || is(command, b"LHLO") => Some(Foreign::Smtp),
        [b"HELO", _] => Some(Foreign::Smtp),
        // A small `helo` is talk, unless it is said to a host.
        [command, host] if is(command, b"HELO") && is_host(host) => Some(Foreign::Smtp),
        [command, from, ..]
            if is(command, b"MAIL") && has_path(from, b"FROM:", words)
                || is(command, b"RCPT") && has_path(from, b"TO:", words) =>
        {
            Some(Foreign::Smtp)
        }
        [b"USER" | b"ACCT" | b"CLNT", _] | [b"APOP", _, _] => Some(Foreign::Ftp),
        [b"CAPA" | b"FEAT" | b"SYST" | b"STLS" | b"STARTTLS" | b"AUTH"] => Some(Foreign::Ftp),
        [command, mechanism, ..] if is(command, b"AUTH") && words.len() <= 3 => {
            let is_known = MECHANISMS.iter().any(|known| is(mechanism, known));
            match command {
                _ if is_known => Some(Foreign::Ftp),
                b"AUTH" => Some(Foreign::Redis),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What FTP's and SMTP's `AUTH` takes (RFC 4217, RFC 4954).
const MECHANISMS: [&[u8]; 9] = [
    b"TLS",
    b"TLS-C",
    b"SSL",
    b"PLAIN",
    b"LOGIN",
    b"CRAM-MD5",
    b"XOAUTH2",
    b"GSSAPI",
    b"SCRAM-SHA-256",
];

/// `FROM:<ann@example.org>`, perhaps with a blank before the path.
fn has_path(word: &[u8], before: &[u8], words: &[&[u8]]) -> bool {
    match word.split_at_checked(before.len()) {
        Some((start, [])) => {
            is(start, before) && words.get(2).is_some_and(|path| path.starts_with(b"<"))
        }
        Some((start, path)) => is(start, before) && path.starts_with(b"<"),
        None => false,
    }
}

/// A name with a dot in it, or an address in brackets.
fn is_host(word: &[u8]) -> bool {
    let inner = word.get(1..word.len().saturating_sub(1));
    word.starts_with(b"[") || inner.is_some_and(|inner| inner.contains(&b'.'))
}

/// A tag and a command. Without capitals the tag has to be one of a program, of
/// letters and digits: `a1`.
fn imap(words: &[&[u8]]) -> Option<Foreign> {
    let [tag, command, arguments @ ..] = words else {
        return None;
    };
    let has = |is: fn(&u8) -> bool| tag.iter().any(is);
    let is_tag = tag.len() <= 16 && tag.iter().all(u8::is_ascii_alphanumeric);
    let is_typical = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_capital = command.iter().all(u8::is_ascii_uppercase);
    if !is_tag || !(is_typical || is_capital) {
        return None;
    }
    let is_command = match arguments {
        [] => is(command, b"CAPABILITY") || is(command, b"STARTTLS"),
        [_] => is(command, b"AUTHENTICATE"),
        [_, _] => is(command, b"LOGIN") || is(command, b"AUTHENTICATE"),
        [name, ..] => is(command, b"LOGIN") && name.starts_with(b"\""),
    };
    is_command.then_some(Foreign::Imap)
}

/// An array of Redis (RESP), or a command of memcached that stores something.
fn databases(words: &[&[u8]]) -> Option<Foreign> {
    let is_number = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    match *words {
        [[b'*', count @ ..]] if is_number(count) => Some(Foreign::Redis),
        [
            b"set" | b"add" | b"replace" | b"append" | b"prepend" | b"cas",
            _,
            ref numbers @ ..,
        ] if numbers.len() >= 3 && numbers[..3].iter().all(|word| is_number(word)) => {
            Some(Foreign::Memcached)
        }
        _ => None,
    }
}

/// Protocols that share their first line with others, but no person begins with it: STOMP,
/// NATS, NNTP, CVS, rsync, JSON-RPC.
fn others(line: &[u8], words: &[&[u8]]) -> Option<Foreign> {
    let is_other = match *words {
        [b"CONNECT" | b"STOMP"] => true,
        [b"CONNECT", object, ..] => object.starts_with(b"{"),
        [command, kind, _, ..] if is(command, b"AUTHINFO") => {
            is(kind, b"USER") || is(kind, b"PASS")
        }
        [b"MODE", b"READER"] | [b"CAPABILITIES"] | [b"BEGIN", _, b"REQUEST"] => true,
        [b"@RSYNCD:", ..] => true,
        _ => {
            let has = |member: &[u8]| line.windows(member.len()).any(|window| window == member);
            line.starts_with(b"{") && has(b"\"method\"") && has(b"\"params\"")
        }
    };
    is_other.then_some(Foreign::Other)
}

/// `user NAME`: half of a login, or a word about a user.
pub(super) fn is_user(line: &[u8]) -> bool {
    let mut words = words(line);
    words.next().is_some_and(|command| is(command, b"USER"))
        && words.next().is_some()
        && words.next().is_none()
}

/// The other half of a login. A password may have blanks in it (RFC 1939 §7).
pub(super) fn password(line: &[u8]) -> Option<Foreign> {
    let mut words = words(line);
    let is_one = words.next().is_some_and(|command| is(command, b"PASS")) && words.next().is_some();
    is_one.then_some(Foreign::Ftp)
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = line.split(u8::is_ascii_whitespace);
    words.filter(|word| !word.is_empty())
}

fn is(word: &[u8], known: &[u8]) -> bool {
    word.eq_ignore_ascii_case(known)
}
