use std::fs;
use std::path::Path;

use ssh_key::Fingerprint;
use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    // Neither it nor its parent is there.
    let folder = directory.path().join("state/chat-server");
    (directory, folder)
}

fn load(folder: &Path) -> Result<Fingerprint, Failure> {
    let loaded = Source::Own(folder.to_owned()).load(&mut Vec::new());
    loaded.map(|credentials| credentials.fingerprint)
}

#[test]
fn a_key_is_made_once_and_read_again() {
    let (_directory, folder) = folder();
    let first = load(&folder).unwrap();
    assert!(first.to_string().starts_with("SHA256:"));
    assert_eq!(first.to_string().len(), "SHA256:".len() + 43);
    assert_eq!(load(&folder).unwrap(), first);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_file(own::file(&folder)).unwrap();
    assert_ne!(load(&folder).unwrap(), first);
}

/// Servers that start at once agree on one key, and leave nothing else behind.
#[test]
fn one_of_several_makes_the_key() {
    for _ in 0..20 {
        let (_directory, folder) = folder();
        let seen: Vec<Fingerprint> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| load(&folder))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap().unwrap())
                .collect()
        });
        assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}

#[track_caller]
fn wrong(folder: &Path, said: &str) {
    match load(folder) {
        Err(Failure::Wrong(why)) => {
            let why = format!("{why:#}");
            assert!(why.contains(said), "{why}");
            assert!(why.contains(&*own::file(folder).to_string_lossy()), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_key_is_refused_and_left_alone() {
    let (_directory, folder) = folder();
    load(&folder).unwrap();
    let file = own::file(&folder);
    let good = fs::read_to_string(&file).unwrap();
    let (key, certificate) = good.split_at(good.find("-----BEGIN CERT").unwrap());
    let other = tempfile::tempdir().unwrap();
    load(other.path()).unwrap();
    let other = fs::read_to_string(own::file(other.path())).unwrap();
    let (other, _) = other.split_at(other.find("-----BEGIN CERT").unwrap());
    for bad in [
        "",
        "x",
        key,
        certificate,
        &good[..good.len() / 2],
        &good.replacen("PRIVATE", "PUBLIC", 2),
        &format!("{other}{certificate}"),
    ] {
        fs::write(&file, bad).unwrap();
        wrong(&folder, "is not a key and its certificate");
        assert_eq!(fs::read_to_string(&file).unwrap(), bad);
    }
    fs::write(&file, [0xff; 33]).unwrap();
    wrong(&folder, "cannot read");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    wrong(&folder, "no file");
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, folder) = folder();
    load(&folder).unwrap();
    let file = own::file(&folder);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    for bad in [0o640, 0o604, 0o620] {
        fs::set_permissions(&file, PermissionsExt::from_mode(bad)).unwrap();
        wrong(&folder, "chmod 600");
        assert_eq!(mode(&file), bad);
    }
    fs::set_permissions(&file, PermissionsExt::from_mode(0o400)).unwrap();
    assert!(load(&folder).is_ok());
}

/// Where nothing can be kept no client knows the server, so it may go without.
#[test]
fn a_folder_that_cannot_be_had_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let mut places = vec![file.join("below")];
    if cfg!(target_os = "linux") {
        // There even root may not make one.
        places.push("/sys/chat-server".into());
    }
    for place in places {
        match load(&place) {
            Err(Failure::NotKept(why)) => {
                let why = format!("{why:#}");
                assert!(why.contains(&*place.to_string_lossy()), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A pair of files with these contents.
fn pair(cert: &str, key: &str) -> Result<Credentials, String> {
    let directory = tempfile::tempdir().unwrap();
    let [cert_path, key_path] = ["cert.pem", "key.pem"].map(|name| directory.path().join(name));
    fs::write(&cert_path, cert).unwrap();
    fs::write(&key_path, key).unwrap();
    let source = Source::Files {
        cert: cert_path,
        key: key_path,
    };
    let loaded = source.load(&mut Vec::new());
    loaded.map_err(|failure| format!("{:#}", failure.why()))
}

fn made() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["chat.example.org".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn a_pair_of_files_has_to_fit() {
    let (cert, key) = made();
    let (other_cert, other_key) = made();
    let alone = pair(&cert, &key).unwrap();
    let chain = pair(&format!("{cert}{other_cert}"), &key).unwrap();
    assert_eq!(alone.fingerprint, chain.fingerprint);
    assert_eq!((alone.key.cert.len(), chain.key.cert.len()), (1, 2));
    for (cert, key, said) in [
        (&*cert, &*other_key, "does not fit the certificate"),
        (&format!("{other_cert}{cert}"), &key, "before those of"),
        (&key, &key, "is no certificate in PEM form"),
        (&cert, &cert, "is no key in PEM form"),
        ("", &key, "is no certificate in PEM form"),
        (&cert, "", "is no key in PEM form"),
        (
            &cert,
            &key.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            "needs a password",
        ),
    ] {
        let why = pair(cert, key).unwrap_err();
        assert!(why.contains(said), "{said}: {why}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let source = Source::Files {
        cert: "/nowhere/cert.pem".into(),
        key: "/nowhere/key.pem".into(),
    };
    let failure = source.load(&mut Vec::new()).unwrap_err();
    let why = crate::ops::errors::chain(failure.why());
    let said = "cannot read the certificate /nowhere/cert.pem: no such file or directory";
    assert_eq!(why, said);
}

#[cfg(unix)]
#[test]
fn a_key_of_the_operator_that_everybody_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = made();
    let [cert_path, key_path] = ["cert.pem", "key.pem"].map(|name| directory.path().join(name));
    fs::write(&cert_path, cert).unwrap();
    fs::write(&key_path, key).unwrap();
    let source = Source::Files {
        cert: cert_path,
        key: key_path.clone(),
    };
    for (mode, is_told) in [(0o644, true), (0o640, false), (0o600, false)] {
        fs::set_permissions(&key_path, PermissionsExt::from_mode(mode)).unwrap();
        let mut notes = Vec::new();
        source.load(&mut notes).unwrap();
        assert_eq!(notes.iter().any(|note| note.contains("chmod")), is_told);
    }
}
