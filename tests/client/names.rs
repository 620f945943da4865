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

/// A login name that is no name becomes the nearest one, and the client tells how to
/// change it, once; a program reads that on standard error.
#[test]
fn a_login_name_that_is_none_becomes_the_nearest() {
    let server = server();
    let mut peer = nc(server.addr(), "peer");
    let addr = server.addr().to_string();
    for (login, name) in [
        ("jane@corp.example", "jane"),
        ("CORP\\jane", "jane"),
        ("Jane Doe", "Jane-Doe"),
        ("[server]", "server-user"),
    ] {
        let login = [("USER", login), ("LOGNAME", ""), ("USERNAME", "")];
        let told = format!("asking for {name} (/nick NAME or --name NAME changes that)");
        for args in [&[&*addr][..], &[&addr, "--json"]] {
            let mut program = Program::spawn(client(), args, &login);
            if args.len() == 1 {
                program.stdout.expect(&told);
                program.stdout.expect(&format!("-- you are {name}; "));
            }
            peer.expect(&format!("\r[{name}] entered room\n"));
            let output = program.finish();
            assert_eq!(output.code(), 0, "{output}");
            let all = format!("{}{}", output.stdout, output.stderr);
            assert_eq!(all.matches(&told).count(), 1, "{output}");
            assert_eq!(output.stderr.contains(&told), args.len() == 2, "{output}");
            peer.expect(&format!("\r[{name}] is offline\n"));
        }
    }
    // A name that the person gave is for the person to mend.
    let output = Program::spawn(client(), &[&addr, "--name", "Jane Doe"], &[]).finish();
    assert_eq!(output.code(), 2, "{output}");
    assert!(
        output
            .stderr
            .contains("a name is one word; Jane-Doe would do"),
        "{output}"
    );
}

#[test]
fn without_any_name_it_is_the_address() {
    let server = server();
    let mut peer = nc(server.addr(), "peer");
    let addr = server.addr().to_string();
    let nameless = [("USER", "???"), ("LOGNAME", ""), ("USERNAME", "")];
    let mut program = Program::spawn(client(), &[&addr], &nameless);
    program
        .stdout
        .expect("your login name \"???\" is not a valid name here");
    let line = program
        .stdout
        .expect_line_containing("-- you are 127.0.0.1:");
    let name = line["-- you are ".len()..]
        .split(';')
        .next()
        .expect("a part");
    peer.expect(&format!("\r[{name}] entered room\n"));
}

/// Whole emoji are names, and what one looks like without U+FE0F is the same name.
#[test]
fn an_emoji_is_a_name() {
    let server = server();
    let mut peer = nc(server.addr(), "peer");
    let addr = server.addr().to_string();
    for name in [
        "❤\u{fe0f}",
        "🇩🇪",
        "👩\u{200d}🚒",
        "1\u{fe0f}\u{20e3}",
        "မျှော်",
    ] {
        enters_as(&mut peer, &[&addr, "--name", name], &[], name);
    }
    let _heart = nc(server.addr(), "❤\u{fe0f}");
    peer.send_str("/nick ❤\n");
    peer.expect("❤ is taken");
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
