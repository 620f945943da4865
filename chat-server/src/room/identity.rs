//! The identity of a room, and the secret key of its server.
//!
//! The server has one secret [`Key`]. Each program is an [`Owner`], a number that the
//! server has drawn for it. The program proves with a [`Secret`] that the number is its
//! own. The server keeps no proofs: each is a keyed hash (SipHash-2-4), which the
//! server computes again. The same key, also after a restart, gives the same proofs.

use std::fmt;
use std::hash::Hasher;
use std::io;
use std::num::NonZeroU64;

use chat_proto::event::{MessageId, RoomId, RunId, Secret, SpeechKind, Tag, Timestamp};
use chat_proto::name::Name;
use siphasher::sip::SipHasher24;

/// The room, the run of its server, and the key of the server.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The room.
    pub room: RoomId,
    /// The run.
    pub run: RunId,
    /// The key.
    pub key: Key,
}

impl Identity {
    /// The identity of a new room.
    ///
    /// # Errors
    ///
    /// When the system has no random bits.
    pub fn new(time: Timestamp) -> io::Result<Self> {
        Ok(Self {
            room: new_room()?,
            run: new_run(time, None)?,
            key: Key::new()?,
        })
    }
}

/// An identity that no other room has: 128 random bits.
///
/// # Errors
///
/// When the system has no random bits.
pub fn new_room() -> io::Result<RoomId> {
    let id = format!("{:032x}", u128::from_ne_bytes(random()?));
    Ok(RoomId::new(&id).expect("32 hexadecimal digits"))
}

/// A run that begins at `time`. It is later than the run `last`, even if the clock was
/// set back.
///
/// # Errors
///
/// When the system has no random bits.
pub fn new_run(time: Timestamp, last: Option<RunId>) -> io::Result<RunId> {
    let time = u64::try_from(time.unix_milliseconds()).unwrap_or_default();
    let earliest = last.map_or(0, |last| last.milliseconds() + 1);
    Ok(RunId::new(
        time.max(earliest),
        u64::from_ne_bytes(random()?),
    ))
}

/// The secret key of the server: 128 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; Self::BYTES]);

/// Keys do not get into logs.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A program, over all its connections and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner(NonZeroU64);

impl Key {
    /// The length of a key.
    pub const BYTES: usize = 16;

    /// A key of random bits.
    ///
    /// # Errors
    ///
    /// When the system has no random bits.
    pub fn new() -> io::Result<Self> {
        random().map(Self)
    }

    /// A key of these bits, which have to be random.
    pub fn of(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bits of the key.
    pub fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The owner that is drawn as number `count` in a run.
    pub fn owner(&self, run: RunId, count: u64) -> Owner {
        let parts = [&run.bits().to_le_bytes()[..], &count.to_le_bytes()];
        let number = NonZeroU64::new(self.hash(Purpose::Owner, &parts));
        Owner(number.unwrap_or(NonZeroU64::MIN))
    }

    /// The secret with which an owner proves its identity.
    pub fn secret_of(&self, owner: Owner) -> Secret {
        let proof = self.hash(Purpose::Secret, &[&owner.bytes()]);
        Secret::new(u128::from(owner.0.get()) << 64 | u128::from(proof))
    }

    /// The owner whose secret this is. Other bits pass as a secret with a chance of one
    /// in 2^64.
    pub fn owner_of(&self, secret: &Secret) -> Option<Owner> {
        let owner = Owner(NonZeroU64::new((secret.bits() >> 64) as u64)?);
        (self.secret_of(owner) == *secret).then_some(owner)
    }

    /// The tag that shows in the history that an owner had this name in this run.
    pub fn tag_of_name(&self, owner: Owner, run: RunId, name: &Name) -> Tag {
        let parts = [
            &owner.bytes()[..],
            &run.bits().to_le_bytes(),
            name.as_str().as_bytes(),
        ];
        Tag::new(self.hash(Purpose::Name, &parts))
    }

    /// The tag that shows that an owner has sent this text under this id.
    pub fn tag_of_message(
        &self,
        owner: Owner,
        kind: SpeechKind,
        id: &MessageId,
        text: &str,
    ) -> Tag {
        let purpose = match kind {
            SpeechKind::Message => Purpose::OwnMessage,
            SpeechKind::Action => Purpose::OwnAction,
        };
        let parts = [&owner.bytes()[..], id.as_str().as_bytes(), text.as_bytes()];
        Tag::new(self.hash(purpose, &parts))
    }

    /// The tag by which a ban recognizes an owner. It tells nothing else.
    pub fn tag_of_program(&self, owner: Owner) -> Tag {
        Tag::new(self.hash(Purpose::Program, &[&owner.bytes()]))
    }

    /// The hash of this text under this id, whichever program has sent it.
    fn hash_of_message(&self, kind: SpeechKind, id: &MessageId, text: &str) -> u64 {
        let purpose = match kind {
            SpeechKind::Message => Purpose::Message,
            SpeechKind::Action => Purpose::Action,
        };
        self.hash(purpose, &[id.as_str().as_bytes(), text.as_bytes()])
    }

    /// The tag that shows that this text has come under this id, whichever program has sent
    /// it. `None` if the id is too short for that.
    pub fn tag_of_unique(&self, kind: SpeechKind, id: &MessageId, text: &str) -> Option<Tag> {
        let hash = || Tag::new(self.hash_of_message(kind, id, text));
        id.is_unique().then(hash)
    }

    /// The hash of one of the keys by which names are compared.
    pub fn hash_of_name(&self, key: &str) -> u64 {
        self.hash(Purpose::NameKey, &[key.as_bytes()])
    }

    fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(&[purpose as u8]);
        for part in parts {
            // With its length: different lists of parts are different bytes.
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        hasher.finish()
    }
}

impl Owner {
    /// The number.
    pub fn number(self) -> NonZeroU64 {
        self.0
    }

