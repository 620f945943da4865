//! What the server tells the service manager that has started it, as systemd does.
//! `.ci/systemd` has the real tools.

use std::time::{Duration, Instant};

use chat_testkit::{NotifySocket, ServerProcess, Signal};

use crate::{SERVER, join};

fn serve(manager: &NotifySocket, more: &[(&str, &str)]) -> ServerProcess {
    let mut env = vec![("NOTIFY_SOCKET", manager.address())];
    env.extend(more);
    ServerProcess::start_with(SERVER, &["--listen", "127.0.0.1:0"], &env)
}

/// Ready before anything else, then who is here, when that changes; a reload with its end;
/// and the end.
#[test]
fn the_manager_is_told_what_becomes_of_the_server() {
    let manager = NotifySocket::new();
    let server = serve(&manager, &[]);
    assert_eq!(manager.next(), "READY=1");
    assert_eq!(manager.next(), "STATUS=0 people, 0 bans");
    let _ann = join(server.addr(), "ann");
    assert_eq!(manager.next(), "STATUS=1 person, 0 bans");
    server.signal(Signal::Hangup);
    let reloading = manager.next();
    let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    let micros = micros.map(str::parse::<u64>);
    assert!(matches!(micros, Some(Ok(1..))), "{reloading}");
    assert_eq!(manager.next(), "READY=1");
    server.signal(Signal::Terminate);
    assert_eq!(manager.next(), "STOPPING=1");
    assert!(server.wait_exit(Duration::from_secs(3)).success());
    // At most that ann has gone.
    let rest = manager.rest();
    assert!(
        rest.iter().all(|word| word.starts_with("STATUS=")),
        "{rest:?}"
    );
}

/// Fifty people who come are a few words.
#[test]
fn the_status_is_told_once_a_second() {
    let manager = NotifySocket::new();
    let start = Instant::now();
    let server = serve(&manager, &[]);
    let people: Vec<_> = (0..50)
        .map(|number| join(server.addr(), &format!("p{number}x")))
        .collect();
    let mut words = 1;
    while manager.next() != "STATUS=50 people, 0 bans" {
        words += 1;
    }
    // That it is ready, the status at once, and one in each second that has begun.
    let most = start.elapsed().as_secs() + 3;
    assert!(words <= most, "{words}");
    drop(people);
    manager.wait_for("STATUS=0 people");
}

/// As long as all threads live, also where nothing happens.
#[cfg(target_os = "linux")]
#[test]
fn the_watchdog_hears_of_an_idle_server() {
    let manager = NotifySocket::without_path();
    let start = Instant::now();
    let server = serve(&manager, &[("WATCHDOG_USEC", "1000000")]);
    for _ in 0..4 {
        manager.wait_for("WATCHDOG=1");
    }
    // At half of the time.
    assert!(
        start.elapsed() >= Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
    server.signal(Signal::Terminate);
    manager.wait_for("STOPPING=1");
    assert!(server.wait_exit(Duration::from_secs(3)).success());
}

/// A manager that is not there, and a watchdog of another process, stop nothing.
#[test]
fn a_manager_that_is_gone_is_done_without() {
    let env = [("NOTIFY_SOCKET", "/nowhere/notify")];
    let server = ServerProcess::start_with(SERVER, &["--listen", "127.0.0.1:0"], &env);
    server.wait_for_log("warn the service manager cannot be told that the server is ready why=");
    let _ann = join(server.addr(), "ann");
    let manager = NotifySocket::new();
    let other = serve(
        &manager,
        &[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")],
    );
    let _ann = join(other.addr(), "ann");
    manager.wait_for("STATUS=1 person");
    assert!(!manager.rest().iter().any(|word| word == "WATCHDOG=1"));
}
