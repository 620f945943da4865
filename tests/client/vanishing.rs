//! A terminal that goes away, or sends what no terminal should.

use chat_testkit::{JsonPeer, Terminal, keys, proc, until};

use crate::editing::Fixture;
use crate::scripted::{listen, welcome_to_room};
use crate::{client, join, join_by_shell, nc, server};

/// A client that is sent no SIGHUP when its terminal goes away, because it is
/// another session's; and its process.
#[track_caller]
fn in_foreign_terminal(addr: std::net::SocketAddr) -> (Terminal, u32) {
    let program = client().to_str().expect("a plain path");
    let addr = addr.to_string();
    let args = ["--wait", program, &addr, "--name", "ann", "--no-history"];
    let ann = Terminal::spawn("setsid", &args, &[], 24, 80);
    ann.wait_for_text("-- you are ann;");
    let [pid] = proc::children(ann.pid())[..] else {
        panic!("setsid starts one process");
    };
    (ann, pid)
}

/// Its terminal goes away, and it ends.
#[track_caller]
fn vanish(mut ann: Terminal, pid: u32) {
    ann.close_master();
    until("it has ended", || proc::has_ended(pid));
}

/// Also without a signal the client notices that the terminal is gone.
#[test]
fn a_terminal_that_vanishes_without_a_signal_ends_it() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let (ann, pid) = in_foreign_terminal(server.addr());
    bo.expect("[ann] entered room\n");
    ann.type_text("half typed");
    ann.wait_for_text("<You> half typed");
    vanish(ann, pid);
    bo.expect("\r[ann] is offline\n");
}

/// Nor does it wait for a server that is away, with something to say.
#[test]
fn a_terminal_that_vanishes_while_away_ends_it() {
    let (listener, addr) = listen();
    let server = std::thread::spawn(move || {
        let mut server = crate::scripted::greet(&listener);
        welcome_to_room(&mut server, 10, "ann", "");
        server.expect("hello");
        // The listener is gone.
    });
    let (ann, pid) = in_foreign_terminal(addr);
    ann.type_text("hello\r");
    server.join().expect("it is heard");
    ann.wait_for_text("-- connection lost; trying again");
    vanish(ann, pid);
}

/// Where SIGHUP is ignored, as under nohup.
#[test]
fn a_terminal_that_vanishes_under_nohup_ends_it() {
    let server = server();
    let mut bo = nc(server.addr(), "bo");
    let script = r#"trap '' HUP; exec "$0" "$@""#;
    let mut ann = join_by_shell(server.addr(), script);
    bo.expect("[ann] entered room\n");
    ann.close_master();
    ann.wait_exit();
    bo.expect("\r[ann] is offline\n");
}

/// A paste that never ends fills no memory, types nothing and sends
/// nothing, and C-c still leaves.
#[test]
fn an_endless_paste_is_bounded_and_can_be_left() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    ann.wait_for_text("[witness] entered room\n<You>");
    let before = proc::resident_bytes(ann.pid());
    ann.type_text("\x1b[200~");
    let lines = "/quit\r".repeat(8 << 10);
    for _ in 0..PASTED / lines.len() {
        ann.type_text(&lines);
    }
    ann.wait_for_text("-- there is no room for that paste in one draft\n<You>");
    let grown = proc::peak_bytes(ann.pid()).saturating_sub(before);
    assert!(grown < 10 << 20, "{grown} bytes more");
    // One that comes together with pasted bytes is pasted.
    until("C-c leaves", || {
        ann.type_text(&keys::ctrl('c'));
        !ann.is_running()
    });
    assert_eq!(ann.wait_exit(), 128 + 2);
    let screen = ann.screen();
    assert!(
        screen.contains("-- press Ctrl-C again to leave"),
        "{screen}"
    );
    assert_eq!(ann.termios_line(), ann.termios_before());
    witness.wait_for(|value| {
        assert_ne!(value["type"], "message");
        value["type"] == "left"
    });
}

/// The pasted bytes: more than a client may keep.
const PASTED: usize = 24 << 20;

/// A text with the mark of a paste's end in it, from a terminal that
/// passes it on, neither sends nor leaves.
#[test]
fn a_paste_that_ends_itself_sends_nothing() {
    let Fixture {
        server,
        mut bo,
        ann,
    } = Fixture::new();
    let mut witness = JsonPeer::connect(server.addr(), "witness");
    ann.wait_for_text("[witness] entered room\n<You>");
    ann.type_text(&keys::pasted("a\x1b[201~b\r/quit\r\x04\x03"));
    ann.wait_for_text("<You> ab\n/quit\n\n-- 2 lines");
    ann.type_text(&keys::ctrl('u'));
    // A key behind a paste is a key.
    ann.type_text(&keys::ctrl('c'));
    ann.wait_screen(|screen| screen.ends_with("<You>"), "an empty draft");
    ann.type_text(&(keys::pasted("hello") + "!\r"));
    let said = witness.wait_for(|value| value["type"] == "message");
    assert_eq!(said["text"], "hello!");
    bo.expect("\r<ann> hello!\n");
}
