//! The client's own key: Ed25519, in the format of OpenSSH, made at first use.
//!
//! The file is written under another name, which only its owner can read from the moment in
//! which it is made, and is then given its own name if no other file has that. So a file
//! under its name is whole and private, of two clients that start at once both have the
//! key of the faster one, and no key is ever replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rustls::crypto::ring::default_provider;
use rustls::crypto::ring::sign::any_supported_type;
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};

use super::file::{self, Contents};
use super::key::Key;
use super::private;
use crate::store::Store;
use crate::sys;

/// Where it is: `id_ed25519` beside the history.
///
/// # Errors
///
/// When the person has no home directory.
pub(super) fn path_of_user() -> anyhow::Result<PathBuf> {
    let store = Store::of_user();
    let store = store.context("there is no place for a key: set HOME, or use --identity FILE")?;
    Ok(store.path().with_file_name("id_ed25519"))
}

/// Reads the key, or makes it.
///
/// # Errors
///
/// In words for the person. What is in the key's place is left alone.
pub(super) fn find_or_make(path: &Path) -> anyhow::Result<Key> {
    let show = path.display();
    let mut found = file::read(path)?;
    if found.is_none() {
        make(path).with_context(|| format!("cannot make the key {show}"))?;
        // Perhaps it is that of another client.
        found = file::read(path)?;
    }
    match found {
        Some(Contents::Private(key)) => Key::of_private(&key, path),
        Some(Contents::Public(_)) => bail!("{show} is only the public part of a key"),
        None => bail!("{show} is a link that leads to no file"),
    }
}

fn make(path: &Path) -> anyhow::Result<()> {
    let directory = path.parent().context("it has no directory")?;
    sys::create_private_dir(directory)?;
    let key = generate()?;
    let text = key.to_openssh(LineEnding::LF)?;
    let begun = path.with_extension(format!("{:016x}.new", u64::from_be_bytes(random()?)));
    let made = write(&begun, text.as_bytes()).and_then(|()| give_name(&begun, path));
    // It has its name now, or is not needed.
    let _ = fs::remove_file(&begun);
    made?;
    // Some systems cannot sync a directory: then the key may be gone after a power cut.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

fn generate() -> anyhow::Result<PrivateKey> {
    let seed = random()?;
    let signing = any_supported_type(&private::ed25519(&seed))?;
    let spki = signing.public_key();
    // The key is all that follows the name of its kind.
    let public = spki.as_ref().and_then(|spki| spki.last_chunk());
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey(*public.context("the new key has no public part")?),
        private: Ed25519PrivateKey::from_bytes(&seed),
    };
    Ok(PrivateKey::new(pair.into(), "chat-client")?)
}

fn random<const COUNT: usize>() -> anyhow::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    let filled = default_provider().secure_random.fill(&mut bytes);
    filled.ok().context("the system gives no random bits")?;
    Ok(bytes)
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = sys::open_private(path, OpenOptions::new().write(true).create_new(true))?;
    file.write_all(text)?;
    file.sync_all()
}

/// Gives a file its name, unless there is one of that name.
fn give_name(begun: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(begun, path) {
        Err(_) if fs::symlink_metadata(path).is_ok() => Ok(()),
        // A file system without hard links. Two clients that start at once may have two
        // keys for this run.
        Err(_) => fs::rename(begun, path),
        Ok(()) => Ok(()),
    }
}
