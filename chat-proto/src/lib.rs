//! The wire of the chat, version 1: the specification, and the code that
//! reads and writes it. There is no I/O in this crate and no clock.
//!
//! # Lines
//!
//! A connection carries lines of UTF-8, ended by LF. The server tolerates
//! CR LF, CR NUL and telnet's commands, and in text form answers no to each option
//! that a telnet asks for ([`framing`]). A text is at most
//! [`MAX_TEXT`](text::MAX_TEXT) bytes. A line that is longer, or not UTF-8, is
//! refused whole with a word to its sender, and the connection lives on;
//! [`MAX_UNENDED`](framing::MAX_UNENDED) bytes without a line end close it. A
//! last line without an end is not taken. A first line that belongs to another
//! protocol, such as HTTP, TLS, IRC or SMTP, closes the connection ([`foreign`]).
//!
//! A peer that closes its sending side after having spoken has left the room,
//! and still receives for 30 s.
//!
//! What comes faster than the server's rate is not lost: it is read later, if the
//! peer is still there, or has closed in order. A peer that cannot come in, because
//! there are too many or too many from its address, is greeted with the reason. It may
//! say `/hello` and gets an `error` of code `full`; then, or half a second later, it is
//! closed. A program that has a place in the room already comes in all the same, if its
//! hello proves that ([Who a program is](#who-a-program-is)).
//!
//! # Texts and names
//!
//! Escape sequences, other control characters and bidirectional overrides never pass
//! from one person to another, and what cannot be seen only where a language or an emoji
//! needs it ([`text`]). Names are compared by how they look ([`name`]).
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
//! -- ann, bo and 312 others entered
//! -- ann, bo and 312 others left
//! -- you are now ann              a word from the server to you alone
//! ```
//!
//! Each line is preceded by CR. Your own messages do not come back. `/me`,
//! `/nick NAME`, `/who`, `/history N`, `/help` and `/quit` are commands
//! ([`catalogue`]), `//x` says `/x`. What `/history` shows has its time (UTC) before it:
//!
//! ```text
//! 2026-11-23T10:00:00Z <ann> hi
//! ```
//!
//! A program answers the greeting with `/hello {"protocol":1,"name":"ann"}`
//! and gets the **JSON form**, one object a line, from the `welcome` on. (Room
//! lines in text form may still come before it; they are to be skipped.)
//!
//! ```text
//! S  -- chat/1 …
//! C  /hello {"protocol":1,"name":"ann"}
//! S  {"seq":41,"time":"…","type":"welcome","protocol":1,"name":"ann","people":2,"names":["ann","bo"],"limits":{…},"room":"9f0c…","first":1,"kept":true,"secret":"…"}
//! C  {"type":"message","text":"hi","id":"c7f0"}
//! S  {"seq":42,"time":"…","type":"message","name":"ann","text":"hi","tag":"…","id":"c7f0"}
//! S  {"seq":43,"time":"…","type":"left","names":["bo"]}
//! ```
//!
//! | `type` from the server | members |
//! | --- | --- |
//! | `message`, `action` | `seq` `time` `name` `text`, and `id` if the sender gave one; with a short one `tag` |
//! | `entered` | `seq` `time` `names`, `back` (those of them who are back after a restart, and have proved it), `tags` (one for each name, or null) |
//! | `left` | `seq` `time` `names` |
//! | `renamed` | `seq` `time` `old` `new` `tag` |
//! | `room` | `seq` `time` `room` `run` `people` (as told by the events before; 0: the room was opened, and the people who were in it before are gone) |
//! | `welcome` | `time` `protocol` `name` `people` `names` (at most 200) `limits`, `room` (its identity, with that of this run of the server), `seq` (of the newest event), `first` (of the oldest event held), `kept` (on disk), `secret`; and if `resume` was asked for `resumed`, and `from` (the number of the first event that follows, if the room is the same) |
//! | `notice` | `time` `text` |
//! | `error` | `time` `code` `text`, and `id` of the refused message |
//! | `who` | `time` `people` `names` (at most 200) `more` (another piece follows) |
//! | `pong` | `time`, `id` |
//! | `gap` | `time` `missed` (so many events that come next are no longer held, or cannot be read) |
//! | `confirmed` | `time` `id` `seq` (the message is that event already) |
//! | `history` | `time` `first` `last`, `id`: the end of the answer to `history` |
//! | `goodbye` | `time` `text` `after_ms` (when to come back) |
//!
//! | `type` from the client | members |
//! | --- | --- |
//! | `message`, `action` | `text` (may hold line ends), `id` (optional, 1 to 64 visible ASCII characters) |
//! | `nick` | `name` |
//! | `who`, `quit` | |
//! | `ping` | `id` (optional) |
//! | `history` | `count` (of the last messages and actions), or `first` and, if not the newest, `last`; `id` (optional) |
//!
//! The members of `limits`, where 0 is no limit: bytes in a `text`, in a `line` of
//! this form, and columns in a `name`, which are never 0; `rate`, lines a second that
//! are read from one connection; `clients`, connections in all; `per_address`,
//! connections from one address; `new_per_address`, those that may come into the room
//! from one address in ten minutes; `unjoined` and `unjoined_per_address`, how many
//! connections may not have sent a line yet; `idle_join_ms`, the time in which one is
//! to be sent; `stall_ms`, how long a peer may take nothing of what waits for it. A
//! `code` is one of `too_long`, `not_utf8`, `empty`, `bad_command`, `bad_name`,
//! `name_taken`, `not_kept`, `full`.
//!
//! `seq` counts the events of the room from 1 without gaps. Everybody sees the
//! same events in the same order, and after a `welcome` with `seq` 41 the next
//! event is 42. In this form your own messages do come back: with the `id`
//! that you gave, which is the confirmation that the room has them. A `tag` is a note
//! of the server for itself: 16 hexadecimal digits that tell others
//! nothing. Members and types that a reader does not know are to be skipped.
//!
//! # Nothing missed
//!
//! The numbers are those of one `room`. A program that comes back says what it has:
//! the `room` of its last welcome, as that named it, and the number of the newest
//! event that it has seen.
//!
//! ```text
//! C  /hello {"protocol":1,"name":"ann","resume":{"room":"9f0c…","seq":41,"secret":"…"}}
//! S  {"seq":57,"time":"…","type":"welcome",…,"room":"9f0c…","first":1,"resumed":true,"from":42}
//! S  {"seq":42,…}
//! ```
//!
//! It gets the events from `from` on, here 42, up to 57 and then live, each once, as
//! they were sent the first time. If some of them are no longer held, or cannot be
//! read, a `gap` before the next one says how many. There are three cases:
//!
//! - `resumed` is true: what follows are all events that it has not seen.
//! - `resumed` is false, and there is a `from`: the room is the same, but some of the
//!   events that the program saw are lost, as after a power cut, or because an older
//!   copy was put in place of the history. Other events have their numbers now. What
//!   follows are all events that the program has not seen, from a number on that may
//!   be below `seq` of its `resume`: it has to take them, and to forget which
//!   numbers it has seen before. A `notice` says what happened.
//! - `resumed` is false, and there is no `from`: it is another room, as a `notice`
//!   says, and a fresh start.
//!
//! In each case it goes on with the `room` of the new welcome. That is opaque; it
//! names the room and the run of the server (`ROOM.RUN`, of which the first part
//! stays the same over restarts, and is the `room` of the event `room`).
//!
//! A newcomer can ask for the last messages and actions with
//! `/hello {"protocol":1,"name":"ann","replay":20}`; they come between the
//! `welcome` and the first live event, and like all that is replayed have a
//! `seq` that is not above that of the `welcome`. `history` asks for a part of
//! the past at any time. Its events come as they were, and behind them an
//! object of type `history` with the range that they are of.
//!
//! A message that is sent again with the same `id` never becomes a second event,
//! however often and over whichever connection, as long as the room holds the first
//! one: the answer is `confirmed`. So a program that loses the connection sends what
//! has not come back again. An `id` is to be 128 random bits, which cannot be guessed
//! before it is in the room. It stands for one text: another text, or the same as an
//! `action`, is another message, also from the same program, so that nothing is
//! confirmed that is not in the room.
//!
//! One of fewer than [`UNIQUE_BYTES`](event::MessageId::UNIQUE_BYTES) characters, such
//! as a number that is counted up, may be used by several programs. It is the same
//! message only with the same text from the same program, which proves that with
//! its secret: a program that never shows one has its short ids known again on one
//! connection only.
//!
//! An answer comes behind everything that was shown when it was asked for. It does
//! not wait for the disk: where events are shown only when they are safe there, it
//! may come before some that the room has taken already. That a message is taken is
//! told by its event, or by `confirmed`, and by no other answer.
//!
//! A reader that is too slow for what the server holds in memory goes on from
//! the history on disk, if there is one, and is otherwise told by a `gap`. One
//! that takes nothing at all for a minute is closed.
//!
//! # Who a program is
//!
//! A `welcome` holds a `secret`, 32 hexadecimal digits that no other program sees and that
//! are not to be shown. They stay the same for a program, over its connections, its
//! names and, where the room is kept, the restarts of the server. A program says them
//! in `resume`, beside `room` and `seq`, and with that proves that it is the same:
//!
//! - It takes the place of its earlier connection, if that is still in the room
//!   because its end has not been noticed: it has its name, the other connection is
//!   closed, and the room is told nothing. It can do so when the room is full, too.
//! - After a restart its name is kept for it for
//!   [`TIME_TO_RETURN`]. Meanwhile others who ask for that name, or for one that
//!   looks like it, get another one at `/hello` and a refusal at `nick`, and a
//!   `notice` says for how long. That goes for the programs that were in the room when
//!   the server ended, as far as the history that is held tells when they came. A
//!   program without its secret is one of those others.
//! - `entered` names those who are back so in `back`. A client that does not show who
//!   is back after a restart is to go by that, and not by the name.
//! - Its short ids are known again.
//!
//! # Who is here
//!
//! A newcomer is announced once, under the name that it has then: at its
//! `/hello`, at its first line, or half a second after it connected.
//!
//! `entered`, `left` and `renamed` tell who is here. Of arrivals and departures
//! 20 a second are told one by one; those beyond are told together up to half a
//! second late, with all names in one event (24 KiB of names at most, then
//! another event), `left` before `entered`. In text form an event with more
//! than [`MAX_ONE_BY_ONE`](text_form::MAX_ONE_BY_ONE) names is one line.
//!
//! What is still to be told has happened all the same: the names in a `welcome`
//! and in the answer to `who` are those of everybody who is here. So an
//! `entered` may name somebody who was in them already, the newcomer itself too,
//! and a `left` somebody who was not. Who is here is a set: put in who is there
//! already, and take out who is not, and it is true again with the next
//! `entered` and `left`. Whoever follows the events from the beginning of the
//! room hears each arrival and each departure once, in turn. Somebody who comes
//! and goes before it is told may not be told at all; that is so only if no
//! names were given out in between.
//!
//! Nobody speaks, and nobody takes another name, before it is told that they
//! came and that whoever had the name has gone.
//!
//! A wanted name that is taken, or kept for another program, gets a number at
//! `/hello` (`ann-2`); one that is not allowed is replaced by the address, with a
//! `notice`. At `nick` all of them are refused with an `error`.
#![warn(missing_docs)]

use std::time::Duration;

pub mod catalogue;
pub mod command;
pub mod event;
pub mod foreign;
pub mod framing;
pub mod identity;
pub mod json_form;
pub mod name;
pub mod text;
pub mod text_form;
pub mod width;

/// How long people are awaited who were here when the server went down: for so
/// long a client does not show who is back, and the server keeps their names.
pub const TIME_TO_RETURN: Duration = Duration::from_secs(15);

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u64 = 1;
