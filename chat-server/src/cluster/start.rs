//! How a server begins to share a room.

use crate::clock::Now;
use crate::cluster::ClusterOptions;
use crate::cluster::nats::{Beginning, Nats};
use crate::hub::state::State;
use crate::hub::{CHAPTER_BYTES, Chapters, Hub};
use crate::room::apply::Room;
use crate::room::identity::new_run;
use crate::sequencer::stream::rules::Rules;
use crate::sequencer::stream::servers::Servers;
use crate::sequencer::stream::{Options, Stream};
use crate::storage::{self, History, Joining};

/// Finds the stream, and what the room is by now. The room keeps about `capacity` bytes in
/// memory, as [`Hub::new`] says; `notes` are for the log.
///
/// # Errors
///
/// Those of [`Nats::open`], and when the history is not that of this room.
pub fn join(
    options: ClusterOptions,
    rules: Rules,
    history: Option<storage::Options>,
    capacity: u64,
    now: Now,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Option<History>, Hub)> {
    let gone_after = options.gone_after;
    let own = history
        .as_ref()
        .map_or(0, |it| storage::last_number(&it.path));
    let (nats, beginning) = Nats::open(options, own, now)?;
    let State {
        servers,
        room,
        chapters,
        lines,
        at,
    } = match beginning {
        Beginning::Genesis(identity) => State {
            servers: Servers::default(),
            room: Room::new(identity),
            chapters: Chapters::default(),
            lines: Vec::new(),
            at: now,
        },
        Beginning::Snapshot(name, state) => {
            notes.push(format!("the room goes on from the snapshot {name}"));
            *state
        }
    };
    let joining = Joining {
        room,
        chapters,
        lines,
    };
    let (history, mut hub) = match history {
        Some(options) => {
            let (history, hub) = History::join(options, capacity, joining, now, notes)?;
            (Some(history), hub)
        }
        None => (None, joining.in_memory(capacity)?),
    };
    nats.follow(servers.seen().entry + 1);
    // It is made later again if a newer run is found in the stream.
    let run = new_run(now.time, servers.last_run())?;
    let options = Options {
        rules,
        gone_after,
        chapter_bytes: CHAPTER_BYTES,
    };
    hub.set_sequencer(Stream::behind(nats, servers, run, options, at));
    Ok((history, hub))
}
