//! The thread that keeps the service manager up to date: who is here, and that the server is
//! alive. There is none where no manager has asked.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::hub::Hub;
use crate::runtime::control::Shared;
use crate::runtime::system_clock::now;

/// When to ask the threads whether they are alive, and when to tell so: pure, time is an
/// argument.
#[derive(Debug)]
struct Watch {
    every: Duration,
    next: Instant,
    /// The threads were asked, and the manager was not told since.
    is_asking: bool,
}

/// What is to be done for the watchdog.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    /// Ask the threads.
    Ask,
    /// Tell the manager.
    Tell,
}

impl Watch {
    /// For a manager that wants a sign of life within this time.
    fn new(within: Duration, now: Instant) -> Self {
        Self {
            every: within / 2,
            next: now,
            is_asking: false,
        }
    }

    /// What is to be done now, where the threads are well or have not answered.
    fn step(&mut self, is_well: bool, now: Instant) -> Step {
        if self.is_asking {
            if !is_well {
                return Step::Nothing;
            }
            self.is_asking = false;
            return Step::Tell;
        }
        if now < self.next {
            return Step::Nothing;
        }
        self.next = now + self.every;
        self.is_asking = true;
        Step::Ask
    }

    /// How long to wait for the next step.
    fn pause(&self, now: Instant) -> Duration {
        match self.is_asking {
            true => (self.every / 50).max(SHORTEST),
            false => self.next.saturating_duration_since(now),
        }
    }
}

/// Runs until the other end of `stop` is dropped.
pub(crate) fn run(shared: &Shared, stop: &Receiver<()>) {
    let manager = &shared.manager;
    let start = Instant::now();
    let mut watch = manager.watchdog().map(|within| Watch::new(within, start));
    let mut told = String::new();
    let mut next_status = start;
    loop {
        let now = Instant::now();
        if next_status <= now {
            next_status = now + STATUS_EVERY;
            // A server that is stuck has no status, and must not stop us from finding out.
            if let Some(status) = shared.try_read(|state| status(&state.hub))
                && told != status
            {
                manager.status(&status);
                told = status;
            }
        }
        if let Some(watch) = &mut watch {
            match watch.step(shared.liveness.is_well(), now) {
                Step::Nothing => {}
                Step::Ask => shared.liveness.ask(now),
                Step::Tell => manager.alive(),
            }
        }
        let pause = next_status.saturating_duration_since(now);
        let pause = watch
            .iter()
            .map(|watch| watch.pause(now))
            .fold(pause, Duration::min);
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) | Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What `systemctl status` shows.
fn status(hub: &Hub) -> String {
    let people = hub.people().count();
    let bans = hub.room().moderation().bans().count(now().time);
    let people_word = if people == 1 { "person" } else { "people" };
    let bans_word = if bans == 1 { "ban" } else { "bans" };
    format!("{people} {people_word}, {bans} {bans_word}")
}

/// Once a second is enough for people who look.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// The shortest wait for an answer.
const SHORTEST: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice within the time of the manager, as long as the threads answer.
    #[test]
    fn the_manager_is_told_when_all_threads_have_answered() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut watch = Watch::new(10 * second, start);
        assert_eq!(watch.step(true, start), Step::Ask);
        assert_eq!(watch.step(false, start), Step::Nothing);
        assert_eq!(watch.step(true, start + second), Step::Tell);
        assert_eq!(watch.step(true, start + 4 * second), Step::Nothing);
        assert_eq!(watch.pause(start + 4 * second), second);
        assert_eq!(watch.step(true, start + 5 * second), Step::Ask);
        // One hangs: nothing is told, however long it takes, until it goes on.
        for late in [6, 60, 600] {
            assert_eq!(watch.step(false, start + late * second), Step::Nothing);
        }
        assert_eq!(watch.step(true, start + 601 * second), Step::Tell);
    }
}
