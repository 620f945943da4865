//! Links that go down and systems without IPv6: in network namespaces of our own,
//! so that nothing outside is touched. Where the system does not allow any, each
//! test says that it was skipped.

use std::time::{Duration, Instant};

use chat_testkit::{Program, run_piped};

use crate::SERVER;

/// Whether namespaces can be had here; says so if not.
fn has_namespaces() -> bool {
    let script = "ip link set lo up && unshare -n nsenter -t $$ -n true";
    let tried = run_piped("unshare", &["-rn", "bash", "-c", script], &[], b"");
    if !tried.status.success() {
        println!("SKIPPED: no network namespaces here: {}", tried.stderr);
    }
    tried.status.success()
}

/// Two systems with a link between them: the server and a listener on one of them, and
/// a peer on the other. Obeys lines: `down`, or what the listener is to say. What it
/// writes is what the listener hears.
const LINK: &str = r#"
set -e
ip link set lo up
unshare -n sleep 1000 & other=$!
trap 'kill $server $other $lost $heard 2>/dev/null' EXIT
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
ip link add va type veth peer name vb netns $other
there() { nsenter -t $other -n "$@"; }
ip addr add 10.9.0.1/24 dev va; ip link set va up
there ip addr add 10.9.0.2/24 dev vb; there ip link set vb up
"$0" --listen 0.0.0.0:5000 & server=$!
until exec 3<>/dev/tcp/127.0.0.1/5000; do sleep 0.05; done 2>/dev/null
printf '/nick ear\n' >&3
cat <&3 & heard=$!
there bash -c 'exec 4<>/dev/tcp/10.9.0.1/5000; printf "/nick lost\n" >&4; exec cat <&4 >/dev/null' & lost=$!
while read -r line; do
  case $line in
    down) sleep 1; ip link set va down;; # what was said is acknowledged by then
    *) printf '%s\n' "$line" >&3;;
  esac
done
"#;

/// How long it takes until the peer behind the link is told as gone, while the listener
/// says `line` each second.
fn until_gone(line: Option<&str>) -> Duration {
    let mut link = Program::spawn("unshare", &["-rn", "bash", "-c", LINK, SERVER], &[]);
    link.stdout.expect("\r[lost] entered room\n");
    link.send_str("down\n");
    let begun = Instant::now();
    link.stdout.set_deadline(Duration::from_secs(1));
    let heard = |link: &mut Program| {
        link.stdout.refresh();
        link.stdout.text().contains("\r[lost] is offline\n")
    };
    while !heard(&mut link) {
        let waited = begun.elapsed();
        assert!(
            waited < Duration::from_secs(140),
            "still there after {waited:?}"
        );
        std::thread::sleep(Duration::from_millis(1000));
        if let Some(line) = line {
            link.send_str(line);
        }
    }
    let gone = begun.elapsed();
    link.close_stdin();
    link.wait_exit(Duration::from_secs(10));
    gone
}

/// A peer whose system has vanished has left after 130 s at most when no other peer
/// speaks, and after 70 s when one does.
#[test]
#[ignore = "three minutes"]
fn a_link_that_goes_down_is_noticed() {
    if !has_namespaces() {
        return;
    }
    for (line, most) in [(Some("is anybody there\n"), 70), (None, 130)] {
        let gone = until_gone(line);
        println!("spoken to: {line:?}, gone after {gone:?}");
        assert!(gone < Duration::from_secs(most), "{gone:?}");
    }
}

/// Without IPv6, and where a socket of IPv6 is for IPv6 alone, all peers that can
/// connect are served.
#[test]
#[ignore = "namespaces"]
fn a_server_for_all_addresses_serves_those_that_there_are() {
    const SERVE: &str = r#"
ip link set lo up
for setting in $1; do sysctl -qw $setting; done
"$0" --listen 5000 2>/dev/null & server=$!
for address in $2; do
  for try in 1 2 3 4 5 6 7 8 9 10; do
    timeout 2 bash -c "exec 4<>/dev/tcp/$address/5000 && head -n 1 <&4" && break
    sleep 0.2
  done
done 2>/dev/null
kill $server
"#;
    if !has_namespaces() {
        return;
    }
    let no_v6 = "net.ipv6.conf.all.disable_ipv6=1";
    let v6_alone = "net.ipv6.bindv6only=1";
    for (setting, addresses) in [
        (no_v6, "127.0.0.1 localhost"),
        (v6_alone, "127.0.0.1 ::1 localhost"),
        ("", "127.0.0.1 ::1 localhost"),
    ] {
        let args = ["-rn", "bash", "-c", SERVE, SERVER, setting, addresses];
        let output = run_piped("unshare", &args, &[], b"");
        let served = output.stdout.matches("-- chat/1 welcome").count();
        let wanted = addresses.split(' ').count();
        assert_eq!(served, wanted, "{setting} {addresses}: {output}");
    }
}
