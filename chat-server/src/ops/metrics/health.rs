//! Whether the server is well, in words.

use super::survey::{PATIENCE, Survey};
use crate::runtime::liveness::{Liveness, Silent};
use std::time::Instant;

/// Words for a server that is well; or what is wrong.
pub(super) fn health(survey: &Survey, liveness: &Liveness, now: Instant) -> Result<String, String> {
    if survey.room().is_some_and(|room| room.is_stopping) {
        return Err("the server is stopping".to_owned());
    }
    if let Some(Silent { name, since }) = liveness.silent(now, PATIENCE).next() {
        return Err(format!(
            "{name} has not answered for {:.1} s",
            since.as_secs_f64()
        ));
    }
    let Some(room) = survey.room() else {
        return Err("the server is starting".to_owned());
    };
    let trouble = room.history.as_ref().and_then(|it| it.trouble.as_ref());
    match trouble {
        Some(trouble) => Err(trouble.clone()),
        None => Ok("ready".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::census::{Census, HistoryFigures, Report, RoomFigures};
    use std::task::Waker;

    #[test]
    fn the_first_thing_that_is_wrong_is_named() {
        let mut survey = Survey::default();
        let liveness = Liveness::new(std::slice::from_ref(Waker::noop()));
        let now = Instant::now();
        let words_at = |survey: &Survey, now| health(survey, &liveness, now);
        let words = |survey: &Survey| words_at(survey, now);
        let mut report = |room| {
            survey.take(Report::Worker {
                index: 0,
                census: Census::default(),
                room: Some(Box::new(room)),
            });
            health(&survey, &liveness, now)
        };
        assert_eq!(
            words(&Survey::default()),
            Err("the server is starting".to_owned())
        );
        assert_eq!(report(RoomFigures::default()), Ok("ready".to_owned()));
        let full = RoomFigures {
            history: Some(HistoryFigures {
                trouble: Some("the history cannot be written (the disk is full)".to_owned()),
                ..HistoryFigures::default()
            }),
            ..RoomFigures::default()
        };
        let why = "the history cannot be written (the disk is full)";
        assert_eq!(report(full), Err(why.to_owned()));
        let stopping = RoomFigures {
            is_stopping: true,
            ..RoomFigures::default()
        };
        assert_eq!(report(stopping), Err("the server is stopping".to_owned()));
        report(RoomFigures::default()).unwrap();
        liveness.ask(now);
        // It may have been asked by the watchdog, and has had no time to answer.
        assert_eq!(words(&survey), Ok("ready".to_owned()));
        let why = "worker 0 has not answered for 2.0 s";
        assert_eq!(words_at(&survey, now + PATIENCE), Err(why.to_owned()));
        liveness.answer(0);
        assert_eq!(words(&survey), Ok("ready".to_owned()));
    }
}
