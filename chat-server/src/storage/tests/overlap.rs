//! A server that was killed has left the same events in several files.

use super::*;
use crate::timeline::replay::SOURCE;

/// A history of four events, of which the server makes two files that hold some of
/// them both.
struct Twice {
    _directory: TempDir,
    options: Options,
    whole: String,
    /// Where its lines begin.
    starts: Vec<usize>,
}

impl Twice {
    fn new() -> Self {
        let directory = directory();
        let options = options(&directory, SyncMode::Batch);
        let mut hall = Hall::open(options.clone()).unwrap();
        for text in ["one", "two", "three"] {
            hall.say(text, None);
        }
        hall.keep_all();
        hall.kill();
        let whole = content(&options);
        let starts = whole.match_indices("{\"seq\":").map(|(at, _)| at);
        Self {
            _directory: directory,
            starts: starts.collect(),
            options,
            whole,
        }
    }

    fn full(&self, number: u64) -> PathBuf {
        keeper::full(&self.options.path, number)
    }

    /// The old file, and the new one.
    fn write(&self, old: &str, new: &str) {
        fs::write(self.full(1), old).unwrap();
        fs::write(&self.options.path, new).unwrap();
    }

    /// The server opens what was written, with the events up to `last`.
    #[track_caller]
    fn check(&self, last: u64) {
        let hall = Hall::open(self.options.clone()).unwrap();
        assert_eq!(
            (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
            (1, last + 1)
        );
        assert_eq!(hall.replay(1), everything(&self.options));
        hall.kill();
    }
}

/// There may be more than two such files, and others without any event.
#[test]
fn what_is_in_several_files_is_read_once() {
    let test = Twice::new();
    let whole = &test.whole;
    for end in test.starts.iter().copied().chain([whole.len()]) {
        for start in test.starts.iter().copied().filter(|start| *start <= end) {
            test.write(&whole[..end], &whole[start..]);
            fs::write(test.full(2), &whole[start..]).unwrap();
            fs::write(test.full(3), "").unwrap();
            test.check(4);
        }
    }
}

/// The server may have been killed wherever it was in writing the new file. Events
/// that are the same in both are read once.
#[test]
fn what_is_in_two_files_is_read_once() {
    let test = Twice::new();
    let more = r#"{"seq":5,"time":"2026-11-23T10:00:00.000Z","type":"left","names":["bo"]}"#;
    for &start in &test.starts[1..] {
        let rest = &test.whole[start..];
        // As far as it was written, and with an event that the old file does not have.
        let written = (1..=rest.len()).map(|length| rest[..length].to_owned());
        for new in written.chain([format!("{rest}{more}\n")]) {
            test.write(&test.whole, &new);
            test.check(4 + u64::from(new.len() > rest.len()));
        }
    }
}

/// The power may have failed before the end of one was on the disk, or another program
/// have appended to it.
#[test]
fn what_is_in_two_files_is_read_once_if_one_has_a_torn_end() {
    let test = Twice::new();
    let whole = &test.whole;
    let long = ["\0".repeat(3 * SOURCE), "note\n".repeat(SOURCE)];
    let [zeros, notes] = [&long[0][..], &long[1][..]];
    for &start in &test.starts[1..] {
        let rest = &whole[start..];
        let ends = test.starts.iter().copied().filter(|end| *end > start);
        for end in ends.chain([whole.len()]) {
            for torn in ["\0\0\0", "{\"seq\":", "note\n{\"seq\":1}\n", zeros, notes] {
                let (old, new) = (&whole[..end], &whole[start..end]);
                test.write(&format!("{old}{torn}"), &format!("{rest}{torn}"));
                test.check(4);
                test.write(whole, &format!("{new}{torn}"));
                test.check(4);
            }
        }
    }
}

#[test]
fn an_event_that_one_of_two_files_lacks_is_in_the_other_one() {
    let test = Twice::new();
    for &start in &test.starts[1..] {
        let (left, right) = test.whole.split_at(start);
        let gap = right.find('\n').map_or(0, |end| end + 1);
        if let Some(next) = right[gap..].find('\n') {
            let with_gap = format!("{}\0\0{}", &right[..gap], &right[gap + next + 1..]);
            for (old, new) in [(&with_gap[..], right), (right, &with_gap)] {
                test.write(&format!("{left}{old}"), new);
                let hall = Hall::open(test.options.clone()).unwrap();
                assert_eq!(
                    (hall.hub.timeline.first(), hall.hub.timeline.head().seq),
                    (1, 5)
                );
                assert!(everything(&test.options).starts_with(&test.whole));
                hall.kill();
            }
        }
    }
}

/// It is damage, and nothing is changed.
#[test]
fn two_files_are_not_mended_if_they_differ() {
    let test = Twice::new();
    for &start in &test.starts[1..] {
        let other = test.whole[start..].replacen("ann", "bob", 1);
        test.write(&test.whole, &other);
        assert!(Hall::open(test.options.clone()).is_err());
        assert_eq!(content(&test.options), other);
        assert_eq!(fs::read_to_string(test.full(1)).unwrap(), test.whole);
    }
}
