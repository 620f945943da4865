//! The client of the chat.
//!
//! ```text
//!  keyboard thread ── Input ──┐            ┌── Editor (pure): the line being typed
//!                             ▼            ▼
//!  socket ── bytes ────────► App ──► Conversation (pure): lines to show, bytes to send
//!                             │
//!                             └────► Front ──► View + Layout (pure) ──► one write
//! ```
//!
//! [`app`] is the only loop. [`conversation`] talks with the server, [`editor`]
//! with the person, [`layout`] and [`view`] with the screen; none of them knows
//! a socket or a terminal, and all are tested without. [`terminal`],
//! [`signals`] and [`connect`] are the edges to the system.

pub mod app;
pub mod cli;
pub mod connect;
pub mod conversation;
pub mod editor;
pub mod front;
pub mod layout;
pub mod signals;
pub mod terminal;
pub mod view;
