//! Which name a client asks for, and which it gets.

use chat_testkit::{Peer, Program, keys};

use crate::{client, join, nc, open, server};

/// A piped client with these arguments and variables enters under this name.
#[track_caller]
fn enters_as(peer: &mut Peer, args: &[&str], env: &[(&str, &str)], name: &str) {
    let mut program = Program::spawn(client(), args, env);
    program.stdout.expect(&format!("-- you are {name}; "));
    peer.expect(&format!("\r[{name}] entered room\n"));
    program.send_str("hi\n");
    peer.expect(&format!("\r<{name}> hi\n"));
    assert_eq!(program.finish().code(), 0);
    peer.expect(&format!("\r[{name}] is offline\n"));
}

#[test]
fn the_name_is_the_one_given_else_chat_name_else_the_login_name() {
    let server = server();
    let mut peer = nc(server.addr(), "peer");
    let addr = server.addr().to_string();
    let login = ("USER", "carl");
    let chosen = ("CHAT_NAME", "bo");
    enters_as(
        &mut peer,
        &[&addr, "--name", "ann"],
        &[chosen, login],
        "ann",
    );
    enters_as(&mut peer, &["--name=ann", &addr], &[chosen, login], "ann");
    enters_as(&mut peer, &[&addr], &[chosen, login], "bo");
    enters_as(&mut peer, &[&addr], &[("CHAT_NAME", ""), login], "carl");
    enters_as(&mut peer, &[&addr], &[login], "carl");
    enters_as(&mut peer, &[&addr, "--name", "安娜"], &[], "安娜");
}

#[test]
fn without_any_name_it_is_the_address() {
    let server = server();
    let mut peer = nc(server.addr(), "peer");
    let addr = server.addr().to_string();
    let nameless = [("USER", "no name"), ("LOGNAME", ""), ("USERNAME", "")];
    let mut program = Program::spawn(client(), &[&addr], &nameless);
    let line = program
        .stdout
        .expect_line_containing("-- you are 127.0.0.1:");
    let name = line["-- you are ".len()..]
        .split(';')
        .next()
        .expect("a part");
    peer.expect(&format!("\r[{name}] entered room\n"));
}

#[test]
fn a_taken_name_gets_a_number() {
    let server = server();
    let mut ann = join(server.addr(), "ann");
    let second = open(server.addr(), "ann", 24, 80);
    second.wait_for_text("-- you are ann-2; here: ann.");
    ann.wait_for_text("[ann-2] entered room");
    let third = open(server.addr(), "Ann", 24, 80);
    third.wait_for_text("-- you are Ann-3; here: ann, ann-2.");
    second.type_text("which one am I\r");
    second.wait_for_text("<You> which one am I");
    ann.wait_for_text("<ann-2> which one am I");
    ann.type_text("I am the first\r");
    second.wait_for_text("<ann> I am the first");
    // It is free again when its bearer has left.
    ann.type_text(&keys::ctrl('d'));
    assert_eq!(ann.wait_exit(), 0);
    second.type_text("/nick ann\r");
    second.wait_for_text("-- you are now known as ann");
    second.type_text("now me\r");
    third.wait_for_text("<ann> now me");
}
