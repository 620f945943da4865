//! Input: keys of a terminal, or lines of a pipe.
//!
//! A thread that blocks reads it, because neither Windows nor every kind of standard
//! input can be watched by a poll. The thread hands its input over and wakes the loop.
//! It is never joined, and ends with the process.

mod answer;
mod channel;
mod event;
pub mod keyboard;
mod keymap;
pub mod keys;
pub mod pipe;
pub mod term;

pub use answer::Answer;
pub use event::{Input, Press, Typed};
