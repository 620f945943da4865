//! What operators do to what is said.

use super::*;

#[test]
fn a_muted_person_reads_and_does_not_speak() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let (bo, _) = hall.bot("bo", 2, None);
    let cy = hall.person("cy", 2, Some(CY));
    let done = hall.order(ann, "/mute bo");
    assert!(
        done.contains("bo can read and not speak for 10 min: guests:192.0.2.2"),
        "{done}"
    );
    hall.objects(bo);
    let refused = |hall: &mut Hall, request: Value| {
        hall.send(bo, request.to_string() + "\n");
        hall.objects(bo).last().unwrap().clone()
    };
    let got = refused(
        &mut hall,
        json!({"type": "message", "text": "hi", "id": "1"}),
    );
    assert_eq!((&got["code"], &got["id"]), (&"muted".into(), &"1".into()));
    assert_eq!(got["text"], "that was not sent: you are muted for 10 min");
    let got = refused(&mut hall, json!({"type": "nick", "name": "spam"}));
    assert_eq!(got["code"], "muted");
    // Neither under another name over a second connection, nor after coming back.
    let other = hall.person("other", 2, None);
    assert!(hall.order(other, "/me shouts").contains("you are muted"));
    // People with a key may speak from there, and it is heard by the muted.
    hall.hush();
    assert_eq!(hall.order(cy, "hi"), "");
    assert_eq!(hall.objects(bo).last().unwrap()["text"], "hi");
    assert!(
        hall.order(ann, "/mute bo forever")
            .contains("a mute always ends")
    );
    hall.wait(600);
    let got = refused(
        &mut hall,
        json!({"type": "message", "text": "hi", "id": "2"}),
    );
    assert_eq!(got["type"], "message");
    hall.order(ann, "/mute bo 1h");
    assert!(hall.order(ann, "/unmute bo").contains("bo can speak again"));
    let got = refused(
        &mut hall,
        json!({"type": "message", "text": "ho", "id": "3"}),
    );
    assert_eq!(got["type"], "message");
    assert_eq!(hall.order(ann, "/unmute bo"), "\r-- bo is not muted\n");
}

#[test]
fn newcomers_see_the_topic() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    assert_eq!(hall.order(bo, "/topic"), "\r-- the room has no topic\n");
    assert_eq!(
        hall.order(bo, "/topic mine"),
        "\r-- that is for operators\n"
    );
    assert_eq!(
        hall.order(ann, "/topic a  lake"),
        "\r-- the topic is: a lake\n"
    );
    assert_eq!(hall.read(bo), "\r-- topic, by ann: a lake\n");
    let topic = "\r-- topic, by ann on 1970-01-01T00:00:00Z: a lake\n";
    assert_eq!(hall.order(bo, "/topic"), topic);
    assert!(hall.from(3, None).1.ends_with("\r-- topic: a lake\n"));
    let (_, welcome) = hall.bot("bot", 4, None);
    let topic = json!({"text": "a lake", "by": "ann", "time": "1970-01-01T00:00:00.000Z"});
    assert_eq!(welcome["topic"], topic);
    hall.order(ann, "/topic -");
    assert_eq!(hall.order(bo, "/topic"), "\r-- the room has no topic\n");
    let long = "x".repeat(257);
    assert!(
        hall.order(ann, &format!("/topic {long}"))
            .contains("longer than 256 bytes")
    );
}

#[test]
fn in_slow_mode_each_person_waits() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    let eve = hall.person("eve", 2, None);
    hall.order(ann, "/slow 10");
    hall.hush();
    assert_eq!(hall.order(bo, "one"), "");
    hall.pass(Duration::from_millis(9000));
    let told = "\r-- that was not sent: slow mode: wait 1 s\n";
    assert_eq!(hall.order(bo, "two"), told);
    // People behind one address do not wait for each other, and operators not at all.
    assert!(!hall.order(eve, "one").contains("slow"));
    assert!(!hall.order(ann, "1\n2").contains("slow"));
    // To come back is no way around.
    hall.order(bo, "/quit");
    let again = hall.person("bob", 2, None);
    assert_eq!(
        hall.order(again, "two"),
        "\r-- that was not sent: slow mode: wait 1 s\n"
    );
    hall.pass(Duration::from_millis(1000));
    assert!(!hall.order(again, "two").contains("slow"));
    hall.order(ann, "/slow 0");
    hall.hush();
    assert_eq!(hall.order(again, "3\n4"), "");
    assert!(
        hall.order(ann, "/slow 3601")
            .contains("at most 3600 seconds")
    );
}

#[test]
fn an_announcement_is_nothing_that_a_person_could_say() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    let (bot, _) = hall.bot("bot", 3, None);
    assert_eq!(
        hall.order(ann, "/announce we close at 6"),
        "\r-- that was announced\n"
    );
    assert_eq!(hall.read(bo), "\r-- announcement: we close at 6\n");
    let got = hall.objects(bot).pop().unwrap();
    assert_eq!(
        (&got["type"], &got["by"]),
        (&"announced".into(), &"ann".into())
    );
    hall.order(bo, "-- announcement: we close at 5");
    assert_eq!(hall.read(ann), "\r<bo> -- announcement: we close at 5\n");
}

#[test]
fn an_erased_text_is_gone_for_all_who_come_later() {
    let mut hall = hall();
    let ann = hall.person("ann", 1, Some(ANN));
    let bo = hall.person("bo", 2, None);
    let (bot, _) = hall.bot("bot", 3, None);
    hall.order(bo, "my password is hunter2");
    let said = hall.objects(bot).pop().unwrap();
    let seq = said["seq"].as_u64().unwrap();
    hall.order(bo, "/me waves");
    hall.hush();
    let done = hall.order(ann, &format!("/erase {seq} private"));
    assert_eq!(done, format!("\r-- message {seq} was erased\n"));
    assert_eq!(
        hall.read(bo),
        format!("\r-- message {seq} was erased by ann: private\n")
    );
    let got = hall.objects(bot).pop().unwrap();
    assert_eq!(
        (&got["type"], &got["target"]),
        (&"erased".into(), &seq.into())
    );
    // In text form, and for programs that ask again or come new.
    let past = hall.order(bo, "/history");
    assert!(
        past.contains("Z <bo> [removed by ann]\n") && !past.contains("hunter2"),
        "{past}"
    );
    hall.send(
        bot,
        json!({"type": "history", "first": seq, "last": seq}).to_string() + "\n",
    );
    let got = &hall.objects(bot)[0];
    assert_eq!(
        (&got["seq"], &got["text"]),
        (&seq.into(), &"[removed by ann]".into())
    );
    assert_eq!(got["erased"], true);
    let (new, _) = hall.from(4, None);
    hall.send(new, "/hello {\"protocol\":1,\"replay\":9}\n");
    let got = hall.objects(new);
    assert!(!format!("{got:?}").contains("hunter2"));
    // An operator sees the numbers.
    let past = hall.order(ann, "/history");
    let row = format!("Z #{seq} <bo> [removed by ann]\n");
    assert!(past.contains(&row), "{past}");
    // What is no message cannot be erased.
    let refused = hall.order(ann, "/erase 1");
    assert_eq!(
        refused,
        "\r-- 1 is no message; /history shows their numbers\n"
    );
    assert!(
        hall.order(ann, "/erase 999")
            .starts_with("\r-- there is no message 999: ")
    );
}
