//! The prompt on a terminal: half-typed text, its cursor and `<You> ` stay as they are,
//! whichever messages arrive and however the window changes.

mod windows;

use std::net::SocketAddr;

use chat_testkit::{Emulator, Peer, Screen, Terminal, keys};

use crate::{USUAL, client, controls, count, nc, server};
use windows::{a_draft_stays_when_the_window_changes, what_was_said_outlives_a_narrower_window};

/// Has each of these tests run in each kind of terminal.
macro_rules! in_each_terminal {
    ($($test:ident)*) => {
        mod xterm { $(#[test] fn $test() { super::$test(super::Emulator::Xterm) })* }
        mod mosh { $(#[test] fn $test() { super::$test(super::Emulator::Mosh) })* }
        mod alacritty { $(#[test] fn $test() { super::$test(super::Emulator::Alacritty) })* }
    };
}

in_each_terminal! {
    a_short_draft_stays_below_what_arrives
    a_draft_over_several_rows_stays
    a_draft_that_just_fills_its_row_stays
    wide_characters_in_the_draft_stay
    the_cursor_in_the_middle_of_the_draft_stays
    a_draft_that_is_taller_than_its_share_stays
    a_draft_stays_when_the_window_changes
    what_was_said_outlives_a_narrower_window
    slow_typing_in_a_flood_is_never_disturbed
    a_flood_is_drawn_in_batches
    long_messages_are_wrapped_by_the_terminal_above_the_draft
    what_you_say_appears_once_and_others_see_it
    an_action_and_a_new_name_are_seen_as_such
    it_stays_on_the_main_screen_and_brackets_pastes
}

/// A client in a terminal of this kind and size that is in the room.
#[track_caller]
fn join_in(emulator: Emulator, addr: SocketAddr, name: &str, rows: u16, cols: u16) -> Terminal {
    let addr = addr.to_string();
    let args = [&[&addr, "--name", name], USUAL].concat();
    let terminal = Terminal::spawn_in(emulator, client(), &args, &[], rows, cols);
    terminal.wait_for_text(&format!("-- you are {name};"));
    terminal
}

#[track_caller]
fn join(emulator: Emulator, addr: SocketAddr, name: &str) -> Terminal {
    join_in(emulator, addr, name, 24, 80)
}

/// What stands in the prompt before and behind the cursor.
///
/// Without blanks, since a row of a terminal does not tell those at its end
/// from cells that were never written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prompt {
    before: String,
    behind: String,
}

impl Prompt {
    fn of(before: &str, behind: &str) -> Self {
        Self {
            before: squeezed(&format!("<You> {before}")),
            behind: squeezed(behind),
        }
    }

    /// From the one row that begins with a prompt down to the end; nothing may
    /// be left of an earlier one.
    fn on(screen: &Screen) -> Option<Self> {
        let rows = screen.lines();
        let prompts = rows.iter().filter(|row| row.starts_with("<You>"));
        (prompts.count() == 1).then(|| Self::last_on(screen))?
    }

    /// From the last row that begins with a prompt down to the end.
    fn last_on(screen: &Screen) -> Option<Self> {
        let rows = screen.lines();
        let first = rows.iter().rposition(|row| row.starts_with("<You>"))?;
        let (row, col) = screen.cursor();
        if row < first {
            return None;
        }
        let left = screen.text(row, 0..col);
        let right = screen.text(row, col..screen.width());
        Some(Self {
            before: squeezed(&(rows[first..row].concat() + &left)),
            behind: squeezed(&(right + &rows[row + 1..].concat())),
        })
    }
}

fn squeezed(text: &str) -> String {
    text.replace([' ', '\n'], "")
}

/// Looks at every state of the screen that can be seen: each shows one of
/// `allowed`, until one is as wanted.
#[track_caller]
fn intact_until(
    terminal: &Terminal,
    allowed: &[&Prompt],
    what: &str,
    mut wanted: impl FnMut(&Screen) -> bool,
) {
    let mut broken = None;
    terminal.wait_inspect(
        |screen| {
            let prompt = Prompt::on(screen);
            if prompt
                .as_ref()
                .is_some_and(|prompt| allowed.contains(&prompt))
            {
                return wanted(screen);
            }
            broken = Some((prompt, screen.lines().join("\n"), screen.cursor()));
            true
        },
        what,
    );
    if let Some((prompt, screen, cursor)) = broken {
        panic!(
            "until {what} the prompt should be one of {allowed:#?}, but it is {prompt:#?} \
             on this screen, cursor at {cursor:?}:\n{screen}"
        );
    }
}

/// Waits until the prompt is like this.
#[track_caller]
fn wait_prompt(terminal: &Terminal, prompt: &Prompt) {
    terminal.wait_inspect(
        |screen| Prompt::on(screen).as_ref() == Some(prompt),
        &format!("{prompt:#?}"),
    );
}

fn shows(screen: &Screen, row: &str) -> bool {
    screen.lines().iter().any(|line| line == row)
}

/// `bo` says something a few times, and each time the prompt stays.
#[track_caller]
fn bo_talks_over(terminal: &Terminal, bo: &mut Peer, prompt: &Prompt, mark: &str) {
    for number in 0..5 {
        let said = format!("{mark}.{number}");
        bo.send_str(&format!("{said}\n"));
        intact_until(terminal, &[prompt], &said, |screen| {
            shows(screen, &format!("<bo> {said}"))
        });
    }
}

/// Every message of [`bo_talks_over`] stands in the whole text once, in order.
#[track_caller]
fn all_said_once(terminal: &Terminal, marks: &[String]) {
    let expected: Vec<String> = marks
        .iter()
        .flat_map(|mark| (0..5).map(move |number| format!("<bo> {mark}.{number}")))
        .collect();
    let full = terminal.full_text();
    let seen: Vec<&str> = full
        .lines()
        .filter(|row| row.starts_with("<bo> ") && row.contains('.'))
        .collect();
    assert_eq!(seen, expected, "in:\n{full}");
}

fn a_short_draft_stays_below_what_arrives(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join(emulator, server.addr(), "ann");
    ann.type_text("half typed");
    ann.type_text(&keys::LEFT.repeat(3));
    let mut screen = format!(
        "-- connected to 127.0.0.1 port {}\n-- you are ann; here: bo. /help for commands and keys\n",
        server.addr().port()
    );
    for number in 0..5 {
        ann.wait_for_screen(&format!("{screen}<You> half typed"));
        ann.wait_cursor(number + 2, 13);
        bo.send_str(&format!("number {number}\n"));
        screen += &format!("<bo> number {number}\n");
    }
    ann.wait_for_screen(&format!("{screen}<You> half typed"));
    ann.wait_cursor(7, 13);
}

fn a_draft_over_several_rows_stays(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 40);
    let draft: String = (100..160).map(|n| format!("{n}.")).collect();
    assert!(draft.len() > 5 * 40, "several rows");
    ann.type_text(&draft);
    let prompt = Prompt::of(&draft, "");
    wait_prompt(&ann, &prompt);
    bo_talks_over(&ann, &mut bo, &prompt, "wrapped");
    // Also at the bottom of the screen, where every message scrolls.
    let marks: Vec<String> = (0..5).map(|n| format!("scrolled{n}")).collect();
    for mark in &marks {
        bo_talks_over(&ann, &mut bo, &prompt, mark);
    }
    let marks = [&["wrapped".to_owned()], &marks[..]].concat();
    all_said_once(&ann, &marks);
    let full = ann.full_text();
    assert_eq!(full.matches("100.101.").count(), 1, "in:\n{full}");
}

fn a_draft_that_just_fills_its_row_stays(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 30);
    let mut draft = "x".repeat(30 - "<You> ".len() - 1);
    ann.type_text(&draft);
    // The row is not quite full, then full, then there are two.
    for _ in 0..3 {
        let prompt = Prompt::of(&draft, "");
        wait_prompt(&ann, &prompt);
        bo_talks_over(&ann, &mut bo, &prompt, &format!("full{}", draft.len()));
        ann.type_text("x");
        draft.push('x');
    }
}

fn wide_characters_in_the_draft_stay(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 31);
    // An odd width, so that wide characters do not fit evenly; emoji of one
    // and of several code points, letters of two.
    let draft = "中文字符在这里测试宽度🙂👍🏽👨‍👩‍👧🇩🇪ae\u{301}io\u{308}u中文字符在这里测试宽度end";
    ann.type_text(draft);
    let prompt = Prompt::of(draft, "");
    wait_prompt(&ann, &prompt);
    let marks: Vec<String> = (0..6).map(|n| format!("wide{n}")).collect();
    for mark in &marks {
        bo_talks_over(&ann, &mut bo, &prompt, mark);
    }
    // And what arrives may be wide itself.
    bo.send_str("你好🙂\n");
    intact_until(&ann, &[&prompt], "the wide message", |screen| {
        shows(screen, "<bo> 你好🙂")
    });
    all_said_once(&ann, &marks[..]);
    ann.type_text(keys::ENTER);
    bo.expect(&format!("\r<ann> {draft}\n"));
}

fn the_cursor_in_the_middle_of_the_draft_stays(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 31);
    let draft = "one中文two🙂three中文four🙂five中文six🙂seven中文eight🙂";
    ann.type_text(draft);
    let characters: Vec<char> = draft.chars().collect();
    let mut marks = Vec::new();
    for at in [characters.len() - 5, 30, 17, 4, 0] {
        ann.type_text(keys::HOME);
        ann.type_text(&keys::RIGHT.repeat(at));
        let (before, behind) = characters.split_at(at);
        let prompt = Prompt::of(&String::from_iter(before), &String::from_iter(behind));
        wait_prompt(&ann, &prompt);
        let mark = format!("at{at}");
        bo_talks_over(&ann, &mut bo, &prompt, &mark);
        marks.push(mark);
    }
    // And typing goes on where it was.
    ann.type_text("zero");
    wait_prompt(&ann, &Prompt::of("zero", draft));
    all_said_once(&ann, &marks);
}

fn a_draft_that_is_taller_than_its_share_stays(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 40);
    let draft: String = (1000..1250).map(|n| format!("{n}")).collect();
    ann.type_text(&keys::pasted(&draft));
    // The lowest row tells how much of it is not visible.
    let bottom = |screen: &str| {
        let mut rows = screen.rsplit('\n');
        let marks = rows.next().unwrap_or("").to_owned();
        (rows.next().unwrap_or("").to_owned(), marks)
    };
    let screen = ann.wait_screen(
        |screen| {
            let (end, marks) = bottom(screen);
            end.ends_with("1249") && marks.starts_with("-- ↑")
        },
        "the end of it",
    );
    let last = bottom(&screen);
    let cursor = ann.cursor();
    for number in 0..30 {
        bo.send_str(&format!("number {number}\n"));
        let said = format!("<bo> number {number}");
        ann.wait_screen(
            |screen| {
                assert_eq!(bottom(screen), last, "in:\n{screen}");
                count(screen, &said) == 1
            },
            &said,
        );
    }
    ann.wait_cursor(22, cursor.1);
    ann.type_text(keys::ENTER);
    bo.expect(&format!("\r<ann> {draft}\n"));
}

