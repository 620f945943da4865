mod narrowing;

use super::*;
use chat_testkit::{Emulator, Model};
use proptest::prelude::*;

struct Screen {
    view: View,
    model: Model,
    size: Size,
    status: Option<String>,
    pending: Vec<String>,
}

impl Screen {
    fn new(width: usize, height: usize) -> Self {
        Self::on(Emulator::Xterm, Reflow::None, width, height)
    }

    fn on(emulator: Emulator, reflow: Reflow, width: usize, height: usize) -> Self {
        Self {
            view: View::new(reflow, Colors::Off),
            model: Model::new(emulator, height as u16, width as u16),
            size: Size { width, height },
            status: None,
            pending: Vec::new(),
        }
    }

    /// Paints with the cursor at `|` in `text`.
    fn paint(&mut self, lines: &[&str], text: &str) {
        let cursor = text.find('|').unwrap();
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let mut bytes = Vec::new();
        let text = text.replace('|', "");
        let block = Block {
            status: self.status.clone(),
            pending: self.pending.clone(),
            text,
            cursor,
            prompt: 0,
        };
        self.view
            .paint(&mut bytes, self.size, b"", &lines, &block)
            .unwrap();
        self.model.feed(&bytes);
    }

    fn resize(&mut self, width: usize, height: usize) {
        self.size = Size { width, height };
        self.model.set_size(height as u16, width as u16);
    }

    #[track_caller]
    fn check(&self, rows: &[&str], cursor: (usize, usize)) {
        assert_eq!(self.model.screen_text(), rows.join("\n"));
        assert_eq!(self.model.screen().cursor(), cursor);
    }

