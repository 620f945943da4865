//! What other programs do to the stream.

use chat_testkit::{JsonPeer, Random, Talker, settle};

use crate::Cluster;
use crate::nats::{Nats, Stranger};
use crate::order::{Crowd, assert_one_room};

/// THREATS B-04: each record that comes again, at any distance, counts for nothing.
#[test]
fn records_that_come_again_count_once() {
    let cluster = Cluster::start(2, Nats::start(1), &[]);
    let mut stranger = Stranger::connect(cluster.nats.address(0));
    stranger.listen(&format!("chat.{}.out", cluster.room));
    let crowd = Crowd::of(&cluster, 2);
    crowd.talk(20);
    let heard: Vec<Vec<u8>> = (0..30).map(|_| stranger.hear()).collect();
    let records = format!("chat.{}.in", cluster.room);
    for record in heard.iter().chain(heard.iter().rev()) {
        stranger.publish(&records, record);
    }
    crowd.talk(20);
    let ledgers = crowd.settle();
    assert_one_room(&cluster, &ledgers);
}

/// THREATS B-10.
#[test]
fn what_is_no_record_reaches_no_person() {
    let cluster = Cluster::start(2, Nats::start(1), &[]);
    let mut ann = JsonPeer::connect(cluster.servers[0].addr(), "ann");
    let mut bo = JsonPeer::connect(cluster.servers[1].addr(), "bo");
    let records = format!("chat.{}.in", cluster.room);
    let mut stranger = Stranger::connect(cluster.nats.address(0));
    let say = |text: &str| {
        let from = "{\"from\":[0,0,0],\"what\":\"message\",\"text\":";
        format!(
            "{{\"v\":1,\"run\":\"{}\",\"n\":1,\"time\":\"2026-11-30T10:00:00.000Z\",\
             \"seen\":[0,\"0\"],\"asks\":[{{\"say\":{from}{text}}}}}]}}",
            "f".repeat(32)
        )
    };
    let escape = say("\"\\u001b[2Jforged\"");
    let forged = say("\"forged\"");
    let mut random = Random::of_test();
    let noise: Vec<u8> = (0..1_000_000).map(|_| random.number() as u8).collect();
    for payload in [
        b"".as_slice(),
        b"forged\n",
        b"{\"type\":\"message\",\"text\":\"forged\"}",
        escape.as_bytes(),
        forged.as_bytes(),
        "[".repeat(500_000).as_bytes(),
        &noise,
    ] {
        stranger.publish(&records, payload);
    }
    ann.say("is it well?", "1");
    let heard = bo.wait_for(|object| object["type"] == "message");
    assert_eq!(heard["text"], "is it well?");
    assert_eq!(heard["name"], "ann");
    // All that it has heard before.
    assert!(!String::from_utf8_lossy(bo.peer.received()).contains("forged"));
    let talker = Talker::start(cluster.servers[0].addr(), "cy", 4, random);
    chat_testkit::until("the room goes on", || talker.confirmed() > 20);
    settle(vec![talker]);
}
