//! The room under schedules at random, and under those that a fuzzer has found
//! to be different from one another.

use std::path::Path;

use chat_simulation::script::RECORD;
use chat_simulation::{Report, Script, run};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::FileFailurePersistence;

fn script() -> impl Strategy<Value = Script> {
    // Most of what can go wrong needs few steps, and some of it many.
    let records = |steps| proptest::collection::vec(any::<[u8; RECORD]>(), steps);
    let records = prop_oneof![3 => records(1..30), 1 => records(1..120)];
    records.prop_map(|records| Script::parse(&records.concat()))
}

fn config() -> ProptestConfig {
    // A schedule that has failed is kept beside this file, and is the first one
    // the next time.
    let persistence = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(persistence)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// One order for all, everything once, whatever fails and whichever peers do not
    /// read.
    #[test]
    fn the_room_keeps_its_word(script in script()) {
        run(&script);
    }
}

#[test]
fn it_keeps_it_under_what_the_fuzzer_has_found() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/room");
    let mut all = Report::default();
    for entry in std::fs::read_dir(corpus).unwrap() {
        let script = std::fs::read(entry.unwrap().path()).unwrap();
        for workers in 1..=3 {
            let report = run(&Script {
                workers,
                ..Script::parse(&script)
            });
            all.events += report.events;
            all.connections += report.connections;
            all.replaced += report.replaced;
        }
    }
    assert!(all.events > 1000 && all.connections > 100, "{all:?}");
    assert!(all.replaced > 10, "{all:?}");
}

/// A run that repeats a failure gets the same one.
#[test]
fn a_schedule_always_goes_the_same_way() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..20 {
        let script = script().new_tree(&mut runner).unwrap().current();
        assert_eq!(run(&script), run(&script));
    }
}
