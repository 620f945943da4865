//! The client of the chat.
//!
//! ```text
//!  keyboard thread ── Input ──┐            ┌── Editor (pure): the line being typed
//!                             ▼            ▼
//!  Link ──── bytes ────────► App ──► Conversation (pure): Lines to show, bytes to send
//!                             │
//!                             ├────► Fold (pure): crowds into one line
//!                             └────► Front ──► Style (pure) ──► View + Layout (pure)
//!                                                                   │ one write
//!                                                                   ▼ a repaint
//! ```
//!
//! [`app`] is the only loop. Read it first. It owns the parts that know no socket and no
//! terminal:
//!
//! | module | holds |
//! | --- | --- |
//! | [`conversation`] | the talk with the server |
//! | [`people`] | who is here, as far as the client has been told |
//! | [`editor`] | the line that the person types |
//! | [`line`](mod@line) | what there is to show |
//! | [`style`] | how it looks; [`mention`]: where it names the reader |
//! | [`layout`], [`view`] | where it stands on the screen |
//! | [`backoff`](net::backoff) | how long to wait for a server that is away |
//!
//! [`net`], [`terminal`], [`store`], [`random`] and [`sys`] are the edges to the system.
//! [`reason`] puts their errors in plain words. What differs between Unix and Windows is in
//! [`sys`] alone.
//!
//! A lost connection does not end the talk. The link comes back by itself, and the
//! conversation goes on with it: the server sends what was missed, and the client sends again
//! what had not come back.
//!
//! The client is one thread with one poll. Keys and attempts to connect come from other
//! threads through a waker: a Windows console cannot be polled, and finding an address
//! can take seconds.
//!
//! Each row of a draft is drawn by itself with line wrap off, and the cursor is placed by save
//! and restore: terminals disagree on the width of emoji, so no column is computed from a
//! width. The cursor is saved with line wrap on, since many terminals restore that with it.
//! What a terminal does with long rows decides how much of a draft may be erased in a
//! narrower window. No variable tells it reliably, so the terminal is asked (XTVERSION,
//! DA2 and DA1).

pub mod ansi;
pub mod app;
pub mod cli;
pub mod conversation;
pub mod editor;
pub mod front;
pub mod layout;
pub mod line;
pub mod login;
pub mod mention;
pub mod net;
pub mod people;
pub mod random;
pub mod reason;
pub mod store;
pub mod style;
pub mod sys;
pub mod terminal;
pub mod view;
