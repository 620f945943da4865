//! A client that is stopped and goes on, whose window changes, and whose
//! screen is cleared: nothing is lost, and nothing stands twice.

use chat_testkit::{Peer, Terminal, keys};

use crate::editing::{Fixture, numbered};
use crate::{count, join_in, nc, server};

/// Every message of `bo` in `texts` stands in the whole text exactly once and
/// in order, and nothing else of his.
#[track_caller]
fn said_once(terminal: &Terminal, texts: &[String]) {
    let full = terminal.full_text();
    let seen: Vec<&str> = full
        .lines()
        .filter_map(|row| row.strip_prefix("<bo> "))
        .collect();
    assert_eq!(seen, texts, "in:\n{full}");
}

/// Says so many numbered messages.
#[track_caller]
fn say(bo: &mut Peer, mark: &str, count: usize) -> Vec<String> {
    let texts: Vec<String> = (0..count)
        .map(|number| format!("{mark} {number}"))
        .collect();
    for text in &texts {
        bo.send_str(&format!("{text}\n"));
    }
    texts
}

#[cfg(target_os = "linux")]
mod stopped {
    use chat_testkit::{JsonPeer, Signal, run_piped, until};

    use super::*;
    use crate::join_by_shell;

    /// The state of the process, as a letter.
    #[track_caller]
    fn state(ann: &Terminal) -> char {
        let path = format!("/proc/{}/stat", ann.pid());
        let stat = std::fs::read_to_string(path).expect("it runs");
        let (_, rest) = stat.rsplit_once(") ").expect("a name in parentheses");
        rest.chars().next().expect("a state")
    }

    /// Waits until the draft of several lines is on the screen, once.
    #[track_caller]
    fn wait_draft(ann: &Terminal) {
        ann.wait_screen(
            |screen| {
                screen.ends_with(
                    "\n<You> one\ntwo\nthree\n-- 3 lines (Enter sends them as one message)",
                )
            },
            "the draft",
        );
    }

    /// What a stopped client does with the terminal.
    #[derive(Clone, Copy, PartialEq)]
    enum Meanwhile {
        /// It is as it was before the client.
        GivenBack,
        /// It stays as the client had it.
        Kept,
    }

    /// Stops a client in mid-draft in some way and lets it go on; meanwhile
    /// others talk.
    #[track_caller]
    fn check(stop: impl Fn(&Terminal), meanwhile: Meanwhile) {
        let Fixture {
            server,
            mut bo,
            ann,
        } = Fixture::new();
        let mut witness = JsonPeer::connect(server.addr(), "witness");
        ann.wait_for_text("[witness] entered room\n<You>");
        ann.type_text(&keys::pasted("one\ntwo\nthree"));
        wait_draft(&ann);
        let mut texts = say(&mut bo, "before", 3);
        ann.wait_for_text("<bo> before 2\n<You> one");
        for round in 0..3 {
            stop(&ann);
            until("it is stopped", || state(&ann) == 'T');
            if meanwhile == Meanwhile::GivenBack {
                assert_eq!(ann.termios_line(), ann.termios_before());
                // What it wrote last may still be on its way to the screen.
                until("the modes are given back", || {
                    let pastes_are_bare = ann.private_mode(2004) == Some(false);
                    let keys_are_as_they_were = ann.keyboard().is_empty();
                    let cursor_is_shown = ann.private_mode(25) == Some(true);
                    let lines_wrap = ann.private_mode(7) != Some(false);
                    let updates_are_seen = ann.private_mode(2026) != Some(true);
                    pastes_are_bare
                        && keys_are_as_they_were
                        && cursor_is_shown
                        && lines_wrap
                        && updates_are_seen
                });
                let screen = ann.screen();
                assert!(!screen.contains("<You>"), "in:\n{screen}");
                assert_eq!(ann.cursor().1, 0, "at the start of a row");
            }
            texts.extend(say(&mut bo, &format!("meanwhile {round}"), 5));
            // The room has them; so they are on their way to ann.
            witness.wait_for(|value| value["text"] == *texts.last().expect("some"));
            assert_eq!(state(&ann), 'T');
            ann.signal(Signal::Continue);
            ann.wait_for_text(&format!("<bo> meanwhile {round} 4\n<You> one"));
            wait_draft(&ann);
            assert_ne!(ann.termios_line(), ann.termios_before(), "raw again");
            assert_eq!(ann.private_mode(2004), Some(true));
            assert_eq!(ann.keyboard(), [5], "asked for once");
            // Once more, so that late effects have happened.
            texts.extend(say(&mut bo, &format!("after {round}"), 2));
            ann.wait_for_text(&format!("<bo> after {round} 1\n<You> one"));
            wait_draft(&ann);
            said_once(&ann, &texts);
            if meanwhile == Meanwhile::GivenBack {
                let full = ann.full_text();
                assert_eq!(count(&full, "<You> one"), 1, "in:\n{full}");
                assert_eq!(count(&full, "two"), 1, "in:\n{full}");
            }
        }
        ann.type_text(" and more\r");
        let message = witness.wait_for(|value| value["name"] == "ann");
        assert_eq!(message["text"], "one\ntwo\nthree and more");
    }

