//! Which server the arguments name.

use crate::net::Address;

/// The server of a host and a port as the person writes them.
///
/// # Errors
///
/// When they name no server; the text says what to write instead.
pub(super) fn target(host: &str, port: Option<u16>) -> Result<Address, String> {
    if let Some(advice) = advice(host, port) {
        return Err(format!("{host} is not a host: {advice}"));
    }
    let (host, own) = split(host)?;
    let port = match (own, port) {
        (Some(one), Some(other)) if one != other => {
            return Err(format!("two ports are given, {one} and {other}"));
        }
        (one, other) => one.or(other).unwrap_or(DEFAULT_PORT),
    };
    if host.is_empty() {
        return Err(format!(
            "the host is missing: try chat-client localhost {port}"
        ));
    }
    Ok(Address {
        host: host.to_owned(),
        port,
    })
}

/// Splits `HOST:PORT` and `[IPV6]:PORT`. An IPv6 address without brackets is
/// all host.
fn split(text: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| format!("{text}: ] is missing"))?;
        match rest {
            "" => (host, None),
            _ => (
                host,
                Some(
                    rest.strip_prefix(':')
                        .ok_or_else(|| format!("{text}: : is missing"))?,
                ),
            ),
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (text, None),
        }
    };
    let port = match port {
        Some(port) => {
            let parsed = parse_port(port);
            Some(parsed.map_err(|why| format!("{port:?} behind {host} is no port: {why}"))?)
        }
        None => None,
    };
    Ok((host, port))
}

pub(super) fn parse_port(text: &str) -> Result<u16, &'static str> {
    let port = text.parse().ok().filter(|&port| port > 0);
    port.ok_or("a port is a number from 1 to 65535")
}

/// Advice for a host that is written as for another program.
fn advice(host: &str, port: Option<u16>) -> Option<String> {
    let words: Vec<&str> = host.split_whitespace().collect();
    if words.len() > 1 {
        // Host and port as one argument.
        return Some(format!("try chat-client {}", words.join(" ")));
    }
    let after_scheme = host.split_once("://").map(|(_, rest)| rest);
    let rest = after_scheme.unwrap_or(host);
    let place = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (user, place) = match place.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, place),
    };
    if place.parse::<u16>().is_ok() && port.is_none() {
        return Some(format!("try chat-client localhost {place}"));
    }
    if place == host {
        return None;
    }
    let mut command = "try chat-client".to_owned();
    // A password is not repeated.
    let user = user.and_then(|user| user.split(':').next());
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        command += &format!(" --name {user}");
    }
    match split(place) {
        Ok((host, own)) if !host.is_empty() => {
            command += &format!(" {host}");
            if let Some(port) = own.or(port) {
                command += &format!(" {port}");
            }
        }
        _ => command += " HOST PORT",
    }
    Some(command)
}

/// The port of the chat.
pub const DEFAULT_PORT: u16 = 5000;
