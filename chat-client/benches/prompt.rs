//! The costs of the prompt: `cargo bench -p chat-client --bench prompt`.
//!
//! Starts the real client in a pseudo-terminal against a server that this
//! program plays, and prints a table: from start to prompt, memory, also behind
//! a short and a long flood, processor time for a flood beside that of `cat` for
//! the same bytes, and how long a key takes to the screen while others talk.
//! Linux only: it reads `/proc`.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use chat_testkit::{Identity, Peer, Terminal, TlsFront, proc};

fn main() {
    let rounds = 5;
    println!("start to prompt        {:>8.1} ms", start_to_prompt(11));
    let [first, known] = start_to_prompt_in_tls(11);
    println!("the same in TLS        {known:>8.1} ms, the first time {first:.1} ms");
    println!("resident, in the room  {:>8.1} MiB", resident());
    let [few, many] = [LINES / 10, LINES].map(|lines| flood(lines).1);
    println!(
        "resident, after a flood of {} lines {few:.1} MiB, of {LINES} lines {many:.1} MiB",
        LINES / 10
    );
    let mut ratios = Vec::new();
    for round in 1..=rounds {
        let cat = by_shell("cat \"$0\"");
        let write = by_shell("dd if=\"$0\" of=/dev/tty bs=64k status=none");
        let client = flood(LINES).0;
        let bound = 1.5 * cat.as_secs_f64() + write.as_secs_f64();
        let ratio = client.as_secs_f64() / bound;
        println!(
            "flood, round {round}: client {client:?}, cat {cat:?}, plain write {write:?}, \
             ratio {ratio:.2}"
        );
        ratios.push(ratio);
    }
    println!(
        "flood of {LINES} lines of 80 bytes, client to 1.5 cat + plain write: median {:.2}",
        middle(&mut ratios)
    );
    let mut keys = key_to_screen(500);
    keys.sort_by(f64::total_cmp);
    println!(
        "key to screen at 1,000 messages a second: p50 {:.1} ms, p99 {:.1} ms",
        keys[keys.len() / 2],
        keys[keys.len() * 99 / 100]
    );
}

/// A client in a terminal, welcomed by us.
fn join() -> (Terminal, Peer, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("a bound socket").to_string();
    let started = Instant::now();
    let client = Path::new(env!("CARGO_BIN_EXE_chat-client"));
    let args = [
        addr.as_str(),
        "--name",
        "ann",
        "--no-history",
        "--time",
        "none",
    ];
    let terminal = Terminal::spawn(client, &args, &[], 24, 100);
    terminal.wait_for_text("<You>");
    let prompt_after = started.elapsed();
    let mut server = Peer::accept(&listener);
    server.send_str("\r-- chat/1\n");
    server.expect("/hello ");
    server.send_str(concat!(
        r#"{"seq":0,"time":"2026-11-23T10:00:00.000Z","type":"welcome","protocol":1,"#,
        r#""name":"ann","people":2,"names":["ann","bo"],"#,
        r#""limits":{"text":4096,"line":32768,"name":32}}"#,
        "\n"
    ));
    terminal.wait_for_text("-- you are ann");
    (terminal, server, prompt_after)
}

fn start_to_prompt(times: usize) -> f64 {
    let mut all: Vec<f64> = (0..times)
        .map(|_| join().2.as_secs_f64() * 1000.0)
        .collect();
    middle(&mut all)
}

