//! What the hub needs of a stream: requests go in, and come back in the order of all servers.

use super::*;

impl<E: Engine> Sequencer for Stream<E> {
    fn propose(&mut self, request: Request, _: Now) -> Option<Request> {
        if self.goes_on()
            && let Some(ask) = Ask::of(request)
        {
            self.wait(ask);
        }
        None
    }

    fn next(&mut self, now: Now) -> Option<Ordered> {
        self.read(now);
        self.ready.pop_front()
    }

    fn server(&self) -> Option<ServerId> {
        match self.standing {
            Standing::In(server) => Some(server),
            _ => None,
        }
    }

    fn flush(&mut self, now: Now) {
        if !self.goes_on() {
            return;
        }
        if self.written == 0 {
            let rules = self.options.rules.clone();
            let begin = Ask::Begin { rules };
            self.load.add(Load::of(&begin));
            return self.write(vec![begin], now);
        }
        self.say_again(now);
        if self.standing == Standing::Joining {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting).into_iter().peekable();
        while waiting.peek().is_some() && self.unread.len() < MAX_IN_FLIGHT {
            let mut bytes = 0;
            let mut asks = Vec::new();
            while let Some(ask) = waiting.next_if(|ask| {
                bytes += ask.weight();
                bytes <= MAX_WEIGHT || asks.is_empty()
            }) {
                asks.push(ask);
            }
            self.write(asks, now);
        }
        self.waiting = waiting.collect();
        let is_silent = self.sent.is_none_or(|at| at + HEARTBEAT <= now.instant);
        if is_silent && self.unread.is_empty() {
            self.write(Vec::new(), now);
        }
    }

    fn room_now(&self, now: Now) -> Instant {
        // By this server's own clock only since then: its time of day may be another one.
        let time = self.servers.time().unwrap_or(self.anchor.0.time);
        let since = now.instant.saturating_duration_since(self.timed);
        self.anchor.at(time).instant + since
    }

    fn flow(&self, now: Now) -> Flow {
        let Some(oldest) = self.unread.front() else {
            return Flow::Moves;
        };
        let Load { requests, bytes } = self.load;
        let is_much = requests > MAX_WAITING.requests || bytes > MAX_WAITING.bytes;
        match now.instant.saturating_duration_since(oldest.first_sent) {
            silent if silent < TOLD_AFTER => Flow::Moves,
            silent if silent < STANDS_AFTER && !is_much => Flow::Waits,
            _ => Flow::Stands,
        }
    }

    fn chapter_bytes(&self) -> Option<u64> {
        Some(self.options.chapter_bytes)
    }

    fn is_full(&self) -> bool {
        self.load.bytes > MAX_UNDER_WAY
    }

    fn common(&self) -> Option<Common<'_>> {
        let is_whole = self.ready.is_empty() && self.goes_on();
        is_whole.then_some(Common {
            servers: &self.servers,
            at: self.anchor.0,
        })
    }

    fn deadline(&self) -> Option<Instant> {
        let oldest = self.unread.front().map(|unread| unread.first_sent);
        let next = match oldest {
            Some(sent) => Some(self.sent_again.map_or(sent, |at| at.max(sent)) + SAY_AGAIN_AFTER),
            None => self.sent.map(|sent| sent + HEARTBEAT),
        };
        next.filter(|_| self.goes_on())
    }

    fn wants_snapshot(&self) -> bool {
        let Standing::In(own) = self.standing else {
            return false;
        };
        // One of them does it.
        let first = self.servers.runs().map(|(_, run)| run.server).min();
        self.unsaved >= self.save_behind && first == Some(own)
    }

    fn save(&mut self, snapshot: Snapshot) {
        self.unsaved = 0;
        // Large ones more seldom: they are to be a small part of what is written.
        self.save_behind = (self.options.snapshot_behind()).max(4 * snapshot.bytes.len() as u64);
        self.engine.save(snapshot);
    }

    fn fate(&self) -> Fate {
        if let Some(why) = self.engine.failure() {
            return Fate::Stops(why.to_owned());
        }
        match &self.standing {
            // What it has read by then comes first.
            _ if !self.ready.is_empty() => Fate::GoesOn,
            Standing::Joining | Standing::In(_) => Fate::GoesOn,
            Standing::Ended => Fate::Ended,
            Standing::Full => Fate::Stops(format!(
                "{} servers share the room, and there can be no more",
                servers::MAX_SERVERS
            )),
            Standing::Refused(rules) => Fate::Stops(format!(
                "the other servers of the room go by other rules ({rules}), and this one by {}: \
                 give all of them the same program, and the same --names and --names-up-to",
                self.options.rules
            )),
            Standing::Broken(broken) => Fate::Stops(broken.to_string()),
        }
    }

    fn last_run(&self) -> Option<RunId> {
        self.servers.last_run()
    }

    fn begin_anew(&mut self, run: RunId) {
        self.run = run;
        self.standing = Standing::Joining;
        // What was not read back is lost: it was of people who have left.
        self.waiting.clear();
        self.unread.clear();
        self.load = Load::default();
        (self.written, self.sent, self.sent_again) = (0, None, None);
    }

    fn watch(&mut self, waker: Waker) {
        self.engine.watch(waker);
    }

    fn progress(&self) -> Option<Progress> {
        Some(Progress {
            server: self.server(),
            servers: self.servers.runs().count(),
            waits_since: self.unread.front().map(|oldest| oldest.first_sent),
            entries: self.servers.seen().entry,
            again: self.again,
        })
    }

    fn note(&mut self) -> Option<Note> {
        self.notes.pop_front().or_else(|| self.engine.note())
    }
}
