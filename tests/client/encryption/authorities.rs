//! Authorities that this machine trusts: those that a variable names.

use chat_testkit::{Authority, VALID, run_piped};

use super::*;

/// A client that leaves as soon as it is in the room; what it has said.
#[track_caller]
fn visit(home: &Home, port: u16, trusted: &Authority) -> Output {
    let file = home.0.path().join("authorities.pem");
    fs::write(&file, trusted.pem()).expect("our own directory");
    let env = [
        ("XDG_STATE_HOME", home.state()),
        ("SSL_CERT_FILE", file.to_str().expect("a plain path")),
    ];
    let args = ["--tls", "--name", "ann", "localhost", &port.to_string()];
    run_piped(client(), &args, &env, b"")
}

#[test]
fn a_server_that_an_authority_vouches_for_may_renew_its_key() {
    let server = server();
    let public = Authority::new();
    let names = ["localhost"];
    let front = TlsFront::start(server.addr(), &public.vouch(&names, VALID));
    let port = front.addr().port();
    let home = Home::new();
    let line = format!("localhost:{port} roots");
    for _ in 0..3 {
        let output = visit(&home, port, &public);
        assert_eq!(output.code(), 0, "{output}");
        assert_eq!(output.stderr, "", "there is nothing to compare");
        assert_eq!(home.remembered(), [line.as_str()]);
        front.show(&public.vouch(&names, VALID));
    }
    // Anything less is refused from now on.
    for (identity, why) in [
        (
            public.vouch(&names, (2020, 2021)),
            "the certificate has expired",
        ),
        (
            public.vouch(&["other"], VALID),
            "the certificate is for another name",
        ),
        (
            Authority::new().vouch(&names, VALID),
            "the certificate is of no public authority",
        ),
        (Identity::new(), "the certificate is of no public authority"),
    ] {
        front.show(&identity);
        let output = visit(&home, port, &public);
        let forget = format!("chat-client --forget localhost:{port}");
        ended(&output, 4, &[why, "Nothing was sent", &forget]);
        assert_eq!(home.remembered(), [line.as_str()]);
    }
}

#[test]
fn a_server_that_no_authority_vouches_for_is_known_by_its_key() {
    let server = server();
    let public = Authority::new();
    for identity in [
        public.vouch(&["localhost"], (2020, 2021)),
        public.vouch(&["other"], VALID),
        Authority::new().vouch(&["localhost"], VALID),
    ] {
        let front = TlsFront::start(server.addr(), &identity);
        let port = front.addr().port();
        let home = Home::new();
        let key = identity.fingerprint();
        let output = visit(&home, port, &public);
        let told = format!("chat-client: first time here; the key {key} is kept\n");
        assert_eq!((output.code(), output.stderr), (0, told));
        assert_eq!(home.remembered(), [format!("localhost:{port} key {key}")]);
    }
}