/// The draft is whole in each state of the screen.
fn slow_typing_in_a_flood_is_never_disturbed(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 40);
    let draft = "typed.slowly.中文🙂.over.more.than.a.row.while.many.talk";
    let mut typed = String::new();
    let mut before = Prompt::of("", "");
    wait_prompt(&ann, &before);
    let mut sent = 0;
    for character in draft.chars() {
        let burst: String = (sent..sent + 12).map(|n| format!("flood {n}\n")).collect();
        sent += 12;
        bo.send_str(&burst);
        ann.type_text(&character.to_string());
        typed.push(character);
        let after = Prompt::of(&typed, "");
        intact_until(&ann, &[&before, &after], "the key is seen", |screen| {
            Prompt::on(screen).as_ref() == Some(&after)
        });
        before = after;
    }
    assert!(sent > 500, "a flood");
    let last = format!("<bo> flood {}", sent - 1);
    intact_until(&ann, &[&before], "the end of the flood", |screen| {
        shows(screen, &last)
    });
    let full = ann.full_text();
    let seen: Vec<&str> = full
        .lines()
        .filter(|row| row.starts_with("<bo> "))
        .collect();
    let expected: Vec<String> = (0..sent).map(|n| format!("<bo> flood {n}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(full.matches("<You>").count(), 1, "in:\n{full}");
    ann.type_text(keys::ENTER);
    bo.expect(&format!("\r<ann> {draft}\n"));
}

/// It is not drawn line by line.
fn a_flood_is_drawn_in_batches(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join(emulator, server.addr(), "ann");
    ann.type_text("draft");
    ann.wait_for_text("<You> draft");
    let flood: String = (0..2000).map(|n| format!("{n}\n")).collect();
    bo.send_str(&flood);
    ann.wait_for_text("<bo> 1999\n<You> draft");
    let full = ann.full_text();
    for number in 0..2000 {
        assert_eq!(count(&full, &format!("<bo> {number}")), 1, "in:\n{full}");
    }
    let raw = String::from_utf8(ann.raw()).expect("only UTF-8 is written");
    let repaints = raw.matches("\x1b[?2026h").count();
    assert_eq!(repaints, raw.matches("\x1b[?2026l").count());
    assert!(repaints < 500, "{repaints} repaints for 2000 messages");
}

fn long_messages_are_wrapped_by_the_terminal_above_the_draft(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 40);
    let draft = "a.draft.that.is.longer.than.one.row.of.forty";
    ann.type_text(draft);
    let prompt = Prompt::of(draft, "");
    wait_prompt(&ann, &prompt);
    let messages: Vec<String> = (0..10)
        .map(|n| format!("begin{n}.{}.中文.end{n}", "0123456789".repeat(3 * n + 10)))
        .collect();
    for (number, message) in messages.iter().enumerate() {
        bo.send_str(&format!("{message}\n"));
        intact_until(&ann, &[&prompt], "the long message", |screen| {
            squeezed(&screen.lines().concat()).contains(&format!("end{number}<You>"))
        });
    }
    let full = squeezed(&ann.full_text());
    for message in &messages {
        assert_eq!(full.matches(&format!("<bo>{message}")).count(), 1);
    }
}

