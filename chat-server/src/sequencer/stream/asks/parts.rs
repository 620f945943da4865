//! Keys and orders, in the words that they have elsewhere.

use std::borrow::Cow;

use chat_proto::command::{Command, Operation};
use chat_proto::event::Rank;
use chat_proto::json_form;
use ssh_key::PublicKey;

use crate::access::keys::{self, PersonKey};

/// A key as in a line of `authorized_keys`.
pub(super) fn line_of(key: &PersonKey) -> Option<Cow<'static, str>> {
    key.public().to_openssh().ok().map(Into::into)
}

pub(super) fn key_of(line: &str) -> Option<PersonKey> {
    let key = PublicKey::from_openssh(line).ok()?;
    keys::check(&key).ok()?;
    PersonKey::of(&key)
}

pub(super) fn order_of(operation: &Operation) -> String {
    let mut line = Vec::new();
    let operation = operation.clone();
    json_form::encode_command(
        &Command::Operate {
            operation,
            id: None,
        },
        &mut line,
    );
    String::from_utf8_lossy(line.trim_ascii_end()).into_owned()
}

pub(super) fn operation_of(order: &str) -> Option<Operation> {
    match json_form::parse_command(order, Rank::Control) {
        Ok(Some(Command::Operate { operation, .. })) => Some(operation),
        _ => None,
    }
}
