use std::time::Duration;

use chat_proto::event::{Speech, SpeechKind};
use chat_proto::name::Name;
use chat_proto::text::Text;
use mio::{Events, Poll, Token};

use super::*;
use crate::runtime::counted::Counted;
use crate::runtime::system_clock::now;

impl Shared {
    /// A room for tests that has a history, with one worker.
    pub(crate) fn kept(
        hub: Hub,
        history: crate::storage::History,
        waker: Waker,
        limits: chat_proto::event::Limits,
    ) -> Self {
        let history: Box<dyn Storage> = Box::new(history);
        let config = Arc::new(Config::of(limits));
        let logger = Logger::on_stderr();
        Self::new(hub, Some(history), vec![waker], config, logger)
    }

    /// An empty room for tests, with a worker for each waker.
    pub(crate) fn of(wakers: Vec<Waker>, limits: chat_proto::event::Limits) -> Self {
        let hub = Hub::new(crate::room::identity::tests::identity(), 8 << 20);
        let config = Arc::new(Config::of(limits));
        Self::new(hub, None, wakers, config, Logger::on_stderr())
    }
}

/// Two workers, with a connection each.
fn two() -> (Shared, [Poll; 2]) {
    let polls = [(); 2].map(|()| Poll::new().unwrap());
    let waker = |poll: &Poll| crate::wake::waker(poll.registry(), Token(0)).unwrap();
    let wakers = polls.iter().map(waker).collect();
    let shared = Shared::of(wakers, chat_proto::event::Limits::default());
    assert_eq!([shared.place(), shared.place()], [0, 1]);
    (shared, polls)
}

fn is_woken(poll: &mut Poll) -> bool {
    let mut events = Events::with_capacity(1);
    poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
    !events.is_empty()
}

fn say(shared: &Shared, texts: usize) {
    let hub = &mut shared.write().hub;
    let name = Name::choose("ann").unwrap();
    for _ in 0..texts {
        let speech = Speech {
            name: name.clone(),
            text: Text::clean(&"x".repeat(4000)).unwrap(),
            held: None,
            id: None,
            tag: None,
        };
        hub.say(speech, None, SpeechKind::Message, now());
    }
    hub.timeline.show_all();
    shared.show(hub);
}

#[test]
fn no_more_is_said_while_a_worker_is_behind_and_it_wakes_who_waits() {
    let (shared, [mut first, _second]) = two();
    say(&shared, 10);
    assert!(!shared.must_wait());
    say(&shared, 200);
    shared.set_served(0, shared.shown());
    assert!(shared.must_wait());
    shared.falls_asleep(0);
    assert!(!is_woken(&mut first));
    shared.set_served(1, shared.shown());
    assert!(!shared.must_wait());
    assert!(is_woken(&mut first));
    // No worker waits for one that has no connections.
    shared.leave(1, Counted::Refused, now());
    say(&shared, 200);
    shared.set_served(0, shared.shown());
    assert!(!shared.must_wait());
}

#[test]
fn news_wakes_the_threads_that_sleep_and_have_people() {
    let (shared, [mut first, mut second]) = two();
    shared.falls_asleep(1);
    shared.wake_others(0);
    assert!(is_woken(&mut second) && !is_woken(&mut first));
    // It is awake now.
    shared.wake_others(0);
    assert!(!is_woken(&mut second));
    shared.falls_asleep(1);
    shared.leave(1, Counted::Refused, now());
    shared.wake_others(0);
    assert!(!is_woken(&mut second));
}
