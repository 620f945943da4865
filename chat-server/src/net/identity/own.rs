//! The server's own key with its certificate, which it makes at the first start.
//!
//! One file holds both, so that they belong together at every moment. It has its name only
//! when it is whole, and is never replaced: clients know the server by it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, anyhow};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};

use super::credentials::{Credentials, Failure, MOST};
use crate::secret_file;

/// The file in the server's folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("server.key")
}

pub(super) fn load(folder: &Path) -> Result<Credentials, Failure> {
    let path = file(folder);
    if let Err(error) = fs::symlink_metadata(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        // The folder is closed to us, or is no folder.
        let error = anyhow::Error::from(error);
        let look = error.context(format!("cannot look at {}", path.display()));
        return Err(Failure::NotKept(look));
    }
    let mut text = secret_file::read(&path, MOST).map_err(Failure::Wrong)?;
    if text.is_none() {
        let made = make(folder, &path);
        made.map_err(|error| {
            let show = folder.display();
            Failure::NotKept(error.context(format!("cannot keep a key of the server in {show}")))
        })?;
        text = secret_file::read(&path, MOST).map_err(Failure::Wrong)?;
    }
    let text = text.unwrap_or_default();
    Credentials::parse(text.as_bytes(), text.as_bytes()).map_err(|_| {
        Failure::Wrong(anyhow!(
            "{show} is not a key and its certificate as the server makes them. Put the right \
             file there, or remove it: the server makes another one, and clients that know the \
             old one will not connect before they are told to",
            show = path.display()
        ))
    })
}

/// Makes the file, unless another server does so at the same time.
fn make(folder: &Path, path: &Path) -> anyhow::Result<()> {
    let text = generate().context("cannot make a key")?;
    secret_file::make_folder(folder)?;
    // Process ids are not enough: two containers can have the same one.
    let number = getrandom::u64().context("the system gives no random numbers")?;
    let begun = folder.join(format!("server.key.{number:016x}"));
    let written = write(&begun, path, &text);
    let _ = fs::remove_file(&begun);
    match written {
        // Another server was first, and its key is the one.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
        Ok(file) => {
            sync(file, folder.to_owned());
            Ok(())
        }
    }
}

/// A link, unlike a rename, does not replace what is there.
fn write(begun: &Path, path: &Path, text: &str) -> io::Result<File> {
    let mut file = secret_file::create(begun)?;
    file.write_all(text.as_bytes())?;
    fs::hard_link(begun, path)?;
    Ok(file)
}

/// Has the file on the disk before the power may fail. That takes some milliseconds, which
/// the start does not wait for: a power cut within them leaves a file that is refused.
fn sync(file: File, folder: PathBuf) {
    // Without a thread the system does it in its own time.
    let _ = thread::Builder::new().spawn(move || {
        let _ = file.sync_all();
        if cfg!(unix) {
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
    });
}

/// A key and its certificate. All clients take P-256.
///
/// Nothing in the certificate tells of the machine, and clients do not look at it: they
/// know the key. It ends in the year 4096.
fn generate() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "chat-server");
    params.distinguished_name = name;
    let certificate = params.self_signed(&key)?;
    Ok(key.serialize_pem() + &certificate.pem())
}
