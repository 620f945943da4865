//! What the person types, or a pipe has.
//!
//! It is read by a thread that blocks, because neither Windows nor
//! every kind of standard input can be watched by a poll. It hands over what
//! it has and wakes the loop; it is never joined, and ends with the process.

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
