use chat_proto::name::Name;

use super::*;

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

fn entered(who: &str) -> Line {
    Line::new(None, Kind::Entered(vec![name(who)]))
}

fn left(who: &str) -> Line {
    Line::new(None, Kind::Left(vec![name(who)]))
}

#[test]
fn the_first_is_shown_at_once_and_a_crowd_together() {
    let mut fold = Fold::default();
    let start = Instant::now();
    let mut out = Vec::new();
    fold.push(entered("ann"), start, &mut out);
    assert_eq!(out, [entered("ann")]);
    assert_eq!(fold.deadline(), None);
    for who in ["bo", "cy"] {
        fold.push(entered(who), start, &mut out);
    }
    fold.push(left("ann"), start, &mut out);
    fold.push(entered("di"), start, &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(fold.deadline(), Some(start + QUIET));
    fold.expire(start + QUIET, &mut out);
    let crowd = Kind::Entered(vec![name("bo"), name("cy"), name("di")]);
    assert_eq!(out[1].kind, crowd);
    assert_eq!(out[2], left("ann"));
    assert_eq!(fold.deadline(), None);
}

#[test]
fn a_message_does_not_wait_and_overtakes_no_arrival() {
    let mut fold = Fold::default();
    let now = Instant::now();
    let mut out = Vec::new();
    fold.push(entered("ann"), now, &mut out);
    fold.push(entered("bo"), now, &mut out);
    fold.push(Line::notice("hi"), now, &mut out);
    assert_eq!(out, [entered("ann"), entered("bo"), Line::notice("hi")]);
}

#[test]
fn after_a_pause_one_is_shown_at_once_again() {
    let mut fold = Fold::default();
    let now = Instant::now();
    let mut out = Vec::new();
    fold.push(entered("ann"), now, &mut out);
    fold.push(entered("bo"), now + QUIET, &mut out);
    assert_eq!(out.len(), 2);
}

#[test]
fn old_arrivals_are_together_only_as_they_were() {
    let at = |milliseconds, line: Line| Line {
        time: Some(Timestamp::from_unix_milliseconds(milliseconds)),
        age: Age::Missed,
        ..line
    };
    let mut fold = Fold::default();
    let now = Instant::now();
    let mut out = Vec::new();
    let lines = [
        at(0, entered("ann")),
        at(1000, entered("bo")),
        at(1400, entered("cy")),
        at(9000, left("bo")),
        at(9100, left("cy")),
        entered("di"),
    ];
    for line in lines {
        fold.push(line, now, &mut out);
    }
    fold.flush(now, &mut out);
    let together = |milliseconds, kind| at(milliseconds, Line::new(None, kind));
    assert_eq!(
        out,
        [
            at(0, entered("ann")),
            together(1000, Kind::Entered(vec![name("bo"), name("cy")])),
            together(9000, Kind::Left(vec![name("bo"), name("cy")])),
            entered("di"),
        ]
    );
}

#[test]
fn a_flood_of_arrivals_is_not_all_held() {
    let mut fold = Fold::default();
    let start = Instant::now();
    let mut told = 0;
    let mut out = Vec::new();
    for number in 0..10 * MAX_TOGETHER {
        let who = Name::parse(&format!("p{number}")).unwrap();
        fold.push(Line::new(None, Kind::Entered(vec![who])), start, &mut out);
        for line in out.drain(..) {
            let Kind::Entered(names) = line.kind else {
                panic!("{line:?}");
            };
            told += names.len();
        }
        assert!(number + 1 - told < MAX_TOGETHER);
    }
    fold.flush(start, &mut out);
    assert!(told > 9 * MAX_TOGETHER);
}
