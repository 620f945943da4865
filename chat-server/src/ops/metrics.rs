//! Metrics over HTTP: `/metrics` for Prometheus, and `/healthz` for what looks after the
//! process.
//!
//! A thread of its own serves them. It holds no lock that a worker waits for: counters are
//! read where they are, and the rest is what the loops report when they are asked
//! (`runtime/census`).
//!
//! | file | holds |
//! | --- | --- |
//! | `http` | requests and answers, without a socket |
//! | `figures` | everything that is shown, at one moment |
//! | `exposition` | its names, and its text |
//! | `health` | whether the server is well |
//! | `survey` | what the loops have reported |
//! | `peer` | one connection |
//! | `endpoint` | the thread |

mod endpoint;
mod exposition;
mod figures;
mod health;
mod http;
mod peer;
mod process;
mod survey;

pub use endpoint::{Endpoint, Running};

/// The descriptors that it takes.
pub const DESCRIPTORS: usize = endpoint::DESCRIPTORS;
