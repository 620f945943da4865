//! People who came, went and came back while the connection was lost.

use super::*;

#[test]
fn people_are_known_from_the_welcome_and_not_from_old_events() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(14, "ann", &["ann", "di"], RESUMED));
    talk.hear(&presence(11, "left", &["di"]));
    talk.hear(&message(12, "eve", "bye"));
    talk.hear(&presence(13, "entered", &["fay"]));
    assert_eq!(talk.here(), ["di"]);
    talk.hear(&presence(15, "entered", &["gus"]));
    assert_eq!(talk.here(), ["di", "gus"]);
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:11 [di] is offline",
            "10:12 <eve> bye",
            "10:13 [fay] entered room",
            "[gus] entered room",
        ]
    );
}

#[test]
fn own_arrivals_and_departures_are_not_shown() {
    let mut talk = Talk::in_room();
    talk.come_back(14);
    talk.hear(&presence(11, "left", &["ann", "bo"]));
    // Another person had the name for a while.
    talk.hear(&presence(12, "entered", &["ann"]));
    talk.hear(&presence(13, "left", &["ann"]));
    talk.hear(&presence(14, "entered", &["ann"]));
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:11 [bo] is offline",
            "10:12 [ann] entered room",
            "10:13 [ann] is offline",
        ]
    );
    // Or the server learns only later that our first connection is gone.
    talk.lose();
    talk.hear(&welcome(15, "ann-2", &["ann", "ann-2"], RESUMED));
    talk.hear(&presence(15, "entered", &["ann-2"]));
    talk.hear(&presence(16, "left", &["ann"]));
    assert_eq!(talk.shown(), ["-- back as ann-2 after 12 s"]);
    assert_eq!(talk.here(), [""; 0]);
}

#[test]
fn a_restart_is_quiet() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(13, "ann", &["ann", "bo"], RESUMED));
    talk.hear(&restart(11));
    talk.hear(&back(12, &["bo"]));
    talk.hear(&back(13, &["ann"]));
    talk.pass(TIME_TO_RETURN - Duration::from_secs(1));
    talk.hear(&presence(14, "entered", &["new"]));
    talk.hear(&back(15, &["cy"]));
    assert_eq!(talk.shown(), ["-- back after 12 s", "[new] entered room"]);
    talk.pass(Duration::from_secs(2));
    assert_eq!(talk.shown(), [""; 0]);
    assert_eq!(talk.here(), ["bo", "cy", "new"]);
    // From here on it is as always.
    talk.hear(&presence(16, "left", &["bo"]));
    talk.hear(&presence(17, "entered", &["bo"]));
    assert_eq!(talk.shown(), ["[bo] is offline", "[bo] entered room"]);
}

/// Only a person who has proved to be back is not shown. A name alone proves nothing:
/// another person can have taken it.
#[test]
fn a_newcomer_with_the_name_of_a_missing_person_is_shown() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(14, "ann", &["ann", "bo"], RESUMED));
    talk.hear(&restart(11));
    talk.hear(&presence(12, "entered", &["x"]));
    talk.hear(&presence(13, "entered", &["bo", "di"]));
    talk.hear(&back(14, &["ann"]));
    talk.hear(&event(15, r#""type":"renamed","old":"x","new":"cy""#));
    let told = [
        "-- back after 12 s",
        "10:12 [x] entered room",
        "10:13 [bo] is offline",
        "10:13 [bo] entered room",
        "10:13 [di] entered room",
        "[cy] is offline",
        "[x] is now known as cy",
    ];
    assert_eq!(talk.shown(), told);
    // And only once.
    talk.pass(TIME_TO_RETURN);
    assert_eq!(talk.shown(), [""; 0]);
    // A person who comes back later is shown, also with a proof.
    talk.hear(&presence(16, "left", &["bo"]));
    talk.hear(&back(17, &["bo"]));
    assert_eq!(talk.shown(), ["[bo] is offline", "[bo] entered room"]);
}

#[test]
fn people_who_are_not_back_after_a_restart_are_shown_as_gone() {
    let mut talk = Talk::in_room();
    talk.lose();
    talk.hear(&welcome(14, "ann", &["ann"], RESUMED));
    // It went before the server did.
    talk.hear(&presence(11, "left", &["cy"]));
    talk.hear(&presence(12, "entered", &["di"]));
    talk.hear(&restart(13));
    talk.hear(&presence(14, "entered", &["ann"]));
    let told = [
        "-- back after 12 s",
        "10:11 [cy] is offline",
        "10:12 [di] entered room",
    ];
    assert_eq!(talk.shown(), told);
    // A cut in the middle changes nothing in it.
    talk.pass(Duration::from_secs(5));
    talk.come_back(15);
    assert_eq!(talk.shown(), ["-- back after 12 s"]);
    talk.hear(&presence(15, "entered", &["ann"]));
    talk.pass(TIME_TO_RETURN - Duration::from_millis(1));
    assert_eq!(talk.shown(), [""; 0]);
    talk.lose();
    talk.hear(&welcome(15, "ann", &["ann"], RESUMED));
    talk.shown();
    let deadline = talk.conversation.deadline().expect("something is due");
    talk.pass(deadline - talk.now);
    assert_eq!(talk.shown(), ["[bo] is offline", "[di] is offline"]);
}

#[test]
fn without_a_restart_no_person_is_shown_as_gone() {
    let mut talk = Talk::in_room();
    talk.come_back(12);
    talk.hear(&presence(11, "left", &["bo"]));
    talk.hear(&presence(12, "entered", &["bo"]));
    talk.pass(TIME_TO_RETURN);
    assert_eq!(
        talk.shown(),
        [
            "-- back after 12 s",
            "10:11 [bo] is offline",
            "10:12 [bo] entered room"
        ]
    );
}