/// The same for a server that speaks TLS: when it is met for the first time, and when
/// its key is known.
fn start_to_prompt_in_tls(times: usize) -> [f64; 2] {
    let mut all = [Vec::new(), Vec::new()];
    for _ in 0..times {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let inner = listener.local_addr().expect("a bound socket");
        let front = TlsFront::start(inner, &Identity::new());
        let state = tempfile::tempdir().expect("a temporary folder");
        let env = [(
            "XDG_STATE_HOME",
            state.path().to_str().expect("a plain path"),
        )];
        let args = [&front.addr().to_string(), "--tls", "--no-history"];
        for times in &mut all {
            let started = Instant::now();
            let client = Path::new(env!("CARGO_BIN_EXE_chat-client"));
            let terminal = Terminal::spawn(client, &args, &env, 24, 100);
            terminal.wait_for_text("<You>");
            times.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    all.map(|mut times| middle(&mut times))
}

fn resident() -> f64 {
    let (terminal, _server, _) = join();
    resident_of(terminal.pid())
}

/// What a process holds in memory, in MiB.
fn resident_of(pid: u32) -> f64 {
    proc::resident_bytes(pid) as f64 / (1024.0 * 1024.0)
}

/// The processor time that the client takes for so many lines, and the MiB that
/// it holds in memory behind them.
fn flood(lines: usize) -> (Duration, f64) {
    let (mut terminal, server, _) = join();
    terminal.set_deadline(Duration::from_secs(120));
    let before = proc::cpu_time(terminal.pid());
    let mut stream = server.stream().try_clone().expect("a descriptor");
    stream.set_write_timeout(None).expect("a socket");
    let sender = thread::spawn(move || {
        let mut text = Vec::new();
        for seq in 1..=lines {
            text.extend_from_slice(message(seq, &said(seq)).as_bytes());
        }
        text.extend_from_slice(message(lines + 1, "the end").as_bytes());
        stream.write_all(&text).expect("the client reads");
    });
    terminal.wait_for_text("<bo> the end");
    let spent = proc::cpu_time(terminal.pid()) - before;
    sender.join().expect("all is sent");
    (spent, resident_of(terminal.pid()))
}

/// The same bytes by a program of the system, whose times the shell tells.
fn by_shell(command: &str) -> Duration {
    let path = std::env::temp_dir().join(format!("chat-flood-{}", std::process::id()));
    let text: String = (1..=LINES)
        .map(|seq| format!("<bo> {}\n", said(seq)))
        .collect();
    fs::write(&path, text).expect("room for a file");
    let script = format!("{command}; times");
    let args = ["-c", &script, path.to_str().expect("a plain path")];
    let mut terminal = Terminal::spawn("sh", &args, &[], 24, 100);
    terminal.set_deadline(Duration::from_secs(120));
    terminal.wait_exit();
    fs::remove_file(&path).expect("our own file");
    // "0m0.010s 0m0.060s" of the children, user and system.
    let screen = terminal.screen();
    let children = screen.lines().next_back().expect("lines of times");
    let seconds: f64 = children
        .split_whitespace()
        .map(|time| {
            let (minutes, seconds) = time.trim_end_matches('s').split_once('m').expect("m");
            minutes.parse::<f64>().expect("minutes") * 60.0
                + seconds.parse::<f64>().expect("seconds")
        })
        .sum();
    Duration::from_secs_f64(seconds)
}

fn key_to_screen(keys: usize) -> Vec<f64> {
    let (terminal, server, _) = join();
    let mut stream = server.stream().try_clone().expect("a descriptor");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let sender = thread::spawn(move || {
        let mut seq = 0;
        let pause = Duration::from_millis(1);
        while stopped.recv_timeout(pause) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            seq += 1;
            if stream
                .write_all(message(seq, &said(seq)).as_bytes())
                .is_err()
            {
                break;
            }
        }
    });
    let mut draft = "<You> ".to_owned();
    let times = (0..keys)
        .map(|number| {
            let key = char::from(b'a' + (number % 26) as u8);
            if draft.len() > 60 {
                draft.truncate("<You> ".len());
                terminal.type_text("\x15");
                terminal.wait_screen(|screen| screen.ends_with("\n<You>"), "an empty draft");
            }
            draft.push(key);
            let started = Instant::now();
            terminal.type_text(&key.to_string());
            terminal.wait_screen(|screen| screen.ends_with(&draft), "the key");
            started.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    drop(stop);
    sender.join().expect("it stops");
    times
}

/// The text of a message: with `<bo> ` before it and its line end, 80 bytes.
fn said(seq: usize) -> String {
    format!("{} {seq:06}", "x".repeat(67))
}

fn message(seq: usize, text: &str) -> String {
    format!(
        "{{\"seq\":{seq},\"time\":\"2026-11-23T10:00:00.000Z\",\"type\":\"message\",\
         \"name\":\"bo\",\"text\":\"{text}\"}}\n"
    )
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const LINES: usize = 200_000;
