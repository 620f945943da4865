use std::thread;

use ssh_key::Fingerprint;

use super::*;

fn key(number: u8) -> Known {
    Known::Key(Fingerprint::Sha256([number; 32]))
}

fn server(host: &str) -> HostPort {
    HostPort::new(host, 5000)
}

/// A folder of the test's own, and the file in it.
fn hosts() -> (tempfile::TempDir, KnownHosts) {
    let folder = tempfile::tempdir().unwrap();
    let hosts = KnownHosts::at(folder.path().join("chat/known_hosts"));
    (folder, hosts)
}

fn known(hosts: &KnownHosts, host: &str) -> Option<Known> {
    hosts.look_up(&server(host)).unwrap().known
}

fn write(hosts: &KnownHosts, text: impl AsRef<[u8]>) {
    fs::create_dir_all(hosts.path().parent().unwrap()).unwrap();
    fs::write(hosts.path(), text).unwrap();
}

fn files(hosts: &KnownHosts) -> Vec<String> {
    let entries = fs::read_dir(hosts.path().parent().unwrap()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_server_is_remembered_until_it_is_forgotten() {
    let (_folder, hosts) = hosts();
    assert_eq!(hosts.look_up(&server("a")).unwrap(), Found::default());
    assert_eq!(hosts.forget(&server("a")).unwrap(), [""; 0]);
    assert!(!hosts.path().parent().unwrap().exists(), "nothing is made");
    for (host, what) in [("a", key(1)), ("::1", Known::Roots), ("b", key(2))] {
        let kept = hosts.remember(&server(host), &what, None).unwrap();
        assert_eq!(kept, Remembered::Kept);
    }
    let Known::Key(one) = key(1) else {
        unreachable!("it is a key");
    };
    let Known::Key(two) = key(2) else {
        unreachable!("it is a key");
    };
    let text = format!("a:5000 key {one}\n[::1]:5000 roots\nb:5000 key {two}\n");
    assert_eq!(fs::read_to_string(hosts.path()).unwrap(), text);
    assert_eq!(known(&hosts, "a"), Some(key(1)));
    assert_eq!(known(&hosts, "::1"), Some(Known::Roots));
    assert_eq!(known(&hosts, "c"), None);
    assert_eq!(files(&hosts), ["known_hosts", "known_hosts.lock"]);

    let forgotten = hosts.forget(&server("a")).unwrap();
    assert_eq!(forgotten, [format!("a:5000 key {one}")]);
    assert_eq!(known(&hosts, "a"), None);
    assert_eq!(known(&hosts, "b"), Some(key(2)));
    assert_eq!(hosts.forget(&server("a")).unwrap(), [""; 0]);
}

/// Two clients that meet a server at once, or one with a pin.
#[test]
fn what_another_client_has_remembered_meanwhile_stays() {
    let (_folder, hosts) = hosts();
    let a = server("a");
    assert_eq!(hosts.remember(&a, &key(1), None).unwrap(), Remembered::Kept);
    assert_eq!(hosts.remember(&a, &key(1), None).unwrap(), Remembered::Kept);
    let other = hosts.remember(&a, &key(2), None).unwrap();
    assert_eq!(other, Remembered::Contradicted(key(1)));
    assert_eq!(known(&hosts, "a"), Some(key(1)));
    let replaced = hosts.remember(&a, &key(2), Some(&key(1))).unwrap();
    assert_eq!(replaced, Remembered::Kept);
    assert_eq!(known(&hosts, "a"), Some(key(2)));
}

#[test]
fn clients_that_write_at_once_lose_nothing() {
    let (_folder, hosts) = hosts();
    thread::scope(|scope| {
        for client in 0..4 {
            let hosts = &hosts;
            scope.spawn(move || {
                for number in 0..6 {
                    let server = server(&format!("host-{client}-{number}"));
                    hosts.remember(&server, &key(client), None).unwrap();
                }
            });
        }
    });
    for client in 0..4 {
        for number in 0..6 {
            let host = format!("host-{client}-{number}");
            assert_eq!(known(&hosts, &host), Some(key(client)), "{host}");
        }
    }
}

#[test]
fn a_lock_that_is_not_given_back_is_an_error_and_no_wait_without_end() {
    let (_folder, hosts) = hosts();
    hosts.remember(&server("a"), &key(1), None).unwrap();
    let lock = File::create(hosts.beside("lock")).unwrap();
    lock.lock().unwrap();
    let error = hosts.remember(&server("b"), &key(1), None).unwrap_err();
    assert_eq!(error.to_string(), "another client holds it");
    assert_eq!(known(&hosts, "a"), Some(key(1)), "reading needs no lock");
}

/// What a person, a later version or a broken disk has left.
#[test]
fn lines_of_others_stay_as_they_are() {
    let (_folder, hosts) = hosts();
    let Known::Key(one) = key(1) else {
        unreachable!("it is a key");
    };
    let lines = [
        "# mine".to_owned(),
        String::new(),
        format!("A:5000 key {one} since Monday"),
        "later:5000 post-quantum x".to_owned(),
        "half:5000 key SHA256:AAAA".to_owned(),
        "bare:5000".to_owned(),
        "\x1b[2J damaged".to_owned(),
        "no-port key SHA256:AAAA".to_owned(),
    ];
    let mut before = lines.join("\n").into_bytes();
    before.extend(b"\n\xff\xff no text\nbytes:5000 \xff");
    write(&hosts, &before);

    let damaged = vec![7, 8, 9];
    let found = hosts.look_up(&server("a")).unwrap();
    assert_eq!((found.known, found.damaged), (Some(key(1)), damaged));
    for (host, line) in [("later", 4), ("half", 5), ("bare", 6), ("bytes", 10)] {
        let found = hosts.look_up(&server(host)).unwrap();
        assert_eq!(
            (found.known, found.unreadable),
            (None, Some(line)),
            "{host}"
        );
    }
    assert_eq!(hosts.look_up(&server("new")).unwrap().unreadable, None);

    hosts.remember(&server("new"), &Known::Roots, None).unwrap();
    before.extend(b"\nnew:5000 roots\n");
    assert_eq!(fs::read(hosts.path()).unwrap(), before);
    assert_eq!(hosts.forget(&server("half")).unwrap().len(), 1);
    let after = fs::read(hosts.path()).unwrap();
    assert_eq!(after.len(), before.len() - lines[4].len() - 1);
}

#[test]
fn the_last_line_of_a_server_counts_and_one_is_left() {
    let (_folder, hosts) = hosts();
    let Known::Key(one) = key(1) else {
        unreachable!("it is a key");
    };
    write(
        &hosts,
        format!("a:5000 roots\nb:5000 roots\na:5000 key {one}\n"),
    );
    assert_eq!(known(&hosts, "a"), Some(key(1)));
    hosts
        .remember(&server("a"), &Known::Roots, Some(&key(1)))
        .unwrap();
    let text = fs::read_to_string(hosts.path()).unwrap();
    assert_eq!(text, "a:5000 roots\nb:5000 roots\n");
}

/// Some editors, above all of Windows, put a byte order mark before the first line, and
/// end the lines with CR LF.
#[test]
fn what_an_editor_has_added_hides_no_server() {
    let (_folder, hosts) = hosts();
    let Known::Key(one) = key(1) else {
        unreachable!("it is a key");
    };
    write(
        &hosts,
        format!("\u{feff}a:5000 key {one}\r\nb:5000 roots\r\n"),
    );
    assert_eq!(known(&hosts, "a"), Some(key(1)));
    assert_eq!(known(&hosts, "b"), Some(Known::Roots));
    let found = hosts.look_up(&server("c")).unwrap();
    assert_eq!(found, Found::default(), "no line is damaged");
    assert_eq!(hosts.forget(&server("a")).unwrap().len(), 1);
    let text = fs::read_to_string(hosts.path()).unwrap();
    assert_eq!(text, "b:5000 roots\r\n");
    write(&hosts, "\u{feff}# mine\r\n");
    let found = hosts.look_up(&server("a")).unwrap();
    assert_eq!(found, Found::default(), "a comment");
}

#[test]
fn the_file_does_not_grow_without_end() {
    let (_folder, hosts) = hosts();
    let line = b"a:5000 roots\n";
    let most = usize::try_from(MAX_FILE).unwrap();
    let mut full = line.to_vec();
    full.resize(most, b'#');
    full[most - 1] = b'\n';
    write(&hosts, &full);
    assert_eq!(known(&hosts, "a"), Some(Known::Roots), "at the limit");
    let error = hosts.remember(&server("b"), &key(1), None).unwrap_err();
    assert_eq!(error.to_string(), "it is larger than 1 MiB");
    assert_eq!(fs::read(hosts.path()).unwrap().len(), most);
    // To forget makes room.
    assert_eq!(hosts.forget(&server("a")).unwrap(), ["a:5000 roots"]);
    full.push(b'#');
    write(&hosts, &full);
    let error = hosts.look_up(&server("a")).unwrap_err();
    assert_eq!(error.to_string(), "it is larger than 1 MiB");
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn only_its_owner_reads_it() {
        let (_folder, hosts) = hosts();
        for host in ["a", "b"] {
            hosts.remember(&server(host), &key(1), None).unwrap();
            assert_eq!(mode(hosts.path()), 0o600);
            assert_eq!(mode(&hosts.beside("lock")), 0o600);
            assert_eq!(mode(hosts.path().parent().unwrap()), 0o700);
        }
    }

    #[test]
    fn a_link_is_followed_and_stays_one() {
        let (folder, hosts) = hosts();
        let target = folder.path().join("dotfile");
        for is_there in [true, false] {
            if is_there {
                fs::write(&target, "b:5000 roots\n").unwrap();
            }
            fs::create_dir_all(hosts.path().parent().unwrap()).unwrap();
            symlink(&target, hosts.path()).unwrap();
            hosts.remember(&server("a"), &Known::Roots, None).unwrap();
            assert!(fs::symlink_metadata(hosts.path()).unwrap().is_symlink());
            let there = if is_there { "b:5000 roots\n" } else { "" };
            let text = fs::read_to_string(&target).unwrap();
            assert_eq!(text, format!("{there}a:5000 roots\n"));
            fs::remove_file(&target).unwrap();
            fs::remove_file(hosts.path()).unwrap();
        }
    }

    #[test]
    fn what_is_no_file_stays_and_remembers_nothing() {
        let (_folder, hosts) = hosts();
        fs::create_dir_all(hosts.path().parent().unwrap()).unwrap();
        symlink("/dev/null", hosts.path()).unwrap();
        let error = hosts.remember(&server("a"), &key(1), None).unwrap_err();
        assert_eq!(error.to_string(), "it is a device");
        assert_eq!(fs::read_link(hosts.path()).unwrap(), Path::new("/dev/null"));
        assert_eq!(known(&hosts, "a"), None);
        fs::remove_file(hosts.path()).unwrap();
        fs::create_dir(hosts.path()).unwrap();
        let error = hosts.look_up(&server("a")).unwrap_err();
        assert_eq!(error.to_string(), "it is not a regular file");
        assert!(hosts.remember(&server("a"), &key(1), None).is_err());
    }
}
