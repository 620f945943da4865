//! What is added to the configurations of other servers so that they encrypt.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

/// A key of this run and its certificate, in files.
pub(super) struct Pem {
    certificate: PathBuf,
    key: PathBuf,
    /// Numbers for a key exchange that no client chooses: one server makes its own, for
    /// many seconds, if it is not given any.
    dh: PathBuf,
}

impl Pem {
    pub(super) fn write(home: &TempDir) -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let file = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs::write(&path, text).map(|()| path)
        };
        let write = || {
            Ok::<_, std::io::Error>(Self {
                certificate: file("certificate.pem", &made.cert.pem())?,
                key: file("key.pem", &made.signing_key.serialize_pem())?,
                dh: file("dh.pem", FFDHE2048)?,
            })
        };
        write().context("cannot write a key")
    }

    /// Its own port takes no TLS then.
    pub(super) fn redis(&self, port: u16) -> String {
        let (certificate, key) = self.shown();
        format!(
            "port 0
tls-port {port}
tls-cert-file {certificate}
tls-key-file {key}
tls-auth-clients no
"
        )
    }

    pub(super) fn nats(&self) -> String {
        let (certificate, key) = self.shown();
        format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\", timeout: 60 }}\n")
    }

    /// It has no other port then.
    pub(super) fn ngircd(&self, port: u16) -> String {
        let (certificate, key) = self.shown();
        let dh = self.dh.display();
        format!(
            "[SSL]
Ports = {port}
CertFile = {certificate}
KeyFile = {key}
DHFile = {dh}
"
        )
    }

    /// The profile that the port is to have.
    pub(super) fn inspircd(&self) -> String {
        let (certificate, key) = self.shown();
        format!(
            "<module name=\"ssl_gnutls\">
<sslprofile name=\"{INSPIRCD_PROFILE}\" provider=\"gnutls\" certfile=\"{certificate}\" \
 keyfile=\"{key}\" requestclientcert=\"no\">
"
        )
    }

    pub(super) fn mosquitto(&self) -> String {
        let (certificate, key) = self.shown();
        // It would give its rights up first, and could not read the key then.
        format!("certfile {certificate}\nkeyfile {key}\nuser root\n")
    }

    pub(super) fn ncat(&self) -> [&Path; 5] {
        let word = Path::new;
        let [ssl, cert, key] = ["--ssl", "--ssl-cert", "--ssl-key"].map(word);
        [ssl, cert, &self.certificate, key, &self.key]
    }

    fn shown(&self) -> (String, String) {
        let show = |path: &Path| path.display().to_string();
        (show(&self.certificate), show(&self.key))
    }
}

/// The name of a profile of inspircd.
pub(super) const INSPIRCD_PROFILE: &str = "bench";

/// A group of RFC 7919.
const FFDHE2048: &str = "-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
";
