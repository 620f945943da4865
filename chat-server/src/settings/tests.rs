//! The four layers, and what is wrong in them.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use chat_proto::event::Limits;
use tempfile::TempDir;

use super::keys::{Keys, Kind};
use super::sources::{Settings, Sources, Trouble};
use super::*;
use crate::cli::Args;
use crate::net::listen::Listen;

/// A machine with configuration files, and a server that starts there.
struct Machine {
    folder: TempDir,
    sources: Sources,
}

impl Machine {
    fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("chat")).unwrap();
        let arguments = ["chat-server"].iter().chain(arguments);
        let variables = [("XDG_CONFIG_HOME".into(), folder.path().into())];
        let sources = Sources {
            arguments: arguments.map(OsString::from).collect(),
            variables: variables.into(),
            system: folder.path().join("system.toml"),
        };
        Self { folder, sources }
    }

    fn with(mut self, variable: &str, value: &str) -> Self {
        let variables = &mut self.sources.variables;
        variables.insert(variable.into(), value.into());
        self
    }

    fn write(self, file: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(file), text).unwrap();
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    #[track_caller]
    fn read(&self) -> Settings {
        match self.sources.read() {
            Ok(settings) => settings,
            Err(trouble) => panic!("{trouble:?}"),
        }
    }

    /// What is wrong, without the folder.
    #[track_caller]
    fn mistakes(&self) -> Vec<String> {
        let place = format!("{}/", self.folder.path().display());
        match self.sources.read() {
            Err(Trouble::Mistakes(mistakes)) => {
                let lines = start::in_lines(&mistakes).into_iter();
                lines.map(|line| line.replace(&place, "")).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn origin(&self, key: &str) -> String {
        let place = format!("{}/", self.folder.path().display());
        let settings = self.read();
        let held = settings.held.iter().find(|held| held.key == key);
        held.unwrap().origin.to_string().replace(&place, "")
    }
}

const USER: &str = "chat/server.toml";
const SYSTEM: &str = "system.toml";

fn rate(machine: &Machine) -> u32 {
    machine.read().args.limits(usize::MAX).rate
}

#[test]
fn an_option_comes_before_a_variable_before_the_own_file_before_the_system_s() {
    let machine = Machine::new(&[]);
    assert_eq!(rate(&machine), Limits::DEFAULT.rate);
    assert_eq!(machine.origin("rate"), "default");
    let machine = machine.write(SYSTEM, "stall = 5\n\nrate = 1\n");
    assert_eq!(
        (rate(&machine), machine.origin("rate")),
        (1, "system.toml:3".into())
    );
    let machine = machine.write(USER, "# mine\nrate = 2\n");
    let own = "chat/server.toml:2".to_owned();
    assert_eq!((rate(&machine), machine.origin("rate")), (2, own.clone()));
    // Key by key.
    assert_eq!(machine.origin("stall"), "system.toml:1");
    let machine = machine.with("CHAT_SERVER_RATE", "3");
    let variable = "CHAT_SERVER_RATE".to_owned();
    assert_eq!((rate(&machine), machine.origin("rate")), (3, variable));
    let mut machine = machine;
    machine
        .sources
        .arguments
        .extend(["--rate".into(), "4".into()]);
    assert_eq!(
        (rate(&machine), machine.origin("rate")),
        (4, "option".into())
    );
    // As if it were not there.
    let machine = machine.with("CHAT_SERVER_RATE", "");
    let mut machine = machine;
    machine.sources.arguments.truncate(1);
    assert_eq!((rate(&machine), machine.origin("rate")), (2, own));
}

/// Also behind a value that looks like an option.
#[test]
fn an_option_behind_a_negative_number_counts() {
    let machine = Machine::new(&["--topic", "-5", "--listen", "7000", "--rate", "3"]);
    let machine = machine.write(SYSTEM, "topic = \"a\"\nlisten = 6000\nrate = 2\n");
    let settings = machine.read();
    assert_eq!(settings.args.listen, [Listen::Everywhere(7000)]);
    for key in ["topic", "listen", "rate"] {
        assert_eq!(machine.origin(key), "option", "{key}");
    }
    let machine = Machine::new(&["--topic", "-5", "--config", "none"]);
    assert!(machine.write(SYSTEM, "rate = 2\n").read().files.is_empty());
}

#[test]
fn a_named_file_takes_the_place_of_both() {
    let machine = Machine::new(&[])
        .write(USER, "rate = 2\n")
        .write(SYSTEM, "rate = 1\n");
    let file = machine.path("third.toml");
    let mut machine = machine.write("third.toml", "stall = 9\n");
    machine
        .sources
        .arguments
        .extend(["--config".into(), file.into()]);
    assert_eq!(rate(&machine), Limits::DEFAULT.rate);
    assert_eq!(machine.origin("stall"), "third.toml:1");
    machine.sources.arguments.pop();
    machine.sources.arguments.push("none".into());
    assert!(machine.read().files.is_empty());
    machine.sources.arguments.pop();
    machine.sources.arguments.push("/no/such/file".into());
    let why = "the configuration file /no/such/file cannot be read: no such file or directory";
    assert_eq!(machine.mistakes(), [why]);
}

/// A list of a layer takes the place of that of a lower one.
#[test]
fn lists_and_flags_come_from_each_layer() {
    let listen = |machine: &Machine| machine.read().args.listen;
    let machine = Machine::new(&[]).write(
        USER,
        "listen = [\n  \"5001\",\n  5002,\n]\nlimit-loopback = true\nproxy-protocol = true\n",
    );
    let both = [Listen::Everywhere(5001), Listen::Everywhere(5002)];
    assert_eq!(listen(&machine), both);
    assert!(machine.read().args.limit_loopback);
    let machine = machine
        .with("CHAT_SERVER_LISTEN", "5003, 127.0.0.1:5004")
        .with("CHAT_SERVER_LIMIT_LOOPBACK", "false");
    let expected = [
        Listen::Everywhere(5003),
        Listen::parse("127.0.0.1:5004").unwrap(),
    ];
    assert_eq!(listen(&machine), expected);
    assert!(!machine.read().args.limit_loopback);
    assert_eq!(
        machine.origin("limit-loopback"),
        "CHAT_SERVER_LIMIT_LOOPBACK"
    );
    assert!(machine.read().args.proxy_protocol);
    let mut machine = machine;
    machine
        .sources
        .arguments
        .extend(["--listen=1", "--listen=2"].map(OsString::from));
    assert_eq!(
        listen(&machine),
        [Listen::Everywhere(1), Listen::Everywhere(2)]
    );
    // One value is a list of one, and an empty list is as if there were none.
    for (text, expected) in [
        ("listen = \"5005\"", &[Listen::Everywhere(5005)][..]),
        ("listen = 5005", &[Listen::Everywhere(5005)]),
        ("listen = []", &[]),
    ] {
        assert_eq!(
            listen(&Machine::new(&[]).write(USER, text)),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_value_of_a_file_can_be_a_text_or_a_number() {
    for (text, seconds) in [
        ("60", 60.0),
        ("0.5", 0.5),
        ("\"90s\"", 90.0),
        ("0x10", 16.0),
    ] {
        let machine = Machine::new(&[]).write(USER, format!("idle-join = {text}"));
        let limits = machine.read().args.limits(9);
        assert_eq!(limits.idle_join.as_secs_f64(), seconds, "{text}");
    }
    let machine = Machine::new(&[]).write(USER, "max-clients = 1_000\r\nhistory = 'a b'\r\n");
    let args = machine.read().args;
    assert_eq!(args.max_clients(), Some(1000));
    assert_eq!(args.history().unwrap().path, PathBuf::from("a b"));
}

/// What one option needs may come from another layer, and an option that cannot stand beside
/// one of a higher layer does not count.
#[test]
fn options_that_belong_together_may_come_from_several_layers() {
    let machine = Machine::new(&["--history-sync", "always"]).write(USER, "history = \"x\"\n");
    let history = machine.read().args.history().unwrap();
    assert_eq!(history.sync, crate::storage::SyncMode::Always);
    let machine = Machine::new(&["--ask-password"]).write(USER, "password-file = \"x\"\n");
    let terminal = crate::ops::password::PasswordSource::Terminal;
    assert_eq!(machine.read().args.password(), Some(terminal));
    let machine = Machine::new(&["--history-sync", "always"]);
    let Err(Trouble::Arguments(error)) = machine.sources.read() else {
        panic!("nothing names a history");
    };
    assert_eq!(
        error.kind(),
        clap::error::ErrorKind::MissingRequiredArgument
    );
}

/// All of them, and each with its place.
#[test]
fn each_mistake_is_told_with_its_line_and_what_to_write() {
    let file = "\
rate = \"abc\"
max-client = 5
port = 5002
limit-loopback = 1
history = [\"a\", \"b\"]
history-sync = \"now\"
listen = [\"5000\", true]
config = \"x\"
ask-password = true
stall = 2026-11-30
max_line = 100
frobnicate = 1
\"a\\u001b[31mb\" = 1
max-unjoined = -1
idle-join = nan
people = \"\"

[limits]
rate = 5
";
    let machine = Machine::new(&[])
        .write(USER, file)
        .write(SYSTEM, "cert = \"x\"\n");
    let machine = machine
        .with("CHAT_SERVER_MAX_LINE", "1")
        .with("CHAT_SERVER_PROXY_PROTOCOL", "yes")
        .with("CHAT_SERVER_PORT", "tcp://10.0.0.1:80");
    let expected = [
        "CHAT_SERVER_MAX_LINE: max-line 1: too small: give a number from 64 to 4096",
        "CHAT_SERVER_PROXY_PROTOCOL: proxy-protocol is true or false",
        "1: rate abc: not a number: give a number from 0 up",
        "2: there is no key max-client: did you mean max-clients?",
        "3: there is no key port: did you mean listen = \"5002\"?",
        "4: limit-loopback is true or false",
        "5: history takes FILE, and not a list",
        "6: history-sync now: give one of: always, batch, off",
        "7: listen is a list of texts or numbers, and has true or false",
        "8: config can be given on the command line only: --config",
        "9: ask-password can be given on the command line only: --ask-password",
        "10: stall takes SECONDS, and not a date or a time: write it within quotation marks",
        "11: there is no key max_line: did you mean max-line?",
        "12: there is no key frobnicate",
        "13: there is no key 'a\\u{1b}[31mb'",
        "14: max-unjoined -1: less than 0: give a number from 0 up",
        "15: idle-join nan: not a number: give a number of seconds such as 60 or 0.5, at most \
         86400",
        "16: people: its value is missing",
        "18: there is no table limits: write its keys without [limits]",
        "system.toml:1: cert needs key as well",
    ];
    let expected = expected.map(
        |one| match one.starts_with(|it: char| it.is_ascii_digit()) {
            true => format!("{USER}:{one}"),
            false => one.to_owned(),
        },
    );
    assert_eq!(machine.mistakes(), expected);
}

#[test]
fn what_is_not_toml_is_told_with_its_lines() {
    let machine = Machine::new(&[]).write(USER, "rate = 1\nrate = 2\nstall\nidle-join = [\n");
    let mistakes = machine.mistakes();
    assert!(mistakes.len() >= 3, "{mistakes:?}");
    for (mistake, line) in mistakes.iter().zip([2, 3, 4]) {
        let start = format!("{USER}:{line}: that is not TOML: ");
        assert!(mistake.starts_with(&start), "{mistakes:?}");
    }
}

/// Whatever stands there, the answer is a few lines, and soon.
#[test]
fn hostile_files_are_told_and_waited_for_no_longer() {
    let deep = "a = ".to_owned() + &"[".repeat(100_000);
    let many = (0..10_000)
        .map(|number| format!("key{number} = 1\n"))
        .collect::<String>();
    for (text, said) in [
        (
            vec![b'#'; document::MAX_FILE as usize + 1],
            "has more than 262144 bytes",
        ),
        (
            b"rate = 1\n# \xff\xfe".to_vec(),
            ":2: the file is not UTF-8",
        ),
        (vec![0; 1000], "not TOML"),
        ((0..=255).cycle().take(5000).collect(), "not UTF-8"),
        (deep.into_bytes(), "not TOML"),
        (many.into_bytes(), "there is no key key0"),
        (b"rate = \"\x1b]0;x\x07\"".to_vec(), "not TOML"),
    ] {
        let mistakes = Machine::new(&[]).write(USER, text).mistakes();
        assert!(mistakes[0].contains(said), "{said}: {mistakes:?}");
        assert!(mistakes.len() <= 51, "{}", mistakes.len());
        let shown = mistakes.concat();
        assert!(
            !shown.contains(|letter: char| letter.is_control()),
            "{shown:?}"
        );
    }
    let machine = Machine::new(&[]);
    fs::create_dir(machine.path(USER)).unwrap();
    assert!(machine.mistakes()[0].ends_with("is a folder: name a file in it"));
}

/// A server that came up with the defaults instead would have no password.
#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_a_mistake() {
    let machine = Machine::new(&[]);
    std::os::unix::fs::symlink("nowhere", machine.path(SYSTEM)).unwrap();
    let why = "system.toml cannot be read: no such file or directory";
    assert!(machine.mistakes()[0].ends_with(why));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let machine = Machine::new(&[]);
    mkfifoat(CWD, machine.path(USER), Mode::RUSR | Mode::WUSR).unwrap();
    let why = "is a pipe or a device: name a regular file";
    assert!(
        machine.mistakes()[0].ends_with(why),
        "{:?}",
        machine.mistakes()
    );
}

/// What is printed can be given back, and says the same.
#[test]
fn what_holds_is_printed_as_a_file_of_the_same_settings() {
    let machine = Machine::new(&["--rate", "7"])
        .write(
            USER,
            "listen = [\"5001\", \"[::1]:5002\"]\nhistory = 'a \"b\" \\ c'\n",
        )
        .with("CHAT_SERVER_HISTORY_SYNC", "always")
        .with("CHAT_SERVER_LIMIT_LOOPBACK", "1")
        .with("CHAT_SERVER_TOPIC", "what's new \u{202e}\u{7}");
    let settings = machine.read();
    let printed = listing::what_holds(&settings, &Keys::default());
    for line in [
        "rate = 7                                     # option",
        "limit-loopback = true                        # CHAT_SERVER_LIMIT_LOOPBACK",
        "history-sync = \"always\"                      # CHAT_SERVER_HISTORY_SYNC",
        "stall = 60                                   # default",
        "history-keep = \"1GiB\"                        # default",
        "# password-file has no value                 # default",
    ] {
        assert!(printed.lines().any(|one| one == line), "{line}\n{printed}");
    }
    assert!(!printed.contains(['\u{202e}', '\u{7}']), "{printed:?}");
    assert!(printed.contains("topic = \"what's new"), "{printed}");
    let again = Machine::new(&[]).write(USER, &printed).read();
    let values = |settings: &Settings| {
        let held = settings.held.iter();
        held.map(|held| (held.key.clone(), held.value.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&settings));
}

#[test]
fn the_file_of_defaults_is_right_and_names_each_key() {
    let keys = Keys::default();
    let file = listing::defaults(&keys);
    let machine = Machine::new(&[]).write(USER, &file);
    let plain = Machine::new(&[]).read().held;
    assert_eq!(machine.read().held, plain);
    // Each key that has a default, without the `#` before it.
    let is_key = |line: &&str| line.starts_with(|letter: char| letter.is_ascii_lowercase());
    let uncommented: String = file
        .lines()
        .map(|line| match line.strip_prefix('#').filter(is_key) {
            Some(key) => format!("{key}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let machine = Machine::new(&[]).write(USER, &uncommented);
    let held = machine.read().held;
    let from_file = held
        .iter()
        .filter(|held| matches!(held.origin, Origin::Line(_)))
        .count();
    assert!(from_file >= 15, "{from_file}\n{uncommented}");
    for (held, plain) in held.iter().zip(&plain) {
        assert_eq!((&held.key, &held.value), (&plain.key, &plain.value));
    }
    for (key, arg) in keys.options() {
        let has_default = Kind::of(arg) == Kind::Flag || !arg.get_default_values().is_empty();
        let start = if has_default { "#" } else { "# " };
        let start = format!("{start}{key} = ");
        assert!(
            file.lines().any(|line| line.starts_with(&start)),
            "{start}\n{file}"
        );
        let help = arg.get_help().unwrap().to_string();
        let word = help.split_whitespace().next().unwrap();
        assert!(file.contains(&format!("# {word}")), "{help}");
    }
    assert!(file.lines().all(|line| line.len() <= 100), "{file}");
}

/// What is to be given on the command line only is an option, unless the build lacks it.
#[test]
fn the_options_that_are_no_keys_are_options() {
    let options: Vec<String> = Args::options()
        .get_arguments()
        .filter_map(|arg| Some(arg.get_long()?.to_owned()))
        .collect();
    let keys = Keys::default();
    for name in [
        "ask-password",
        "check-config",
        "config",
        "console",
        "print-default-config",
    ] {
        assert!(options.iter().any(|option| option == name), "{name}");
        assert!(keys.option(name).is_none(), "{name}");
    }
    assert!(keys.options().count() >= 25);
}

/// So that `ctl` finds a server that is configured to have its socket elsewhere, whatever else
/// is wrong in the file.
#[test]
fn a_key_is_found_in_a_file_with_mistakes() {
    let machine = Machine::new(&[]).write(USER, "rate = \"abc\"\ncontrol = \"/x/ctl\"\nx = 1\n");
    assert_eq!(machine.sources.look_up("control"), Some("/x/ctl".into()));
    assert_eq!(machine.sources.look_up("state"), None);
}
