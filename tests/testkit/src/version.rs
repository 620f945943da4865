//! What `--version` of the two programs has to say.

use std::process::Command;

/// The `line` is the name of the `program`, the version, and in a release build the commit, if
/// this folder is one of a repository and git is there.
#[track_caller]
pub fn assert_version(line: &str, program: &str) {
    let version = env!("CARGO_PKG_VERSION");
    let commit = commit().filter(|_| !cfg!(debug_assertions));
    let expected = match commit {
        Some(commit) => format!("{program} {version} ({commit})"),
        None => format!("{program} {version}"),
    };
    assert_eq!(line, expected);
}

/// The first seven digits of the commit that is checked out.
fn commit() -> Option<String> {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        let output = git.current_dir(env!("CARGO_MANIFEST_DIR")).args(args);
        let output = output.output().ok()?;
        let answer = String::from_utf8(output.stdout).ok()?;
        output.status.success().then_some(answer)
    };
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    Some(git(&["rev-parse", "HEAD"])?.get(..7)?.to_owned())
}
