//! The thread that looks after the file of people.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::copy::CopyState;
use super::file::{Look, PeopleFile};
use crate::access::naming::Naming;
use crate::access::people::Problems;
use crate::ops::errors::chain;
use crate::ops::logger::{Logger, Record};
use crate::room::request::Request;
use crate::runtime::control::Shared;
use crate::runtime::system_clock::now;

/// Keeps the file and the room the same.
#[derive(Debug)]
pub struct PeopleKeeper {
    pub(super) file: PeopleFile,
    pub(super) naming: Naming,
    /// How many of the room's changes were made in the file.
    pub(super) made: u64,
    /// The last try to write it has failed, and the operator was told so.
    is_failing: bool,
    pub(super) copy: CopyState,
    asked: Receiver<()>,
    /// By this the worker at the front asks for a look at once. The thread ends when it is
    /// dropped.
    ask: Option<Sender<()>>,
}

impl PeopleKeeper {
    /// Looks after this file, in a room where keys mean this.
    pub fn new(file: PeopleFile, naming: Naming) -> Self {
        let (ask, asked) = channel();
        Self {
            file,
            naming,
            made: 0,
            is_failing: false,
            copy: CopyState::default(),
            asked,
            ask: Some(ask),
        }
    }

    /// What the room is to be told at first.
    pub(crate) fn first(&self) -> Request {
        Request::SetPeople {
            naming: self.naming,
            people: Box::new(self.file.people().clone()),
            taken: self.made,
        }
    }

    /// What asks it for a look at once; only the first call gives it.
    pub(crate) fn take_ask(&mut self) -> Option<Sender<()>> {
        self.ask.take()
    }

    /// Looks after the file until the worker at the front has ended. What the room changes
    /// after that is for [`PeopleKeeper::finish`].
    pub(crate) fn run(mut self, shared: &Shared) -> Self {
        loop {
            match self.asked.recv_timeout(LOOK_EVERY) {
                Ok(()) => {
                    let look = self.file.look_at_once();
                    self.round(look, shared);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let look = self.file.look();
                    self.round(look, shared);
                }
                Err(RecvTimeoutError::Disconnected) => return self,
            }
        }
    }

    /// Writes what the room has changed up to its end.
    pub(crate) fn finish(mut self, shared: &Shared) {
        let look = self.file.look_at_once();
        self.round(look, shared);
    }

    pub(super) fn round(&mut self, look: anyhow::Result<Look>, shared: &Shared) {
        let is_changed = match look {
            Ok(Look::Changing) => return,
            Ok(Look::Same) => false,
            Ok(Look::Changed(problems)) => {
                let (path, count) = (self.file.path().display(), self.file.people().len());
                let record = Record::new("the file of people was read again");
                let record = record.with("path", path).count("names", count);
                shared.logger.info(now().time, record);
                tell_problems(&self.file, &problems, &shared.logger);
                true
            }
            Ok(Look::Gone) => {
                let record = Record::new("the file of people is gone: what it said counts");
                let record = record.with("path", self.file.path().display());
                shared.logger.warn(now().time, record);
                false
            }
            Err(error) => {
                let record = Record::new("the file of people cannot be read: what it said counts");
                shared
                    .logger
                    .error(now().time, record.with("why", chain(&error)));
                false
            }
        };
        if shared.read().hub.is_shared() {
            self.copy.is_edited |= is_changed;
            return self.keep_copy(shared);
        }
        self.take_changes(shared);
        if self.file.is_unwritten() {
            self.write(&shared.logger);
        }
        let request = if is_changed {
            self.first()
        } else if shared.read().hub.room().holders().has_pending(self.made) {
            Request::ChangesTaken(self.made)
        } else {
            return;
        };
        shared.write().hub.request(request, now());
    }

    /// Makes in the file what was changed in the room.
    fn take_changes(&mut self, shared: &Shared) {
        let changes: Vec<_> = {
            let hub = &shared.read().hub;
            hub.room()
                .holders()
                .changes_behind(self.made)
                .cloned()
                .collect()
        };
        self.made += changes.len() as u64;
        changes.iter().for_each(|change| self.file.make(change));
    }

    pub(super) fn write(&mut self, logger: &Logger) {
        let written = self.file.write();
        match written {
            Ok(()) if self.is_failing && !self.file.is_unwritten() => {
                let record = Record::new("the file of people can be written again");
                let record = record.with("path", self.file.path().display());
                logger.info(now().time, record);
                self.is_failing = false;
            }
            Err(error) if !self.is_failing => {
                let record = Record::new(
                    "the file of people cannot be written: names that are claimed now are free \
                     after a restart",
                );
                logger.error(now().time, record.with("why", chain(&error)));
                self.is_failing = true;
            }
            _ => {}
        }
    }
}

/// Tells the operator what is wrong with lines of the file.
pub fn tell_problems(file: &PeopleFile, problems: &Problems, logger: &Logger) {
    let path = file.path().display();
    let time = now().time;
    for problem in &problems.first {
        let record = Record::new("a line of the file of people is wrong");
        logger.warn(time, record.with("path", &path).with("problem", problem));
    }
    if problems.more > 0 {
        let record = Record::new("more lines of the file of people are wrong");
        let record = record.with("path", &path).count("lines", problems.more);
        logger.warn(time, record);
    }
    if file.is_open_to_others() {
        let record = Record::new("other users can change whose names are whose (chmod go-w)");
        logger.warn(time, record.with("path", path));
    }
}

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
