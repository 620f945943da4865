//! Requests for metrics and the answers to them, without a socket.
//!
//! Each connection has one request, whose body is not looked at, and one answer.

use httparse::{EMPTY_HEADER, Error};
use prometheus_client::encoding::prometheus_text;

/// What a peer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) target: Target,
    /// Only the head of the answer is wanted.
    pub(super) head_only: HeadOnly,
}

/// Whether an answer ends behind its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadOnly {
    Yes,
    No,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Metrics(Format),
    Health,
}

/// A format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// That of Prometheus, version 0.0.4.
    Prometheus,
    /// That of OpenMetrics, version 1.0.0, for peers that ask for it.
    OpenMetrics,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    HeadTooLarge,
    Unavailable,
}

/// Why a request gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: Status,
    pub(super) why: &'static str,
    pub(super) head_only: HeadOnly,
}

/// Reads a request; `None` if its head has not ended yet.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Request>, Refused> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(status) if status.is_complete() => read(&request).map(Some),
        Ok(_) if bytes.len() >= MAX_HEAD => Err(Refused::new(
            Status::HeadTooLarge,
            "the head of the request has more than 8 KiB",
        )),
        Ok(_) => Ok(None),
        Err(Error::TooManyHeaders) => Err(Refused::new(
            Status::HeadTooLarge,
            "the request has more than 64 header fields",
        )),
        Err(_) => Err(Refused::new(
            Status::BadRequest,
            "this is no request of HTTP/1.1",
        )),
    }
}

fn read(request: &httparse::Request<'_, '_>) -> Result<Request, Refused> {
    let head_only = match request.method {
        Some("GET") => HeadOnly::No,
        Some("HEAD") => HeadOnly::Yes,
        _ => {
            let why = "only GET and HEAD are possible";
            return Err(Refused::new(Status::MethodNotAllowed, why));
        }
    };
    let refuse = |status, why| Refused {
        status,
        why,
        head_only,
    };
    let is_host = |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case("host");
    let hosts = request.headers.iter().filter(is_host).count();
    if hosts > 1 || hosts == 0 && request.version == Some(1) {
        return Err(refuse(
            Status::BadRequest,
            "the request needs one header field Host",
        ));
    }
    let path = request.path.unwrap_or_default();
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let target = match path {
        "/metrics" => Target::Metrics(Format::wanted(request.headers)),
        "/healthz" => Target::Health,
        _ => {
            let why = "there is nothing here but /metrics and /healthz";
            return Err(refuse(Status::NotFound, why));
        }
    };
    Ok(Request { target, head_only })
}

impl Format {
    /// The one that the peer takes. Those that take both are served the one of OpenMetrics
    /// if they name it first, as Prometheus does.
    fn wanted(headers: &[httparse::Header<'_>]) -> Self {
        let is_accept = |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case("accept");
        let accept = headers.iter().find(is_accept);
        let accept = accept.map_or("", |it| std::str::from_utf8(it.value).unwrap_or_default());
        let mut kinds = accept.split(',').map(|kind| {
            let mut parts = kind.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            (name, parts.find_map(|part| part.strip_prefix("version=")))
        });
        let first = kinds.find(|(kind, version)| match *kind {
            OPEN_METRICS => version.is_none_or(|version| version == "1.0.0"),
            "text/plain" | "text/*" | "*/*" => true,
            _ => false,
        });
        match first {
            Some((OPEN_METRICS, _)) => Self::OpenMetrics,
            _ => Self::Prometheus,
        }
    }

    /// Its name for the peer.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Refused {
    fn new(status: Status, why: &'static str) -> Self {
        Self {
            status,
            why,
            head_only: HeadOnly::No,
        }
    }
}

/// An answer, after which the connection ends.
pub(super) fn answer(
    status: Status,
    content_type: &str,
    body: &str,
    head_only: HeadOnly,
) -> Vec<u8> {
    let allow = match status {
        Status::MethodNotAllowed => "Allow: GET, HEAD\r\n",
        _ => "",
    };
    let mut answer = format!(
        "HTTP/1.1 {}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\n{allow}Connection: close\r\n\r\n",
        status.line(),
        body.len()
    );
    if head_only == HeadOnly::No {
        answer.push_str(body);
    }
    answer.into_bytes()
}

/// An answer in words.
pub(super) fn words(status: Status, words: &str, head_only: HeadOnly) -> Vec<u8> {
    let body = format!("{words}\n");
    answer(status, "text/plain; charset=utf-8", &body, head_only)
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::Unavailable => "503 Service Unavailable",
        }
    }
}

/// The most that a peer may send before its request is whole.
pub(super) const MAX_HEAD: usize = 8 * 1024;

const MAX_HEADERS: usize = 64;

const OPEN_METRICS: &str = "application/openmetrics-text";

#[cfg(test)]
mod tests;
