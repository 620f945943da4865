//! What can be measured, and what the tables say of it.

use crate::report::Heading;

/// The scenarios that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Burst,
    Stopped,
    Hall,
    Crowd,
    Idle,
    BigHall,
    Latency,
    Storm,
}

impl Scenario {
    pub(crate) const ALL: [Self; 8] = [
        Self::Burst,
        Self::Stopped,
        Self::Hall,
        Self::Crowd,
        Self::Idle,
        Self::BigHall,
        Self::Latency,
        Self::Storm,
    ];

    pub(crate) const QUICK: [Self; 4] = [Self::Burst, Self::Hall, Self::Crowd, Self::Latency];

    /// The word by which it is chosen.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Stopped => "stopped",
            Self::Hall => "hall",
            Self::Crowd => "crowd",
            Self::Idle => "idle",
            Self::BigHall => "big-hall",
            Self::Latency => "latency",
            Self::Storm => "storm",
        }
    }
}

/// A figure that a scenario gives; a table is printed of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    Burst,
    Hall,
    Crowd,
    BigHall,
    LatencyMedian,
    LatencyTail,
    Idle,
    StormWall,
    StormCpu,
    StormDrops,
    Stopped,
}

impl Metric {
    pub(crate) const ALL: [Self; 11] = [
        Self::Burst,
        Self::Hall,
        Self::Crowd,
        Self::BigHall,
        Self::LatencyMedian,
        Self::LatencyTail,
        Self::Idle,
        Self::StormWall,
        Self::StormCpu,
        Self::StormDrops,
        Self::Stopped,
    ];

    /// The heading of its table; `many` clients are in the largest room.
    pub(crate) fn heading(self, many: usize) -> Heading {
        let (unit, decimals) = self.unit();
        Heading {
            key: self.key().to_owned(),
            title: self.title(many),
            unit,
            decimals,
            to_floor: self.is_set_against_floor(),
            place: None,
        }
    }

    /// The word for programs.
    fn key(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Hall => "hall",
            Self::Crowd => "crowd",
            Self::BigHall => "big-hall",
            Self::LatencyMedian => "latency-p50",
            Self::LatencyTail => "latency-p99",
            Self::Idle => "idle",
            Self::StormWall => "storm-time",
            Self::StormCpu => "storm-cpu",
            Self::StormDrops => "storm-drops",
            Self::Stopped => "stopped",
        }
    }

    fn title(self, many: usize) -> String {
        let title = match self {
            Self::Burst => "100 clients, 10 of them talking, 64 messages in flight",
            Self::Hall => "900 clients, one message at a time",
            Self::Crowd => "900 clients, 50 of them talking, 256 messages in flight",
            Self::BigHall => return format!("{many} clients, one message at a time"),
            Self::LatencyMedian => "one way between two people in a quiet room, median",
            Self::LatencyTail => "one way between two people in a quiet room, 99th percentile",
            Self::Idle => {
                return format!(
                    "{many} clients in a quiet room (900 for ngircd, inspircd and ncat), \
                     resident memory"
                );
            }
            Self::StormWall => {
                return format!(
                    "{many} clients come at once, until all are in and all have been told"
                );
            }
            Self::StormCpu => "the same, processor time of the server",
            Self::StormDrops => {
                "the same, arrivals that found the backlog full and had to try again, \
                 after 1 s, 2 s, 4 s"
            }
            Self::Stopped => "burst beside one more who has stopped reading",
        };
        title.to_owned()
    }

    /// The unit, and the decimals that are printed of it.
    fn unit(self) -> (&'static str, usize) {
        match self {
            Self::Burst | Self::Hall | Self::Crowd | Self::BigHall => {
                ("ns of server CPU per delivery", 0)
            }
            Self::LatencyMedian | Self::LatencyTail => ("µs", 1),
            Self::Idle => ("KiB per connection", 2),
            Self::StormWall | Self::StormCpu => ("s", 2),
            Self::StormDrops => ("times", 0),
            Self::Stopped => ("times the cost without", 2),
        }
    }

    /// Whether a ratio to the floor says anything.
    fn is_set_against_floor(self) -> bool {
        matches!(
            self,
            Self::Burst
                | Self::Hall
                | Self::Crowd
                | Self::BigHall
                | Self::LatencyMedian
                | Self::LatencyTail
        )
    }
}

/// Rooms, each for one or more scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    Small,
    Medium,
    Big,
    Pair,
    Storm,
}

impl Session {
    pub(crate) const ALL: [Self; 5] = [
        Self::Small,
        Self::Medium,
        Self::Big,
        Self::Pair,
        Self::Storm,
    ];

    /// The scenarios of this room, and the figures that each of them gives.
    pub(crate) fn scenarios(self) -> &'static [(Scenario, &'static [Metric])] {
        match self {
            Self::Small => &[
                (Scenario::Burst, &[Metric::Burst]),
                (Scenario::Stopped, &[Metric::Stopped]),
            ],
            Self::Medium => &[
                (Scenario::Hall, &[Metric::Hall]),
                (Scenario::Crowd, &[Metric::Crowd]),
            ],
            Self::Big => &[
                (Scenario::Idle, &[Metric::Idle]),
                (Scenario::BigHall, &[Metric::BigHall]),
            ],
            Self::Pair => &[(
                Scenario::Latency,
                &[Metric::LatencyMedian, Metric::LatencyTail],
            )],
            Self::Storm => &[(
                Scenario::Storm,
                &[Metric::StormWall, Metric::StormCpu, Metric::StormDrops],
            )],
        }
    }
}
