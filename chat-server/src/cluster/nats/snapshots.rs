//! Snapshots in the bucket beside the stream.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use async_nats::jetstream::object_store::ObjectStore;
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;
use tokio::time::{sleep, timeout};

use super::ToRoom;
use super::setup::{ANSWER_WITHIN, READY_WITHIN, RETRY_AFTER};
use crate::clock::Now;
use crate::hub::state::State;
use crate::sequencer::stream::snapshot::{Snapshot, SnapshotName};

/// The snapshot that a server begins with that has the events up to `own`, of those behind which
/// the stream goes on with its `oldest` entry or later ones: where snapshots are large, the
/// oldest ones are older than the stream. One that cannot be used is told of, and the next one
/// is taken.
pub(super) async fn newest_for(
    store: &ObjectStore,
    own: u64,
    oldest: u64,
    now: Now,
    to_room: &ToRoom,
) -> anyhow::Result<Option<(SnapshotName, Box<State>)>> {
    let until = Instant::now() + READY_WITHIN;
    let mut names = loop {
        match names(store).await {
            Ok(names) => break names,
            Err(error) if Instant::now() >= until => return Err(error),
            // One of the servers of NATS may have just gone.
            Err(_) => sleep(RETRY_AFTER).await,
        }
    };
    names.retain(|name| name.is_followed_from(oldest));
    while let Some(name) = SnapshotName::choose(&names, own) {
        let loaded = timeout(TRANSFER_WITHIN, load(store, name)).await;
        let loaded = loaded.context("it does not come").flatten();
        match loaded.and_then(|snapshot| Ok(State::parse(&snapshot, now)?)) {
            Ok(state) => return Ok(Some((name, Box::new(state)))),
            Err(error) => {
                to_room.trouble(format!("the snapshot {name} cannot be used: {error:#}"));
            }
        }
        names.retain(|other| *other != name);
    }
    Ok(None)
}

async fn load(store: &ObjectStore, name: SnapshotName) -> anyhow::Result<Snapshot> {
    let mut bytes = Vec::new();
    let mut object = store.get(name.to_string()).await?;
    let size = object.info().size;
    ensure!(size <= Snapshot::MAX_BYTES, "it has {size} bytes");
    object.read_to_end(&mut bytes).await?;
    Ok(Snapshot { name, bytes })
}

/// Keeps a snapshot, and drops old ones.
pub(super) async fn save(store: &ObjectStore, snapshot: Snapshot) -> anyhow::Result<()> {
    let name = snapshot.name.to_string();
    let size = snapshot.bytes.len();
    ensure!(size <= Snapshot::MAX_BYTES, "it has {size} bytes");
    let mut bytes = &snapshot.bytes[..];
    let put = timeout(TRANSFER_WITHIN, store.put(name.as_str(), &mut bytes)).await;
    put.context("NATS does not take it")??;
    let mut names = names(store).await?;
    names.sort_unstable();
    let old = names.len().saturating_sub(MOST_KEPT);
    for name in &names[..old] {
        store.delete(name.to_string()).await?;
    }
    Ok(())
}

/// Those that are there. What other programs have put there is passed over.
async fn names(store: &ObjectStore) -> anyhow::Result<Vec<SnapshotName>> {
    let listed = timeout(ANSWER_WITHIN, list(store)).await;
    listed.context("NATS does not list the snapshots").flatten()
}

async fn list(store: &ObjectStore) -> anyhow::Result<Vec<SnapshotName>> {
    let mut list = store.list().await.context("cannot list the snapshots")?;
    let mut names = Vec::new();
    while let Some(info) = list.next().await {
        let name = info.context("cannot list the snapshots")?.name;
        names.extend(name.parse::<SnapshotName>());
    }
    Ok(names)
}

/// How many are kept: a server that was gone for a while finds one that goes on where its
/// own history ends.
const MOST_KEPT: usize = 8;

/// How long one may take to come or to go.
const TRANSFER_WITHIN: Duration = Duration::from_secs(60);
