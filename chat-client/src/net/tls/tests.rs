use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::{Authority, Identity, TlsFront, VALID};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::*;
use crate::trust::{Distrust, Known, News, Pin, Trust, Trusted};

mod strangers;
mod stream;

const LONG: Duration = Duration::from_secs(10);

/// The public roots of the tests.
static PUBLIC: LazyLock<Authority> = LazyLock::new(Authority::new);

fn public() -> Roots {
    Roots(|provider| {
        let mut store = RootCertStore::empty();
        store.add(PUBLIC.certificate()).ok()?;
        let verifier = WebPkiServerVerifier::builder_with_provider(store.into(), provider);
        Some(verifier.build().ok()?)
    })
}

/// The public roots of a machine without any.
fn none() -> Roots {
    Roots(|_| None)
}

/// Where they are not to be asked.
fn unasked() -> Roots {
    Roots(|_| panic!("the roots are not to be asked"))
}

/// A listener whose connections are taken by the system, and which says nothing.
fn silent() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    (listener, address)
}

/// Without a key of the person's.
fn meeting<'a>(host: &'a str, trust: &'a Trust, roots: Roots) -> Meeting<'a> {
    Meeting {
        host,
        trust,
        roots,
        identity: None,
    }
}

fn meet(address: SocketAddr, host: &str, trust: &Trust, roots: Roots) -> Result<Trusted, Fault> {
    let socket = TcpStream::connect(address).expect("a listener");
    let until = Instant::now() + LONG;
    shake_hands(&socket, meeting(host, trust, roots), until).map(|(_, trusted)| trusted)
}

/// The outcome with a server of this identity, which the person calls `host`.
fn check(server: &Identity, host: &str, trust: &Trust, roots: Roots) -> Result<Trusted, Fault> {
    let (_inner, inner) = silent();
    let front = TlsFront::start(inner, server);
    meet(front.addr(), host, trust, roots)
}

fn key(identity: &Identity) -> Known {
    Known::Key(identity.fingerprint().parse().expect("a fingerprint"))
}

fn knows(known: Known) -> Trust {
    Trust {
        known: Some(known),
        pin: None,
    }
}

fn pins(identity: &Identity) -> Trust {
    let pin: Pin = identity.fingerprint().parse().expect("a fingerprint");
    Trust {
        known: None,
        pin: Some(pin),
    }
}

#[test]
fn a_key_of_its_own_is_kept_at_first_and_known_then() {
    let server = Identity::new();
    for roots in [public(), none()] {
        let (known, news) = (key(&server), News::FirstUse);
        let expected = Ok(Trusted { known, news });
        assert_eq!(
            check(&server, "localhost", &Trust::default(), roots),
            expected
        );
    }
    let (known, news) = (key(&server), News::Nothing);
    let expected = Ok(Trusted { known, news });
    // Neither the name nor the form of the certificate matter then.
    for host in [
        "localhost",
        "127.0.0.1",
        "::1",
        "fe80::1%lo",
        "no_name-",
        "bücher.example",
    ] {
        assert_eq!(
            check(&server, host, &knows(key(&server)), unasked()),
            expected,
            "{host}"
        );
    }
    let pinned = check(&server, "localhost", &pins(&server), unasked());
    assert_eq!(pinned.expect("it is the one").news, News::New);
    let openssl = Identity::of_openssl();
    let met = check(&openssl, "localhost", &Trust::default(), public());
    assert_eq!(met.expect("any will do").news, News::FirstUse);
}

/// A certificate is public: only the signature tells who has its key.
#[test]
fn a_copied_certificate_is_no_proof() {
    let server = Identity::new();
    let vouched = PUBLIC.vouch(&["localhost"], VALID);
    let no_key = "it does not have the key that it shows".to_owned();
    let expected = Err(Fault::Distrusted(Distrust::Unfit(no_key)));
    for (identity, trust) in [
        (&server, Trust::default()),
        (&server, knows(key(&server))),
        (&server, pins(&server)),
        (&vouched, Trust::default()),
        (&vouched, knows(Known::Roots)),
    ] {
        let copy = identity.without_key();
        assert_eq!(
            check(&copy, "localhost", &trust, public()),
            expected,
            "{trust:?}"
        );
        assert!(check(identity, "localhost", &trust, public()).is_ok());
    }
}

#[test]
fn another_key_than_the_known_one_is_refused() {
    let (server, other) = (Identity::new(), Identity::new());
    let shown = other.fingerprint().to_owned();
    let known = server.fingerprint().to_owned();
    let changed = Distrust::Changed {
        known: known.clone(),
        shown: shown.clone(),
    };
    let met = check(&other, "localhost", &knows(key(&server)), unasked());
    assert_eq!(met, Err(Fault::Distrusted(changed)));
    let pinned = Distrust::Pinned { pin: known, shown };
    let met = check(&other, "localhost", &pins(&server), unasked());
    assert_eq!(met, Err(Fault::Distrusted(pinned)));
}