    /// The owner with this number.
    pub fn of(number: NonZeroU64) -> Self {
        Self(number)
    }

    fn bytes(self) -> [u8; 8] {
        self.0.get().to_le_bytes()
    }
}

/// The purpose of a hash. A hash for another purpose proves nothing.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Owner,
    Secret,
    Name,
    OwnMessage,
    Message,
    OwnAction,
    Action,
    NameKey,
    Program,
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The identity of a room in tests, always the same.
    pub(crate) fn identity() -> Identity {
        Identity {
            room: RoomId::new("room").unwrap(),
            run: RunId::new(1, 0),
            key: key(1),
        }
    }

    /// A program, the same for every key.
    pub(crate) fn owner(number: u64) -> Owner {
        Owner(NonZeroU64::MIN.saturating_add(number))
    }

    fn key(byte: u8) -> Key {
        Key::of([byte; Key::BYTES])
    }

    #[test]
    fn a_secret_is_of_one_owner_and_one_key() {
        let run = RunId::new(1, 0);
        let (ann, bo) = (key(1).owner(run, 1), key(1).owner(run, 2));
        assert_ne!(ann, bo);
        assert_ne!(ann, key(1).owner(RunId::new(2, 0), 1));
        let secret = key(1).secret_of(ann);
        assert_eq!(key(1).owner_of(&secret), Some(ann));
        assert_eq!(key(2).owner_of(&secret), None);
        for bit in 0..128 {
            let wrong = Secret::new(secret.bits() ^ 1 << bit);
            assert_eq!(key(1).owner_of(&wrong), None, "{bit}");
        }
    }

    /// Each part counts, and where one ends and the next begins.
    #[test]
    fn hashes_differ_in_each_part() {
        let run = RunId::new(1, 0);
        let [ann, bo] = [1, 2].map(|count| key(1).owner(run, count));
        let id = |id| MessageId::new(id).unwrap();
        let name = |name| Name::choose(name).unwrap();
        let (said, done) = (SpeechKind::Message, SpeechKind::Action);
        let mut all = vec![
            key(1).tag_of_message(ann, said, &id("1"), "23").bits(),
            key(1).tag_of_message(ann, said, &id("12"), "3").bits(),
            key(1).tag_of_message(bo, said, &id("1"), "23").bits(),
            key(2).tag_of_message(ann, said, &id("1"), "23").bits(),
            key(1).tag_of_message(ann, done, &id("1"), "23").bits(),
            key(1).hash_of_message(said, &id("1"), "23"),
            key(1).hash_of_message(said, &id("12"), "3"),
            key(1).hash_of_message(done, &id("1"), "23"),
            key(1).tag_of_name(ann, run, &name("x1")).bits(),
            key(1).tag_of_name(bo, run, &name("x1")).bits(),
            key(1).tag_of_name(ann, run, &name("x2")).bits(),
            key(1)
                .tag_of_name(ann, RunId::new(2, 0), &name("x1"))
                .bits(),
        ];
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    /// The proofs of a history have to hold for years: these never change.
    #[test]
    fn hashes_stay_what_they_are() {
        let owner = Owner(NonZeroU64::new(0x0123_4567_89ab_cdef).unwrap());
        let secret = key(7).secret_of(owner).to_digits();
        assert_eq!(secret, "0123456789abcdef3ca52a4429d02fdf");
        let id = MessageId::new("7").unwrap();
        let tag = key(7).tag_of_message(owner, SpeechKind::Message, &id, "deploy 7 failed");
        assert_eq!(tag.to_string(), "866551b54deb7baf");
    }

    #[test]
    fn runs_go_on_whatever_the_clock_says() {
        let time = Timestamp::from_unix_milliseconds;
        let first = new_run(time(1000), None).unwrap();
        assert_eq!(first.milliseconds(), 1000);
        for clock in [0, 999, 1000, 1001, 5000] {
            let next = new_run(time(clock), Some(first)).unwrap();
            assert!(next > first, "{clock}");
        }
        assert_ne!(first, new_run(time(1000), None).unwrap());
    }
}
