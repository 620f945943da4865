#![cfg(unix)]

use super::*;
use crate::keys;
use crate::tests::panic_message;

fn fed(rows: u16, cols: u16, bytes: &str) -> Model {
    let mut model = Model::new(Emulator::Xterm, rows, cols);
    model.feed(bytes.as_bytes());
    model
}

fn sh(script: &str) -> Terminal {
    Terminal::spawn("sh", &["-c", script], &[], 5, 20)
}

#[test]
fn the_full_text_has_every_row_once() {
    // Less than a screen, just a screen, and windows that do and do not fit.
    for count in [0, 1, 3, 4, 5, 7, 8, 9, 11, 100] {
        let lines: Vec<_> = (0..count).map(|n| format!("line {n}")).collect();
        let mut model = fed(4, 20, &lines.join("\r\n"));
        assert_eq!(model.full_text(), lines.join("\n"), "{count} lines");
        let on_screen = &lines[count.max(4) - 4..];
        assert_eq!(model.screen_text(), on_screen.join("\n"), "{count} lines");
    }
}

#[test]
fn the_full_text_is_limited_by_the_scrollback() {
    let lines: Vec<_> = (0..10_050).map(|n| n.to_string()).collect();
    let mut model = fed(4, 20, &lines.join("\r\n"));
    assert_eq!(model.full_text(), lines[46..].join("\n"));
}

#[test]
fn the_full_text_survives_a_resize() {
    let lines: Vec<_> = (0..9).map(|n| format!("line {n}")).collect();
    let mut model = fed(4, 20, &lines.join("\r\n"));
    for (rows, cols) in [(2, 20), (7, 20), (3, 40), (4, 20)] {
        model.set_size(rows, cols);
        assert_eq!(
            model.full_text(),
            lines.join("\n"),
            "{rows} rows, {cols} columns"
        );
        assert_eq!(model.screen().cursor(), (usize::from(rows) - 1, 6));
    }
    // Without a reflow the screen is cut off; rows that have scrolled off are not.
    model.set_size(4, 4);
    assert_eq!(model.screen_text(), "line\nline\nline\nline");
    assert!(model.full_text().starts_with("line 0\nline 1\n"));
}

#[test]
fn lines_that_do_not_wrap_end_in_the_last_column() {
    assert_eq!(fed(3, 5, "abcdefgh").screen_text(), "abcde\nfgh");
    let mut model = fed(3, 5, "\x1b[?7labcdefgh");
    assert_eq!(model.screen_text(), "abcdh");
    assert_eq!(model.screen().cursor(), (0, 4));
    assert_eq!(model.private_mode(7), Some(false));
    model.feed("\r\nxyz\x1b[?7h12345".as_bytes());
    assert_eq!(model.screen_text(), "abcdh\nxyz12\n345");
    // Turned off while the cursor already waits behind the last column.
    assert_eq!(fed(3, 5, "abcde\x1b[?7lfg").screen_text(), "abcdg");
    // Several modes at once, and a text cut within a character.
    let mut model = fed(3, 5, "\x1b[?25;7l");
    for byte in "äöüßéñ".bytes() {
        model.feed(&[byte]);
    }
    assert_eq!(model.screen_text(), "äöüßñ");
    assert_eq!(model.private_mode(25), Some(false));
    // A wide character has no room in the last column alone.
    let mut model = fed(3, 5, "\x1b[?7l");
    for byte in "abcd中文e\r\nx🙂🙂🙂".bytes() {
        model.feed(&[byte]);
    }
    assert_eq!(model.screen_text(), "abc e\nx🙂🙂");
}

