//! How a server begins to share a room.

use anyhow::bail;

use crate::clock::Now;
use crate::cluster::ClusterOptions;
use crate::cluster::nats::{Beginning, Nats};
use crate::hub::Hub;
use crate::room::identity::new_run;
use crate::sequencer::stream::rules::Rules;
use crate::sequencer::stream::{Options, Stream};
use crate::storage::{self, History};

/// Finds the stream, and what the room is by now. The room keeps about `capacity` bytes in
/// memory, as [`Hub::new`] says.
///
/// # Errors
///
/// Those of [`Nats::open`].
pub fn join(
    options: ClusterOptions,
    rules: Rules,
    history: Option<storage::Options>,
    capacity: u64,
    now: Now,
    _: &mut Vec<String>,
) -> anyhow::Result<(Option<History>, Hub)> {
    if history.is_some() {
        bail!("no history yet");
    }
    let gone_after = options.gone_after;
    let (nats, beginning) = Nats::open(options, 0, now.time)?;
    let Beginning::Genesis(identity) = beginning else {
        bail!("no snapshots yet");
    };
    let mut hub = Hub::new(identity, capacity);
    nats.follow(1);
    let run = new_run(now.time, None)?;
    let options = Options { rules, gone_after };
    hub.set_sequencer(Stream::new(nats, run, options, now));
    Ok((None, hub))
}
