//! A certificate and its key in files of the operator's.

use std::path::Path;

use anyhow::anyhow;

use super::credentials::{Credentials, Mistake, read};

pub(super) fn load(
    cert: &Path,
    key: &Path,
    notes: &mut Vec<String>,
) -> anyhow::Result<Credentials> {
    let chain = read(cert, "certificate")?;
    let secret = read(key, "key")?;
    if everybody_can_read(key) {
        let show = key.display();
        notes.push(format!(
            "every user of this machine can read the key {show}: chmod o-rwx {show}"
        ));
    }
    Credentials::parse(&chain, &secret).map_err(|mistake| {
        let (cert, key) = (cert.display(), key.display());
        match mistake {
            Mistake::NoCertificate => anyhow!(
                "{cert} is no certificate in PEM form, which begins with -----BEGIN \
                 CERTIFICATE-----"
            ),
            Mistake::NoKey => anyhow!(
                "{key} is no key in PEM form that can be used, which begins with -----BEGIN \
                 PRIVATE KEY-----"
            ),
            Mistake::EncryptedKey => anyhow!(
                "the key {key} needs a password: make one without, for example with openssl \
                 pkey -in {key} -out FILE"
            ),
            Mistake::Apart => anyhow!(
                "the key {key} does not fit the certificate {cert}: give those that belong \
                 together, and in {cert} the server's own certificate before those of its issuers"
            ),
        }
    })
}

/// Whether it can be read by users who are neither its owner nor in its group. (A group
/// for programs that need keys is usual.)
#[cfg(unix)]
fn everybody_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn everybody_can_read(_: &Path) -> bool {
    false
}
