//! Several servers with one room, under schedules at random.

use chat_simulation::cluster::{Report, run};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn steps() -> impl Strategy<Value = Vec<u8>> {
    let step = proptest::collection::vec(any::<[u8; 4]>(), 1..150);
    step.prop_map(|steps| steps.concat())
}

proptest! {
    #[test]
    fn they_have_one_room(schedule in steps()) {
        run(&schedule);
    }
}

/// The schedules do to the servers what they are there for.
#[test]
fn schedules_reach_what_can_go_wrong() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut all = Report::default();
    for _ in 0..100 {
        let schedule = steps().new_tree(&mut runner).unwrap().current();
        let report = run(&schedule);
        all.events += report.events;
        all.connections += report.connections;
        all.replaced += report.replaced;
        all.repeated += report.repeated;
        all.lost += report.lost;
        all.delayed += report.delayed;
        all.gone += report.gone;
        all.refused += report.refused;
        all.again += report.again;
        all.restored += report.restored;
        all.snapshots += report.snapshots;
        all.renewed += report.renewed;
        all.claimed += report.claimed;
        all.turned_away += report.turned_away;
        all.chapters += report.chapters;
        all.numbers += report.numbers;
        all.named += report.named;
    }
    assert!(all.events > 2000 && all.connections > 1000, "{all:?}");
    assert!(all.replaced > 50 && all.repeated > 100, "{all:?}");
    assert!(all.claimed > 50, "{all:?}");
    assert!(all.chapters > 500 && all.turned_away > 5, "{all:?}");
    assert!(all.lost > 20 && all.delayed > 20, "{all:?}");
    assert!(all.restored > 1 && all.snapshots > 50, "{all:?}");
    assert!(all.renewed > 10, "{all:?}");
    assert!(all.named > 4 && all.numbers > 50, "{all:?}");
    assert!(
        all.gone > 10 && all.refused > 10 && all.again > 2,
        "{all:?}"
    );
}
