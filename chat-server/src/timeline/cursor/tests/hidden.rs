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

/// The line of a ban in JSON, as readers of the two ranks are sent it; or all lines in text.
fn lines(event: &Event, form: Form) -> [String; 2] {
    let mut full = Vec::new();
    match form {
        Form::Json => {
            json_form::encode_event(event, &mut full);
            let full = String::from_utf8(full).unwrap();
            let private = json_form::private_part(full.as_bytes()).map(|it| it.range);
            let mut public = full.clone();
            private
                .into_iter()
                .for_each(|private| public.replace_range(private, ""));
            [public, full]
        }
        Form::Text => {
            text_form::encode_event(event, &mut full);
            let public = String::from_utf8(full.clone()).unwrap();
            text_form::encode_private(event, &mut full);
            [public, String::from_utf8(full).unwrap()]
        }
    }
}

proptest! {
    /// However much is taken at a time, with replies in between, when the log is cut away from
    /// a reader that lags, and when the reader becomes an operator and is one no more.
    #[test]
    fn readers_are_sent_what_is_for_their_rank(
        form in prop_oneof![Just(Form::Json), Just(Form::Text)],
        ranks in prop_oneof![Just(None), Just(Some(Rank::Ordinary)), Just(Some(Rank::Operator))],
        events in prop::collection::vec(0usize..20, 1..40),
        takes in prop::collection::vec((1usize..400, 0u8..8), 1..300),
    ) {
        let mut timeline = Timeline::behind(Log::new(1, ORIGIN, 1), 1, identity().key);
        let start = timeline.head();
        let mut cursor = Cursor::held_at(start.of(form));
        cursor.go_on(start.of(form));
        let mut page = Page::default();
        let (mut seq, mut sent, mut replies, mut rank) = (0, Vec::new(), 0, Rank::Ordinary);
        let (mut own, mut has_lagged) = (Vec::new(), false);
        let mut events = events.into_iter();
        let mut said = Vec::new();
        for (most, what) in takes.into_iter().chain(std::iter::repeat_n((usize::MAX, 9), 200)) {
            match what {
                0 | 1 => if let Some(secret) = events.next() {
                    seq += 1;
                    let event = ban(seq, secret);
                    let place = timeline.append(&event);
                    timeline.show_all();
                    // In text form a person is not told of what they do.
                    if what == 1 && form == Form::Text && most % 2 == 0 {
                        cursor.skip(place.text);
                        own.push(seq);
                    }
                    said.push(event);
                },
                2 => {
                    let position = timeline.reply_mark().of(form);
                    cursor.reply(position, |out| out.extend_from_slice(b"reply\n"));
                    replies += 1;
                }
                3 => {
                    let point = timeline.head().of(form);
                    cursor.fall_behind(timeline.log(form), point);
                    has_lagged = true;
                }
                4 => rank = if rank == Rank::Ordinary { Rank::Operator } else { Rank::Ordinary },
                _ => {}
            }
            rank = ranks.unwrap_or(rank);
            let shown = timeline.view(form);
            if let Some(replay) = cursor.due(&shown) {
                let time = Timestamp::from_unix_milliseconds(0);
                let reader = Reader { form, rank };
                page.fill(replay, reader, &timeline.source(), &NoFiles, None, time);
                let count = page.bytes().len().min(most);
                sent.extend_from_slice(&page.bytes()[..count]);
                cursor.page_sent(count, &page);
                continue;
            }
            if shown.log.hidden().are_behind(cursor.position()) {
                cursor.leave_out_hidden(&shown, rank);
            }
            let mut slices = Slices::new();
            cursor.slices(&shown, &mut slices);
            let bytes: Vec<u8> = slices.as_slice().iter().flat_map(|it| it.to_vec()).collect();
            let count = bytes.len().min(most);
            sent.extend_from_slice(&bytes[..count]);
            cursor.advance(count);
        }
        prop_assert_eq!(cursor.pending(&timeline.view(form)), Pending::Nothing);
        let mut sent = String::from_utf8(sent).unwrap();
        prop_assert_eq!(sent.matches("reply\n").count(), replies);
        // A reply may stand between two lines of one event.
        sent = sent.replace("reply\n", "");
        let mut rest = &sent[..];
        for event in said.iter().filter(|event| !own.contains(&event.seq)) {
            let [public, full] = lines(event, form);
            let is_full = rest.starts_with(&full);
            match ranks {
                Some(Rank::Ordinary) => prop_assert!(!is_full || full == public, "{}", rest),
                // The rest of a line from which the log was cut away is as it is for all.
                Some(Rank::Operator) if !has_lagged => prop_assert!(is_full, "{}", rest),
                _ => {}
            }
            let next = if is_full { &full } else { &public };
            prop_assert!(rest.starts_with(next), "{rest:?} in place of {next:?}");
            rest = &rest[next.len()..];
        }
        prop_assert_eq!(rest, "");
    }
}
