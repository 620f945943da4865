//! The file of the person: options, and servers by name.

use std::fs;

use chat_testkit::{Peer, run_piped};

use crate::{client, server};

#[test]
fn a_server_has_a_name_in_the_file() {
    let server = server();
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("chat")).expect("a folder of ours");
    let file = folder.path().join("chat/client.toml");
    let (ip, port) = (server.addr().ip(), server.addr().port());
    let text = format!("name = \"ann\"\n[servers.work]\nhost = \"{ip}\"\nport = {port}\n");
    fs::write(&file, text).expect("a file of ours");
    let path = folder.path().to_str().expect("a name in UTF-8");
    let env = [("XDG_CONFIG_HOME", path)];
    let mut bo = Peer::connect(server.addr());
    bo.send_str("/nick bo\n");
    bo.expect("you are now known as bo");
    let output = run_piped(client(), &["work"], &env, b"from the file\n");
    assert_eq!(output.code(), 0, "{output}");
    bo.expect("<ann> from the file");
    let by_variables = [env[0], ("CHAT_HOST", "work"), ("CHAT_NAME", "cy")];
    let output = run_piped(client(), &[], &by_variables, b"from variables\n");
    assert_eq!(output.code(), 0, "{output}");
    bo.expect("<cy> from variables");

    fs::write(&file, "nam = \"ann\"\nbell = \"loud\"\n").expect("a file of ours");
    let output = run_piped(client(), &["work"], &env, b"");
    assert_eq!(output.code(), 2, "{output}");
    let file = file.display();
    let expected = format!(
        "chat-client: {file}:1: there is no key \"nam\": did you mean name?\n\
         chat-client: {file}:2: bell \"loud\": give one of: mention, all, off\n"
    );
    assert_eq!(output.stderr, expected);
    // What is printed for the shell does not come from the file.
    let output = run_piped(client(), &["--generate", "man"], &env, b"");
    assert_eq!(output.code(), 0, "{output}");
}
