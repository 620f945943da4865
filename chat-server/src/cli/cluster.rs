//! The options for several servers with one room.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use super::KEPT;
use super::values::{count, seconds};
use crate::cluster::ClusterOptions;
use crate::cluster::address::ClusterAddress;
use crate::cluster::credentials::Credentials;

/// Several servers with one room.
#[derive(Debug, Args)]
// What follows is the text of --help, where brackets are no links.
#[allow(rustdoc::broken_intra_doc_links)]
pub(super) struct ClusterArgs {
    /// Share the room with other servers, over NATS JetStream at
    /// nats://HOST[:PORT][,HOST…][/ROOM]
    ///
    /// All servers that are given the same ROOM (room, unless one is named) have the same
    /// people, messages and numbers. tls:// encrypts. NATS has to be reached at the start;
    /// the stream chat-ROOM is made there if it is missing.
    #[arg(
        long,
        value_name = "URL",
        value_parser = ClusterAddress::parse,
        group = KEPT,
        help_heading = CLUSTER
    )]
    cluster: Option<ClusterAddress>,

    /// Show NATS the credentials in FILE: a .creds file, the seed of a key, USER:PASSWORD
    /// or a token
    ///
    /// Keep it from other users: chmod 600 FILE
    #[arg(long, value_name = "FILE", requires = "cluster", help_heading = CLUSTER)]
    cluster_credentials: Option<PathBuf>,

    /// Have a new stream kept by N servers of NATS, 1 to 5
    ///
    /// With 3, any one of them may fail. It cannot be changed later.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        value_parser = count(1, 5),
        requires = "cluster",
        help_heading = CLUSTER
    )]
    cluster_copies: usize,

    /// Let the people of a server leave when it was not heard for SECONDS; at least 10
    ///
    /// Each server says each second that it is there. NATS may take 10 s to go on without
    /// one of its servers, in which none of them is heard.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "15",
        value_parser = gone_after,
        requires = "cluster",
        help_heading = CLUSTER
    )]
    gone_after: Duration,

    /// While more than N people are here, tell how many there are in place of their names
    ///
    /// Arrivals and departures are then told as a number, at most each 5 s. A person who
    /// speaks is told by name before that, and /who tells who is here. All servers of a
    /// room are given the same N.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5000,
        value_parser = count(0, usize::MAX),
        requires = "cluster",
        help_heading = CLUSTER
    )]
    names_up_to: usize,
}

impl ClusterArgs {
    /// How the server is to share its room, if it is; a new stream keeps so many bytes.
    ///
    /// # Errors
    ///
    /// When the credentials cannot be read, or the program was built without it.
    pub(super) fn options(&self, keep: u64) -> anyhow::Result<Option<ClusterOptions>> {
        let Some(address) = self.cluster.clone() else {
            return Ok(None);
        };
        if !cfg!(feature = "cluster") {
            bail!(NOT_BUILT);
        }
        let file = self.cluster_credentials.as_deref();
        Ok(Some(ClusterOptions {
            address,
            credentials: file.map(Credentials::load).transpose()?,
            copies: self.cluster_copies,
            keep,
            gone_after: self.gone_after,
            names_up_to: self.names_up_to,
        }))
    }
}

const CLUSTER: &str = "Several servers";

fn gone_after(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        time if time >= LEAST => Ok(time),
        _ => Err(format!("too short: give at least {} s", LEAST.as_secs())),
    }
}

/// The servers of NATS choose another leader within 4 to 9 s.
const LEAST: Duration = Duration::from_secs(10);

const NOT_BUILT: &str = "this chat-server was built without --cluster: the one of the packages has \
                         it, and so has one built with --features cluster";
