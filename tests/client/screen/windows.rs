//! Windows that change their size below a draft.

use chat_testkit::{Emulator, keys};

use super::{Prompt, join_in, shows, squeezed, wait_prompt};
use crate::{count, nc, server};

pub(super) fn a_draft_stays_when_the_window_changes(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 60);
    let (before, behind) = (
        "in中文the🙂middle.of.a.draft.that.",
        "is.wrapped.中文.in.all.windows.of.this.test",
    );
    ann.type_text(before);
    ann.type_text(behind);
    ann.type_text(&keys::LEFT.repeat(behind.chars().count()));
    let prompt = Prompt::of(before, behind);
    wait_prompt(&ann, &prompt);
    let mut marks = Vec::new();
    for (step, (rows, cols)) in [
        (24, 30),
        (24, 23),
        (24, 80),
        (24, 100),
        (24, 41),
        (24, 40),
        (16, 40),
        (16, 70),
        (30, 35),
        (24, 60),
    ]
    .into_iter()
    .enumerate()
    {
        // In the middle of messages, which arrive before and after.
        let mark = format!("size{step}");
        for number in 0..3 {
            bo.send_str(&format!("{mark}.{number}\n"));
        }
        ann.resize(rows, cols);
        for number in 3..5 {
            bo.send_str(&format!("{mark}.{number}\n"));
        }
        ann.wait_inspect(
            |screen| {
                shows(screen, &format!("<bo> {mark}.4"))
                    && Prompt::last_on(screen).as_ref() == Some(&prompt)
            },
            &format!("the draft in {rows} rows and {cols} columns"),
        );
        marks.push(mark);
    }
    check_said(&squeezed(&ann.full_text()), &marks);
    // Where a terminal may break rows, the client prefers to leave stale rows.
    if emulator != Emulator::Alacritty {
        let full = ann.full_text();
        assert_eq!(full.matches("<You>").count(), 1, "in:\n{full}");
        assert_eq!(full.matches("middle").count(), 1, "in:\n{full}");
    }
}

/// The messages with these marks are there once, in order.
#[track_caller]
fn check_said(full: &str, marks: &[String]) {
    // A terminal may put a message behind what it takes for the beginning of its row.
    let mut said = full.split("<bo>").skip(1);
    for mark in marks {
        for number in 0..5 {
            let message = said.next().unwrap_or_default();
            assert!(
                message.starts_with(&format!("{mark}.{number}")),
                "in:\n{full}"
            );
        }
    }
    assert_eq!(said.next(), None, "in:\n{full}");
}

/// A message stands above a draft that is just as wide as the window becomes.
pub(super) fn what_was_said_outlives_a_narrower_window(emulator: Emulator) {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let ann = join_in(emulator, server.addr(), "ann", 24, 60);
    for (number, draft) in [
        "x".repeat(34),
        "x".repeat(54 + 30),
        "x".repeat(20) + &" ".repeat(30),
    ]
    .into_iter()
    .enumerate()
    {
        ann.resize(24, 60);
        bo.send_str(&format!("said {number}\n"));
        ann.wait_for_text(&format!("<bo> said {number}\n<You>"));
        ann.type_text(&keys::pasted(&draft));
        let prompt = Prompt::of(&draft, "");
        ann.wait_inspect(
            |screen| Prompt::last_on(screen).as_ref() == Some(&prompt),
            &format!("{prompt:?}"),
        );
        ann.resize(24, if number == 1 { 30 } else { 40 });
        bo.send_str(&format!("then {number}\n"));
        ann.wait_for_text(&format!("<bo> then {number}\n"));
        ann.type_text(&keys::ctrl('u'));
        ann.wait_for_text(&format!("<bo> then {number}\n<You>"));
    }
    let full = ann.full_text();
    for said in ["said 0", "then 0", "said 1", "then 1", "said 2", "then 2"] {
        assert_eq!(
            count(&full, &format!("<bo> {said}")),
            1,
            "{said} in:\n{full}"
        );
    }
}
