//! What readers are not sent.

use super::*;

/// The line of a ban, whose private part is long, or short, or missing.
fn ban(seq: u64, secret: usize) -> Event {
    let reason = Remark::new(&"secret ".repeat(secret)).ok();
    let measure = Measure {
        by: None,
        kind: MeasureKind::Banned {
            names: vec![Name::parse("bo").unwrap()],
            until: None,
            subjects: Vec::new(),
            of: None,
            reason,
        },
    };
    Event {
        seq,
        time: Timestamp::from_unix_milliseconds(0),
        body: Body::Measure(Box::new(measure)),
    }
}

proptest! {
    /// However much is taken at a time, with replies in between, and when the log is cut
    /// away from a reader that lags.
    #[test]
    fn no_reader_is_sent_what_is_hidden(
        events in prop::collection::vec(0usize..20, 1..40),
        takes in prop::collection::vec((1usize..400, 0u8..6), 1..300),
    ) {
        let mut timeline = Timeline::behind(Log::new(1, ORIGIN, 1), 1, identity().key);
        let mut cursor = Cursor::held_at(ORIGIN);
        cursor.go_on(ORIGIN);
        let mut page = Page::default();
        let (mut seq, mut sent, mut replies) = (0, Vec::new(), 0);
        let mut events = events.into_iter();
        for (most, what) in takes.into_iter().chain(std::iter::repeat_n((usize::MAX, 9), 200)) {
            match what {
                0 | 1 => if let Some(secret) = events.next() {
                    seq += 1;
                    timeline.append(&ban(seq, secret));
                    timeline.show_all();
                },
                2 => {
                    let position = timeline.reply_mark().json;
                    cursor.reply(position, |out| out.extend_from_slice(b"reply\n"));
                    replies += 1;
                }
                3 => {
                    let point = timeline.head().json;
                    cursor.fall_behind(timeline.log(Form::Json), point);
                }
                _ => {}
            }
            let shown = timeline.view(Form::Json);
            if let Some(replay) = cursor.due(&shown) {
                let time = Timestamp::from_unix_milliseconds(0);
                page.fill(replay, Form::Json, &timeline.source(), &NoFiles, None, time);
                let count = page.bytes().len().min(most);
                sent.extend_from_slice(&page.bytes()[..count]);
                cursor.page_sent(count, &page);
                continue;
            }
            cursor.leave_out_hidden(&shown);
            let mut slices = Slices::new();
            cursor.slices(&shown, &mut slices);
            let bytes: Vec<u8> = slices.as_slice().iter().flat_map(|it| it.to_vec()).collect();
            let count = bytes.len().min(most);
            sent.extend_from_slice(&bytes[..count]);
            cursor.advance(count);
        }
        let sent = String::from_utf8(sent).unwrap();
        let mut expected = Vec::new();
        for seq in 1..=seq {
            json_form::encode_event(&ban(seq, 0), &mut expected);
        }
        let expected = String::from_utf8(expected).unwrap();
        let lines: Vec<&str> = sent.lines().filter(|line| *line != "reply").collect();
        let public: Vec<String> = expected.lines().map(|line| line.replace(r#","private":{}"#, "")).collect();
        prop_assert_eq!(lines, public);
        prop_assert_eq!(sent.matches("reply\n").count(), replies);
    }
}
