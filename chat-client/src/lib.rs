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
//! [`app`] is the only loop. [`conversation`] talks with the server and knows
//! the [`people`], [`editor`] talks with the person; [`line`](mod@line) is what
//! there is to show, [`style`] how it looks and [`mention`] where it names the
//! reader, [`layout`] and [`view`] where it stands; [`backoff`](net::backoff) is how long to
//! wait for a server that is away. None of these knows a socket or a terminal, and
//! all are tested without. [`net`], [`terminal`], [`store`],
//! [`random`] and [`sys`] are the edges to the system, whose errors [`reason`] puts
//! in plain words; what differs between Unix and Windows is in [`sys`] alone.
//!
//! A connection that is lost is not the end of the talk. The link comes back by
//! itself and the conversation goes on with it: what was missed follows, and
//! what had not come back is sent again.

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
