//! The size of the window, and whether it can be relied upon.

use std::time::{Duration, Instant};

use super::size::Size;

/// The size of the window, and since when it changes.
///
/// While a person drags its border, drawn rows may stand elsewhere by the time that
/// they are erased: a terminal that breaks rows anew has moved it, and tmux tells of a
/// new size up to a quarter of a second late. One that cuts rows off would leave a copy
/// of the draft for each step. So nothing is drawn until the size has been the same for
/// [`SETTLE`].
#[derive(Debug)]
pub(super) struct Window {
    size: Size,
    /// When the first and the last of these changes were noticed.
    changing: Option<(Instant, Instant)>,
}

impl Window {
    pub(super) fn new(size: Size) -> Self {
        Self {
            size,
            changing: None,
        }
    }

    /// As it was last noticed.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Whether the window, which has this size now, is to be drawn upon.
    pub(super) fn is_settled(&mut self, size: Size, now: Instant) -> bool {
        if size != self.size {
            self.size = size;
            let first = self.changing.map_or(now, |(first, _)| first);
            self.changing = Some((first, now));
        }
        if self.settles().is_some_and(|until| until <= now) {
            self.changing = None;
        }
        self.changing.is_none()
    }

    /// When it is to be drawn upon, if it keeps its size.
    pub(super) fn settles(&self) -> Option<Instant> {
        self.changing
            .map(|(first, last)| (last + SETTLE).min(first + SETTLE_AT_MOST))
    }
}

/// How long a window keeps its size before it is drawn upon. tmux puts changes
/// within a quarter of a second together.
const SETTLE: Duration = Duration::from_millis(300);

/// So that a person who goes on dragging sees the screen all the same.
const SETTLE_AT_MOST: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_settles_when_its_size_stays() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let size = |width| Size { width, height: 9 };
        let mut window = Window::new(size(80));
        assert!(window.is_settled(size(80), start));
        assert!(!window.is_settled(size(70), start));
        assert!(!window.is_settled(size(60), at(200)));
        assert_eq!(window.settles(), Some(at(500)));
        assert!(!window.is_settled(size(60), at(499)));
        assert!(window.is_settled(size(60), at(500)));
        for step in 0..20 {
            assert!(!window.is_settled(size(20 + step), at(1000 + 100 * step as u64)));
        }
        assert!(window.is_settled(size(50), at(3000)));
    }
}
