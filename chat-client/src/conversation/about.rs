//! Times as people tell them. Pure.

use std::time::Duration;

/// A time as people tell it: `3 s`, `2 min`, `5 h`.
pub fn about(time: Duration) -> String {
    // Rounded; never 0, since some time has passed.
    let seconds = (time.as_millis() + 500) / 1000;
    match seconds {
        0 => "1 s".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1800) / 3600),
    }
}
