//! Rows that wait to be shown.

use std::time::Instant;

use chat_proto::name::Name;

use super::line::Line;
use super::style::Style;

/// Rows to draw in this round, or once the window keeps its size.
#[derive(Debug, Default)]
pub(super) struct PendingOutput {
    pub(super) rows: String,
    pub(super) bell: bool,
}

impl PendingOutput {
    pub(super) fn add(
        &mut self,
        lines: &[Line],
        style: &mut Style,
        me: Option<&Name>,
        now: Instant,
    ) {
        for line in lines {
            style.render(line, me, &mut self.rows);
            self.bell |= style.rings(line, me, now);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= MAX_PENDING
    }
}

/// With so many bytes pending, for example while the window changes its size, nothing
/// more is read. The limit is on rows: 4 KiB of received line ends are 500 KiB of rows.
pub(super) const MAX_PENDING: usize = 512 << 10;

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::output::line::Kind;
    use crate::output::style::{Bell, Colors, TimeStyle};

    /// However long the lines are that come while a person drags the window, the
    /// pending output is bounded.
    #[test]
    fn pending_output_is_full_at_its_limit() {
        let zone = jiff::tz::TimeZone::UTC;
        let mut style = Style::new(
            Colors::Off,
            TimeStyle::None,
            Bell::Off,
            zone,
            Timestamp::now,
        )
        .raw();
        for length in [1, 4096, 64 * 1024] {
            let line = Line::new(None, Kind::Raw("x".repeat(length)));
            let mut pending = PendingOutput::default();
            let mut bytes = 0;
            while !pending.is_full() {
                pending.add(
                    std::slice::from_ref(&line),
                    &mut style,
                    None,
                    Instant::now(),
                );
                bytes = pending.rows.len();
                assert_eq!(pending.is_full(), bytes >= MAX_PENDING);
            }
            assert!(bytes < MAX_PENDING + 2 * length + 2, "{bytes}");
        }
    }
}