fn what_you_say_appears_once_and_others_see_it(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join(emulator, server.addr(), "ann");
    let carl = join(emulator, server.addr(), "carl");
    ann.type_text("hello");
    ann.type_text(keys::ENTER);
    bo.expect("\r<ann> hello\n");
    carl.wait_for_text("<ann> hello\n<You>");
    ann.wait_for_text("<You> hello\n<You>");
    bo.send_str("hi\n");
    ann.wait_for_text("<You> hello\n<bo> hi\n<You>");
    let full = ann.full_text();
    assert_eq!(count(&full, "<You> hello"), 1, "in:\n{full}");
    assert_eq!(full.matches("hello").count(), 1, "in:\n{full}");
}

fn an_action_and_a_new_name_are_seen_as_such(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join(emulator, server.addr(), "ann");
    bo.send_str("/me waves\n/nick bob\n");
    ann.wait_for_text("* bo waves\n[bo] is now known as bob\n<You>");
    ann.type_text("/me nods\r/nick anna\r//slash\r");
    ann.wait_for_text("* ann nods\n-- you are now known as anna\n<You> /slash\n<You>");
    bo.expect("\r* ann nods\n\r[ann] is now known as anna\n\r<anna> /slash\n");
    drop(bo);
    ann.wait_for_text("[bob] is offline\n<You>");
}

