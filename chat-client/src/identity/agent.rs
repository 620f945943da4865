//! Keys of the ssh-agent, which signs with them and does not give them away.

mod protocol;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use chat_proto::text;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use ssh_key::public::KeyData;
use ssh_key::{EcdsaCurve, PublicKey};

use super::key::Key;
use super::public;
use crate::sys::AgentStream;
use protocol::Listed;

/// Where an agent listens.
#[derive(Debug, Clone)]
pub(super) struct Agent {
    path: PathBuf,
}

impl Agent {
    /// The agent that ssh would ask.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(super) fn of_user() -> anyhow::Result<Self> {
        if !AgentStream::AVAILABLE {
            bail!(
                "the ssh-agent cannot be used on Windows; --identity with the file of a private \
                 key can"
            );
        }
        let path = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        let path = path.context("there is no ssh-agent: SSH_AUTH_SOCK is not set")?;
        Ok(Self::at(path.into()))
    }

    /// An agent that listens there.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The first key that can be used, in the agent's order, which is also ssh's.
    ///
    /// # Errors
    ///
    /// When there is none; it says which kinds of keys there are.
    pub(super) fn first_key(&self) -> anyhow::Result<Key> {
        let listed = self.list()?;
        let first = listed.iter().find_map(|listed| self.usable(listed));
        let Some(key) = first else {
            if listed.is_empty() {
                bail!("the ssh-agent has no keys: ssh-add gives it one");
            }
            bail!(
                "the ssh-agent has no key that can be used: {}",
                listed.iter().map(why_not).collect::<Vec<_>>().join("; ")
            );
        };
        Ok(key)
    }

    /// This key.
    ///
    /// # Errors
    ///
    /// When the agent does not have it, or it cannot be used.
    pub(super) fn key(&self, wanted: &PublicKey) -> anyhow::Result<Key> {
        let blob = wanted.to_bytes()?;
        let listed = self.list()?.into_iter().find(|listed| listed.blob == blob);
        let listed = listed.context("the ssh-agent does not have the other part")?;
        let key = self.usable(&listed);
        key.with_context(|| why_not(&listed))
    }

    fn list(&self) -> anyhow::Result<Vec<Listed>> {
        let show = self.path.display();
        let listed = AgentStream::connect(&self.path, LIST_WITHIN)
            .and_then(|mut stream| protocol::list(&mut stream));
        listed.with_context(|| format!("cannot ask the ssh-agent at {show}"))
    }

    fn usable(&self, listed: &Listed) -> Option<Key> {
        let mut public = PublicKey::from_bytes(&listed.blob).ok()?;
        public.set_comment(&*listed.comment);
        let scheme = scheme(public.key_data())?;
        let spki = public::spki(public.key_data())?;
        let signing = AgentKey {
            agent: self.clone(),
            scheme,
            spki,
            blob: listed.blob.clone(),
            data: public.key_data().clone(),
        };
        let signing = Arc::new(signing);
        Some(Key { public, signing })
    }
}

/// How a key of an agent signs for TLS 1.3, if it can.
fn scheme(key: &KeyData) -> Option<SignatureScheme> {
    match key {
        KeyData::Ed25519(_) => Some(SignatureScheme::ED25519),
        KeyData::Ecdsa(key) => match key.curve() {
            EcdsaCurve::NistP256 => Some(SignatureScheme::ECDSA_NISTP256_SHA256),
            EcdsaCurve::NistP384 => Some(SignatureScheme::ECDSA_NISTP384_SHA384),
            EcdsaCurve::NistP521 => None,
        },
        _ => None,
    }
}

/// Why a key of the agent cannot be used.
fn why_not(listed: &Listed) -> String {
    let kind = match PublicKey::from_bytes(&listed.blob) {
        Ok(key) => key.algorithm().as_str().to_owned(),
        Err(_) => "a kind that is not known here".to_owned(),
    };
    let why = match &*kind {
        "ssh-rsa" => "TLS 1.3 wants other signatures than an agent makes; its file can be used",
        fido if fido.starts_with("sk-") => "a FIDO key signs only messages of its own form",
        _ => "TLS 1.3 has no signatures of it",
    };
    format!("{} is {kind} ({why})", text::clean(&listed.comment))
}

/// A key of the agent as rustls asks it.
#[derive(Debug, Clone)]
struct AgentKey {
    agent: Agent,
    scheme: SignatureScheme,
    spki: SubjectPublicKeyInfoDer<'static>,
    data: KeyData,
    blob: Vec<u8>,
}

impl AgentKey {
    /// Over a connection of its own: the agent may have been started again.
    fn ask_to_sign(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = AgentStream::connect(&self.agent.path, SIGN_WITHIN)?;
        protocol::sign(&mut stream, &self.data, &self.blob, message)
    }
}

impl SigningKey for AgentKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let is_offered = offered.contains(&self.scheme);
        is_offered.then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.spki.clone())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.scheme {
            SignatureScheme::ED25519 => SignatureAlgorithm::ED25519,
            _ => SignatureAlgorithm::ECDSA,
        }
    }
}

impl Signer for AgentKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signed = self.ask_to_sign(message);
        signed.map_err(|error| rustls::Error::General(format!("the ssh-agent: {error}")))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// How long an agent may take to list its keys.
const LIST_WITHIN: Duration = Duration::from_secs(3);

/// How long it may take to sign: it may ask the person. No server waits longer for a
/// handshake.
const SIGN_WITHIN: Duration = Duration::from_secs(10);
