use super::*;

fn target(request: &str) -> Result<Option<Target>, Status> {
    let parsed = parse(request.as_bytes());
    match parsed {
        Ok(request) => Ok(request.map(|request| request.target)),
        Err(refused) => Err(refused.status),
    }
}

#[test]
fn requests_of_usual_programs_are_understood() {
    let metrics = Target::Metrics(Format::Prometheus);
    for (request, expected) in [
        ("GET /metrics HTTP/1.1\r\nHost: a:9\r\n\r\n", metrics),
        ("GET /metrics?name=x HTTP/1.1\r\nhost:\r\n\r\n", metrics),
        ("GET /metrics HTTP/1.0\r\n\r\n", metrics),
        ("GET /metrics HTTP/1.1\nHost: a\n\n", metrics),
        ("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n", Target::Health),
        // What comes behind the head is not looked at.
        (
            "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\0\x01GET",
            Target::Health,
        ),
    ] {
        assert_eq!(target(request), Ok(Some(expected)), "{request:?}");
        // However it is cut, it is not whole before its end.
        let end = request
            .find("\r\n\r\n")
            .map_or(request.len(), |end| end + 4);
        for cut in 0..end {
            assert_eq!(target(&request[..cut]), Ok(None), "{:?}", &request[..cut]);
        }
    }
}

#[test]
fn other_requests_are_refused_in_words() {
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Status::NotFound),
        (
            "GET /metrics/ HTTP/1.1\r\nHost: a\r\n\r\n",
            Status::NotFound,
        ),
        (
            "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
            Status::NotFound,
        ),
        (
            "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
            Status::MethodNotAllowed,
        ),
        (
            "get /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
            Status::MethodNotAllowed,
        ),
        ("GET /metrics HTTP/1.1\r\n\r\n", Status::BadRequest),
        (
            "GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            Status::BadRequest,
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Status::BadRequest),
        ("\x16\x03\x01\x02\0\x01", Status::BadRequest),
        ("/nick ann\n", Status::BadRequest),
        ("GET /met\0rics HTTP/1.1\r\n", Status::BadRequest),
        ("GET /metrics HTTP/1.1\r\nHo st: a\r\n", Status::BadRequest),
    ] {
        assert_eq!(target(request), Err(expected), "{request:?}");
    }
}

/// At the limit, and one beyond it.
#[test]
fn a_head_has_a_limit() {
    let head = |length: usize| {
        let start = "GET /healthz HTTP/1.1\r\nHost: a\r\nX: ";
        let rest = length - start.len() - 4;
        format!("{start}{}\r\n\r\n", "x".repeat(rest))
    };
    assert_eq!(target(&head(MAX_HEAD)), Ok(Some(Target::Health)));
    let long = head(MAX_HEAD + 1);
    assert_eq!(target(&long[..MAX_HEAD - 1]), Ok(None));
    assert_eq!(target(&long[..MAX_HEAD]), Err(Status::HeadTooLarge));
    let many = |count: usize| {
        let fields = "X: y\r\n".repeat(count - 1);
        format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
    };
    assert_eq!(target(&many(MAX_HEADERS)), Ok(Some(Target::Health)));
    assert_eq!(target(&many(MAX_HEADERS + 1)), Err(Status::HeadTooLarge));
}

#[test]
fn a_peer_gets_the_format_that_it_names_first() {
    for (accept, expected) in [
        ("", Format::Prometheus),
        ("*/*", Format::Prometheus),
        ("text/html", Format::Prometheus),
        (
            "text/plain;version=0.0.4, application/openmetrics-text",
            Format::Prometheus,
        ),
        ("application/openmetrics-text", Format::OpenMetrics),
        (
            "application/openmetrics-text; version=1.0.0; q=0.6, text/plain;version=0.0.4;q=0.5",
            Format::OpenMetrics,
        ),
        (
            "application/openmetrics-text;version=0.0.1,text/plain",
            Format::Prometheus,
        ),
        // As Prometheus 2 sends it.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
             version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Format::OpenMetrics,
        ),
    ] {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
        let expected = Ok(Some(Target::Metrics(expected)));
        assert_eq!(target(&request), expected, "{accept}");
    }
}

#[test]
fn an_answer_says_how_long_it_is() {
    let text = |answer: Vec<u8>| String::from_utf8(answer).unwrap();
    assert_eq!(
        text(words(Status::Ok, "ready", HeadOnly::No)),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\nready\n"
    );
    let head = text(words(Status::Unavailable, "no", HeadOnly::Yes));
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    assert!(head.contains("Content-Length: 3\r\n") && head.ends_with("\r\n\r\n"));
    let refused = text(words(Status::MethodNotAllowed, "no", HeadOnly::No));
    assert!(refused.contains("\r\nAllow: GET, HEAD\r\n"));
}