fn it_stays_on_the_main_screen_and_brackets_pastes(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let mut ann = join_in(emulator, server.addr(), "ann", 10, 40);
    assert_eq!(ann.private_mode(2004), Some(true));
    for number in 0..50 {
        bo.send_str(&format!("{number}\n"));
    }
    ann.wait_for_text("<bo> 49\n<You>");
    assert_eq!(ann.private_mode(1049), Some(false));
    ann.type_text("/quit\r");
    assert_eq!(ann.wait_exit(), 0);
    assert_eq!(ann.private_mode(2004), Some(false));
    let controls = controls(&ann);
    // Other screens, clearing the screen or the scrollback, and a reset.
    for forbidden in ["[?1049h", "[?1047h", "[?47h", "[2J", "[3J", "c"] {
        assert!(
            !controls.contains(&format!("ESC {forbidden}")),
            "{controls:?}"
        );
    }
    let regions = controls.iter().any(|control| control.ends_with('r'));
    assert!(
        !regions,
        "scrolling regions lose the scrollback: {controls:?}"
    );
    // Rows that have scrolled off are the terminal's, from the first one on.
    let full = ann.full_text();
    for number in 0..50 {
        assert_eq!(count(&full, &format!("<bo> {number}")), 1, "in:\n{full}");
    }
}
