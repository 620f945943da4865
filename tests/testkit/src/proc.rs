//! What Linux tells of a process.

use std::time::Duration;

/// Processor time used so far, its own and the system's for it.
#[track_caller]
pub fn cpu_time(pid: u32) -> Duration {
    let stat = read(pid, "stat");
    // The name in parentheses may contain anything, so count from its end:
    // the state is field 3, utime field 14 and stime field 15.
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks: u64 = fields
        .split_whitespace()
        .skip(14 - 3)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a number of ticks"))
        .sum();
    // Ticks are CLK_TCK to the second, and that is 100 on every Linux of
    // today; asking would need sysconf.
    Duration::from_millis(ticks * 10)
}

/// Bytes of memory that it occupies now.
#[track_caller]
pub fn resident_bytes(pid: u32) -> u64 {
    bytes(pid, "VmRSS:")
}

/// The most bytes of memory that it has ever occupied.
#[track_caller]
pub fn peak_bytes(pid: u32) -> u64 {
    bytes(pid, "VmHWM:")
}

/// Those that it has started and that still run.
#[track_caller]
pub fn children(pid: u32) -> Vec<u32> {
    let children = read(pid, &format!("task/{pid}/children"));
    let pids = children.split_whitespace();
    pids.map(|pid| pid.parse().expect("a process id")).collect()
}

/// Whether it has ended, also as a zombie.
pub fn has_ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| {
        stat.rsplit_once(") ")
            .is_none_or(|(_, rest)| rest.starts_with('Z'))
    })
}

#[track_caller]
fn bytes(pid: u32, what: &str) -> u64 {
    let status = read(pid, "status");
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix(what)?.strip_suffix("kB"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    let Some(kib) = kib else {
        panic!("no {what} in:\n{status}");
    };
    kib * 1024
}

#[track_caller]
fn read(pid: u32, file: &str) -> String {
    let path = format!("/proc/{pid}/{file}");
    match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(err) => panic!("cannot read {path}: {err}"),
    }
}
