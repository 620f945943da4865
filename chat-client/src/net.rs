//! The connection to the server: making it, keeping it, and making it again.
//!
//! [`link`] is what the program talks through. It has every connection made by
//! [`connect`], and waits between attempts as [`backoff`] says.

pub mod backoff;
pub mod connect;
pub mod link;
