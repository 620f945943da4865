//! Tells the program its version with the commit, `0.1.0 (abc1234)`, and the commit's date for
//! the man page. Without git, in a source archive, and in a debug build it is the version alone.
//!
//! chat-server has the same script.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = env!("CARGO_PKG_VERSION");
    let (version, date) = match commit() {
        Some((commit, date)) => (format!("{version} ({commit})"), date),
        None => (version.to_owned(), String::new()),
    };
    println!("cargo::rustc-env=CHAT_VERSION={version}");
    println!("cargo::rustc-env=CHAT_DATE={date}");
}

/// The commit in seven digits, and its date.
fn commit() -> Option<(String, String)> {
    // Developers would wait for a build of the whole program after each commit.
    let profile = std::env::var("PROFILE");
    profile.ok().filter(|profile| profile == "release")?;
    // An archive that lies in a repository of something else is not part of it.
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    let told = git(&["log", "-1", "--format=%H %cs"])?;
    let (commit, date) = told.split_once(' ')?;
    watch();
    // Not git's own short form, which grows with the repository.
    Some((commit.get(..7)?.to_owned(), date.to_owned()))
}

/// Has Cargo run this again after a commit or a checkout, and at no other time: a path that
/// does not exist would mean always.
fn watch() {
    let of_git = |name: &str| git(&["rev-parse", "--git-path", name]);
    let branch = || git(&["symbolic-ref", "--quiet", "HEAD"]);
    let moves = of_git("logs/HEAD").filter(|path| Path::new(path).exists());
    let paths = match moves {
        Some(path) => vec![Some(path)],
        None => vec![
            of_git("HEAD"),
            branch().and_then(|branch| of_git(&branch)),
            of_git("packed-refs"),
        ],
    };
    for path in paths.into_iter().flatten() {
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// What git answers; `None` if it is not there or refuses.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| answer.trim().to_owned())
}
