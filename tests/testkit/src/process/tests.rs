#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;

use super::*;
use crate::tests::panic_message;

#[test]
fn output_and_exit_code_are_told_apart() {
    let output = run_piped(
        "sh",
        &["-c", "cat; echo \"$MORE\" >&2; exit 3"],
        &[("MORE", "problems")],
        b"input",
    );
    assert_eq!(output.code(), 3);
    assert_eq!((&*output.stdout, &*output.stderr), ("input", "problems\n"));
    let message = panic_message(|| output.success());
    assert!(message.contains("problems"), "{message}");
}

#[test]
fn much_input_need_not_be_read() {
    let much = vec![b'x'; 1 << 20];
    assert_eq!(run_piped("cat", &[], &[], &much).stdout.len(), much.len());
    assert_eq!(run_piped("true", &[], &[], &much).code(), 0);
}

#[test]
fn a_program_answers_line_by_line() {
    let mut cat = Program::spawn("cat", &[], &[]);
    for line in ["one", "two"] {
        cat.send_str(&format!("{line}\n"));
        assert_eq!(cat.stdout.expect_line(), line);
    }
    assert!(cat.is_running());
    cat.signal(Signal::Terminate);
    assert_eq!(cat.wait_exit(DEADLINE).signal(), Some(15));
    cat.stdout.expect_eof();
}

#[test]
fn a_program_that_stays_shows_what_it_wrote() {
    let mut cat = Program::spawn("cat", &[], &[]);
    cat.send_str("still here\n");
    cat.stdout.wait_for("here");
    let message = panic_message(|| cat.wait_exit(Duration::ZERO));
    assert!(message.contains("cat still runs"), "{message}");
    assert!(message.contains("still here"), "{message}");
}

#[test]
fn a_dropped_program_is_killed() {
    let cat = Program::spawn("cat", &[], &[]);
    let pid = cat.pid().to_string();
    drop(cat);
    let alive = run_piped("sh", &["-c", &format!("kill -0 {pid}")], &[], b"");
    assert_ne!(alive.code(), 0);
}
