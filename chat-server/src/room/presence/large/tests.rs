use super::*;
use chat_proto::event::Arrival;
use chat_proto::name::Name;

use crate::room::presence::{ONE_BY_ONE, TOGETHER_AFTER};

/// A room in which up to three people are told by name.
struct Test {
    presence: Presence,
    here: usize,
    now: Instant,
}

impl Test {
    fn new() -> Self {
        let now = Instant::now();
        let mut presence = Presence::default();
        presence.set_names_up_to(3, 0, now);
        let here = 0;
        Self {
            presence,
            here,
            now,
        }
    }

    /// These come, one letter each, or go.
    fn enter(&mut self, names: &str) -> usize {
        let told = names.split("").filter(|name| !name.is_empty()).map(|one| {
            self.here += 1;
            let arrival = Arrival::of(name(one));
            self.presence.enter(&arrival, self.here, self.now)
        });
        told.filter(|is_told| *is_told).count()
    }

    fn leave(&mut self, names: &str) -> usize {
        let told = names.split("").filter(|name| !name.is_empty()).map(|one| {
            self.here -= 1;
            self.presence.leave(&name(one), self.here, self.now)
        });
        told.filter(|is_told| *is_told).count()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn deadline(&self) -> Option<Duration> {
        let at = self.presence.deadline(self.here)?;
        Some(at.saturating_duration_since(self.now))
    }

    #[track_caller]
    fn check(&mut self, expected: &str) {
        let told = self.presence.take(self.here, self.now);
        assert_eq!(in_words(told), expected);
    }

    #[track_caller]
    fn check_before(&mut self, who: &str, expected: &str) {
        let told = self.presence.take_for(&[&name(who)], self.here, self.now);
        assert_eq!(in_words(told), expected);
    }
}

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

fn in_words(told: Vec<Body>) -> String {
    let words = told.into_iter().map(|body| match body {
        Body::Entered(all) => all
            .iter()
            .fold("+".to_owned(), |so_far, it| so_far + it.name.as_str()),
        Body::Left(all) => all
            .iter()
            .fold("-".to_owned(), |so_far, it| so_far + it.as_str()),
        Body::People {
            people,
            named: false,
        } => format!("{people}"),
        Body::People {
            people,
            named: true,
        } => format!("{people}!"),
        other => panic!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_large_room_tells_its_number_at_most_so_often() {
    let mut test = Test::new();
    assert_eq!(test.enter("abc"), 3);
    assert_eq!(test.deadline(), None);
    assert_eq!(test.enter("de"), 0);
    assert_eq!(test.deadline(), Some(Duration::ZERO));
    test.check("5");
    assert_eq!(test.deadline(), None);
    test.enter("f");
    // Another server may ask for it as well.
    test.check("");
    assert_eq!(test.deadline(), Some(NUMBER_EACH));
    test.leave("f");
    assert_eq!(test.deadline(), None);
    test.leave("a");
    test.pass(NUMBER_EACH - Duration::from_millis(1));
    test.check("");
    test.pass(Duration::from_millis(1));
    test.check("4");
    test.check("");
}

#[test]
fn all_are_told_by_name_when_they_are_few() {
    let mut test = Test::new();
    test.enter("abcdef");
    test.check("6");
    test.leave("abf");
    assert_eq!(test.deadline(), Some(TOGETHER_AFTER));
    test.check("-ab +de 3!");
    assert_eq!(test.deadline(), None);
    assert_eq!(test.leave("c"), 1);
    // It is large for a moment, and no number is told.
    assert_eq!(test.enter("cf"), 1);
    assert_eq!(test.deadline(), Some(NUMBER_EACH));
    test.leave("f");
    assert_eq!(test.deadline(), None);
    test.check("");
    // The number was told, and nothing else is pending.
    test.pass(NUMBER_EACH);
    test.enter("f");
    test.check("4");
    assert_eq!(test.leave("f"), 0);
    test.check("3!");
    assert_eq!(test.deadline(), None);
}

#[test]
fn a_person_who_speaks_is_told_before() {
    let mut test = Test::new();
    test.enter("abcdefg");
    test.check("7");
    test.check_before("e", "+e");
    test.check_before("e", "");
    test.leave("ae");
    test.enter("e");
    // Others may look like those who have gone.
    test.check_before("f", "-ae +f");
    test.check_before("e", "+e");
    assert_eq!(test.deadline(), Some(NUMBER_EACH));
    test.leave("bcd");
    test.check("-bc +g 3!");
}

/// Names are given out all the time there.
#[test]
fn people_who_come_and_go_take_no_memory() {
    let mut test = Test::new();
    test.enter("abcd");
    for _ in 0..1000 {
        test.presence.list();
        test.enter("x");
        test.leave("x");
    }
    test.pass(NUMBER_EACH);
    test.check("4");
    // That one was among the names.
    test.leave("d");
    test.check("+d -d 3!");
}

/// A flood about the limit is told no more often than one in a small room.
#[test]
fn a_flood_about_the_limit_is_told_together() {
    let mut test = Test::new();
    test.enter("abc");
    let mut told = 0;
    for _ in 0..5000 {
        told += test.enter("x");
        told += test.leave("x");
        test.pass(Duration::from_millis(1));
        if test.deadline() == Some(Duration::ZERO) {
            let (here, now) = (test.here, test.now);
            told += test.presence.take(here, now).len();
        }
    }
    assert!(told <= 5 * ONE_BY_ONE as usize + 20, "{told}");
}

/// Servers that begin when all others are gone can have another limit.
#[test]
fn the_limit_changes() {
    let mut test = Test::new();
    test.enter("abcde");
    test.presence.set_names_up_to(5, test.here, test.now);
    assert_eq!(test.deadline(), Some(TOGETHER_AFTER));
    test.check("+de");
    test.presence.set_names_up_to(4, test.here, test.now);
    test.check("5");
    test.presence.set_names_up_to(5, test.here, test.now);
    assert_eq!(test.deadline(), Some(TOGETHER_AFTER));
    test.check("5!");
}
