use super::*;
use chat_proto::event::{Event, Tag, Timestamp};
use chat_proto::json_form;

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

fn after(start: Instant, milliseconds: u64) -> Instant {
    start + Duration::from_millis(milliseconds)
}

/// After so many that no more are told one by one.
fn crowded(now: Instant) -> Presence {
    let mut presence = Presence::default();
    for _ in 0..ONE_BY_ONE {
        assert!(presence.enter(&Arrival::of(name("x")), 0, now));
    }
    presence
}

#[track_caller]
fn check(presence: &mut Presence, now: Instant, expected: &str) {
    let told: Vec<String> = presence
        .take(0, now)
        .into_iter()
        .map(|body| match body {
            Body::Entered(names) => {
                format!(
                    "+{}",
                    names
                        .iter()
                        .map(|one| one.name.as_str())
                        .collect::<String>()
                )
            }
            Body::Left(names) => format!("-{}", names.iter().map(Name::as_str).collect::<String>()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told.join(" "), expected);
    assert_eq!(presence.deadline(0), None);
}

/// A crowd is told together.
#[test]
fn what_is_beyond_the_rate_is_told_together_and_in_time() {
    let start = Instant::now();
    let mut presence = crowded(start);
    assert_eq!(presence.deadline(0), None);
    assert!(!presence.enter(&Arrival::of(name("b")), 0, start));
    assert!(!presence.enter(&Arrival::of(name("a")), 0, after(start, 400)));
    assert!(!presence.leave(&name("z"), 0, after(start, 499)));
    assert_eq!(presence.deadline(0), Some(start + TOGETHER_AFTER));
    check(&mut presence, after(start, 500), "-z +ab");
}

#[test]
fn so_many_in_a_second_are_told_one_by_one() {
    let start = Instant::now();
    let mut presence = Presence::default();
    let mut alone = 0;
    // A thousand in each of ten seconds, told together when it is time.
    for step in 0..10_000 {
        let now = after(start, step);
        if presence.deadline(0).is_some_and(|at| at <= now) {
            alone += presence.take(0, now).len();
        }
        alone += usize::from(presence.enter(&Arrival::of(name(&format!("p{step}"))), 0, now));
    }
    assert!((200..=220).contains(&alone), "{alone}");
    // And after a quiet second as many as ever.
    let now = after(start, 11_000);
    drop(presence.take(0, now));
    let now = after(now, 1000);
    let at_once =
        (0..100).filter(|number| presence.enter(&Arrival::of(name(&format!("q{number}"))), 0, now));
    assert_eq!(at_once.count(), ONE_BY_ONE as usize);
}

#[test]
fn a_person_who_comes_and_goes_meanwhile_is_not_told() {
    let now = Instant::now();
    let mut presence = crowded(now);
    presence.enter(&Arrival::of(name("a")), 0, now);
    assert!(presence.concerns(&name("a")));
    presence.leave(&name("a"), 0, now);
    assert!(!presence.concerns(&name("a")));
    check(&mut presence, now, "");
    // Who was here before is back again, or gone.
    let mut presence = crowded(now);
    presence.leave(&name("a"), 0, now);
    presence.enter(&Arrival::of(name("a")), 0, now);
    presence.leave(&name("b"), 0, now);
    presence.enter(&Arrival::of(name("b")), 0, now);
    presence.leave(&name("b"), 0, now);
    check(&mut presence, now, "-ab +a");
}

/// Or a program that took the names in between would never hear that they went.
#[test]
fn a_person_who_was_listed_meanwhile_is_told() {
    let now = Instant::now();
    let mut presence = crowded(now);
    presence.list();
    presence.enter(&Arrival::of(name("a")), 0, now);
    presence.leave(&name("a"), 0, now);
    check(&mut presence, now, "");
    presence.leave(&name("b"), 0, now);
    for who in ["a", "b", "c"] {
        presence.enter(&Arrival::of(name(who)), 0, now);
    }
    presence.list();
    for who in ["a", "b", "c"] {
        presence.leave(&name(who), 0, now);
    }
    presence.enter(&Arrival::of(name("c")), 0, now);
    check(&mut presence, now, "-b +ac -a");
}

/// People who come and go in a loop do not hold back others.
#[test]
fn others_do_not_wait_for_a_flood() {
    let start = Instant::now();
    let mut presence = crowded(start);
    let mut told = None;
    let ann = name("ann");
    let flooders: Vec<Name> = (0..400).map(|number| name(&format!("f{number}"))).collect();
    for step in 0..1000 {
        let now = after(start, step);
        if presence.deadline(0).is_some_and(|at| at <= now) {
            let is_ann = |one: &Arrival| one.name == ann;
            let has_ann = |body: Body| matches!(body, Body::Entered(all) if all.iter().any(is_ann));
            if presence.take(0, now).into_iter().any(has_ann) {
                told = Some(step);
            }
        }
        for flooder in &flooders {
            match step % 2 {
                0 => presence.enter(&Arrival::of(flooder.clone()), 0, now),
                _ => presence.leave(flooder, 0, now),
            };
        }
        if step == 234 {
            assert!(!presence.enter(&Arrival::of(ann.clone()), 0, now));
        }
    }
    let told = told.expect("ann is told");
    assert!((234..=734).contains(&told), "{told}");
}

#[test]
fn a_line_never_becomes_too_long() {
    let now = Instant::now();
    let mut presence = crowded(now);
    let long = "\u{10428}".repeat(28);
    let mut all: Vec<Arrival> = (1000..4000)
        .map(|number| name(&format!("{long}{number}")))
        .chain((1000..9000).map(|number| name(&format!("p{number}"))))
        .map(|name| Arrival {
            tag: Some(Tag::new(7)),
            back: true,
            name,
        })
        .collect();
    for arrival in &all {
        presence.enter(arrival, 0, now);
    }
    let mut told = Vec::new();
    let mut bytes = 0;
    let mut lines = 0;
    for body in presence.take(0, now) {
        let time = Timestamp::from_unix_milliseconds(u64::MAX);
        let mut line = Vec::new();
        if let Body::Entered(arrivals) = &body {
            told.extend(arrivals.iter().cloned());
        }
        json_form::encode_event(
            &Event {
                seq: u64::MAX,
                time,
                body,
            },
            &mut line,
        );
        assert!(line.len() < json_form::MAX_LINE, "{}", line.len());
        bytes += line.len();
        lines += 1;
    }
    assert!(lines <= bytes.div_ceil(MAX_NAMES_BYTES - 200), "{lines}");
    for arrivals in [&mut told, &mut all] {
        arrivals.sort_by(|one, other| one.name.cmp(&other.name));
    }
    assert!(told == all);
}
