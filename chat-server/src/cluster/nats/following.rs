//! Following the stream, and publishing into it, until the program ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use async_nats::{Event, Message, StatusCode, Subject};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};

use super::setup::Way;
use super::{Command, ToRoom, snapshots};
use crate::cluster::follower::{Follower, Question};
use crate::cluster::identity::{Finding, StreamIdentity};
use crate::sequencer::Note;
use crate::sequencer::stream::{Entry, record};

/// Follows the stream from this entry on.
pub(super) async fn follow(
    mut way: Way,
    from: u64,
    mut commands: mpsc::Receiver<Command>,
    to_room: &ToRoom,
) -> anyhow::Result<()> {
    let inbox = way.client.new_inbox();
    let mut told = way.client.subscribe(way.entries.clone()).await?;
    let mut answers = way.client.subscribe(format!("{inbox}.*")).await?;
    let mut link = Link {
        follower: Follower::new(from, Instant::now()),
        identity: StreamIdentity::default(),
        inbox,
        is_connected: true,
        noted: None,
        way: &way.client,
        direct: format!("$JS.API.DIRECT.GET.{}", way.stream),
        info: format!("$JS.API.STREAM.INFO.{}", way.stream),
        records: way.records.clone().into(),
        stream: &way.stream,
        to_room,
    };
    // What there is already.
    link.follower.reconnected(Instant::now());
    loop {
        let has_space = to_room.has_space(BATCH_BYTES + record::MAX_BYTES, BATCH);
        if has_space && let Some(question) = link.follower.question(Instant::now()) {
            link.ask(question).await;
        }
        if link.follower.is_silent(Instant::now()) {
            link.identity.doubt();
        }
        if link.is_connected && link.identity.asks(Instant::now()) {
            link.ask_for_info().await;
        }
        let deadline = match has_space {
            true => link.follower.deadline(),
            false => Instant::now() + LOOK_AGAIN,
        };
        let other = link.identity.deadline();
        let deadline = other.map_or(deadline, |at| at.min(deadline));
        tokio::select! {
            message = told.next() => link.told(&message.context("NATS is gone")?),
            message = answers.next() => link.answered(&message.context("NATS is gone")?),
            event = way.events.recv() => link.note(event.context("NATS is gone")?),
            command = commands.recv() => match command {
                None => return Ok(()),
                Some(Command::Follow(_)) => {}
                Some(Command::Publish { record, again }) => link.publish(record, again).await,
                Some(Command::Save(snapshot)) => {
                    let (store, notes) = (way.store.clone(), to_room.notes.clone());
                    tokio::spawn(async move {
                        let name = snapshot.name;
                        if let Err(error) = snapshots::save(&store, snapshot).await {
                            let _ = notes.send(Note::Trouble(format!("cannot keep the snapshot {name}: {error:#}")));
                        }
                    });
                }
            },
            () = sleep_until(deadline.into()) => {}
        }
    }
}

struct Link<'a> {
    follower: Follower,
    identity: StreamIdentity,
    /// Where answers go, with the number of the question behind it.
    inbox: String,
    is_connected: bool,
    /// What the operator was told last, and when.
    noted: Option<(String, Instant)>,
    way: &'a async_nats::Client,
    direct: String,
    info: String,
    records: Subject,
    stream: &'a str,
    to_room: &'a ToRoom,
}

