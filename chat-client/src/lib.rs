//! The client of the chat.
//!
//! ```text
//!  keyboard thread ── Input ──┐            ┌── Editor (pure): the line being typed
//!                             ▼            ▼
//!  Link ──── bytes ────────► App ──► Conversation (pure): Lines to show, bytes to send
//!                             │
//!                             ├────► Fold (pure): crowds into one line
//!                             └────► Output ──► Style (pure) ──► View + Layout (pure)
//!                                                                   │ one write
//!                                                                   ▼ a repaint
//! ```
//!
//! [`app`] is the only loop, and has the prompt. Read it first. Each folder is a layer:
//!
//! | module | holds |
//! | --- | --- |
//! | [`conversation`] | the rules of talking with the server, and the [people](conversation::People) in the room |
//! | [`editor`] | the line that the person types |
//! | [`input`] | keys of a terminal and lines of a pipe |
//! | [`output`] | [lines](output::line) to show, their [style](output::style), and the [screen](output::screen) or [plain](output::plain) output that shows them |
//! | [`net`] | the connection, and how long to [wait](net::backoff) before the next attempt |
//! | [`identity`] | the person's key, and the certificate that shows it |
//! | [`store`] | the history of the editor, and the servers that are known, in files |
//! | [`trust`] | whether a server is the one that is meant |
//!
//! [`conversation`], [`editor`], the styles and the layout know no socket and no terminal.
//! [`reason`] puts the system's errors in plain words. What differs between Unix and Windows
//! is in [`sys`] and [`input::keyboard`] alone.
//!
//! A lost connection does not end the conversation. The link reconnects by itself: the server
//! sends the missed events, and the client sends the messages again that had not come back.
//!
//! The client is one thread with one poll. Keys and attempts to connect come from other
//! threads through a waker: a Windows console cannot be polled, and finding an address
//! can take seconds.
//!
//! Each row of a draft is drawn by itself with line wrap off, and the cursor is placed by save
//! and restore: terminals disagree on the width of emoji, so no column is computed from a
//! width. The cursor is saved with line wrap on, since many terminals restore that with it.
//! How a terminal reflows long rows decides how much of a draft may be erased in a
//! narrower window. No variable tells it reliably, so the terminal is asked (XTVERSION,
//! DA2 and DA1).

pub mod app;
pub mod cli;
pub mod conversation;
pub mod editor;
pub mod identity;
pub mod input;
pub mod net;
pub mod output;
pub mod random;
pub mod reason;
pub mod store;
pub mod sys;
pub mod trust;
