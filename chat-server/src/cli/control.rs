//! Where the control socket is to be.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::state::first_of;

/// Where the control socket is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Nowhere: the operator wants none.
    Nowhere,
    /// Where the operator says. The server does not start without it.
    Named(PathBuf),
    /// Where it usually is, if there is a folder for it. The server does without if it has
    /// to.
    Usual(Option<PathBuf>),
}

impl Control {
    /// What `--control` says. Otherwise it is in the first folder of `$RUNTIME_DIRECTORY`,
    /// which systemd sets, or else in that for what the server keeps, `state`.
    pub(super) fn of(
        given: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
        state: impl FnOnce() -> Option<PathBuf>,
    ) -> Self {
        match given {
            Some(path) if path == Path::new(NONE) => Self::Nowhere,
            Some(path) => Self::Named(path.to_owned()),
            // There are none to be had.
            None if cfg!(not(unix)) => Self::Nowhere,
            None => {
                let folder = first_of(variable("RUNTIME_DIRECTORY")).or_else(state);
                Self::Usual(folder.map(|folder| folder.join(FILE)))
            }
        }
    }
}

const NONE: &str = "none";
const FILE: &str = "ctl";

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_where_it_is_said_to_be() {
        let usual = |path: &str| Control::Usual(Some(path.into()));
        for (given, runtime, expected) in [
            (None, None, usual("/state/ctl")),
            (None, Some("/run/chat:/run/x"), usual("/run/chat/ctl")),
            (None, Some("run"), usual("/state/ctl")),
            (None, Some(""), usual("/state/ctl")),
            (Some("none"), Some("/run/chat"), Control::Nowhere),
            (Some("./none"), None, Control::Named("./none".into())),
            (
                Some("/x/y"),
                Some("/run/chat"),
                Control::Named("/x/y".into()),
            ),
        ] {
            let variable = |name: &str| {
                let value = runtime.filter(|_| name == "RUNTIME_DIRECTORY");
                value.map(OsString::from)
            };
            let state = || Some(PathBuf::from("/state"));
            let control = Control::of(given.map(Path::new), variable, state);
            assert_eq!(control, expected, "{given:?} {runtime:?}");
        }
        assert_eq!(Control::of(None, |_| None, || None), Control::Usual(None));
    }
}