#[test]
fn a_name_that_the_roots_vouch_for_is_known_by_that() {
    let names = ["localhost", "127.0.0.1", "::1"];
    for host in names {
        let first = PUBLIC.vouch(&names, VALID);
        let met = check(&first, host, &Trust::default(), public());
        assert_eq!(
            met,
            Ok(Trusted {
                known: Known::Roots,
                news: News::New
            }),
            "{host}"
        );
        // A new key each time.
        let renewed = PUBLIC.vouch(&names, VALID);
        let met = check(&renewed, host, &knows(Known::Roots), public());
        assert_eq!(
            met,
            Ok(Trusted {
                known: Known::Roots,
                news: News::Nothing
            }),
            "{host}"
        );
    }
}

/// Where nothing is known such a server is as good as one with a key of its own.
#[test]
fn what_the_roots_do_not_vouch_for_is_refused_only_if_they_did() {
    let names = ["localhost"];
    for (server, host, why) in [
        (
            PUBLIC.vouch(&names, (2020, 2021)),
            "localhost",
            "the certificate has expired",
        ),
        (
            PUBLIC.vouch(&names, (3000, 4000)),
            "localhost",
            "the certificate is not valid yet",
        ),
        (
            PUBLIC.vouch(&["other"], VALID),
            "localhost",
            "the certificate is for another name",
        ),
        (
            PUBLIC.vouch(&names, VALID),
            "127.0.0.1",
            "the certificate is for another name",
        ),
        (
            PUBLIC.vouch(&names, VALID),
            "no name",
            "no certificate can have that name",
        ),
        (
            Authority::new().vouch(&names, VALID),
            "localhost",
            "the certificate is of no public authority",
        ),
        (
            Identity::new(),
            "a",
            "the certificate is of no public authority",
        ),
        (
            Identity::of_openssl(),
            "localhost",
            "the certificate is one of an authority, which no server may use",
        ),
    ] {
        let met = check(&server, host, &Trust::default(), public());
        let expected = Trusted {
            known: key(&server),
            news: News::FirstUse,
        };
        assert_eq!(met, Ok(expected), "{why}");
        let met = check(&server, host, &knows(Known::Roots), public());
        let why = why.to_owned();
        assert_eq!(met, Err(Fault::Distrusted(Distrust::NotVouchedFor { why })));
    }
    let server = PUBLIC.vouch(&names, VALID);
    let met = check(&server, "localhost", &knows(Known::Roots), none());
    let why = "this machine has no public authorities".to_owned();
    assert_eq!(met, Err(Fault::Distrusted(Distrust::NotVouchedFor { why })));
}

/// The digest is that of ssh and openssl.
#[test]
fn a_fingerprint_is_that_of_the_public_key() {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a PEM");
    let fingerprint = provider::fingerprint(&certificate).expect("a certificate");
    assert_eq!(fingerprint.to_string(), FINGERPRINT);
}

#[test]
fn aes_with_128_bits_comes_first() {
    let suites = &provider::provider().cipher_suites;
    let first = suites[0].suite();
    assert_eq!(first, rustls::CipherSuite::TLS13_AES_128_GCM_SHA256);
    assert_eq!(suites.len(), 3);
}

/// Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=a`.
const CERTIFICATE: &[u8] = b"\
-----BEGIN CERTIFICATE-----
MIIBbDCCAROgAwIBAgIUCcoGsRP2LFZhtGSZNvexnGi1LVAwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAeFw0yNjExMjkxNTI3MTdaFw0yNjExMzAxNTI3MTdaMAwx
CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQuzOIFhl+shKxo
CYuaxoFqfGdQW9j3jjnjeoRKnmA58lpaH6xuPZbL+ftwtwMmZKkuoPXM6tRWJuzO
npgo2yoro1MwUTAdBgNVHQ4EFgQUlCViYTqi9rg8BYHZUHMzaIxYcoMwHwYDVR0j
BBgwFoAUlCViYTqi9rg8BYHZUHMzaIxYcoMwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNHADBEAiB5K25NreP28nlyFShCb5uleH5O4XRXXg3SNKFf0D0tWwIg
ZbdKJE6mDFiP9fH1dRvtVr0f0Lg8C70l8X1CWz7TgME=
-----END CERTIFICATE-----
";

/// By `openssl x509 -pubkey`, `openssl pkey -pubin -outform DER`, and `openssl dgst
/// -sha256 -binary`, in base64.
const FINGERPRINT: &str = "SHA256:RT+r09Cx3Il2RfCcz+SO5bCvC3Q4rC+VpZ2lK3XReo4";
