//! The options for what people are told when they come in.

use std::path::PathBuf;

use chat_proto::moderation::Remark;
use clap::Args;

/// What people are told when they come in.
#[derive(Debug, Args)]
pub struct ReceptionArgs {
    /// Tell each person who comes in the text in FILE: at most 20 lines and 2048 bytes
    ///
    /// FILE is read again on SIGHUP.
    #[arg(long, value_name = "FILE", help_heading = RECEPTION)]
    pub greeting: Option<PathBuf>,

    /// Make TEXT the topic of a room that has none
    ///
    /// A topic that stays from before, or that operators set, comes first. When a reload
    /// finds another TEXT, that becomes the topic.
    #[arg(long, value_name = "TEXT", value_parser = topic, help_heading = RECEPTION)]
    pub topic: Option<Remark>,
}

const RECEPTION: &str = "What people are told";

fn topic(text: &str) -> Result<Remark, String> {
    let most = Remark::MAX_BYTES;
    Remark::new(text).map_err(|why| format!("{why}: give a line of 1 to {most} bytes"))
}
