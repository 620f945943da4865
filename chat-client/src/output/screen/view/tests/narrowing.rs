//! The block, and the lines above it, when the window changes.
//!
//! Terminals agree in little of this, so the rule is not the look of the screen. With every
//! behaviour of the terminal, and every belief about it short of the opposite, no
//! finished line may be erased. Stale rows of a draft may be left.

use super::*;
use chat_proto::width::widest;

/// What a terminal may be believed to do: what it does, or that nothing is known.
/// Alacritty is to be believed to break all rows only in the simple cases in which it
/// has the cursor where other terminals have it in all.
const KINDS: [(Emulator, Reflow); 6] = [
    (Emulator::Xterm, Reflow::None),
    (Emulator::Xterm, Reflow::Unknown),
    (Emulator::Mosh, Reflow::Unknown),
    (Emulator::Alacritty, Reflow::All),
    (Emulator::Alacritty, Reflow::AboveCursor),
    (Emulator::Alacritty, Reflow::Unknown),
];

/// Each line stands there once, in order. The terminal may have broken it, and may have
/// put it behind a stale row of a draft that it took for the same line.
#[track_caller]
fn all_there(screen: &mut Screen, count: usize, what: &str) {
    let full = screen.model.full_text();
    let squeezed = full.replace(['\n', ' '], "");
    let mut parts = squeezed.split('#').skip(1);
    for number in 0..count {
        let found = parts.next().unwrap_or_default();
        assert!(
            found.starts_with(&format!("{number};")),
            "#{number}, {what}, in:\n{full}"
        );
    }
    assert_eq!(parts.next(), None, "{what}, in:\n{full}");
}

/// A draft is drawn below three lines, the window changes, and it is drawn again.
#[track_caller]
fn change(draft: &str, widths: &[usize]) -> Vec<(Emulator, Reflow, usize)> {
    let mut stale = Vec::new();
    for (emulator, reflow) in KINDS {
        let mut screen = Screen::on(emulator, reflow, widths[0], 24);
        screen.paint(&["#0;", "#1;", "#2;"], draft);
        for (step, &width) in widths[1..].iter().enumerate() {
            screen.resize(width, 24);
            screen.paint(&[&format!("#{};", step + 3)], draft);
        }
        let what = format!("{draft:?} in {widths:?} on {emulator:?} as {reflow:?}");
        all_there(&mut screen, widths.len() + 2, &what);
        let prompts = screen.model.full_text().matches("<You>").count();
        stale.push((emulator, reflow, prompts - 1));
    }
    stale
}

#[test]
fn no_finished_line_is_erased() {
    let xs = |count: usize| "x".repeat(count);
    let blanks = " ".repeat(30);
    for (draft, widths) in [
        // The prompt and the draft are just as wide as the window.
        (format!("<You> {}|", xs(34)), [60, 40]),
        (format!("<You> |{}", xs(34)), [60, 40]),
        // The last row of several is.
        (format!("<You> {}|", xs(54 + 30)), [60, 30]),
        (format!("<You> {}|", xs(54 + 60)), [60, 30]),
        // Blanks, which a terminal may take for nothing.
        (format!("<You> {}{blanks}|", xs(20)), [60, 40]),
        (format!("<You> {}|{blanks}", xs(20)), [60, 40]),
        (format!("<You> {}{blanks}|x", xs(20)), [60, 40]),
        (format!("<You> {}|", blanks.repeat(3)), [60, 20]),
        // A wide character at the edge.
        (format!("<You> {}|", "中".repeat(40)), [52, 25]),
        (format!("<You> x{}|", "中".repeat(40)), [52, 25]),
        (format!("<You> {}|", "🙂x".repeat(40)), [52, 25]),
        (format!("<You> {}|", "❤\u{fe0f}".repeat(40)), [52, 25]),
        (
            format!("<You> {}|", "👨\u{200d}👩\u{200d}👧".repeat(9)),
            [52, 25],
        ),
    ] {
        change(&draft, &widths);
        change(&draft, &[&widths[..], &[80, 30, 20]].concat());
    }
}

