use super::*;
use crate::access::keys::fixtures::person_key;
use crate::access::people::{Day, Holding};
use chat_proto::name::Name;

fn name(name: &str) -> Name {
    Name::choose(name).unwrap()
}

/// The line that gives this key a name.
fn line(holder: &str, key: u8) -> String {
    let key = person_key(key).public().to_openssh().unwrap();
    format!("name=\"{holder}\" {key}\n")
}

fn claim(holder: &str, key: u8) -> Change {
    Change::Claim {
        name: name(holder),
        key: person_key(key),
        day: Day::parse("2026-11-23").unwrap(),
    }
}

#[track_caller]
fn check_held(file: &PeopleFile, holder: &str, key: Option<u8>) {
    let name = name(holder);
    let key = key.map(|key| person_key(key).fingerprint());
    let holding = file.people().holding(&name, key.as_ref());
    match key {
        Some(_) => assert_eq!(holding, Holding::Own(&name)),
        None => assert_eq!(holding, Holding::Free),
    }
}

struct Test {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Test {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people");
        Self {
            path,
            _folder: folder,
        }
    }

    fn open(&self) -> PeopleFile {
        PeopleFile::open(self.path.clone()).unwrap().0
    }

    fn edit(&self, text: &str) {
        fs::write(&self.path, text).unwrap();
    }
}

#[test]
fn what_is_claimed_is_there_after_a_restart() {
    let test = Test::new();
    let mut file = test.open();
    assert!(
        !test.path.exists(),
        "nothing is written before it is needed"
    );
    file.make(&claim("ann", 1));
    assert!(file.is_unwritten());
    file.write().unwrap();
    assert!(!file.is_unwritten());
    assert!(matches!(file.look().unwrap(), Look::Same));
    let again = test.open();
    check_held(&again, "ann", Some(1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&test.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// An editor that truncates a file and then writes it in pieces is not disturbed.
#[test]
fn a_file_counts_once_it_stays_as_it_is() {
    let test = Test::new();
    test.edit(&line("ann", 1));
    let mut file = test.open();
    for text in ["", "# a comment\n"] {
        test.edit(text);
        assert!(matches!(file.look().unwrap(), Look::Changing));
        check_held(&file, "ann", Some(1));
    }
    test.edit(&line("bo", 2));
    assert!(matches!(file.look().unwrap(), Look::Changing));
    assert!(matches!(file.look().unwrap(), Look::Changed(_)));
    check_held(&file, "ann", None);
    check_held(&file, "bo", Some(2));
    test.edit(&line("cyd", 3));
    assert!(matches!(file.look_at_once().unwrap(), Look::Changed(_)));
    check_held(&file, "cyd", Some(3));
}

#[test]
fn what_the_operator_edits_and_what_the_room_changes_are_both_kept() {
    let test = Test::new();
    test.edit(&line("ann", 1));
    let mut file = test.open();
    file.make(&claim("bo", 2));
    file.make(&claim("cyd", 3));
    let edited = format!("# mine\n{}{}", line("ann", 1), line("cyd", 4));
    test.edit(&edited);
    assert!(matches!(file.look_at_once().unwrap(), Look::Changed(_)));
    file.write().unwrap();
    let again = test.open();
    check_held(&again, "ann", Some(1));
    check_held(&again, "bo", Some(2));
    // The operator was first.
    check_held(&again, "cyd", Some(4));
    let text = fs::read_to_string(&test.path).unwrap();
    assert!(text.starts_with(&edited), "{text}");
}

#[test]
fn a_file_that_is_gone_or_damaged_frees_no_name() {
    let test = Test::new();
    test.edit(&line("ann", 1));
    let mut file = test.open();
    fs::remove_file(&test.path).unwrap();
    assert!(matches!(file.look().unwrap(), Look::Changing));
    assert!(matches!(file.look().unwrap(), Look::Gone));
    assert!(matches!(file.look().unwrap(), Look::Same));
    check_held(&file, "ann", Some(1));
    test.edit(&"x\n".repeat(200_000));
    assert!(file.look_at_once().is_err());
    // It is told once.
    assert!(matches!(file.look_at_once().unwrap(), Look::Same));
    check_held(&file, "ann", Some(1));
    // What the operator has written stays, however wrong it is.
    file.make(&claim("cyd", 3));
    assert!(file.write().is_err());
    assert_eq!(fs::metadata(&test.path).unwrap().len(), 400_000);
    // The next claim writes all that is known.
    fs::remove_file(&test.path).unwrap();
    assert!(matches!(file.look_at_once().unwrap(), Look::Gone));
    file.make(&claim("bo", 2));
    file.write().unwrap();
    let again = test.open();
    check_held(&again, "ann", Some(1));
    check_held(&again, "bo", Some(2));
    check_held(&again, "cyd", Some(3));
}

#[test]
fn an_edit_that_has_just_come_is_read_before_anything_is_written() {
    let test = Test::new();
    test.edit(&line("ann", 1));
    let mut file = test.open();
    file.make(&claim("bo", 2));
    let edited = "# mine\n".to_owned() + &line("cyd", 3);
    test.edit(&edited);
    file.write().unwrap();
    assert!(file.is_unwritten());
    assert_eq!(fs::read_to_string(&test.path).unwrap(), edited);
    assert!(matches!(file.look_at_once().unwrap(), Look::Changed(_)));
    file.write().unwrap();
    assert!(!file.is_unwritten());
    check_held(&test.open(), "bo", Some(2));
}

/// Two servers may have one folder. None writes over what the other one writes.
#[test]
fn claims_of_two_servers_come_together() {
    let test = Test::new();
    let mut files = [test.open(), test.open()];
    for (number, file) in (1..).zip(&mut files) {
        file.make(&claim(&format!("p{number}x"), number));
    }
    while files.iter().any(PeopleFile::is_unwritten) {
        for file in &mut files {
            file.look_at_once().unwrap();
            file.write().unwrap();
        }
    }
    let file = test.open();
    check_held(&file, "p1x", Some(1));
    check_held(&file, "p2x", Some(2));
    let folder = fs::read_dir(test.path.parent().unwrap()).unwrap();
    assert_eq!(folder.count(), 1, "nothing else is left");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let test = Test::new();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &test.path, mode).unwrap();
    assert!(PeopleFile::open(test.path).is_err());
}

#[cfg(unix)]
#[test]
fn a_link_and_the_mode_of_the_file_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let test = Test::new();
    let target = test.path.with_file_name("shared");
    fs::write(&target, line("ann", 1)).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o664)).unwrap();
    symlink(&target, &test.path).unwrap();
    let mut file = test.open();
    assert!(file.is_open_to_others());
    file.make(&claim("bo", 2));
    file.write().unwrap();
    assert!(fs::symlink_metadata(&test.path).unwrap().is_symlink());
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o664);
    check_held(&test.open(), "bo", Some(2));
}

#[test]
fn what_cannot_be_written_is_written_later() {
    let test = Test::new();
    let folder = test.path.join("gone");
    let mut file = PeopleFile::open(folder.join("people")).unwrap().0;
    file.make(&claim("ann", 1));
    assert!(file.write().is_err());
    assert!(file.is_unwritten());
    fs::create_dir_all(&folder).unwrap();
    file.write().unwrap();
    check_held(
        &PeopleFile::open(folder.join("people")).unwrap().0,
        "ann",
        Some(1),
    );
}
