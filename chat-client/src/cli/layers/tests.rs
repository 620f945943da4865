use std::fs;

use super::*;
use crate::conversation::Audience;
use crate::net::Target;
use crate::output::style::{Bell, TimeStyle};

struct Home {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

impl Home {
    fn with(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("client.toml"), text).unwrap();
        let variables = Vec::new();
        Self { folder, variables }
    }

    fn set(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn try_read(&self, given: &[&str]) -> Result<Args, Trouble> {
        let given = ["chat-client"].iter().chain(given).map(OsString::from);
        let given: Vec<OsString> = given.collect();
        let file = self.folder.path().join("client.toml");
        Args::read(&given, |name| self.variable(name), Some(&file))
    }

    fn variable(&self, name: &str) -> Option<String> {
        let found = self.variables.iter().rev().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    }

    #[track_caller]
    fn read(&self, given: &[&str]) -> Args {
        self.try_read(given)
            .unwrap_or_else(|trouble| panic!("{trouble:?}"))
    }

    #[track_caller]
    fn server(&self, given: &[&str]) -> String {
        match self.read(given).target().unwrap() {
            Target::Network(address) => format!("{} {}", address.host, address.port),
            Target::Control(path) => path.display().to_string(),
        }
    }

    #[track_caller]
    fn name(&self, given: &[&str]) -> Option<String> {
        let args = self.read(given);
        args.name(|name| self.variable(name), || None).unwrap().name
    }

    /// What is wrong, without the folder.
    #[track_caller]
    fn mistakes(&self) -> Vec<String> {
        let place = self.folder.path().join("").display().to_string();
        match self.try_read(&[]) {
            Err(Trouble::Mistakes(mistakes)) => {
                let lines = mistakes.iter();
                lines.map(|line| line.replace(&place, "")).collect()
            }
            other => panic!("{other:?}"),
        }
    }
}

const FILE: &str = r#"
name = "ann"
time = "full"
bell = "off"
host = "desk"
quiet = true

[servers.work]
host = "chat.example.org"
port = 7000
name = "ann.smith"
tls = true
quiet = false

[servers.here]
socket = "/run/chat/ctl"
"#;

#[test]
fn an_option_comes_before_a_variable_before_the_server_before_the_top_of_the_file() {
    let home = Home::with(FILE);
    assert_eq!(home.name(&[]).as_deref(), Some("ann"));
    assert_eq!(home.name(&["work"]).as_deref(), Some("ann.smith"));
    let home = home.set("CHAT_NAME", "bo");
    assert_eq!(home.name(&["work"]).as_deref(), Some("bo"));
    assert_eq!(home.name(&["work", "--name", "cy"]).as_deref(), Some("cy"));
    let args = home.read(&[]);
    assert_eq!((args.bell, args.quiet), (Bell::Off, true));
    assert_eq!(args.time(Audience::Prompt), TimeStyle::Full);
    let args = home.read(&["work", "--bell", "all"]);
    assert_eq!((args.bell, args.quiet), (Bell::All, false));
    assert_eq!(args.encryption(), crate::net::security::Encryption::Always);
    let args = home.read(&["work", "--no-tls"]);
    assert_eq!(args.encryption(), crate::net::security::Encryption::Never);
}

/// What a server is not to have shuts out nothing that stands at the top.
#[test]
fn a_flag_that_is_false_excludes_nothing() {
    let text = "tls = true\n[servers.work]\nhost = \"hall\"\nno-tls = false\n";
    let args = Home::with(text).read(&["work"]);
    assert_eq!(args.encryption(), crate::net::security::Encryption::Always);
    let text = text.replace("false", "true");
    let args = Home::with(text).read(&["work"]);
    assert_eq!(args.encryption(), crate::net::security::Encryption::Never);
}

#[test]
fn a_word_can_mean_a_server_of_the_file() {
    let home = Home::with(FILE);
    for (given, server) in [
        (&[][..], "desk 5000"),
        (&["work"], "chat.example.org 7000"),
        (&["work", "8000"], "chat.example.org 8000"),
        (&["other"], "other 5000"),
        (&["other", "1"], "other 1"),
        (&["here"], "/run/chat/ctl"),
        (&["--socket", "/x"], "/x"),
    ] {
        // Windows has no control sockets.
        if cfg!(unix) || !server.starts_with('/') {
            assert_eq!(home.server(given), server, "{given:?}");
        }
    }
    let home = home.set("CHAT_PORT", "6000");
    assert_eq!(home.server(&[]), "desk 6000");
    assert_eq!(home.server(&["work"]), "chat.example.org 7000");
    assert_eq!(home.server(&["other"]), "other 5000");
    let home = home.set("CHAT_HOST", "hall");
    assert_eq!(home.server(&[]), "hall 6000");
    let home = home.set("CHAT_HOST", "work").set("CHAT_PORT", "");
    assert_eq!(home.server(&[]), "chat.example.org 7000");
    let home = home.set("CHAT_PORT", "x");
    assert!(home.mistakes()[0].starts_with("CHAT_PORT \"x\" is no port"));
    assert_eq!(Home::with("").server(&[]), "localhost 5000");
    let home = Home::with("socket = \"/run/ctl\"\n");
    assert_eq!(home.server(&[]), "/run/ctl");
    assert_eq!(home.server(&["hall"]), "hall 5000");
    assert_eq!(home.set("CHAT_HOST", "hall").server(&[]), "hall 5000");
    let home = Home::with("host = \"hall\"\nport = 0x1388\n");
    assert_eq!(home.server(&[]), "hall 5000");
}

#[test]
fn each_mistake_is_told_with_its_line() {
    let home = Home::with(
        "bel = \"off\"\nbell = \"loud\"\nquiet = 1\nname = [\"a\"]\nforget = \"x\"\nreplay = \"x\"\n\
         show-input = true\ngenerate = \"man\"\n[servers]\nhome = \"x\"\n[servers.work]\nprot = 5\nport = 70000\n",
    );
    let expected = [
        "1: there is no key \"bel\": did you mean bell?",
        "2: bell \"loud\": give one of: mention, all, off",
        "3: quiet is true or false",
        "4: name takes a text or a number",
        "5: forget can be given on the command line only: --forget",
        "6: replay \"x\": it is how many messages to show, 0 or more",
        "7: there is no key \"show-input\"",
        "8: generate can be given on the command line only: --generate",
        "10: a server is a table: [servers.NAME], with a host",
        "11: servers.work has no host",
        "12: there is no key \"prot\": did you mean port?",
        "13: port \"70000\" is no port",
    ];
    let mistakes = home.mistakes();
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
    for (mistake, expected) in mistakes.iter().zip(expected) {
        let expected = format!("client.toml:{expected}");
        assert!(mistake.starts_with(&expected), "{mistake}: {expected}");
    }
}

#[test]
fn keys_that_exclude_each_other_do_not_stand_in_one_table() {
    let home = Home::with(
        "tls = true\nno-tls = true\n[servers.work]\nhost = \"hall\"\nno-tls = true\n\
         fingerprint = \"SHA256:5lNaV3esV/5oKJc5t+jPT7rP2o5enXogLHNHqwwVJY8\"\n",
    );
    for (mistake, line) in home.mistakes().iter().zip([[1, 2], [5, 6]]) {
        assert!(mistake.contains(" cannot stand beside "), "{mistake}");
        let starts = line.map(|line| format!("client.toml:{line}: "));
        assert!(starts.iter().any(|start| mistake.starts_with(start)));
    }
    assert_eq!(home.mistakes().len(), 2);
}

#[test]
fn hostile_files_are_told() {
    for (text, said) in [
        (vec![0xff; 100], "not UTF-8"),
        (vec![b'#'; 300_000], "more than 262144 bytes"),
        (b"name = \"ann".to_vec(), "client.toml:1: that is not TOML"),
        (
            (0..5000)
                .map(|n| format!("k{n} = 1\n"))
                .collect::<String>()
                .into(),
            "no key",
        ),
    ] {
        let mistakes = Home::with(text).mistakes();
        assert!(mistakes[0].contains(said), "{said}: {mistakes:?}");
        assert!(mistakes.len() <= 21);
    }
    let home = Home::with("");
    let file = home.folder.path().join("client.toml");
    fs::remove_file(&file).unwrap();
    assert_eq!(home.server(&[]), "localhost 5000");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", &file).unwrap();
        assert!(home.mistakes()[0].ends_with("does not exist"));
        fs::remove_file(&file).unwrap();
    }
    fs::create_dir(&file).unwrap();
    assert!(home.mistakes()[0].contains("not a regular file"));
}