impl Link<'_> {
    /// NATS tells of an entry.
    fn told(&mut self, message: &Message) {
        let is_ours = header(message, "Nats-Stream") == Some(self.stream);
        let Some(number) = number_of(message).filter(|_| is_ours) else {
            return;
        };
        let now = Instant::now();
        if !self.to_room.has_space(message.payload.len(), 1) {
            self.follower.passed_over(number, now);
        } else if self.follower.told(number, now) {
            self.give(number, message);
        }
    }

    /// An answer has come: an entry, the end of them, or what came of a record.
    fn answered(&mut self, message: &Message) {
        let subject = message.subject.as_str();
        let what = subject.rsplit_once('.').map_or("", |(_, what)| what);
        let now = Instant::now();
        let Ok(question) = what.parse() else {
            return match what {
                INFO => self.judge(message, now),
                _ => self.acknowledged(message),
            };
        };
        let Some(number) = number_of(message).filter(|_| message.status.is_none()) else {
            return self.follower.answer_ends(question, now);
        };
        if self.follower.answered(question, number, now) {
            self.give(number, message);
        }
        // Older servers of NATS answer with one entry.
        if header(message, "Nats-Num-Pending").is_none() {
            self.follower.answer_ends(question, now);
            self.follower.reconnected(now);
        }
    }

    fn give(&self, number: u64, message: &Message) {
        let bytes = Arc::from(&message.payload[..]);
        self.to_room.give(Entry { number, bytes });
    }

    /// NATS says what the stream is.
    fn judge(&mut self, message: &Message, now: Instant) {
        let next = self.follower.next();
        match self.identity.answered(&message.payload, next, now) {
            Finding::Same => self.follower.is_there(now),
            Finding::Unclear => {}
            Finding::Other(why) => self.to_room.fail(why),
        }
    }

    async fn ask_for_info(&self) {
        let reply = format!("{}.{INFO}", self.inbox);
        let sent = self
            .way
            .publish_with_reply(self.info.clone(), reply, Bytes::new());
        let _ = timeout(SEND_WITHIN, sent).await;
    }

    fn acknowledged(&mut self, message: &Message) {
        let why = match message.status {
            Some(StatusCode::NO_RESPONDERS) => "no server of NATS leads the stream".to_owned(),
            _ => match serde_json::from_slice::<Acknowledged>(&message.payload) {
                Ok(Acknowledged { error: Some(error) }) => error.description,
                _ => return,
            },
        };
        self.trouble(format!("NATS does not take what is said: {why}"));
    }

    /// Tells the operator, but not of the same thing again and again.
    fn trouble(&mut self, what: String) {
        let known = self.noted.as_ref();
        if known.is_none_or(|(known, at)| *known != what || at.elapsed() > NOTED_AGAIN) {
            self.to_room.trouble(what.clone());
            self.noted = Some((what, Instant::now()));
        }
    }

    /// Asks for entries.
    async fn ask(&self, Question { number, from }: Question) {
        let question = format!("{{\"seq\":{from},\"batch\":{BATCH},\"max_bytes\":{BATCH_BYTES}}}");
        let reply = format!("{}.{number}", self.inbox);
        let sent = self
            .way
            .publish_with_reply(self.direct.clone(), reply, question.into());
        let _ = timeout(SEND_WITHIN, sent).await;
    }

    async fn publish(&self, record: Arc<[u8]>, again: bool) {
        if !self.is_connected || !self.identity.is_certain() {
            // It would go out with all that is sent again, or into another stream.
            return;
        }
        let record = Bytes::from_owner(record);
        let subject = self.records.clone();
        if again {
            let reply = format!("{}.ack", self.inbox);
            let sent = self.way.publish_with_reply(subject, reply, record);
            let _ = timeout(SEND_WITHIN, sent).await;
        } else {
            let _ = timeout(SEND_WITHIN, self.way.publish(subject, record)).await;
        }
    }

    fn note(&mut self, event: Event) {
        let what = match event {
            Event::Connected => {
                self.is_connected = true;
                self.identity.doubt();
                self.follower.reconnected(Instant::now());
                return self.to_room.note(Note::News("NATS is there".to_owned()));
            }
            Event::Disconnected => {
                self.is_connected = false;
                "the connection is lost".to_owned()
            }
            Event::LameDuckMode => "that server of NATS is about to stop".to_owned(),
            Event::ServerError(error) => error.to_string(),
            Event::ClientError(error) => error.to_string(),
            // What was missed is asked for.
            Event::SlowConsumer(_) | Event::Draining | Event::Closed => return,
        };
        self.trouble(format!("NATS: {what}"));
    }
}

#[derive(Deserialize)]
struct Acknowledged {
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    description: String,
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let headers = message.headers.as_ref()?;
    headers.get(name).map(|value| value.as_str())
}

fn number_of(message: &Message) -> Option<u64> {
    header(message, "Nats-Sequence")?.parse().ok()
}

/// The end of the subject of an answer that says what the stream is.
const INFO: &str = "info";

/// How many entries are asked for at a time, and how many bytes of them.
const BATCH: usize = 1024;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How long the way to NATS may be full.
const SEND_WITHIN: Duration = Duration::from_secs(1);

/// How often it is looked whether the room has taken what it has.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// After how long the same is noted again.
const NOTED_AGAIN: Duration = Duration::from_secs(60);
