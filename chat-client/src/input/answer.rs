//! A terminal's answers to queries. Pure.

/// A terminal's answer to a query of the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To XTVERSION: a name, and often a version.
    Name(String),
    /// To DA2: the first two numbers, which are 0 where they are missing.
    Kind(u32, u32),
    /// To DA1, which was asked last.
    Last,
}

impl Answer {
    /// The answer that a control sequence is, if it is one: `CSI parameters last`.
    pub fn in_sequence(parameters: &[u8], last: u8) -> Option<Self> {
        match (parameters, last) {
            ([b'?', ..], b'c') => Some(Self::Last),
            ([b'>', numbers @ ..], b'c') => {
                let mut numbers = numbers.split(|&byte| byte == b';').map(number);
                let mut next = || numbers.next().flatten().unwrap_or(0);
                Some(Self::Kind(next(), next()))
            }
            _ => None,
        }
    }

    /// The answer that a device control string is, if it is one: `DCS content ST`.
    pub fn in_string(content: &[u8]) -> Option<Self> {
        let name = content.strip_prefix(b">|")?;
        Some(Self::Name(String::from_utf8_lossy(name).into_owned()))
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    str::from_utf8(digits).ok()?.parse().ok()
}
