//! Who may use which name: the keys that peers show in their TLS client certificates,
//! and the names that belong to keys. All of it is pure: no file, socket or clock is here.

pub mod keys;
pub mod people;