#[test]
fn modes_bells_and_answers() {
    let mut model = fed(3, 5, "\x07a\x07");
    assert_eq!(model.bells(), 2);
    assert_eq!(model.private_mode(2026), None);
    assert_eq!(model.private_mode(2004), Some(false));
    model.feed(b"\x1b[?2026h\x1b[?2004h");
    assert!(model.is_half_drawn());
    assert_eq!(model.private_mode(2004), Some(true));
    model.feed(b"\x1b[?2026l");
    assert!(!model.is_half_drawn());
    assert_eq!(model.feed(b"\x1b[6n"), b"\x1b[1;2R");
    assert_eq!(model.feed(b"bcde\x1b[6n"), b"\x1b[1;5R");
    assert_eq!(model.feed(b"\x1b[c"), b"\x1b[?62;22c");
}

/// In what the emulators stand for they differ, and in nothing else.
#[test]
fn emulators_differ_in_what_becomes_of_long_rows_and_modes() {
    use Emulator::{Alacritty, Mosh, Xterm};
    for emulator in [Xterm, Mosh, Alacritty] {
        let fed = |bytes: &str| {
            let mut model = Model::new(emulator, 4, 6);
            model.feed(bytes.as_bytes());
            model
        };
        let mut model = fed("abcdef\r\nx");
        model.set_size(4, 4);
        let rows = if emulator == Alacritty {
            "abcd\nef\nx"
        } else {
            "abcd\nx"
        };
        assert_eq!(model.full_text(), rows, "{emulator:?}");
        let screen = model.screen();
        assert_eq!(screen.text(screen.cursor().0, 0..4), "x", "{emulator:?}");

        let model = fed("\x1b[?7l\x1b7\x1b[?7h\x1b8abcdefgh");
        let cut = emulator == Mosh;
        let rows = if cut { "abcdeh" } else { "abcdef\ngh" };
        assert_eq!(model.screen_text(), rows, "{emulator:?}");
        let model = fed("\x1b7\x1b[?7l\x1b8abcdefgh");
        let rows = if cut { "abcdef\ngh" } else { "abcdeh" };
        assert_eq!(model.screen_text(), rows, "{emulator:?}");

        let model = fed("a\x1b[1mb\x1b[0;2m中\x1b[0;31me\x1b[7m\u{301}x");
        let screen = model.screen();
        assert_eq!(screen.text(0, 1..5), "b中e\u{301}");
        let cells = screen.cells(0);
        assert!(cells[1].bold && cells[2].dim && cells[3].is_continuation);
        assert_eq!((cells[4].color, cells[1].color), (Some(1), None));
        assert!(cells[5].inverse && !cells[4].inverse);
        let mut model = fed("\x07");
        assert_eq!(model.bells(), 1);
        assert!(model.feed(b"\x1b[c").starts_with(b"\x1b[?"));
    }
}

#[test]
fn the_cursor_can_be_saved() {
    let model = fed(3, 9, "ab\x1b7\x1b[3;5Hxy\x1b8cd");
    assert_eq!(model.screen_text(), "abcd\n\n    xy");
}

#[test]
fn a_program_is_typed_to_and_seen() {
    let mut terminal = sh("read line; printf '%s|%s' \"$line\" \"$TERM$TMUX\"; exit 7");
    terminal.type_text("hello");
    terminal.wait_for_text("hello");
    terminal.type_text(keys::ENTER);
    assert_eq!(terminal.wait_exit(), 7);
    assert_eq!(terminal.screen(), "hello\nhello|xterm-256color");
    // It waits behind the last column.
    assert_eq!(terminal.cursor(), (1, 19));
    assert!(!terminal.is_running());
    assert_eq!(terminal.raw(), b"hello\r\nhello|xterm-256color");
}

#[test]
fn what_is_awaited_in_vain_is_shown_with_the_screen() {
    let mut terminal = sh("echo on the screen; exec cat");
    terminal.wait_for_text("screen");
    terminal.set_deadline(Duration::from_millis(20));
    let message = panic_message(|| terminal.wait_for_text("elsewhere"));
    assert!(
        message.contains("waited for \"elsewhere\", but 20ms"),
        "{message}"
    );
    assert!(
        message.contains("cursor at (1, 0):\non the screen\n---"),
        "{message}"
    );
    let message = panic_message(|| terminal.wait_exit());
    assert!(message.contains("it still runs"), "{message}");
}