/// Where it is known what the terminal does, and how wide the characters are, and the
/// cursor is at the end.
#[test]
fn nothing_of_the_draft_is_left() {
    for (draft, widths) in [
        ("<You> half-typed|".to_owned(), &[60, 40, 20, 10, 30][..]),
        (format!("<You> {}|", "x".repeat(100)), &[60, 39, 80, 33, 60]),
    ] {
        let stale = change(&draft, widths);
        for (emulator, reflow, count) in stale {
            if matches!(reflow, Reflow::All | Reflow::None) {
                assert_eq!(count, 0, "{draft:?} on {emulator:?}");
            }
        }
    }
}

/// It was drawn for a wider window than there was any more.
#[test]
fn a_block_that_was_cut_when_it_was_drawn_is_distrusted() {
    for (emulator, reflow) in KINDS {
        let mut screen = Screen::on(emulator, reflow, 60, 24);
        screen.paint(&["#0;", "#1;"], "<You> |");
        screen.model.set_size(24, 20);
        screen.paint(&["#2;"], &format!("<You> {}|", "x".repeat(100)));
        screen.view.mark_uncertain();
        screen.resize(20, 24);
        screen.paint(&["#3;"], "<You> |");
        all_there(&mut screen, 4, &format!("{emulator:?}"));
    }
}

fn drafts() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        4 => "[a-z]{1,30}",
        2 => " {1,30}",
        2 => "[中文字]{1,20}",
        1 => "[🙂👍]{1,10}",
        1 => Just("❤\u{fe0f}1\u{fe0f}\u{20e3}".to_owned()),
        1 => Just("👨\u{200d}👩\u{200d}👧👍🏽🇩🇪".to_owned()),
        1 => "(e\u{301}|က\u{103b}\u{103e}){1,9}",
        1 => "\n{1,3}",
    ];
    proptest::collection::vec(parts, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    /// In windows that are dragged: not drawn upon at each step, and with a width that
    /// is just that of prompt and draft more often than chance would have it.
    #[test]
    fn no_finished_line_is_erased_in_any_window(
        kind in 0..KINDS.len(),
        start in 10usize..90,
        steps in proptest::collection::vec(
            (drafts(), 0usize..200, proptest::collection::vec((0usize..9, 5usize..90, 8usize..30), 0..4), 0usize..4),
            1..9,
        ),
    ) {
        use unicode_segmentation::UnicodeSegmentation;
        let (emulator, reflow) = KINDS[kind];
        let is_simple = reflow == Reflow::All;
        let mut screen = Screen::on(emulator, reflow, start, 24);
        let mut printed = 0;
        for (mut draft, at, mut sizes, count) in steps {
            if is_simple {
                draft.retain(|character| character.is_ascii());
                sizes.truncate(1);
            }
            let at = if is_simple { usize::MAX } else { at };
            let cursor = draft.grapheme_indices(true).nth(at).map_or(draft.len(), |(at, _)| at);
            let (before, behind) = draft.split_at(cursor);
            let text = format!("<You> {before}|{behind}");
            let paint = |screen: &mut Screen, count: usize, printed: &mut usize| {
                let lines: Vec<String> = (0..count).map(|more| format!("#{};", *printed + more)).collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                *printed += lines.len();
                screen.paint(&lines, &text);
            };
            screen.pending = vec![format!("<You> {draft}").replace('\n', " "); count % 3];
            screen.status = (count == 3).then(|| "-- the connection is lost; trying again".to_owned());
            paint(&mut screen, count, &mut printed);
            for (how, width, height) in sizes {
                let columns = widest(&draft) + 6;
                let width = match how {
                    0 => columns,
                    1 => columns / 2,
                    2 => columns.saturating_sub(1),
                    _ => width,
                };
                screen.resize(width.clamp(5, 120), height);
            }
            paint(&mut screen, 1, &mut printed);
            all_there(&mut screen, printed, &format!("{emulator:?} as {reflow:?}"));
        }
    }
}
