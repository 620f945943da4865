use super::*;
use crate::output::line::Standing;
use chat_proto::event::Timestamp;
use chat_proto::text::Text;

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

fn at(milliseconds: u64, kind: Kind) -> Line {
    Line::new(Some(Timestamp::from_unix_milliseconds(milliseconds)), kind)
}

fn says(who: &str, text: &str) -> Kind {
    Kind::Message {
        speaker: (who != "You").then(|| Speaker::in_use(name(who))),
        text: Text::clean(text).unwrap(),
    }
}

fn style(colors: Colors, time: TimeStyle) -> Style {
    let zone = TimeZone::fixed(jiff::tz::Offset::constant(2));
    Style::new(colors, time, Bell::Mention, zone, || {
        jiff::Timestamp::from_millisecond(EVENING).unwrap()
    })
}

/// 2023-11-14T22:13:20Z, in the zone the 15th.
const EVENING: i64 = 1_700_000_000_000;

#[track_caller]
fn check(style: &mut Style, line: &Line, expected: &[&str]) {
    let mut out = String::new();
    style.render(line, Some(&name("ann")), &mut out);
    assert!(out.ends_with('\n'));
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn without_colour_there_is_no_escape_sequence() {
    let mut plain = style(Colors::Off, TimeStyle::None);
    check(
        &mut plain,
        &at(0, says("bo", "hi ann\nand all")),
        &["<bo> hi ann", "<bo> and all"],
    );
    check(&mut plain, &at(0, says("You", "hi")), &["<You> hi"]);
    let waves = Kind::Action {
        speaker: Speaker::in_use(name("bo")),
        own: false,
        text: Text::clean("waves").unwrap(),
    };
    check(&mut plain, &at(0, waves), &["* bo waves"]);
    check(
        &mut plain,
        &at(0, Kind::Left(vec![name("bo")])),
        &["[bo] is offline"],
    );
    check(&mut plain, &Line::notice("a\nb"), &["-- a", "-- b"]);
}

/// In the colour of the name, which stays the person's.
#[test]
fn a_held_name_has_a_mark() {
    let held = Speaker {
        standing: Standing::Held,
        ..Speaker::in_use(name("bo"))
    };
    let text = Text::clean("hi").unwrap();
    let says = at(
        0,
        Kind::Message {
            speaker: Some(held.clone()),
            text: text.clone(),
        },
    );
    let waves = at(
        0,
        Kind::Action {
            speaker: held,
            own: false,
            text,
        },
    );
    let mut plain = style(Colors::Off, TimeStyle::None);
    check(&mut plain, &says, &["<@bo> hi"]);
    check(&mut plain, &waves, &["* @bo hi"]);
    let color = color_of(&name("bo"));
    let mut colored = style(Colors::On, TimeStyle::None);
    check(
        &mut colored,
        &says,
        &[&format!("<{color}@bo{}> hi", ansi::RESET)],
    );
    // No person can have it in a name, nor anything that looks like it.
    for mark in ["@", "＠", "﹫"] {
        assert!(Name::choose(&format!("{mark}bo")).is_err());
        assert!(Name::choose(&format!("bo{mark}")).is_err());
    }
    assert!(Name::parse("@bo").is_err(), "nor can a server make up one");
}

#[test]
fn a_crowd_is_one_line() {
    let crowd = |count: usize| {
        let names = (0..count).map(|number| name(&format!("p{number}")));
        at(0, Kind::Entered(names.collect()))
    };
    let mut plain = style(Colors::Off, TimeStyle::None);
    check(
        &mut plain,
        &crowd(3),
        &[
            "[p0] entered room",
            "[p1] entered room",
            "[p2] entered room",
        ],
    );
    check(&mut plain, &crowd(14), &["-- p0, p1 and 12 others entered"]);
}

#[test]
fn times_are_local_and_tell_when_the_day_changes() {
    let evening = EVENING as u64;
    let mut short = style(Colors::Off, TimeStyle::Short);
    check(
        &mut short,
        &at(evening, says("bo", "hi")),
        &["00:13 <bo> hi"],
    );
    check(
        &mut short,
        &at(evening + 24 * 3_600_000, says("bo", "hi")),
        &["-- Thursday, 16 November 2023", "00:13 <bo> hi"],
    );
    check(&mut short, &Line::notice("no time"), &["-- no time"]);
    let mut full = style(Colors::Off, TimeStyle::Full);
    check(
        &mut full,
        &at(evening, says("bo", "hi")),
        &["2023-11-15 00:13:20 <bo> hi"],
    );
}

#[test]
fn old_lines_have_their_time_and_if_need_be_their_day() {
    let past = |minutes: i64, age| Line {
        age,
        ..at((EVENING + minutes * 60_000) as u64, says("bo", "hi\nall"))
    };
    for age in [Age::Missed, Age::Old] {
        let mut none = style(Colors::Off, TimeStyle::None);
        // A quarter of an hour before it was another day.
        let yesterday = past(-15, age);
        let today = past(-10, age);
        let dated = ["2023-11-14 23:58 <bo> hi", "2023-11-14 23:58 <bo> all"];
        check(&mut none, &yesterday, &dated);
        check(&mut none, &today, &["00:03 <bo> hi", "00:03 <bo> all"]);
        check(
            &mut none,
            &at(EVENING as u64, says("bo", "hi")),
            &["<bo> hi"],
        );
        let mut short = style(Colors::Off, TimeStyle::Short);
        check(
            &mut short,
            &at(EVENING as u64, says("bo", "hi")),
            &["00:13 <bo> hi"],
        );
        check(&mut short, &yesterday, &dated);
        check(&mut short, &today, &["00:03 <bo> hi", "00:03 <bo> all"]);
        let mut full = style(Colors::Off, TimeStyle::Full);
        check(
            &mut full,
            &yesterday,
            &[
                "2023-11-14 23:58:20 <bo> hi",
                "2023-11-14 23:58:20 <bo> all",
            ],
        );
        let mut color = style(Colors::On, TimeStyle::None);
        let mut out = String::new();
        color.render(&today, None, &mut out);
        assert!(out.starts_with("\x1b[2m00:03\x1b[0m <"), "{out:?}");
        let left = Line {
            age,
            ..at(EVENING as u64, Kind::Left(vec![name("bo")]))
        };
        check(&mut none, &left, &["00:13 [bo] is offline"]);
    }
}

#[test]
fn notices_are_dim_and_what_went_wrong_is_red() {
    let rendered = |line: Line| {
        let mut out = String::new();
        style(Colors::On, TimeStyle::Full).render(&line, None, &mut out);
        out
    };
    for notice in [Line::status("back\nnow"), Line::notice("back\nnow")] {
        let dim = "\x1b[2m-- back\x1b[0m\n\x1b[2m-- now\x1b[0m\n";
        assert_eq!(rendered(notice), dim);
    }
    assert_eq!(rendered(Line::error("no")), "\x1b[31m-- no\x1b[0m\n");
}

#[test]
fn the_bell_rings_for_missed_messages_and_not_for_old_ones() {
    let mut bell = style(Colors::Off, TimeStyle::None);
    let (me, now) = (name("ann"), Instant::now());
    let mention = |age| Line {
        age,
        ..at(0, says("bo", "ann?"))
    };
    assert!(!bell.rings(&mention(Age::Old), Some(&me), now));
    assert!(bell.rings(&mention(Age::Missed), Some(&me), now));
    assert!(!bell.rings(&mention(Age::Missed), Some(&me), now));
}

#[test]
fn a_person_has_one_colour_of_the_16() {
    let mut color = style(Colors::On, TimeStyle::None);
    let mut out = String::new();
    for who in ["bo", "cy", "bo"] {
        color.render(&at(0, says(who, "hi")), None, &mut out);
    }
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(rows[0], rows[2]);
    assert_eq!(rows[0], format!("<{}bo\x1b[0m> hi", color_of(&name("bo"))));
    let used: std::collections::BTreeSet<&str> = (0..200)
        .map(|n| color_of(&name(&format!("p{n}"))))
        .collect();
    assert_eq!(used.len(), COLORS.len());
}

#[test]
fn a_mention_stands_out() {
    let mut color = style(Colors::On, TimeStyle::None);
    let mut out = String::new();
    color.render(
        &at(0, says("bo", "Ann, ann-2, ann")),
        Some(&name("ann")),
        &mut out,
    );
    assert!(
        out.ends_with("\x1b[1;7mAnn\x1b[0m, ann-2, \x1b[1;7mann\x1b[0m\n"),
        "{out:?}"
    );
}

fn announced(own: bool, text: &str) -> Line {
    let text = Text::clean(text).unwrap();
    at(0, Kind::Announced { own, text })
}

/// In a way in which no person can speak.
#[test]
fn a_word_of_the_server_is_bold() {
    let words = announced(false, "Ann, we move at 12\nto port 1");
    let mut plain = style(Colors::Off, TimeStyle::None);
    let rows = [
        "-- announcement: Ann, we move at 12",
        "-- announcement: to port 1",
    ];
    check(&mut plain, &words, &rows);
    let mut color = style(Colors::On, TimeStyle::None);
    check(
        &mut color,
        &words,
        &[
            "\x1b[1m-- announcement: \x1b[1;7mAnn\x1b[0m\x1b[1m, we move at 12\x1b[0m",
            "\x1b[1m-- announcement: to port 1\x1b[0m",
        ],
    );
    for kind in [says("bo", rows[0]), says("ann", rows[1])] {
        let mut out = String::new();
        color.render(&at(0, kind), None, &mut out);
        assert!(!out.contains(ansi::BOLD), "{out:?}");
    }
}

#[test]
fn the_bell_rings_for_a_word_of_the_server() {
    let (me, now) = (name("ann"), Instant::now());
    let rings = |bell, own, text| {
        let mut style = style(Colors::Off, TimeStyle::None);
        style.bell = bell;
        style.rings(&announced(own, text), Some(&me), now)
    };
    assert!(rings(Bell::Mention, false, "ann, your build"));
    assert!(!rings(Bell::Mention, false, "all builds"));
    assert!(!rings(Bell::Mention, true, "ann, your build"));
    assert!(rings(Bell::All, false, "all builds"));
    assert!(!rings(Bell::Off, false, "ann, your build"));
}

#[test]
fn what_operators_do_is_dim_and_has_its_time() {
    let rows = ["[bo] was removed by ann", "[cy] was removed by ann"].map(str::to_owned);
    let kind = Kind::Measure(rows.to_vec());
    let mut color = style(Colors::On, TimeStyle::Short);
    let time = "\x1b[2m00:13\x1b[0m ";
    let expected = rows.map(|row| format!("{time}\x1b[2m{row}\x1b[0m"));
    let expected = expected.each_ref().map(String::as_str);
    check(&mut color, &at(EVENING as u64, kind), &expected);
}

#[test]
fn a_number_stands_behind_the_time() {
    let mut plain = style(Colors::Off, TimeStyle::None);
    let numbered = Line {
        age: Age::Old,
        number: Some(41),
        ..at(EVENING as u64, says("bo", "hi\nall"))
    };
    let rows = ["00:13 #41 <bo> hi", "00:13 #41 <bo> all"];
    check(&mut plain, &numbered, &rows);
    let mut color = style(Colors::On, TimeStyle::None);
    let mut out = String::new();
    color.render(&numbered, None, &mut out);
    let dim = "\x1b[2m00:13\x1b[0m \x1b[2m#41\x1b[0m <";
    assert!(out.starts_with(dim), "{out:?}");
}

#[test]
fn the_bell_rings_once_a_second_at_most() {
    let me = name("ann");
    let mut bell = style(Colors::Off, TimeStyle::None);
    let now = Instant::now();
    let mention = at(0, says("bo", "ann?"));
    assert!(!bell.rings(&at(0, says("bo", "hi")), Some(&me), now));
    assert!(!bell.rings(&at(0, says("You", "ann")), Some(&me), now));
    assert!(!bell.rings(&at(0, says("bo", "only ann-2 please")), Some(&me), now));
    assert!(bell.rings(&mention, Some(&me), now));
    assert!(!bell.rings(&mention, Some(&me), now + BELL_PAUSE / 2));
    assert!(bell.rings(&mention, Some(&me), now + BELL_PAUSE));
    bell.bell = Bell::Off;
    assert!(!bell.rings(&mention, Some(&me), now + 3 * BELL_PAUSE));
    bell.bell = Bell::All;
    assert!(bell.rings(&at(0, says("bo", "hi")), None, now + 3 * BELL_PAUSE));
}
