//! What is remembered from one run to the next.

use std::thread;

use chat_testkit::run_piped;

use super::*;

#[track_caller]
fn forget(home: &Home, args: &[&str]) -> Output {
    let args = [&["--forget"], args].concat();
    run_piped(client(), &args, &[("XDG_STATE_HOME", home.state())], b"")
}

#[test]
fn a_server_that_is_forgotten_is_met_anew() {
    let (old, new) = (Identity::new(), Identity::new());
    let (front, listener) = front(&old);
    front.say_in_plain(OFFER);
    let home = Home::new();
    let addr = front.addr().to_string();
    let unknown = forget(&home, &[&addr]).success();
    assert!(
        unknown.stdout.starts_with(&format!("{addr} was not known")),
        "{unknown}"
    );
    for (identity, args) in [
        (&old, vec![addr.clone()]),
        (
            &new,
            vec!["127.0.0.1".to_owned(), front.addr().port().to_string()],
        ),
    ] {
        front.show(identity);
        let mut program = home.pipe(front.addr(), &[]);
        let _inner = welcome(&listener, "ann");
        program.stdout.expect("-- you are ann");
        let key = identity.fingerprint();
        program
            .stderr
            .expect(&format!("first time here; the key {key} is kept\n"));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let forgotten = forget(&home, &args).success();
        assert!(
            forgotten.stdout.contains(&format!("{addr} key {key}\n")),
            "{forgotten}"
        );
        assert_eq!(forgotten.stderr, "");
        assert_eq!(home.remembered(), [""; 0]);
    }
}

#[test]
fn clients_at_once_remember_all_of_their_servers() {
    let home = Home::new();
    let fronts: Vec<_> = (0..6)
        .map(|_| Identity::new())
        .map(|key| (front(&key), key))
        .collect();
    thread::scope(|scope| {
        for ((front, listener), _) in &fronts {
            let home = &home;
            scope.spawn(move || {
                let mut program = home.pipe(front.addr(), &["--tls"]);
                let _inner = welcome(listener, "ann");
                program.stdout.expect("-- you are ann");
            });
        }
    });
    let remembered = home.remembered();
    assert_eq!(remembered.len(), fronts.len(), "{remembered:?}");
    for ((front, _), key) in &fronts {
        let line = format!("{} key {}", front.addr(), key.fingerprint());
        assert!(remembered.contains(&line), "{line} in {remembered:?}");
    }
}

#[test]
fn what_cannot_be_kept_is_told_once_and_no_reason_to_end() {
    let (front, listener) = front(&Identity::new());
    let home = Home::new();
    let output = without_a_folder(&home, &front, &listener);
    assert_eq!(
        output
            .stderr
            .matches("is not kept for the next time")
            .count(),
        1,
        "{output}"
    );
    assert!(
        output.stderr.contains("a part of its path is not a folder"),
        "{output}"
    );
}

#[test]
fn lines_that_cannot_be_read_are_told_and_left() {
    let identity = Identity::new();
    let (front, listener) = front(&identity);
    let home = Home::new();
    let addr = front.addr();
    let others = "# mine\nnonsense\n";
    fs::create_dir(home.0.path().join("chat")).expect("our own directory");
    fs::write(home.known_hosts(), others).expect("our own directory");
    let mut program = home.pipe(addr, &["--tls"]);
    let _inner = welcome(&listener, "ann");
    program.stdout.expect("-- you are ann");
    program
        .stderr
        .expect("known_hosts: line 2 cannot be read and is left as it is\n");
    drop(program);
    let text = fs::read_to_string(home.known_hosts()).expect("a file");
    assert_eq!(
        text,
        format!("{others}{addr} key {}\n", identity.fingerprint())
    );

    // What is said of the very server has to be read.
    for line in ["key SHA256:half", "later x", ""] {
        let text = format!("{addr} {line}\n");
        fs::write(home.known_hosts(), &text).expect("our own directory");
        let output = home.say_secret(addr, &[]);
        ended(
            &output,
            4,
            &["cannot be read, in line 1 of", "nothing was sent"],
        );
        assert_eq!(
            fs::read_to_string(home.known_hosts()).expect("a file"),
            text
        );
    }
    is_unvisited(&listener);
    assert_eq!(forget(&home, &[&addr.to_string()]).code(), 0);
    assert_eq!(home.remembered(), [""; 0]);
}
