//! Everything that is shown, at one moment.

use std::time::{Duration, Instant};

use chat_proto::event::Timestamp;

use super::process::Process;
use super::survey::{PATIENCE, Survey};
use crate::net::admission::Refusal;
use crate::ops::histogram::Durations;
use crate::runtime::census::{Census, RoomFigures};
use crate::runtime::control::Shared;
use crate::runtime::system_clock::now;

/// The server in figures.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    /// When the server started.
    pub(super) started: Duration,
    pub(super) census: Census,
    pub(super) room: RoomFigures,
    /// For how long the oldest event waits for the disk.
    pub(super) unsynced: Duration,
    /// For how long the oldest record waits for its place in the order of the room.
    pub(super) order_waits: Duration,
    pub(super) loops: u64,
    /// How many of them have answered.
    pub(super) answering: u64,
    pub(super) accepted: u64,
    pub(super) accept_errors: u64,
    /// By reason.
    pub(super) refused: Vec<(&'static str, u64)>,
    pub(super) handshakes: u64,
    pub(super) failed_handshakes: u64,
    pub(super) handshake_times: Durations,
    pub(super) deliveries: u64,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) laggards: u64,
    pub(super) stalled: u64,
    /// Bytes of input that wait.
    pub(super) input: u64,
    pub(super) rounds: Durations,
    pub(super) fan_outs: Durations,
    pub(super) sync_times: Durations,
    pub(super) dropped_lines: u64,
    pub(super) process: Process,
}

impl Figures {
    /// Those of a server that started then, with what its loops have reported.
    pub(super) fn of(shared: &Shared, survey: &Survey, started: Timestamp) -> Self {
        let counters = &shared.counters;
        let room = survey.room().cloned().unwrap_or_default();
        let history = room.history.as_ref();
        let since = history.and_then(|history| history.unsynced_since);
        let waits_since = room.order.and_then(|(progress, _)| progress.waits_since);
        let loops = shared.liveness.count();
        let silent = shared.liveness.silent(Instant::now(), PATIENCE).count();
        Self {
            started: between(Timestamp::from_unix_milliseconds(0), started),
            census: survey.census(),
            unsynced: since.map_or(Duration::ZERO, |since| between(since, now().time)),
            order_waits: waits_since.map_or(Duration::ZERO, |since| since.elapsed()),
            loops: loops as u64,
            answering: (loops - silent) as u64,
            accepted: counters.accepted.count(),
            accept_errors: counters.accept_errors.count(),
            refused: refused(shared, &room),
            handshakes: counters.handshakes.count(),
            failed_handshakes: counters.refused_for(Refusal::Handshake),
            handshake_times: counters.handshake_times.read(),
            deliveries: counters.sum(|worker| &worker.deliveries),
            bytes_in: counters.sum(|worker| &worker.bytes_in),
            bytes_out: counters.sum(|worker| &worker.bytes_out),
            laggards: counters.laggards.count(),
            stalled: counters.stalled.count(),
            input: shared.waiting.bytes() as u64,
            rounds: counters.durations(|worker| &worker.rounds),
            fan_outs: counters.durations(|worker| &worker.fan_outs),
            sync_times: counters.sync_times.read(),
            dropped_lines: shared.logger.dropped(),
            process: Process::read(),
            room,
        }
    }
}

/// How many connections were refused, by the reason in one word.
fn refused(shared: &Shared, room: &RoomFigures) -> Vec<(&'static str, u64)> {
    let counters = &shared.counters;
    let by_limit = Refusal::ALL
        .iter()
        .map(|&refusal| (refusal.label(), counters.refused_for(refusal)));
    let by_room = BARS.into_iter().zip(room.barred);
    by_limit.chain(by_room).collect()
}

/// The time from one moment to a later one. The clock may have been set back.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    let milliseconds = to.unix_milliseconds() - from.unix_milliseconds();
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

/// What [`RoomFigures::barred`] counts.
pub(super) const BARS: [&str; 3] = ["banned", "locked", "password"];
