//! The header that a proxy puts before a connection, to tell whose it is: version 1
//! (a line) and 2 (binary) of the PROXY protocol
//! (<https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// A whole header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How many bytes it has.
    pub length: usize,
    /// Where the peer behind the proxy comes from. `None` if the proxy speaks for
    /// itself, as to see whether the server is alive (LOCAL), or does not know.
    pub source: Option<SocketAddr>,
}

/// The bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHeader;

/// The longest header that is taken, in bytes. Version 2 allows for 64 KiB; what
/// proxies add to the addresses, such as the name of a certificate, is far less.
pub const MAX_HEADER: usize = 4096;

impl Header {
    /// Reads the header that a connection begins with. `None` means that all that
    /// has come is its beginning.
    ///
    /// # Errors
    ///
    /// When the bytes are not the beginning of a header.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, NoHeader> {
        if bytes.starts_with(SIGNATURE_2) {
            binary(bytes)
        } else if bytes.starts_with(SIGNATURE_1) {
            line(bytes)
        } else if SIGNATURE_2.starts_with(bytes) || SIGNATURE_1.starts_with(bytes) {
            Ok(None)
        } else {
            Err(NoHeader)
        }
    }
}

/// Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`, CR LF.
fn line(bytes: &[u8]) -> Result<Option<Header>, NoHeader> {
    let within = &bytes[..bytes.len().min(MAX_LINE)];
    let Some(end) = within.windows(2).position(|window| window == b"\r\n") else {
        return if bytes.len() < MAX_LINE {
            Ok(None)
        } else {
            Err(NoHeader)
        };
    };
    let line = str::from_utf8(&bytes[..end]).map_err(|_| NoHeader)?;
    let words: Vec<&str> = line.split(' ').collect();
    let source = match words[1..] {
        ["UNKNOWN", ..] => None,
        ["TCP4", source, destination, from, to] => {
            Some(source_of::<Ipv4Addr>(source, destination, from, to)?)
        }
        ["TCP6", source, destination, from, to] => {
            Some(source_of::<Ipv6Addr>(source, destination, from, to)?)
        }
        _ => return Err(NoHeader),
    };
    let length = end + 2;
    Ok(Some(Header { length, source }))
}

/// The first address and port, if all are well formed.
fn source_of<A: FromStr + Into<IpAddr>>(
    source: &str,
    destination: &str,
    from: &str,
    to: &str,
) -> Result<SocketAddr, NoHeader> {
    let address = |text: &str| text.parse::<A>().map_err(|_| NoHeader);
    // Decimal digits, without any that mean nothing.
    let port = |text: &str| match text.parse::<u16>() {
        Ok(port) if port.to_string() == text => Ok(port),
        _ => Err(NoHeader),
    };
    address(destination)?;
    port(to)?;
    Ok(SocketAddr::new(address(source)?.into(), port(from)?))
}

/// Version 2: the signature, a version and a command, a family, a length, and so
/// many bytes, which begin with the addresses.
fn binary(bytes: &[u8]) -> Result<Option<Header>, NoHeader> {
    let Some(&[command, family, high, low]) = bytes.get(SIGNATURE_2.len()..START_2) else {
        return Ok(None);
    };
    let length = START_2 + usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_HEADER {
        return Err(NoHeader);
    }
    let Some(body) = bytes.get(START_2..length) else {
        return Ok(None);
    };
    let source = match (command, family) {
        // LOCAL, whatever the family.
        (0x20, _) => None,
        // Unspecified, and sockets of the proxy's own machine.
        (0x21, 0x00 | 0x31) => None,
        (0x21, 0x11) => {
            let (address, ports) = body.split_first_chunk::<4>().ok_or(NoHeader)?;
            Some((IpAddr::from(*address), ports.get(4..6).ok_or(NoHeader)?))
        }
        (0x21, 0x21) => {
            let (address, ports) = body.split_first_chunk::<16>().ok_or(NoHeader)?;
            Some((IpAddr::from(*address), ports.get(16..18).ok_or(NoHeader)?))
        }
        _ => return Err(NoHeader),
    };
    let source = source.map(|(address, port)| {
        let port = port
            .iter()
            .fold(0, |port, byte| port << 8 | u16::from(*byte));
        SocketAddr::new(address, port)
    });
    Ok(Some(Header { length, source }))
}

const SIGNATURE_1: &[u8] = b"PROXY ";
const SIGNATURE_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, with its end.
const MAX_LINE: usize = 107;

/// Where the addresses of version 2 begin.
const START_2: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header of version 2.
    fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16).to_be_bytes();
        [SIGNATURE_2, &[command, family], &length, body].concat()
    }

    const V4: &[u8] = &[192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x34, 0x01, 0xbb];

    /// However many bytes of it have come, and whatever comes behind it.
    #[track_caller]
    fn check(header: &[u8], source: Option<&str>) {
        for end in 0..header.len() {
            assert_eq!(Header::parse(&header[..end]), Ok(None), "{end} bytes");
        }
        let length = header.len();
        let source = source.map(|source| source.parse().unwrap());
        let expected = Ok(Some(Header { length, source }));
        assert_eq!(Header::parse(header), expected);
        assert_eq!(Header::parse(&[header, b"\r\nhello\n"].concat()), expected);
    }

    #[test]
    fn headers() {
        check(
            b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n",
            Some("192.0.2.1:56324"),
        );
        check(
            b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n",
            Some("[2001:db8::1]:1"),
        );
        check(b"PROXY UNKNOWN\r\n", None);
        check(b"PROXY UNKNOWN ffff::1 x 1 2\r\n", None);
        check(&version_2(0x21, 0x11, V4), Some("192.0.2.1:4660"));
        let more = [V4, b"\x03\0\x04abcd"].concat();
        check(&version_2(0x21, 0x11, &more), Some("192.0.2.1:4660"));
        let mut v6 = [0; 36];
        (v6[0], v6[1], v6[15], v6[32], v6[33]) = (0x20, 0x01, 9, 0xff, 0xfe);
        check(&version_2(0x21, 0x21, &v6), Some("[2001::9]:65534"));
        check(&version_2(0x20, 0x00, b""), None);
        check(&version_2(0x20, 0x11, V4), None);
        check(&version_2(0x21, 0x00, b""), None);
        check(&version_2(0x21, 0x31, &[0; 216]), None);
        let longest = [V4, &[0; MAX_HEADER - START_2 - V4.len()]].concat();
        check(&version_2(0x21, 0x11, &longest), Some("192.0.2.1:4660"));
    }

    #[test]
    fn what_is_no_header() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(MAX_LINE));
        let too_long = version_2(0x21, 0x11, &[0; MAX_HEADER - START_2 + 1]);
        for bytes in [
            &b"hello\n"[..],
            b"\r\n\r\nhello",
            b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
            b"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
            b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY UNKNOWN \xff\r\n",
            long.as_bytes(),
            &version_2(0x11, 0x11, V4),
            &version_2(0x22, 0x11, V4),
            &version_2(0x21, 0x12, V4),
            &version_2(0x21, 0x41, V4),
            &version_2(0x21, 0x11, &V4[..9]),
            &version_2(0x21, 0x21, &[0; 20]),
            &too_long,
        ] {
            let judged = Header::parse(bytes);
            assert_eq!(judged, Err(NoHeader), "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(signature in 0..3usize, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let signature = [SIGNATURE_1, SIGNATURE_2, b""][signature];
            let bytes = [signature, &bytes].concat();
            if let Ok(Some(header)) = Header::parse(&bytes) {
                prop_assert!(header.length <= bytes.len());
            }
        }
    }
}
