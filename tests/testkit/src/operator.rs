//! A raw peer at the control socket of a server: what `nc -U` is.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

use crate::transcript::Transcript;

/// One end of a connection at a control socket.
#[derive(Debug)]
pub struct Operator {
    stream: UnixStream,
    /// What the server has said.
    pub heard: Transcript,
}

impl Operator {
    /// Connects to the control socket there.
    #[track_caller]
    pub fn connect(path: &Path) -> Self {
        match UnixStream::connect(path) {
            Ok(stream) => Self::new(stream),
            Err(err) => panic!("cannot connect to {}: {err}", path.display()),
        }
    }

    /// The same, and says hello under this name.
    #[track_caller]
    pub fn hello(path: &Path, name: &str) -> (Self, Value) {
        let mut operator = Self::connect(path);
        let hello = serde_json::json!({ "protocol": 1, "name": name });
        operator.send_str(&format!("/hello {hello}\n"));
        let welcome = operator.heard.expect_line_containing("\"welcome\"");
        let welcome = serde_json::from_str(&welcome).expect("an object in JSON");
        (operator, welcome)
    }

    #[track_caller]
    fn new(stream: UnixStream) -> Self {
        let reader = stream.try_clone().expect("descriptors are left");
        Self {
            stream,
            heard: Transcript::of_reader("operator", reader),
        }
    }

    #[track_caller]
    pub fn send_str(&mut self, text: &str) {
        if let Err(err) = self.stream.write_all(text.as_bytes()) {
            panic!("cannot send: {err}; heard so far:\n{}", self.heard.text());
        }
    }

    /// Sends the end of file and goes on reading.
    #[track_caller]
    pub fn half_close(&mut self) {
        let shut = self.stream.shutdown(Shutdown::Write);
        shut.expect("a socket of ours");
    }
}

/// The reader's thread would keep the connection open.
impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
