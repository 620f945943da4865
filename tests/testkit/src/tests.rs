use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// What `failing` panics with.
#[track_caller]
pub(crate) fn panic_message<T>(failing: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(failing)) else {
        panic!("it should have panicked");
    };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast_ref::<&str>().expect("a text")).to_owned(),
    }
}

#[test]
fn until_asks_again() {
    let mut asked = 0;
    until("it was asked three times", || {
        asked += 1;
        asked == 3
    });
    assert_eq!(until_some("there is one", || Some(7)), 7);
}

#[test]
fn a_missing_sibling_says_what_to_do() {
    let message = panic_message(|| {
        sibling("/nowhere/chat-client", "chat-server");
    });
    assert!(
        message.contains("run the tests with --workspace"),
        "{message}"
    );
    let here = std::env::current_exe().expect("this program has a path");
    let stem = here
        .file_stem()
        .and_then(|stem| stem.to_str())
        .expect("a plain name");
    assert_eq!(sibling(&here, stem), here);
}

#[test]
fn control_keys_are_control_characters() {
    assert_eq!(keys::ctrl('c'), "\x03");
    assert_eq!(keys::ctrl('W'), "\x17");
}
