//! Who may come into the room, and under which name: rules that know no socket, no file
//! and no clock.
//!
//! A peer can show a [key](keys) in its TLS client certificate, and names belong to keys as
//! the file of [people] says.
//!
//! A room can have a password. A connection that has to say it stands outside: it is told
//! nothing of the room, and nothing that it sends reaches the room. Wrong passwords cost
//! the address that they come from a growing time in which no password is tried.

pub mod keys;
pub mod naming;
pub mod password;
pub mod penalties;
pub mod people;
pub(crate) mod source;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use chat_proto::password::Password;
use password::PasswordHash;
use penalties::Penalties;

/// The password of the room, and what wrong ones have cost.
#[derive(Debug, Default)]
pub struct Access {
    password: Option<PasswordHash>,
    penalties: Penalties,
    /// How often a password was wrong, or was not tried.
    refused: u64,
}

/// What came of a password that a connection has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password of the room.
    Right,
    /// It is not.
    Wrong,
    /// It was not tried: too many wrong ones came from this address. The next one is
    /// tried after this time.
    NotTried(Duration),
}

impl Access {
    /// Has the room ask for this password from now on. Connections that are in it stay.
    pub fn set_password(&mut self, password: Option<PasswordHash>) {
        self.password = password;
    }

    /// Whether connections have to say a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// A connection from this address says that this is the password.
    pub fn try_password(&mut self, said: &Password, address: IpAddr, now: Instant) -> Verdict {
        let Some(password) = &self.password else {
            return Verdict::Right;
        };
        if let Some(left) = self.penalties.left(address, now) {
            self.refused += 1;
            return Verdict::NotTried(left);
        }
        if password.is_of(said) {
            return Verdict::Right;
        }
        self.penalties.add(address, now);
        self.refused += 1;
        Verdict::Wrong
    }

    /// How often a password was wrong, or was not tried.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_without_a_password_lets_each_one_in() {
        let mut access = Access::default();
        let (address, now) = (IpAddr::from([192, 0, 2, 1]), Instant::now());
        assert!(!access.has_password());
        assert_eq!(
            access.try_password(&Password::said(""), address, now),
            Verdict::Right
        );
    }

    /// Twenty connections guess as often as they can for a minute. The guesses of another
    /// address are tried all the while, and so is the right password from there.
    #[test]
    fn few_guesses_from_one_address_are_tried_in_a_minute() {
        let mut access = Access::default();
        let right = Password::said("correct horse");
        access.set_password(Some(PasswordHash::of(&right)));
        let start = Instant::now();
        let [guesser, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let mut tried = 0;
        for tick in 0..600 {
            let now = start + Duration::from_millis(100) * tick;
            for guess in 0..20 {
                match access.try_password(&Password::said(&format!("{tick} {guess}")), guesser, now)
                {
                    Verdict::Wrong => tried += 1,
                    Verdict::NotTried(left) => assert!(left > Duration::ZERO),
                    Verdict::Right => panic!("a wrong password was taken for the right one"),
                }
            }
        }
        assert!((3..30).contains(&tried), "{tried}");
        let now = start + Duration::from_secs(600);
        for _ in 0..3 {
            let verdict = access.try_password(&Password::said("wrong"), guesser, now);
            assert_eq!(verdict, Verdict::Wrong);
        }
        assert_eq!(access.try_password(&right, other, now), Verdict::Right);
        // Not even the right one, while no password is tried.
        let verdict = access.try_password(&right, guesser, now);
        assert_eq!(verdict, Verdict::NotTried(Duration::from_secs(15)));
    }
}
