//! Lines that are commands. Pure.

use chat_proto::command::Command;
use chat_proto::text_form;

/// Whether a line is `/quit`.
pub fn is_quit(line: &str) -> bool {
    matches!(text_form::parse_command(line), Ok(Some(Command::Quit)))
}
