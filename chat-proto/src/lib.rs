//! The wire of the chat, version 1: the specification, and the code that reads and
//! writes it. There is no I/O in this crate and no clock.
//!
//! # Lines
//!
//! A connection carries lines of UTF-8, each ended by LF. The server also takes CR LF,
//! CR NUL and telnet's commands from a peer, and in text form answers no to each option
//! that a telnet asks for ([`framing`]).
//!
//! | a peer sends | the server |
//! | --- | --- |
//! | a text of more than [`MAX_TEXT`](text::MAX_TEXT) bytes (4096), or of the lower limit that the welcome names | refuses the line whole and says so to its sender; the connection stays |
//! | a line in JSON form of more than [`MAX_LINE`](json_form::MAX_LINE) bytes (32 KiB), escapes included | the same |
//! | a line that is not UTF-8 | the same |
//! | a command or an object that the server does not understand | the same; the answer says what is wrong with it, in JSON form an `error` of code `bad_command` |
//! | a blank line; in text form also a line of which nothing can be seen, such as one that only sets colours | tells no reader and does not answer; the line counts as a sign of life (`idle_join_ms`) |
//! | an end of its input in the middle of a line | does not take that line, and says so |
//! | [`MAX_UNENDED`](framing::MAX_UNENDED) bytes (64 KiB) without a line end | closes the connection |
//! | a first line of another protocol, such as HTTP, TLS, IRC or SMTP | closes the connection; nothing of the line reaches the room ([`foreign`]) |
//!
//! A peer that closes its sending side after its first line that is not blank leaves the
//! room, and still receives for 30 s. Before such a line the connection is closed at once.
//!
//! The server reads lines that come faster than its rate later. Such lines are not lost if
//! the peer stays until then, or has closed its side in order.
//!
//! A peer that cannot come in, because there are too many connections or too many from its
//! address, gets a greeting that says why. It may say `/hello`, and then gets an `error` of
//! code `full`. The connection is closed then, or half a second after it was opened. A
//! program that has a place in the room already comes in all the same, if its hello proves
//! that ([Who a program is](#who-a-program-is)).
//!
//! The greeting of a peer that is banned is `-- chat/1 banned: …`, with the reason
//! ([`text_form::BANNED`]), and a hello is answered with an `error` of code `banned`. In a
//! room that lets no newcomers in it is `-- chat/1 locked: …` ([`text_form::LOCKED`]), and the
//! code is `locked`. A program that was in the room says hello to the latter all the same.
//!
//! # Encryption
//!
//! The same port takes TLS 1.3, from the first byte, with ALPN `chat/1` or without ALPN.
//! There is no way from a plain connection to an encrypted one. On a plain connection to a
//! server that takes TLS as well, the word [`tls`](text_form::TLS_OFFERED) stands behind the
//! start of the greeting: `-- chat/1 tls …`. A program that speaks TLS then closes, having
//! sent nothing, and comes again over TLS. What came before that may be from any machine on the way,
//! and is thrown away. With `-- chat/1 tls only` the server takes nothing but TLS, and closes.
//! An end of TCP without `close_notify` is an end, but not the end of a line.
//!
//! # A password
//!
//! In a room with a password the greeting is `-- chat/1 password` (or `-- chat/1 tls
//! password`; see [`text_form::PASSWORD_WANTED`]), and nothing of the room is told before the
//! peer has said it: with the line `/password PASSWORD`, or as a program in its hello:
//!
//! ```text
//! S  -- chat/1 password: …
//! C  /hello {"protocol":1,"name":"ann","password":"correct horse"}
//! ```
//!
//! A peer in text form then gets the usual greeting, and a program its `welcome`. A wrong
//! password is answered with an `error` of code `password` in the form of the request, after
//! 1, 2 or 4 s, and a program may say its hello again. What was sent before that answer is
//! thrown away. After the third one the server closes. If too many wrong ones came from an
//! address, the server does not try another one, and closes. A program does not send a
//! password that it was not asked for.
//!
//! # The control socket
//!
//! A server may speak the protocol at a Unix domain socket as well, to the person who runs
//! it. A peer there joins when it says something, and not by itself. The commands that need
//! no place in the room ([`When::Anywhere`](catalogue::When::Anywhere)) are done for it
//! before that, and the room is not told. If it has chosen no name it is called `operator`,
//! as other peers are called by their address. A program that only asks and orders says so in
//! its hello, with `"join":false`: it does not join, and is sent no events.
//!
//! # Texts and names
//!
//! The server makes every text safe to print before it passes it on. A reader should do the
//! same with what it receives. A cleaned text
//!
//! - has no control characters but TAB and, between its lines, LF. Escape sequences are
//!   removed whole: `\e[31mred\e[m` becomes `red`. In text form a line is a message, so
//!   a sequence ends with its line;
//! - has no bidirectional controls;
//! - has invisible characters only where a standard gives them something to do, as joiners
//!   between emoji, or variation selectors behind characters that have variants;
//! - has at most 12 marks on one letter, at most 4 of them above and below it, and never
//!   the same one three times in succession.
//!
//! A text of which nothing can be seen is refused with the code `empty` (in text form such
//! a line is a blank one). The whole rule is on the page of [`text::clean`].
//!
//! A name has letters and digits of any script, emoji, `-`, `_` and `.`. It begins with a
//! letter, a digit or an emoji, and has no blanks. It takes at most
//! [`MAX_NAME_COLUMNS`](name::MAX_NAME_COLUMNS) columns (32) and
//! [`MAX_NAME_BYTES`](name::MAX_NAME_BYTES) bytes (128). It must not look like an address or
//! like words of the programs, such as `server` and `You`. Names are compared by what they
//! look like (RFC 8266, UTS 39): `Ann`, `ａｎｎ` and Cyrillic `аnn` are one name. A peer
//! that has chosen no name is called by its address, as `127.0.0.1:39339`. The whole rule
//! is on the page of [`name`].
//!
//! A wanted name that is taken, or kept for another program, gets a number at `/hello`
//! (`ann-2`). At `/hello` a name that is not allowed is replaced by the address, with a
//! `notice`. At `nick` all of them are refused with an `error`, and the peer keeps the name
//! that it has.
//!
//! # The two forms
//!
//! The server speaks first, in **text form**: a greeting whose first line begins with
//! [`text_form::GREETING`]. A peer that just talks stays in this form:
//!
//! ```text
//! <ann> hi                        a message
//! * ann waves                     an action: /me waves
//! [ann] entered room
//! [ann] is offline
//! [ann] is now known as anna
//! -- ann, bo and 312 others entered
//! -- ann, bo and 312 others left
//! -- 5203 people are here         in a large room
//! -- you are now known as anna    from the server to this peer alone
//! ```
//!
//! Each line is preceded by CR. A peer does not get its own messages back. `/me TEXT`,
//! `/nick NAME`, `/who NAME` (of people whose names begin so; without NAME of all), `/history N` (20 without a number), `/forget NAME`, `/topic`,
//! `/whois NAME`, `/help` and `/quit` are commands ([`catalogue`]), and `//x` says `/x`. What `/history` shows has its time (UTC)
//! before it:
//!
//! ```text
//! 2026-11-23T10:00:00Z <ann> hi
//! ```
//!
//! A program answers the greeting with `/hello {"protocol":1,"name":"ann"}`
//! and gets the **JSON form**, one object a line, from the `welcome` on. (Room
//! lines in text form may still come before it; the program skips them.)
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
//! | `message`, `action` | `seq` `time` `name` `text`, `held` if a key holds the name, and `id` if the sender gave one; with a short `id` also `tag`; `erased` (true) if its text was removed later: then there is a `tag` with each `id` |
//! | `entered` | `seq` `time` `names`, `back` (those of `names` who are back after a restart, and have proved it), `tags` (one for each name, or null) |
//! | `left` | `seq` `time` `names` |
//! | `renamed` | `seq` `time` `old` `new` `tag` |
//! | `people` | `seq` `time` `people` (so many are here, of whom not all are told by name), `named` (true: from here on all of them are; see [Large rooms](#large-rooms)) |
//! | `room` | `seq` `time` `room` `run` `people` (as told by name in the events before; 0: the room was opened, and the people who were in it before are gone) |
//! | `welcome` | `time` `protocol` `name` `people` `names` (at most 200) `held` (as in `who`) `limits`, `room` (the identity of the room and of this run of the server), `seq` (of the newest event), `first` (of the oldest event held), `kept` (on disk), `secret`, `greeting` (a text of the person who runs the server, for all who come in; in text form its lines follow the words of welcome), `topic`; and if `resume` was asked for `resumed`, and `from` (the number of the first event that follows, if the room is the same) |
//! | `topic`, `removed`, `banned`, … | see [Operators](#operators) |
//! | `notice` | `time` `text` |
//! | `error` | `time` `code` `text`, and `id` of the refused message |
//! | `who` | `time` `people` `names` (at most 200) `more` (another piece follows), and if keys hold any of the names `held` (one for each name, or null) |
//! | `pong` | `time`, `id` |
//! | `gap` | `time` `missed` (so many events that come next are no longer held, or cannot be read) |
//! | `confirmed` | `time` `id` `seq` (the message is that event already) |
//! | `history` | `time` `first` `last`, `id`: the end of the answer to `history` |
//! | `done` | `time` `text` (what was done), `id` of the request |
//! | `bans` | `time` `bans` `more` (another piece follows), `id` |
//! | `whois` | `time` `name` `since` `idle_ms`, `held`, `program`, `operator`, `muted` (until then), `id`; for operators also `address` and `key` |
//! | `goodbye` | `time` `text` `after_ms` (when to come back) |
//!
//! | `type` from the client | members |
//! | --- | --- |
//! | `message`, `action` | `text` (may hold line ends), `id` (optional, 1 to 64 visible ASCII characters) |
//! | `nick`, `forget` | `name` |
//! | `who` | `prefix` (optional: only people whose names begin so; capital letters make no difference) |
//! | `quit` | |
//! | `ping` | `id` (optional) |
//! | `history` | `count` (of the last messages and actions in memory), or `first` and, if not the newest, `last`; `id` (optional) |
//!
//! The `limits` in a welcome; where nothing else is said, 0 is no limit:
//!
//! | member | what it limits |
//! | --- | --- |
//! | `text` | bytes in a `text`; never 0 |
//! | `line` | bytes in a line of this form from the client; never 0 |
//! | `name` | columns in a `name`; never 0 |
//! | `rate` | lines a second that the server reads from one connection. After a quiet time it reads five seconds' worth at once. A line counts as one for each 3,276 bytes that it has, or is shown as with the name before each row; `nick` counts as five |
//! | `clients` | connections in all |
//! | `per_address` | connections from one address: one of IPv4, or 64 bits of one of IPv6 |
//! | `new_per_address` | connections from one address that come into the room in ten minutes |
//! | `unjoined`, `unjoined_per_address` | connections that have not sent a line yet, in all and from one address |
//! | `idle_join_ms` | the time in which a connection has to send its first line, if only a blank one |
//! | `stall_ms` | the time in which a peer that takes nothing of what waits for it is closed; never 0 |
//!
//! A `code` is one of `too_long`, `not_utf8`, `empty`, `bad_command`, `bad_name`,
//! `name_taken`, `name_held`, `not_kept`, `password`, `not_allowed`, `not_found`, `removed`,
//! `banned`, `muted`, `slow`, `locked` and `full`.
//!
//! `seq` counts the events of the room from 1 without gaps. All readers see the
//! same events in the same order, and after a `welcome` with `seq` 41 the next
//! event is 42. In this form a program does get its own messages back: with the `id`
//! that it gave, which is the confirmation that the room has them. A `tag` is a note
//! of the server for itself: 16 hexadecimal digits that tell others
//! nothing. A reader skips members and types that it does not know.
//!
//! The text of a message or an action can be removed later. The event keeps its number,
//! and a reader that gets it from then on gets `[removed by NAME]`, or `[removed by the operator]`,
//! in place of the text, with the member `erased`. In text form an event of many lines that a
//! reader has in part does not go on.
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
//! - `resumed` is true: all events follow that the program has not seen.
//! - `resumed` is false, and there is a `from`: the room is the same, but the server has
//!   lost some of the events that the program saw, as after a power cut, or because an
//!   older copy was put in place of the history. Other events have their numbers now. All
//!   events follow that the program has not seen, from a number on that may be below the
//!   `seq` of its `resume`. The program has to take them, and to forget which numbers it
//!   has seen before. A `notice` says what happened.
//! - `resumed` is false, and there is no `from`: it is another room, as a `notice`
//!   says, and a fresh start.
//!
//! In each case the program goes on with the `room` of the new welcome. To a program this
//! value is opaque. It names the room and the run of the server (`ROOM.RUN`; the first part
//! stays the same over restarts, and is the `room` of the event `room`).
//!
//! A newcomer can ask for the last messages and actions with
//! `/hello {"protocol":1,"name":"ann","replay":20}`. They come between the
//! `welcome` and the first live event, and like all replayed events have a
//! `seq` that is not above that of the `welcome`.
//!
//! `history` asks for a part of the past at any time. With `first` and `last` it covers
//! every event that is held, in memory or on disk; if events before that are wanted, a `gap`
//! says how many are missing. With `count`, as with `replay` and in text form `/history`,
//! it covers the messages and actions that are in memory only (the server's last 6 MiB),
//! also where the room is kept on disk. The events come as they were, and behind them an
//! object of type `history` with the range of their numbers; `last` is below `first` if
//! there are none.
//!
//! A message that is sent again with the same `id` never becomes a second event,
//! however often and over whichever connection it comes, as long as the room holds the
//! first one: the answer is `confirmed`. So a program that loses the connection sends again
//! what has not come back. An `id` should be 128 random bits, so that no peer can guess it
//! before it is in the room. It stands for one text: another text, or the same as an
//! `action`, is another message, also from the same program, so that the server confirms
//! nothing that is not in the room.
//!
//! An `id` of fewer than [`UNIQUE_BYTES`](event::MessageId::UNIQUE_BYTES) characters (22),
//! such as a number that is counted up, may be used by several programs. It marks the same
//! message only with the same text from the same program, which proves that with
//! its secret. The server knows the short ids of a program that never shows a secret on one
//! connection only.
//!
//! An answer comes behind all events that were shown when the peer asked. It does
//! not wait for the disk: where events are shown only when they are safe there, an answer
//! may come before some that the room has taken already. A program learns that its message
//! is taken from the event itself, or from `confirmed`, and from no other answer.
//!
//! A reader that is too slow for what the server holds in memory goes on from
//! the history on disk, if there is one. Otherwise a `gap` says how much it missed. A peer
//! that takes nothing for `stall_ms` while something waits for it is closed.
//!
//! # Who a program is
//!
//! A `welcome` holds a `secret`: 32 hexadecimal digits that no other program sees and that
//! the program must not show. A program keeps its secret over its connections, its
//! names and, where the room is kept, the restarts of the server. It sends the secret
//! in `resume`, beside `room` and `seq`, and with that proves that it is the same program:
//!
//! - It takes the place of its earlier connection, if that is still in the room
//!   because the server has not noticed its end: it has its name, the other connection is
//!   closed, and the room is told nothing. It can do so when the room is full, too.
//! - After a restart the server keeps the program's name for it for
//!   [`TIME_TO_RETURN`] (15 s). Meanwhile others who ask for that name, or for one that
//!   looks like it, get another one at `/hello` and a refusal at `nick`, and a
//!   `notice` says for how long. That goes for the programs that were in the room when
//!   the server ended, as far as the history that is held tells when they came. A
//!   program without its secret counts as one of the others.
//! - `entered` names the program in `back`. A client that does not show who
//!   is back after a restart goes by `back`, and not by the name.
//! - The server knows its short ids again.
//!
//! # Names that belong to keys
//!
//! A peer can show a key in its TLS client certificate: of Ed25519, ECDSA on P-256 or
//! P-384, or RSA of 2048 to 8192 bits. Nothing else in the certificate counts, and the
//! handshake proves that the peer has the private key, so that it cannot be relayed. A
//! server can let names belong to such keys:
//!
//! - A peer that asks for a name of another key, or for one that looks like it, does not get
//!   it, nor that with a number: at `/hello` it gets its address, with a `notice`, and at
//!   `nick` an `error` with the code `name_held`.
//! - Where the server allows that, the first thing that a peer with a key says under a free
//!   name that it has asked for makes the name belong to its key, and a `notice` says so.
//!   `forget` frees a name of one's own key; at the control socket, any name.
//! - `held` tells which names their bearers hold: the first 16 characters of the key's
//!   SHA-256 fingerprint, as `ssh-keygen -l` prints it behind `SHA256:`. A name without it
//!   is merely in use.
//! - A server may let in only the keys that it knows. To a peer without such a key it gives
//!   the reason in place of a greeting ([`text_form::KEYS_ONLY`]), and closes the connection.
//!
//! # Operators
//!
//! An operator keeps order in the room: a person whose key the server counts as one, or the
//! person who runs the server, over a local socket. A `welcome` to an operator has
//! `operator`: true. The commands, which are refused to others with `not_allowed`, have an
//! optional `id`; the answer to each has it, and is `done`, `bans`, `whois` or an `error`:
//!
//! | `type` from the client | members |
//! | --- | --- |
//! | `topic` | `text`, or none to ask for it; `-` removes it. To ask is for all |
//! | `whois` | `name`. For all |
//! | `kick` | `name`, `text` (the reason, at most 256 bytes as each remark here) |
//! | `ban` | `what`, `duration` (`30m`, `2h`, `7d`, `forever`; a day if left out), `text`, `force` (true: also if it hits the operator) |
//! | `unban` | `what` |
//! | `bans`, `lock`, `unlock` | |
//! | `mute` | `name`, `duration` (not `forever`; ten minutes if left out) |
//! | `unmute`, `op`, `deop` | `name` |
//! | `slow` | `seconds`, 0 for no limit |
//! | `announce` | `text` |
//! | `erase` | `target` (a `seq`), `text` |
//! | `reload` | none; the server reads its configuration again. Over the local socket only |
//!
//! In text form they are `/kick NAME REASON` and so on, and `/ban! WHAT` for `force`. `what`
//! is the name of a person who is here or has left lately, or a subject:
//!
//! | subject | whom it hits |
//! | --- | --- |
//! | `key:SHA256:…` | the person with this key; the first 16 characters are enough if they are here |
//! | `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/64` | people from these addresses; one of IPv6 stands for 64 bits |
//! | `guests:192.0.2.7` | people from there who show no key |
//! | `program:…` | the program that the server knows by its secret, wherever it comes from |
//!
//! What an operator does is an event of the room. `by` is the operator's name, and is missing
//! if that is the person at the server's own terminal:
//!
//! | `type` from the server | members |
//! | --- | --- |
//! | `topic` | `by`, `text` if there is a topic |
//! | `removed` | `by` `name` `reason` |
//! | `banned` | `by`, `names` (of the people whom it has removed), `until` |
//! | `unbanned` | `by` |
//! | `muted`, `unmuted` | `by` `name`, `until` |
//! | `slow` | `by` `seconds` |
//! | `locked`, `unlocked` | `by` |
//! | `op`, `deop` | `by` `name` |
//! | `announced` | `by` `text` |
//! | `erased` | `by` `target` `reason`. The event `target` has the text `[removed by ann]` and `erased`: true from now on, wherever it is sent again |
//!
//! A `left` follows for each person who was removed or banned.
//!
//! Operators are also sent, in the member `private`, what only they may know: `subjects` (the
//! keys, addresses and programs that a ban or a mute hits), `of` (the name that the ban was
//! given for), `reason` (of a ban), and `key` (of an operator). In text form that is a line
//! of its own, `-- for operators: `. The history has it too, and repeats at the head of each
//! file the measures that stand: in `private` of the event `room`, and in further events
//! `room` with a `part` if they are many. No reader is sent that.
//!
//! A peer that an operator removes gets an `error` with the code `removed` or `banned`, and is
//! closed. A peer that is banned is told so in place of a greeting
//! ([`text_form::BANNED`]), and so is a newcomer where the room is locked
//! ([`text_form::LOCKED`]). What a muted person says is refused with `muted`, and with `slow`
//! what comes too soon in slow mode.
//!
//! Over the local socket a program can say `"join":false` in its hello: it is not in the room,
//! is sent no events, and asks and orders from outside.
//!
//! # Who is here
//!
//! `entered`, `left` and `renamed` tell who is here. A newcomer is announced once, under
//! the name that it has then: at its `/hello`, at its first line, or half a second after it
//! connected.
//!
//! The server tells arrivals and departures one by one while they are few: up to 20 at once
//! after a quiet second, and then one each 50 ms. What exceeds that waits, together with each
//! arrival and departure that follows, for at most half a second. Then the server tells all
//! of it: first in one `left` the departures, then in one `entered` the arrivals. The names
//! in an event take at most 24 KiB; the rest is in another event behind it. In text
//! form an event with more than [`MAX_ONE_BY_ONE`](text_form::MAX_ONE_BY_ONE) (3) names is
//! one line, and otherwise each name has its own line.
//!
//! A person who comes and goes within that half second may not be told at all. They are
//! told if a `welcome` or an answer to `who` gave out names meanwhile: then a second `left`
//! follows the `entered`.
//!
//! Before a person speaks or takes another name, the room is told that they came, and that
//! the person who had the name before has gone. All that waits is then told at once.
//!
//! A peer in text form does not see its own arrival if that is told at once. If it is told
//! later, together with others, the peer sees it like every other reader. The same
//! holds for a program: an arrival that was told at once is counted in the `seq` of its
//! welcome.
//!
//! The names in a `welcome` and in the answer to `who` are those of all who are here, also
//! of people whose arrival is still to be told. So an `entered` may name a person who was in
//! them already, the newcomer itself too, and a `left` may name one who was not. A reader
//! treats the people in the room as a set: an `entered` for a name that is in it
//! and a `left` for one that is not change nothing, and with the next `entered` and
//! `left` the set is true again. A reader that follows the events from the beginning of the
//! room sees each arrival and each departure once, in turn.
//!
//! ## Large rooms
//!
//! A room that several servers share may tell no names while more than so many people are in
//! it. Arrivals and departures then wait, and at most each 5 s an event `people` tells how many
//! people are here, if that number has changed. Before a person speaks or takes another name
//! the room is still told by name that they came, and of each person who was told as here and
//! has gone since. When the people are few enough again all that waits is told by name as
//! above, and behind it comes one more `people` with `named`.
//!
//! A reader that keeps the people as a set does nothing for `people`: it may lack some of them
//! until the one with `named`. A reader that counts takes the number from each `people`, and
//! counts no `entered` and no `left` between one without `named` and the next one with it. The
//! people whom a `welcome` or an answer to `who` names may have gone unnoticed in a large room;
//! `who`, also with a `prefix`, tells who is here.
#![warn(missing_docs)]

use std::time::Duration;

pub mod catalogue;
pub mod command;
pub mod event;
pub mod foreign;
pub mod framing;
pub mod identity;
pub mod json_form;
pub mod manual;
pub mod moderation;
pub mod name;
pub mod password;
pub mod text;
pub mod text_form;
pub mod timestamp;
pub mod width;

/// The time after a restart in which the server keeps the names of the people who were
/// here before, and a client does not show who is back.
pub const TIME_TO_RETURN: Duration = Duration::from_secs(15);

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u64 = 1;