    /// C-z gives the terminal back, and fg takes it again.
    #[test]
    fn ctrl_z_stops_it_and_nothing_is_lost() {
        check(|ann| ann.type_text(&keys::ctrl('z')), Meanwhile::GivenBack);
    }

    #[test]
    fn sigtstp_stops_it_likewise() {
        check(|ann| ann.signal(Signal::TerminalStop), Meanwhile::GivenBack);
    }

    #[test]
    fn sigstop_takes_nothing_away() {
        check(|ann| ann.signal(Signal::Stop), Meanwhile::Kept);
    }

    /// What a shell does to a job that was stopped behind its back.
    #[test]
    fn a_terminal_that_was_reset_meanwhile_is_taken_again() {
        let Fixture {
            server: _server,
            mut bo,
            ann,
        } = Fixture::new();
        ann.type_text("draft");
        ann.wait_for_text("<You> draft");
        let raw = ann.termios_line();
        ann.signal(Signal::Stop);
        until("it is stopped", || state(&ann) == 'T');
        let tty = ann.tty_name().and_then(|tty| tty.to_str()).expect("a name");
        run_piped("stty", &["-F", tty, "sane"], &[], b"").success();
        assert_ne!(ann.termios_line(), raw);
        bo.send_str("meanwhile\n");
        ann.signal(Signal::Continue);
        ann.wait_for_text("<bo> meanwhile\n<You> draft");
        until("it is raw", || ann.termios_line() == raw);
        ann.type_text(&keys::ctrl('w'));
        ann.type_text("word\r");
        bo.expect("\r<ann> word\n");
        ann.wait_for_text("<bo> meanwhile\n<You> word\n<You>");
        let full = ann.full_text();
        assert_eq!(full.matches("draft").count(), 0, "in:\n{full}");
    }

    #[test]
    fn a_shell_has_it_as_a_job() {
        let server = server();
        let mut bo = nc(server.addr(), "bo");
        let script = r#"set -m; "$0" "$@"; echo "-- job $?"; read word; echo "-- $word"; fg; echo "-- end $?""#;
        let mut ann = join_by_shell(server.addr(), script);
        ann.type_text("draft");
        ann.wait_for_text("<You> draft");
        ann.type_text(&keys::ctrl('z'));
        ann.wait_for_text("-- job 147");
        assert_eq!(ann.termios_line(), ann.termios_before());
        bo.send_str("meanwhile\n");
        // The terminal gathers and echoes it.
        ann.type_text("on we go\r");
        ann.wait_for_text("on we go\n-- on we go\n");
        ann.wait_for_text("<bo> meanwhile\n<You> draft");
        ann.type_text("!\r");
        bo.expect("\r<ann> draft!\n");
        ann.type_text(&keys::ctrl('d'));
        ann.wait_for_text("-- end 0");
        assert_eq!(ann.wait_exit(), 0);
        let full = ann.full_text();
        assert_eq!(count(&full, "<bo> meanwhile"), 1, "in:\n{full}");
        assert_eq!(full.matches("draft").count(), 1, "in:\n{full}");
    }
}

#[test]
fn ctrl_l_empties_the_screen_and_loses_nothing() {
    let Fixture {
        server: _server,
        mut bo,
        ann,
    } = Fixture::new();
    let mut texts = say(&mut bo, "before", 5);
    ann.wait_for_text("<bo> before 4\n<You>");
    ann.type_text("draft");
    ann.wait_for_text("<You> draft");
    ann.type_text(&keys::ctrl('l'));
    ann.wait_for_screen("<You> draft");
    ann.wait_cursor(0, 11);
    said_once(&ann, &texts);
    texts.extend(say(&mut bo, "after", 30));
    ann.wait_for_text("<bo> after 29\n<You> draft");
    // Again, on a full screen and with a draft of several lines.
    ann.type_text(&keys::pasted("\ntwo\nthree"));
    ann.wait_for_text("<You> draft\ntwo\nthree\n-- 3 lines");
    ann.type_text(&keys::ctrl('l'));
    ann.wait_for_screen("<You> draft\ntwo\nthree\n-- 3 lines (Enter sends them as one message)");
    ann.wait_cursor(2, 5);
    said_once(&ann, &texts);
    let full = ann.full_text();
    assert_eq!(count(&full, "<You> draft"), 1, "in:\n{full}");
    assert_eq!(
        count(
            &full,
            "-- you are ann; here: bo. /help for commands and keys"
        ),
        1,
        "in:\n{full}"
    );
    ann.type_text("!\r");
    bo.expect("\r<ann> draft\n\r<ann> two\n\r<ann> three!\n");
}

