use std::io::Write;
use std::time::Duration;

use super::*;
use crate::tests::panic_message;

/// A transcript and what writes to it.
fn piped() -> (io::PipeWriter, Transcript) {
    let (reader, writer) = io::pipe().expect("descriptors are left");
    let mut transcript = Transcript::of_reader("test", reader);
    transcript.set_deadline(Duration::from_millis(200));
    (writer, transcript)
}

/// Writes piece after piece, each only when the one before has arrived. The
/// writer must be kept, or the transcript ends.
fn in_pieces(pieces: &[&str]) -> (io::PipeWriter, Transcript) {
    let (mut writer, mut transcript) = piped();
    let mut sent = 0;
    for piece in pieces {
        writer.write_all(piece.as_bytes()).expect("it is read");
        sent += piece.len();
        crate::until("the piece has arrived", || {
            transcript.refresh();
            transcript.received().len() == sent
        });
    }
    (writer, transcript)
}

#[test]
fn expect_finds_across_pieces() {
    for pieces in [
        &["abc needle def"][..],
        &["abc nee", "dle def"],
        &["abc n", "e", "e", "d", "l", "e def"],
        &["abc needl", "e", " def"],
    ] {
        let (_writer, mut transcript) = in_pieces(pieces);
        assert_eq!(transcript.expect("needle"), "abc needle");
        assert_eq!(transcript.unread(), b" def");
    }
}

#[test]
fn expect_finds_what_arrives_while_it_waits() {
    let (mut writer, mut transcript) = piped();
    transcript.set_deadline(DEADLINE);
    let sender = thread::spawn(move || {
        for byte in b"abc nneeneedle def" {
            writer.write_all(&[*byte]).expect("it is read");
            thread::yield_now();
        }
    });
    assert_eq!(transcript.expect("needle"), "abc nneeneedle");
    sender.join().expect("it does not panic");
}

#[test]
fn expect_does_not_find_what_is_consumed() {
    let (_writer, mut transcript) = in_pieces(&["one two one"]);
    transcript.expect("one");
    assert_eq!(transcript.expect("one"), " two one");
    assert_eq!(transcript.received(), b"one two one");
    transcript.wait_for("two");
    let message = panic_message(|| transcript.expect("one"));
    assert!(message.contains("waited for \"one\""), "{message}");
}

#[test]
fn lines_keep_their_carriage_returns() {
    let (_writer, mut transcript) = in_pieces(&["\r-- chat\r\n", "\nthi", "rd\n", "rest"]);
    assert_eq!(transcript.expect_line(), "\r-- chat\r");
    assert_eq!(transcript.expect_line(), "");
    assert_eq!(transcript.expect_line_containing("ir"), "third");
    assert_eq!(transcript.unread(), b"rest");
}

#[test]
fn a_line_is_found_only_when_it_is_whole() {
    let (_writer, mut transcript) = in_pieces(&["a\nneed", "le and"]);
    let message = panic_message(|| transcript.expect_line_containing("needle"));
    assert!(
        message.contains("a line containing \"needle\""),
        "{message}"
    );
}

#[test]
fn a_timeout_shows_what_there_is() {
    let (_writer, mut transcript) = in_pieces(&["first\nsecond \x1b[m\n"]);
    transcript.expect_line();
    let message = panic_message(|| transcript.expect("third"));
    assert!(
        message.contains("waited for \"third\", but 200ms have passed"),
        "{message}"
    );
    assert!(
        message.contains("not yet consumed:\nsecond \\u{1b}[m\n"),
        "{message}"
    );
    assert!(message.contains("(17 bytes):\nfirst\nsecond"), "{message}");
}

#[test]
fn an_end_is_no_timeout() {
    let (mut writer, mut transcript) = piped();
    writer.write_all(b"last words").expect("it is read");
    drop(writer);
    let message = panic_message(|| transcript.expect("more"));
    assert!(message.contains("it ended (Some(Closed))"), "{message}");
    assert!(message.contains("last words"), "{message}");
    assert_eq!(transcript.expect_eof(), "last words");
    assert_eq!(transcript.expect_end(), End::Closed);
}

#[test]
fn what_was_not_wanted_is_found_only_before() {
    let text = &["one two three"];
    assert_eq!(
        in_pieces(text).1.expect_not_before("three", "two"),
        "one two"
    );
    let message = panic_message(|| in_pieces(text).1.expect_not_before("one", "three"));
    assert!(
        message.contains("\"one\" came before \"three\""),
        "{message}"
    );
}

#[test]
fn nothing_is_nothing_unread() {
    let (_writer, mut transcript) = in_pieces(&["something"]);
    let message = panic_message(|| transcript.expect_nothing_for(Duration::ZERO));
    assert!(message.contains("something"), "{message}");

    let (_writer, mut silent) = piped();
    silent.expect_nothing_for(Duration::from_millis(10));
}
