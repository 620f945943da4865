//! The client's screen: whatever a server sends, only the client's own sequences
//! reach the terminal, and the draft stays as it is.
#![no_main]

use std::num::NonZero;
use std::time::{Duration, Instant};

use chat_client::conversation::{Audience, Conversation, JoinOptions, ServerKind};
use chat_client::output::fold::Fold;
use chat_client::output::screen::Size;
use chat_client::output::screen::view::{Block, Reflow, View};
use chat_client::output::style::{Bell, Colors, Style, TimeStyle};
use chat_client::random::Random;
use chat_proto::text::clean;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

const DRAFT: &str = "<You> half-typed";
const CURSOR: usize = 10;

fuzz_target!(|bytes: &[u8]| {
    let [shape, rest @ ..] = bytes else {
        return;
    };
    let size = Size {
        width: 20 + usize::from(shape % 8) * 9,
        height: 4 + usize::from(shape / 8 % 4) * 6,
    };
    let colors = [Colors::On, Colors::Off][usize::from(shape / 32 % 2)];
    let mut now = Instant::now();
    let options = JoinOptions {
        name: Some("ann".to_owned()),
        replay: 5,
        audience: Audience::Prompt,
        server: ServerKind::Chat,
        ..JoinOptions::default()
    };
    let random = Random::with_key(&[0; 16]);
    let mut conversation = Conversation::new(options, random, now);
    let time = [TimeStyle::None, TimeStyle::Full][usize::from(shape / 128)];
    let clock = || jiff::Timestamp::UNIX_EPOCH;
    let mut style = Style::new(colors, time, Bell::Off, TimeZone::UTC, clock).raw();
    let mut view = View::new(Reflow::None, colors);
    let mut fold = Fold::default();
    let cells = |count: usize| NonZero::new(count as u16).expect("a size");
    let mut terminal = vt100::Parser::new(cells(size.height), cells(size.width), 10);
    if shape / 64 % 2 == 0 {
        let _ = conversation.receive(WELCOME.as_bytes(), now);
    }
    // Pieces that each begin with what they are and how long.
    let mut rest = rest;
    while let [what, length, behind @ ..] = rest {
        let (piece, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        rest = behind;
        match what % 16 {
            // As the editor lets it pass.
            0 => conversation.say(clean(&String::from_utf8_lossy(piece)).into_owned()),
            1 => {
                now += Duration::from_secs(u64::from(*length));
                conversation.expire(now);
            }
            2 => {
                conversation.handle_disconnect(now);
                conversation.handle_reconnect(now);
            }
            _ if conversation.receive(piece, now).is_err() => return,
            _ => {}
        }
        let mut lines = Vec::new();
        for line in conversation.shown().drain(..) {
            fold.push(line, now, &mut lines);
        }
        fold.expire(now, &mut lines);
        let mut rows = String::new();
        for line in &lines {
            style.render(line, conversation.me(), &mut rows);
        }
        let row = |said: &str| format!("<You> {}", said.split('\n').next().unwrap_or(said));
        let block = Block {
            status: conversation.outage_reason().map(|why| format!("-- {why}")),
            pending: conversation.undelivered().map(row).collect(),
            text: DRAFT.to_owned(),
            cursor: CURSOR,
            prompt: "<You> ".len(),
        };
        let mut out = Vec::new();
        let painted = view.paint(&mut out, size, b"", &rows, &block);
        painted.expect("memory takes everything");
        check_sequences(&out);
        terminal.process(&out);
        check_draft(terminal.screen(), size);
    }
});

/// Nothing but what the view and the style write themselves.
fn check_sequences(out: &[u8]) {
    let out = std::str::from_utf8(out).expect("UTF-8");
    let mut rest = out;
    while let Some(place) = rest.find(|c: char| c.is_control() || is_hidden(c)) {
        let (_, control) = rest.split_at(place);
        let known = OWN.iter().find(|known| control.starts_with(**known));
        rest = match known {
            Some(known) => &control[known.len()..],
            None => {
                let numbers = |c: char| c.is_ascii_digit() || c == ';';
                let parameters = control.strip_prefix("\x1b[");
                let end = parameters.map(|all| all.trim_start_matches(numbers));
                let end = end.and_then(|end| end.strip_prefix(['m', 'A', 'J']));
                end.unwrap_or_else(|| panic!("{control:?} reaches the terminal"))
            }
        };
    }
}

fn is_hidden(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

fn check_draft(screen: &vt100::Screen, size: Size) {
    let (row, column) = screen.cursor_position();
    assert_eq!(usize::from(column), CURSOR);
    let shown = screen.rows(0, size.width as u16).nth(usize::from(row));
    let shown = shown.unwrap_or_default();
    assert_eq!(shown.trim_end(), DRAFT);
}

const OWN: [&str; 10] = [
    "\r",
    "\n",
    "\t",
    "\x1b[?2026h",
    "\x1b[?2026l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1b7",
    "\x1b8",
    "\x1b[K\x1b[C\x1b[J",
];

const WELCOME: &str = concat!(
    "\r-- chat/1 welcome\n",
    r#"{"seq":41,"time":"2026-11-23T10:00:00.123Z","type":"welcome","protocol":1,"name":"ann","#,
    r#""people":2,"names":["ann","bo"],"limits":{"text":4096,"line":32768,"name":32},"#,
    r#""room":"9f0c","first":1,"kept":true}"#,
    "\n"
);
