//! Readers that fall behind.

use super::*;

/// A reader for whom the text form does not reach back far enough gets the rest
/// out of the JSON form, and misses nothing.
#[test]
fn a_slow_reader_gets_all_that_is_held_in_either_form() {
    let mut hall = Hall::new();
    let (ann, slow) = (hall.join("ann"), hall.join("slow"));
    let mut said = String::new();
    for number in 0.. {
        let line = format!("{number} {}\n", "x".repeat(4000));
        said += &format!("\r<ann> {line}");
        hall.send(ann, line);
        hall.read(ann);
        if hall.sessions[slow].is_too_far_behind(&hall.hub) {
            break;
        }
    }
    hall.sessions[slow].fall_behind(&hall.hub);
    hall.hub.trim([u64::MAX; 2], hall.now);
    assert_eq!(hall.hub.timeline.first(), 1);
    assert!(hall.hub.timeline.log(Form::Text).first() > 3);
    assert!(hall.read(slow) == said);
}

/// A reader that falls behind is told by how much.
#[test]
fn a_slow_reader_is_told_what_it_missed_and_goes_on() {
    let mut hall = Hall::new();
    let (ann, slow) = (hall.join("ann"), hall.join("slow"));
    let mut said = 0;
    while hall.hub.timeline.first() < 100 {
        hall.send(ann, format!("{said} {}\n", "x".repeat(4000)));
        said += 1;
        hall.read(ann);
        if hall.sessions[slow].is_too_far_behind(&hall.hub) {
            hall.sessions[slow].fall_behind(&hall.hub);
        }
        hall.hub.trim([u64::MAX; 2], hall.now);
    }
    let got = hall.read(slow);
    let mut lines = got.lines();
    let missed = lines.next().unwrap();
    let missed: usize = missed
        .strip_prefix("\r-- you missed ")
        .and_then(|rest| rest.strip_suffix(" lines"))
        .expect(missed)
        .parse()
        .unwrap();
    assert!(missed > 0);
    let first = lines.next().unwrap();
    assert!(
        first.starts_with(&format!("\r<ann> {missed} x")),
        "{missed}: {}",
        &first[..20]
    );
    assert_eq!(lines.count() + 1 + missed, said);
    hall.send(ann, "still there?\n");
    assert_eq!(hall.read(slow), "\r<ann> still there?\n");
}