#[test]
fn a_program_that_ends_is_not_waited_for() {
    let terminal = sh("echo last words");
    let message = panic_message(|| terminal.wait_for_text("more"));
    assert!(message.contains("the program has ended"), "{message}");
}

#[test]
fn a_half_drawn_screen_is_not_looked_at() {
    let terminal = sh("printf '\\033[?2026hhalf'; read x; printf ' whole\\033[?2026l'; read x");
    crate::until("half has arrived", || terminal.screen().contains("half"));
    terminal.type_text("\r");
    let seen = terminal.wait_for_text("half");
    assert!(seen.contains("whole"), "{seen}");
}

#[test]
fn a_resize_is_told() {
    let terminal = sh("trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done");
    terminal.wait_for_text("ready");
    terminal.resize(7, 30);
    terminal.wait_for_text("7 30");
    assert_eq!(terminal.inspect().height(), 7);
}

#[test]
fn a_program_can_ask_where_the_cursor_is() {
    let script = "stty raw -echo; printf 'abc\\033[6n'; dd bs=1 count=6 2>/dev/null | tail -c 5";
    let mut terminal = sh(script);
    terminal.wait_exit();
    assert!(
        terminal.screen().contains("abc[1;4R"),
        "{}",
        terminal.screen()
    );
}

#[test]
fn settings_outlive_the_program() {
    let mut terminal = sh("stty raw -echo; echo raw; read x; stty sane");
    terminal.wait_for_text("raw");
    let before = terminal.termios_before().to_owned();
    assert!(
        before.contains(" echo ") && !before.contains("rows"),
        "{before}"
    );
    assert_ne!(terminal.termios_line(), before);
    terminal.resize(9, 9);
    terminal.type_text("\n");
    terminal.wait_exit();
    assert!(terminal.termios_line().contains(" echo "));
    // Left as it is, the settings are the same to the letter.
    let mut terminal = sh("true");
    terminal.wait_exit();
    assert_eq!(terminal.termios_line(), terminal.termios_before());
}

#[test]
fn closing_the_terminal_hangs_up_and_types_nothing() {
    let dir = std::env::temp_dir().join(format!("chat-testkit-{}", std::process::id()));
    let path = dir.to_str().expect("a plain path");
    let script = format!("stty raw -echo; trap '' HUP; echo ready; cat > {path}; exit 9");
    let mut terminal = sh(&script);
    terminal.wait_for_text("ready");
    terminal.close_master();
    assert_eq!(terminal.wait_exit(), 9);
    let typed = std::fs::read(&dir).expect("it was created");
    std::fs::remove_file(&dir).expect("it is ours");
    assert_eq!(typed, b"");

    let mut terminal = sh("echo ready; exec cat");
    terminal.wait_for_text("ready");
    terminal.close_master();
    assert_eq!(terminal.wait_exit(), 128 + 1);
}

#[test]
fn signals_and_drops_end_a_program() {
    let mut terminal = sh("exec cat");
    terminal.signal(Signal::Terminate);
    assert_eq!(terminal.wait_exit(), 128 + 15);

    let terminal = sh("trap '' HUP TERM; echo ready; cat");
    terminal.wait_for_text("ready");
    let pid = terminal.pid();
    drop(terminal);
    let alive = run_piped("sh", &["-c", &format!("kill -0 {pid}")], &[], b"");
    assert_ne!(alive.code(), 0);
}

#[test]
fn typing_to_a_program_that_does_not_read_has_a_deadline() {
    let mut terminal = sh("stty raw -echo; echo ready; exec sleep 100");
    terminal.wait_for_text("ready");
    terminal.set_deadline(Duration::from_millis(50));
    let much = "x".repeat(1 << 20);
    let message = panic_message(|| terminal.type_text(&much));
    assert!(message.contains("cannot type: timed out"), "{message}");
}
