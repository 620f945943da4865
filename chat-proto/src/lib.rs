//! The wire of the chat, version 1: the specification, and the code that
//! reads and writes it. There is no I/O in this crate and no clock.
//!
//! # Lines
//!
//! A connection carries lines of UTF-8, ended by LF. The server tolerates
//! CR LF, CR NUL and telnet's commands ([`framing`]). A text is at most
//! [`MAX_TEXT`](text::MAX_TEXT) bytes. A line that is longer, or not UTF-8, is
//! refused whole with a word to its sender, and the connection lives on;
//! [`MAX_UNENDED`](framing::MAX_UNENDED) bytes without a line end close it. A
//! last line without an end is not taken. A first line that belongs to HTTP,
//! TLS or SSH closes the connection ([`foreign`]).
//!
//! A peer that closes its sending side after having spoken has left the room,
//! and still receives for 30 s.
//!
//! # Texts and names
//!
//! Control characters and bidirectional overrides never pass from one person
//! to another ([`text`]). Names are compared by how they look ([`name`]).
//!
//! # The two forms
//!
//! The server speaks first, in **text form**: a greeting that begins with
//! [`text_form::GREETING`]. Whoever just talks stays in this form:
//!
//! ```text
//! <ann> hi                        a message
//! * ann waves                     an action: /me waves
//! [ann] entered room
//! [ann] is offline
//! [ann] is now known as anna
//! -- you are now ann              a word from the server to you alone
//! ```
//!
//! Each line is preceded by CR. Your own messages do not come back. `/me`,
//! `/nick NAME`, `/who`, `/help` and `/quit` are commands, `//x` says `/x`.
//!
//! A program answers the greeting with `/hello {"protocol":1,"name":"ann"}`
//! and gets the **JSON form**, one object a line, from the `welcome` on. (Room
//! lines in text form may still come before it; they are to be skipped.)
//!
//! ```text
//! S  -- chat/1 …
//! C  /hello {"protocol":1,"name":"ann"}
//! S  {"seq":41,"time":"…","type":"welcome","protocol":1,"name":"ann","people":2,"names":["ann","bo"],"limits":{…}}
//! C  {"type":"message","text":"hi","id":"c7f0"}
//! S  {"seq":42,"time":"…","type":"message","name":"ann","text":"hi","id":"c7f0"}
//! S  {"seq":43,"time":"…","type":"left","names":["bo"]}
//! ```
//!
//! | `type` from the server | members |
//! | --- | --- |
//! | `message`, `action` | `seq` `time` `name` `text`, and `id` if the sender gave one |
//! | `entered`, `left` | `seq` `time` `names` |
//! | `renamed` | `seq` `time` `old` `new` |
//! | `welcome` | `time` `protocol` `name` `seq` (of the newest event) `people` `names` (at most 200) `limits` |
//! | `notice` | `time` `text` |
//! | `error` | `time` `code` `text`, and `id` of the refused message |
//! | `who` | `time` `people` `names` (at most 200) `more` (another piece follows) |
//! | `pong` | `time`, `id` |
//!
//! | `type` from the client | members |
//! | --- | --- |
//! | `message`, `action` | `text` (may hold line ends), `id` (optional, 1 to 64 visible ASCII characters) |
//! | `nick` | `name` |
//! | `who`, `quit` | |
//! | `ping` | `id` (optional) |
//!
//! `seq` counts the events of the room from 1 without gaps. Everybody sees the
//! same events in the same order, and after a `welcome` with `seq` 41 the next
//! event is 42. In this form your own messages do come back: with the `id`
//! that you gave, which is the confirmation that the room has them. Members
//! and types that a reader does not know are to be skipped.
//!
//! A newcomer is announced once, under the name that it has then: at its
//! `/hello`, at its first line, or half a second after it connected.
//!
//! A wanted name that is taken gets a number at `/hello` (`ann-2`); one that is
//! not allowed is replaced by the address, with a `notice`. At `nick` both are
//! refused with an `error`.
#![warn(missing_docs)]

pub mod command;
pub mod event;
pub mod foreign;
pub mod framing;
pub mod json_form;
pub mod name;
pub mod text;
pub mod text_form;

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u64 = 1;
