use super::*;

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

fn entered(who: &str) -> Line {
    Line {
        time: None,
        kind: Kind::Entered(vec![name(who)]),
    }
}

fn left(who: &str) -> Line {
    Line {
        time: None,
        kind: Kind::Left(vec![name(who)]),
    }
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
fn what_is_said_waits_for_nothing_and_overtakes_nobody() {
    let mut fold = Fold::default();
    let now = Instant::now();
    let mut out = Vec::new();
    fold.push(entered("ann"), now, &mut out);
    fold.push(entered("bo"), now, &mut out);
    fold.push(Line::word("hi"), now, &mut out);
    assert_eq!(out, [entered("ann"), entered("bo"), Line::word("hi")]);
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