    fn everything(&mut self) -> Vec<String> {
        let full = self.model.full_text();
        full.lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_message_leaves_the_draft_as_it_was() {
    let mut screen = Screen::new(20, 6);
    screen.paint(&["-- hi"], "<You> half|-typed");
    screen.check(&["-- hi", "<You> half-typed"], (1, 10));
    screen.paint(&["<ann> one", "<bo> two"], "<You> half|-typed");
    screen.check(
        &["-- hi", "<ann> one", "<bo> two", "<You> half-typed"],
        (3, 10),
    );
}

#[test]
fn a_draft_of_several_rows() {
    let mut screen = Screen::new(10, 9);
    screen.paint(&[], "<You> 0123456789abc|");
    screen.check(&["<You> 0123", "456789abc"], (1, 9));
    screen.paint(&["<ann> hi"], "<You> 0123456789abc|");
    screen.check(&["<ann> hi", "<You> 0123", "456789abc"], (2, 9));
    screen.paint(&[], "<You> 01|23456789abc");
    screen.check(&["<ann> hi", "<You> 0123", "456789abc"], (1, 8));
    screen.paint(&["<bo> hi"], "<You> |");
    screen.check(&["<ann> hi", "<bo> hi", "<You>"], (2, 6));
}

#[test]
fn the_edge() {
    for (typed, rows, cursor) in [
        ("123|", &["<You> 123"][..], (0, 9)),
        ("1234|", &["<You> 1234"], (1, 0)),
        ("12345|", &["<You> 1234", "5"], (1, 1)),
        ("123中|", &["<You> 123", "中"], (1, 2)),
        ("12中|", &["<You> 12中"], (1, 0)),
    ] {
        let mut screen = Screen::new(10, 9);
        screen.paint(&[], &format!("<You> {typed}"));
        screen.check(rows, cursor);
    }
}

#[test]
fn at_the_bottom_of_the_screen() {
    let mut screen = Screen::new(10, 6);
    screen.paint(&["1", "2", "3", "4", "5"], "<You> |");
    screen.paint(&[], "<You> 01234|");
    screen.check(&["2", "3", "4", "5", "<You> 0123", "4"], (5, 1));
    screen.paint(&["6"], "<You> 01|234");
    screen.check(&["3", "4", "5", "6", "<You> 0123", "4"], (4, 8));
}

#[test]
fn a_flood_is_all_there() {
    let mut screen = Screen::new(20, 5);
    let lines: Vec<String> = (0..50).map(|number| format!("line {number}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    screen.paint(&lines[..25], "<You> typ|");
    screen.paint(&lines[25..], "<You> typ|");
    let all = screen.everything();
    assert_eq!(&all[..50], &lines[..]);
    assert_eq!(all[50], "<You> typ");
}

#[test]
fn nothing_new_is_nothing_written() {
    let mut view = View::new(Reflow::None, Colors::Off);
    let size = Size {
        width: 20,
        height: 5,
    };
    let block = Block::prompt("<You> ");
    view.paint(&mut Vec::new(), size, b"", "", &block).unwrap();
    let mut bytes = Vec::new();
    view.paint(&mut bytes, size, b"", "", &block).unwrap();
    assert_eq!(bytes, b"");
}

#[test]
fn a_repaint_is_one_write() {
    struct Writes(Vec<usize>);
    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut view = View::new(Reflow::None, Colors::Off);
    let size = Size {
        width: 20,
        height: 5,
    };
    let mut writes = Writes(Vec::new());
    let lines = "a line\r\n".repeat(100);
    for text in ["<You> a draft of some rows", "<You> "] {
        view.paint(&mut writes, size, b"", &lines, &Block::prompt(text))
            .unwrap();
    }
    assert_eq!(writes.0.len(), 2);
}

#[test]
fn a_resize_in_mid_draft() {
    let mut screen = Screen::new(20, 9);
    screen.paint(&["<ann> hi"], "<You> 0123456789abcdef|");
    screen.check(&["<ann> hi", "<You> 0123456789abcd", "ef"], (2, 2));
    screen.resize(12, 9);
    screen.paint(&[], "<You> 0123456789abcdef|");
    screen.check(&["<ann> hi", "<You> 012345", "6789abcdef"], (2, 10));
    screen.resize(40, 9);
    screen.paint(&["<bo> hi"], "<You> 0123456789abcdef|");
    screen.check(&["<ann> hi", "<bo> hi", "<You> 0123456789abcdef"], (2, 22));
}

#[test]
fn what_waits_stands_above_the_prompt() {
    let mut screen = Screen::new(20, 9);
    screen.paint(&["<ann> hi"], "<You> typ|ed");
    screen.pending = vec!["<You> one".into(), "<You> a line that is too long".into()];
    screen.paint(&[], "<You> typ|ed");
    screen.check(
        &[
            "<ann> hi",
            "<You> one",
            "<You> a line that is",
            "<You> typed",
        ],
        (3, 9),
    );
    screen.pending.remove(0);
    screen.paint(&["<bo> hi", "<You> one"], "<You> typ|ed");
    screen.check(
        &[
            "<ann> hi",
            "<bo> hi",
            "<You> one",
            "<You> a line that is",
            "<You> typed",
        ],
        (4, 9),
    );
    screen.pending = (0..9).map(|n| format!("<You> {n}")).collect();
    screen.paint(&[], "<You> |");
    screen.check(
        &[
            "<ann> hi",
            "<bo> hi",
            "<You> one",
            "-- 7 more lines wait",
            "<You> 7",
            "<You> 8",
            "<You>",
        ],
        (6, 6),
    );
    screen.pending.clear();
    screen.paint(&[], "<You> |");
    screen.check(&["<ann> hi", "<bo> hi", "<You> one", "<You>"], (3, 6));
}

#[test]
fn a_row_about_the_connection_comes_and_goes() {
    let mut screen = Screen::new(20, 9);
    screen.paint(&["<ann> hi"], "<You> typ|ed");
    screen.status = Some("-- the connection is lost".into());
    screen.pending = vec!["<You> one".into()];
    screen.paint(&[], "<You> typ|ed");
    screen.check(
        &[
            "<ann> hi",
            "-- the connection is",
            "<You> one",
            "<You> typed",
        ],
        (3, 9),
    );
    screen.status = None;
    screen.paint(&["-- back"], "<You> typ|ed");
    screen.check(&["<ann> hi", "-- back", "<You> one", "<You> typed"], (3, 9));
    // Where there is no room the draft is more important.
    for height in [1, 2, 3] {
        let mut small = Screen::new(20, height);
        small.status = Some("-- lost".into());
        small.paint(&[], "<You> typ|ed");
        small.check(&["<You> typed"], (0, 9));
    }
}

#[test]
fn a_draft_of_several_lines_says_how_many_and_scrolls_inside() {
    let mut screen = Screen::new(40, 9);
    screen.paint(&[], "<You> a\nb|");
    screen.check(
        &["<You> a", "b", "-- 2 lines (Enter sends them as one mess"],
        (1, 1),
    );
    // Line ends at its end are not sent, and not counted.
    screen.paint(&[], "<You> a\nb\n|");
    screen.check(
        &[
            "<You> a",
            "b",
            "",
            "-- 2 lines (Enter sends them as one mess",
        ],
        (2, 0),
    );
    screen.paint(&[], "<You> a\n\n|");
    screen.check(&["<You> a", "", "", "-- 1 line (Enter sends it)"], (2, 0));
    let long: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    screen.paint(&["<ann> hi"], &format!("<You> {}|", long.join("\n")));
    screen.check(
        &[
            "<ann> hi",
            "47",
            "48",
            "49",
            "-- 50 lines ↑47 (Enter sends them as one",
        ],
        (3, 2),
    );
    screen.paint(&[], &format!("<You> |{}", long.join("\n")));
    screen.check(
        &[
            "<ann> hi",
            "<You> 0",
            "1",
            "2",
            "-- 50 lines ↓47 (Enter sends them as one",
        ],
        (1, 6),
    );
    screen.paint(&["<bo> hi"], "<You> |");
    screen.check(&["<ann> hi", "<bo> hi", "<You>"], (2, 6));
}

#[test]
fn a_cleared_screen_has_lost_nothing() {
    let mut screen = Screen::new(20, 5);
    screen.paint(&["<ann> one", "<bo> two"], "<You> typ|ed");
    let mut bytes = Vec::new();
    screen.view.clear(&mut bytes, screen.size).unwrap();
    screen.model.feed(&bytes);
    screen.paint(&[], "<You> typ|ed");
    screen.check(&["<You> typed"], (0, 9));
    let all = screen.everything();
    assert_eq!(all[..2], ["<ann> one", "<bo> two"]);
    assert_eq!(all.iter().filter(|row| row.contains("typed")).count(), 1);
}

/// tmux keeps rows in its history that are erased from the top left corner on.
#[test]
fn nothing_is_erased_from_the_corner_on() {
    let size = Size {
        width: 20,
        height: 5,
    };
    let mut model = Model::new(Emulator::Xterm, 5, 20);
    let mut view = View::new(Reflow::None, Colors::Off);
    let mut bytes = Vec::new();
    view.clear(&mut bytes, size).unwrap();
    for text in ["<You> ", "<You> a draft of some rows", "<You> a"] {
        view.paint(&mut bytes, size, b"", "", &Block::prompt(text))
            .unwrap();
    }
    let text = String::from_utf8(bytes).unwrap();
    let mut parts = text.split("\x1b[J").peekable();
    let mut erased = 0;
    while let Some(part) = parts.next() {
        model.feed(part.as_bytes());
        if parts.peek().is_some() {
            assert_ne!(model.screen().cursor(), (0, 0), "{text:?}");
            model.feed(b"\x1b[J");
            erased += 1;
        }
    }
    assert_eq!(erased, 4);
    assert_eq!(model.screen_text(), "<You> a");
}

#[test]
fn tiny_screens() {
    for (width, height) in [(1, 1), (2, 1), (1, 2), (2, 2), (3, 3), (5, 4)] {
        let mut screen = Screen::new(width, height);
        screen.status = Some("-- lost".into());
        screen.pending = vec!["<You> waits".into(); 5];
        for text in [
            "<You> |",
            "<You> 中文 and more|",
            "<You> a\n|b\nc",
            "<You> 👨\u{200d}👩\u{200d}👧|",
        ] {
            screen.paint(&["x"], text);
            assert!(screen.model.screen().cursor().0 < height);
        }
    }
}

proptest! {
    #[test]
    fn every_line_stands_once_and_in_order(
        steps in proptest::collection::vec((0u8..4, 0usize..40, 12usize..30, 4usize..12), 1..40),
    ) {
        let mut screen = Screen::new(30, 12);
        let mut printed = 0;
        let mut draft = String::new();
        for (kind, typed, width, height) in steps {
            match kind {
                0 => screen.resize(width, screen.size.height),
                1 => screen.resize(screen.size.width, height.max(screen.size.height)),
                2 => {
                    draft = "x\n".repeat(typed % 5) + &"x".repeat(typed);
                    screen.pending = vec!["<You> waits".to_owned(); typed % 4];
                    screen.status = (typed % 3 == 0).then(|| "-- lost".to_owned());
                }
                _ => {}
            }
            let lines: Vec<String> = (0..typed % 4).map(|more| format!("line {}", printed + more)).collect();
            printed += lines.len();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            screen.paint(&lines, &format!("<You> {draft}|"));
        }
        let all = screen.everything();
        let seen: Vec<&String> = all.iter().filter(|row| row.starts_with("line")).collect();
        let expected: Vec<String> = (0..printed).map(|number| format!("line {number}")).collect();
        prop_assert_eq!(seen, expected.iter().collect::<Vec<_>>());
    }
}

/// Many terminals restore with the cursor whether lines wrap (ESC 8).
#[test]
fn lines_wrap_behind_each_repaint() {
    for emulator in [Emulator::Xterm, Emulator::Mosh, Emulator::Alacritty] {
        let mut screen = Screen::on(emulator, Reflow::None, 10, 9);
        for text in ["<You> |", "<You> a dr|aft of several", "<You> a\n|b\nc"] {
            screen.paint(&["<ann> 0123456789"], text);
            assert!(
                screen.model.screen_text().contains("<ann> 0123\n456789\n"),
                "{text}"
            );
        }
        // Also what other programs restore later does.
        screen.model.feed(b"\x1b[J\x1b8\x1b[H0123456789ab");
        assert!(screen.model.screen_text().starts_with("0123456789\nab"));
    }
}

/// However its rows fall.
#[test]
fn only_the_prompt_is_bold() {
    for colors in [Colors::On, Colors::Off] {
        for width in 2..12 {
            let mut view = View::new(Reflow::None, colors);
            let mut model = Model::new(Emulator::Xterm, 30, width as u16);
            let block = Block {
                text: "<You> draft".to_owned(),
                cursor: 8,
                ..Block::prompt("<You> ")
            };
            let size = Size { width, height: 30 };
            let mut bytes = Vec::new();
            view.paint(&mut bytes, size, b"", "", &block).unwrap();
            model.feed(&bytes);
            // Typed text is not, either.
            model.feed(b"x");
            let screen = model.screen();
            let cells = (0..30).flat_map(|row| screen.cells(row));
            let bold: String = cells
                .filter(|cell| cell.bold)
                .map(|cell| cell.text.as_str())
                .collect();
            let expected = if colors == Colors::On { "<You> " } else { "" };
            assert_eq!(bold.trim_end(), expected.trim_end(), "{width}");
        }
    }
}
