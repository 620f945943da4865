use super::*;
use proptest::prelude::*;

/// The rows as text, with the cursor as `|`.
#[track_caller]
fn check(text: &str, (width, height): (usize, usize), expected: &[&str]) {
    let cursor = text.find('|').unwrap();
    let text = text.replace('|', "");
    let layout = Layout::new(&text, cursor, Size { width, height });
    let rows: Vec<String> = layout
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let mut shown = text[row.bytes.clone()].to_owned();
            if index == layout.cursor_row {
                shown.insert(cursor - row.bytes.start, '|');
            }
            shown
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn rows_break_at_the_width() {
    check("abcd|", (6, 30), &["abcd|"]);
    check("abcde|", (6, 30), &["abcde|"]);
    check("abcdef|", (6, 30), &["abcdef", "|"]);
    check("abcdefg|", (6, 30), &["abcdef", "g|"]);
    check("abcde|f", (6, 30), &["abcde|f"]);
    check("abcdef|g", (6, 30), &["abcdef", "|g"]);
}

#[test]
fn wide_characters_do_not_straddle() {
    check("abc中|", (4, 30), &["abc", "中|"]);
    check("ab中|", (4, 30), &["ab中", "|"]);
    check("中文|", (1, 30), &["中", "文", "|"]);
    check("中文|", (2, 30), &["中", "文", "|"]);
    check("e\u{301}e\u{301}|", (2, 30), &["e\u{301}e\u{301}", "|"]);
    check("👨‍👩‍👧x|", (6, 30), &["👨‍👩‍👧", "x|"]);
}

#[test]
fn a_long_draft_scrolls_inside() {
    check("aabbcc|dd", (2, 6), &["cc", "|dd"]);
    check("|aabbccdd", (2, 6), &["|aa", "bb"]);
    check("aabb|ccdd", (2, 3), &["|cc"]);
    let layout = Layout::new(
        "aabbccdd",
        3,
        Size {
            width: 2,
            height: 3,
        },
    );
    assert_eq!((layout.above, layout.below), (1, 2));
}

#[test]
fn line_ends_end_rows() {
    check("ab\ncd|", (6, 30), &["ab", "cd|"]);
    check("ab|\ncd", (6, 30), &["ab|", "cd"]);
    check("ab\n|\n", (6, 30), &["ab", "|", ""]);
    check("ab|\ncd", (2, 30), &["ab", "|", "cd"]);
    check("abc|\ncd", (2, 30), &["ab", "c|", "cd"]);
}

/// Terminals draw what asks for a picture in two columns, or in one.
#[test]
fn a_row_is_full_by_the_widest_reading() {
    check(
        "❤\u{fe0f}❤\u{fe0f}x|",
        (4, 30),
        &["❤\u{fe0f}❤\u{fe0f}", "x|"],
    );
    check(
        "1\u{fe0f}\u{20e3}23|",
        (4, 30),
        &["1\u{fe0f}\u{20e3}23", "|"],
    );
    assert_eq!(cut("❤\u{fe0f}x", 2), "❤\u{fe0f}");
    assert_eq!(cut("❤\u{fe0f}x", 1), "");
    assert_eq!(cut("ab中c", 3), "ab");
    assert_eq!(cut("ab中c", 4), "ab中");
    assert_eq!(cut("ab", 0), "");
}

proptest! {
    #[test]
    fn rows_hold_everything_in_order(
        text in "[ab \n中👩\u{200d}👧\u{301}🇩❤\u{fe0f}]{0,60}",
        width in 1usize..20,
        at in 0usize..60,
    ) {
        let cursor = text
            .grapheme_indices(true)
            .map(|(index, _)| index)
            .nth(at)
            .unwrap_or(text.len());
        let layout = Layout::new(&text, cursor, Size { width, height: 3000 });
        let joined: String = layout.rows.iter().map(|row| &text[row.bytes.clone()]).collect();
        prop_assert_eq!(joined, text.replace('\n', ""));
        for row in &layout.rows {
            let clusters = text[row.bytes.clone()].graphemes(true).count();
            prop_assert!(row.width <= width || clusters == 1);
        }
        let row = &layout.rows[layout.cursor_row];
        prop_assert!(row.bytes.start <= cursor && cursor <= row.bytes.end);
        let small = Layout::new(&text, cursor, Size { width, height: 6 });
        prop_assert!(small.rows.len() <= 2);
        prop_assert!(small.rows[small.cursor_row].bytes.start <= cursor);
    }
}
