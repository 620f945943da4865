use std::fs;
use std::thread;

use super::*;
use proptest::prelude::*;

fn entries(store: &Store) -> Vec<String> {
    let history = store.load().unwrap();
    history.lines().map(str::to_owned).collect()
}

/// A directory of the test's own, and the store in it.
fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::at(directory.path().join("history"));
    (directory, store)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn entries_last_and_secrets_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/chat/history");
    let store = Store::at(path.clone());
    assert_eq!(entries(&store), [""; 0]);
    for entry in ["one", "two\nlines \\n", "/password x", " ", "one"] {
        store.add(entry).unwrap();
    }
    assert_eq!(entries(&store), ["two\nlines \\n", "one"]);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "one\ntwo\\nlines \\\\n\none\n"
    );
    store.tidy().unwrap();
    let tidy = "two\\nlines \\\\n\none\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), tidy);
    #[cfg(unix)]
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_damaged_file_is_read_as_far_as_it_goes() {
    let (_directory, store) = store();
    fs::write(store.path(), b"good\n\xff\x1b[2J\n\\\nno end").unwrap();
    assert_eq!(entries(&store)[0], "good");
    assert!(!entries(&store).concat().contains('\x1b'));
    store.add("more").unwrap();
    assert!(entries(&store).ends_with(&["no end".to_owned(), "more".to_owned()]));
}

#[test]
fn several_clients_share_it_and_none_loses_a_line() {
    let (_directory, store) = store();
    let wanted = |client: usize| (0..50).map(move |line| format!("{client}: {line}"));
    thread::scope(|scope| {
        for client in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for line in wanted(client) {
                    store.add(&line).unwrap();
                }
            });
        }
    });
    let kept = entries(&store);
    assert_eq!(kept.len(), 200);
    for client in 0..4 {
        let mine = |entry: &&String| entry.starts_with(&format!("{client}:"));
        let mine: Vec<String> = kept.iter().filter(mine).cloned().collect();
        assert_eq!(mine, wanted(client).collect::<Vec<_>>(), "in its order");
    }
}

/// A client that is stopped while it holds the lock.
#[test]
fn a_lock_that_is_not_given_back_loses_nothing() {
    let (_directory, store) = store();
    store.add("one").unwrap();
    let held = File::open(store.path()).unwrap();
    held.lock().unwrap();
    store.add("two").unwrap();
    assert_eq!(entries(&store), ["one", "two"]);
}

#[test]
fn a_file_that_has_grown_is_shortened_and_keeps_its_entries() {
    let long = "x".repeat(8000);
    let many: Vec<String> = (0..2 * MAX_HISTORY).map(|line| line.to_string()).collect();
    let again = ["ok"; 2 * MAX_HISTORY].map(str::to_owned).to_vec();
    let huge = (0..200).map(|line| format!("{long}{line}")).collect();
    for lines in [many, again, huge] {
        let (_directory, store) = store();
        fs::write(store.path(), lines.join("\n") + "\n").unwrap();
        let mut expected = History::from_lines(lines.clone());
        assert_eq!(entries(&store).len(), expected.len());
        store.add("last").unwrap();
        expected.push("last");
        assert!(entries(&store).iter().eq(expected.lines()));
        let file = fs::read_to_string(store.path()).unwrap();
        assert_eq!(file.lines().count(), expected.len());
        store.add("more").unwrap();
        assert_eq!(entries(&store).last().unwrap(), "more");
    }
}

/// Wherever a crash stops it, and however much of the last write is on the disk.
#[test]
fn while_it_is_shortened_all_entries_are_in_the_file() {
    let lines: Vec<String> = (0..2 * MAX_HISTORY + 1)
        .map(|line| line.to_string())
        .collect();
    let before = lines.join("\n") + "\n";
    let kept: Vec<String> = history(before.as_bytes()).lines().map(escape).collect();
    let new = kept.join("\n");
    let check = |stage: &[u8]| {
        let found = history(stage);
        let found: Vec<&str> = found.lines().collect();
        // But for one that is cut in two.
        let missing = kept.iter().filter(|entry| !found.contains(&entry.as_str()));
        assert!(missing.count() <= 1, "{}", stage.len());
    };
    for written in (0..=new.len()).step_by(1511) {
        check(format!("{before}{}", &new[..written]).as_bytes());
        // The disk may have the beginning of the last write, or only its end.
        for range in [0..written, written..new.len()] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(before.as_bytes()).unwrap();
            let stopped = replace(&mut file, &new, |file, bytes| {
                file.seek(SeekFrom::Start(range.start as u64))?;
                file.write_all(&bytes[range.clone()])?;
                Err(io::Error::other("a crash"))
            });
            stopped.unwrap_err();
            check(&read_end(&mut file).unwrap());
        }
    }
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_link_is_followed_and_stays_one() {
        let (directory, store) = store();
        let target = directory.path().join("dotfiles");
        for is_there in [true, false] {
            if is_there {
                fs::write(&target, "one\n").unwrap();
            }
            symlink(&target, store.path()).unwrap();
            store.add("two").unwrap();
            assert!(fs::symlink_metadata(store.path()).unwrap().is_symlink());
            let there = if is_there { "one\n" } else { "" };
            assert_eq!(
                fs::read_to_string(&target).unwrap(),
                format!("{there}two\n")
            );
            fs::remove_file(&target).unwrap();
            fs::remove_file(store.path()).unwrap();
        }
    }

    #[test]
    fn a_file_keeps_its_permissions_and_its_other_names() {
        let (directory, store) = store();
        let other = directory.path().join("other");
        fs::write(&other, "y\n".repeat(2 * MAX_HISTORY)).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o640)).unwrap();
        fs::hard_link(&other, store.path()).unwrap();
        store.add("two").unwrap();
        assert_eq!(mode(store.path()), 0o640);
        assert_eq!(fs::read_to_string(other).unwrap(), "y\ntwo\n");
    }

    #[test]
    fn a_device_keeps_nothing() {
        let (_directory, store) = store();
        symlink("/dev/null", store.path()).unwrap();
        store.add("one").unwrap();
        assert_eq!(entries(&store), [""; 0]);
        let link = fs::symlink_metadata(store.path()).unwrap();
        assert!(link.is_symlink());
    }

    /// Were it opened it would be waited for without end.
    #[test]
    fn only_a_regular_file_is_read_and_written() {
        let (directory, store) = store();
        let pipe = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let others = [pipe, socket, directory.path().to_owned()];
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            for other in others {
                symlink(&other, store.path()).unwrap();
                let errors = [store.load().unwrap_err(), store.add("one").unwrap_err()];
                fs::remove_file(store.path()).unwrap();
                done.send(errors).unwrap();
            }
        });
        for _ in 0..3 {
            let errors = is_done
                .recv_timeout(Duration::from_secs(10))
                .expect("no wait");
            for error in errors {
                assert_eq!(error.to_string(), "it is not a regular file");
            }
        }
    }
}

proptest! {
    #[test]
    fn an_entry_comes_back_as_it_was(entry in any::<String>()) {
        prop_assert_eq!(&unescape(&escape(&entry)), &entry);
        prop_assert!(!escape(&entry).contains('\n'));
    }
}
