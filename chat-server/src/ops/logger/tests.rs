use super::*;

/// What the thread writes of what is told, at this time of its clock, as text.
fn written_at(clock: Instant, tell: impl FnOnce(&Logger)) -> Vec<String> {
    let (queue, entries) = sync_channel(QUEUE);
    let logger = Logger::queueing(Level::Info, queue, sync_channel(1).1);
    tell(&logger);
    logger.flush();
    let topics = Arc::clone(&logger.topics);
    drop(logger);
    let mut lines = Vec::new();
    write_all(
        &entries,
        &topics,
        Format::Text,
        || clock,
        |line| {
            lines.push(line.to_owned());
        },
    );
    lines
}

fn written(tell: impl FnOnce(&Logger)) -> Vec<String> {
    written_at(Instant::now(), tell)
}

/// One event is one line that holds nothing which a terminal obeys.
#[test]
fn an_event_is_one_plain_line() {
    let lines = written(|logger| {
        let now = now();
        let hostile = Record::new("x").with("name", "a\n\x1b[31mb\u{202e}\u{9b}c\r\nd");
        logger.info(now.time, hostile);
        logger.tell(
            Topic::People,
            now,
            Record::new("y").with("name", "e\x07\nf"),
        );
        let words = "at the start,\nin \x1b[1mtwo lines";
        logger.say(Level::Info, words, Record::new("z"));
    });
    let [first, second, third] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(first.ends_with("Z info x name=\"a b d\"\n"), "{first:?}");
    assert!(second.ends_with("Z info y name=\"e f\"\n"), "{second:?}");
    assert_eq!(third, "at the start,\nin two lines\n");
}

/// What matters less than the level is not written, and the level can be changed.
#[test]
fn the_level_says_what_is_written() {
    let all = [Level::Error, Level::Warn, Level::Info, Level::Debug];
    for (number, level) in all.into_iter().enumerate() {
        let lines = written(|logger| {
            logger.set_level(level);
            assert_eq!(logger.level(), level);
            let now = now();
            logger.error(now.time, Record::new("one"));
            logger.warn(now.time, Record::new("two"));
            logger.info(now.time, Record::new("three"));
            logger.tell(Topic::Connections, now, Record::new("four"));
        });
        let words: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.trim_end().rsplit(' ').next())
            .collect();
        assert_eq!(
            words,
            ["one", "two", "three", "four"][..=number],
            "{level:?}"
        );
    }
}

fn topics() -> Vec<Topic> {
    let mut topics = vec![
        Topic::People,
        Topic::Renames,
        Topic::Strangers,
        Topic::Connections,
        Topic::NoSpace,
        Topic::Control,
        Topic::Unreadable,
    ];
    topics.extend(Refusal::ALL.map(Topic::Refused));
    assert_eq!(topics.len(), Topic::COUNT);
    topics
}

/// However much strangers do, the log has few lines of it, and says how many it
/// leaves out; and one topic does not hide another one. The lines of a topic are in their
/// order, also when the thread that writes is late.
#[test]
fn no_topic_fills_the_log() {
    for late in [
        Duration::ZERO,
        Duration::from_millis(300),
        Duration::from_secs(60),
    ] {
        let now = now();
        let lines = written_at(now.instant + late, |logger| {
            logger.set_level(Level::Debug);
            for topic in topics() {
                for number in 1..=1000_u64 {
                    let record = Record::new("x").with("topic", format!("{topic:?}"));
                    logger.tell(topic, now, record.count("number", number));
                }
            }
        });
        for topic in topics() {
            let about: Vec<&String> = lines
                .iter()
                .filter(|line| line.contains(&format!(" topic={topic:?} ")))
                .collect();
            let at_once = match topic {
                Topic::People | Topic::Renames | Topic::Connections => 100,
                _ => 1,
            };
            assert_eq!(about.len(), at_once + 1, "{topic:?}");
            for (index, line) in about[..at_once].iter().enumerate() {
                let number = format!(" number={}\n", index + 1);
                assert!(line.ends_with(&number), "{line}");
            }
            let last = format!(" number=1000 more={}\n", 1000 - at_once - 1);
            assert!(about[at_once].ends_with(&last), "{}", about[at_once]);
        }
    }
}

/// A line that has waited is written without another one after it.
#[test]
fn the_last_line_comes_by_itself() {
    let (queue, entries) = sync_channel(QUEUE);
    let topics = Topics::new();
    let interval = Duration::from_millis(20);
    topics.of(Topic::Strangers, |seldom| {
        *seldom = Seldom::new(1, interval);
    });
    let start = now();
    for number in 1..=3_u64 {
        let stamped = Stamped {
            time: start.time,
            level: Level::Info,
            record: Record::new("x").count("number", number),
        };
        topics.of(Topic::Strangers, |seldom| {
            seldom.offer(stamped, start.instant);
        });
    }
    queue.send(Entry::Held).unwrap();
    let (lines, written) = sync_channel(QUEUE);
    thread::scope(|scope| {
        let topics = &topics;
        scope.spawn(move || {
            write_all(&entries, topics, Format::Text, Instant::now, |line| {
                lines.send(line.to_owned()).unwrap();
            });
        });
        let line = written.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(line.ends_with("info x number=3 more=1\n"), "{line}");
        assert!(start.instant.elapsed() >= interval);
        drop(queue);
    });
}