#[test]
fn ctrl_l_clears_a_small_screen() {
    for (rows, cols) in [(1, 40), (2, 40), (3, 1)] {
        let server = server();
        let ann = join_in(server.addr(), "ann", 24, 80);
        ann.resize(rows, cols);
        ann.type_text(&keys::ctrl('l'));
        ann.type_text("x");
        ann.resize(24, 80);
        ann.wait_screen(|screen| screen.ends_with("<You> x"), "the draft");
    }
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    /// One of `range`.
    fn pick(&mut self, range: std::ops::RangeInclusive<u16>) -> u16 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let span = u64::from(range.end() - range.start()) + 1;
        let offset = (self.0 >> 33) % span;
        range.start() + u16::try_from(offset).expect("no more than the span")
    }
}

const DRAFT: &str = "a draft in English, 中文的草稿 and emoji 🙂👍🏽👨‍👩‍👧🇩🇪, the end";

/// Waits until the draft is the end of the screen, whole and once.
#[track_caller]
fn wait_whole_draft(ann: &Terminal) {
    let draft = squeezed(&format!("<You> {DRAFT}"));
    ann.wait_screen(
        |screen| {
            let screen = squeezed(screen);
            screen.ends_with(&draft) && screen.matches("<You>").count() == 1
        },
        "the draft",
    );
}

/// Blanks may be lost where a row ends.
fn squeezed(text: &str) -> String {
    text.replace([' ', '\n'], "")
}

/// Under text that flows.
#[test]
fn a_storm_of_sizes_loses_no_message_and_no_draft() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut ann = join_in(server.addr(), "ann", 24, 80);
    ann.type_text(DRAFT);
    wait_whole_draft(&ann);
    let mut random = Random(3);
    let mut texts = Vec::new();
    for step in 0..200 {
        texts.extend(say(&mut bo, &format!("step {step}"), 3));
        // Wide enough for every message, since the model cuts rows off.
        ann.resize(random.pick(12..=50), random.pick(30..=200));
        if step % 20 == 19 {
            let last = format!("<bo> {}", texts.last().expect("some"));
            ann.wait_screen(|screen| count(screen, &last) == 1, &last);
        }
    }
    ann.resize(24, 80);
    texts.push("the last one".to_owned());
    bo.send_str("the last one\n");
    ann.wait_for_text("<bo> the last one\n<You> a draft");
    wait_whole_draft(&ann);
    said_once(&ann, &texts);
    // No rows of an earlier draft were left behind.
    let full = ann.full_text();
    assert_eq!(full.matches("<You>").count(), 1, "in:\n{full}");
    assert!(ann.is_running());
    ann.type_text("\r");
    bo.expect(&format!("\r<ann> {DRAFT}\n"));
}

/// Down to nothing.
#[test]
fn it_survives_the_smallest_and_the_largest_windows() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut ann = join_in(server.addr(), "ann", 24, 80);
    ann.type_text(DRAFT);
    wait_whole_draft(&ann);
    let mut random = Random(5);
    for step in 0..200 {
        let (rows, cols) = match step % 8 {
            0 => (step / 8 % 2, step / 8 % 2),
            1 => (0, random.pick(0..=1)),
            2 => (1, random.pick(5..=200)),
            3 => (random.pick(1..=60), 1),
            4 => (random.pick(1..=60), 2),
            _ => (random.pick(1..=60), random.pick(5..=200)),
        };
        ann.resize(rows, cols);
        say(&mut bo, &format!("step {step}"), 2);
        if step % 5 == 0 {
            // Moves that change nothing in the end.
            ann.type_text(&format!("x{}", keys::BACKSPACE));
            ann.type_text(&format!("{}{}", keys::HOME, keys::END));
        }
    }
    ann.resize(40, 100);
    // What the smallest ones have left behind scrolls off.
    let last = say(&mut bo, "the last one", 50);
    let last = last.last().expect("some");
    ann.wait_for_text(&format!("<bo> {last}\n<You> a draft"));
    wait_whole_draft(&ann);
    assert!(ann.is_running());
    ann.type_text("\r");
    bo.expect(&format!("\r<ann> {DRAFT}\n"));
}

#[test]
fn it_starts_in_the_smallest_windows() {
    for (rows, cols) in [(1, 1), (2, 2), (1, 80), (24, 1)] {
        let server = server();
        let mut bo = nc(server.addr(), "bo");
        let ann = crate::open(server.addr(), "ann", rows, cols);
        bo.expect("\r[ann] entered room\n");
        let text = numbered(100);
        ann.type_text(&text);
        ann.type_text(keys::ENTER);
        bo.expect(&format!("\r<ann> {text}\n"));
        ann.type_text(DRAFT);
        ann.resize(24, 80);
        let end = squeezed(DRAFT);
        ann.wait_screen(|screen| squeezed(screen).ends_with(&end), "the draft");
    }
}
