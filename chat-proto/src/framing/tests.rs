use super::*;
use proptest::prelude::*;

const LIMIT: usize = 16;

/// What became of a line, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Got {
    Whole(String),
    TooLong,
    NotUtf8,
    Telnet(Telnet),
    Endless,
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Got> {
    let mut decoder = LineDecoder::default();
    let mut lines = Vec::new();
    for piece in pieces {
        let mut input = piece;
        loop {
            match decoder.next_item(&mut input, LIMIT) {
                Ok(None) => break,
                Ok(Some(Item::Line(Line::Whole(text)))) => lines.push(Got::Whole(text.to_owned())),
                Ok(Some(Item::Line(Line::TooLong(start)))) => {
                    assert_eq!(start.len(), LIMIT);
                    lines.push(Got::TooLong);
                }
                Ok(Some(Item::Line(Line::NotUtf8(_)))) => lines.push(Got::NotUtf8),
                Ok(Some(Item::Telnet(telnet))) => lines.push(Got::Telnet(telnet)),
                Err(Endless) => {
                    lines.push(Got::Endless);
                    return lines;
                }
            }
        }
        assert!(input.is_empty(), "input left over");
    }
    lines
}

#[track_caller]
fn check(input: &[u8], expected: &[Got]) {
    assert_eq!(decode([input]), expected, "in one piece");
    assert_eq!(decode(input.chunks(1)), expected, "byte by byte");
}

fn whole(text: &str) -> Got {
    Got::Whole(text.to_owned())
}

/// What ends a line.
#[test]
fn line_ends() {
    check(b"one\ntwo\n", &[whole("one"), whole("two")]);
    check(b"one\r\ntwo\r\n", &[whole("one"), whole("two")]);
    check(b"one\r\0two\r\0", &[whole("one"), whole("two")]);
    check(b"\n\r\n\r\0", &[whole(""), whole(""), whole("")]);
    check(b"no end", &[]);
}

/// A lone CR ends nothing.
#[test]
fn a_cr_elsewhere_is_part_of_the_line() {
    check(b"a\rb\n", &[whole("a\rb")]);
    check(b"a\r\r\n", &[whole("a\r")]);
    check(b"a\0b\nafter\n", &[whole("a\0b"), whole("after")]);
}

/// At the limit a line passes, and beyond it is refused whole.
#[test]
fn the_limit_is_exact() {
    check(
        &[&[b'x'; LIMIT - 1][..], b"\n"].concat(),
        &[whole(&"x".repeat(LIMIT - 1))],
    );
    check(
        &[&[b'x'; LIMIT][..], b"\n"].concat(),
        &[whole(&"x".repeat(LIMIT))],
    );
    check(
        &[&[b'x'; LIMIT][..], b"\r\n"].concat(),
        &[whole(&"x".repeat(LIMIT))],
    );
    check(
        &[&[b'x'; LIMIT + 1][..], b"\nstill\n"].concat(),
        &[Got::TooLong, whole("still")],
    );
    check(
        "123456789012é45\nok\n".as_bytes(),
        &[whole("123456789012é45"), whole("ok")],
    );
    check(
        "123456789012345é\nok\n".as_bytes(),
        &[Got::TooLong, whole("ok")],
    );
}

/// What is not UTF-8 is refused by the line.
#[test]
fn what_is_not_utf8_is_refused_and_the_rest_lives() {
    for bad in [
        &b"a\xff"[..],
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xf4\x90\x80\x80",
        b"\xf0\x9f",
    ] {
        check(&[bad, b"\nok\n"].concat(), &[Got::NotUtf8, whole("ok")]);
    }
}

#[test]
fn telnet_commands_are_taken_out() {
    let [do_echo, do_mark] = [1, 6].map(|option| Got::Telnet(Telnet::Do(option)));
    check(b"\xff\xfd\x01hi\n", &[do_echo, whole("hi")]);
    check(b"h\xff\xf4i\xff\xfd\x06\n", &[do_mark, whole("hi")]);
    check(
        b"\xff\xfa\x18\x00xterm\xff\xff\xff\xf0hi\r\0",
        &[whole("hi")],
    );
    check(b"a\xff\xffb\n", &[Got::NotUtf8]);
    // All that are two bytes, and the three that ask for nothing.
    for command in 236..250 {
        let kept = match command {
            EC => "hy",
            EL => "y",
            _ => "hiy",
        };
        let line = [&b"hi\xff"[..], &[command], b"y\n"].concat();
        match command {
            AYT => check(&line, &[Got::Telnet(Telnet::AreYouThere), whole(kept)]),
            _ => check(&line, &[whole(kept)]),
        }
    }
    for byte in (0..236).filter(|byte| *byte != b'\n') {
        let line = [&b"h\xff"[..], &[byte], b"i\nok\n"].concat();
        check(&line, &[Got::NotUtf8, whole("ok")]);
    }
    check(b"h\xff\xfc\x01i\xff\xfe\x01\n", &[whole("hi")]);
}

/// Each request is answered once, by a no that asks for no answer itself.
#[test]
fn telnet_requests_and_their_answers() {
    let will = Got::Telnet(Telnet::Will(31));
    let ask = Got::Telnet(Telnet::Do(3));
    check(
        b"\xff\xfb\x1f\xff\xfd\x03\xff\xfb\x1fhi\n",
        &[will.clone(), ask, will, whole("hi")],
    );
    assert_eq!(Telnet::Do(6).refusal(), Some(*b"\xff\xfc\x06"));
    assert_eq!(Telnet::Will(31).refusal(), Some(*b"\xff\xfe\x1f"));
    assert_eq!(Telnet::AreYouThere.refusal(), None);
    for option in (0..=255).filter(|option| is_option(*option)) {
        let no = [Telnet::Do(option), Telnet::Will(option)].map(Telnet::refusal);
        let told = decode(no.iter().flatten().map(|answer| &answer[..]));
        assert_eq!(told, [], "an answer to an answer is a loop");
    }
}

/// EC and EL edit the line as far as it has come, and no other.
#[test]
fn what_is_taken_back_is_not_said() {
    check(
        &["abé".as_bytes(), b"\xff\xf7c\n"].concat(),
        &[whole("abc")],
    );
    check(
        b"\xff\xf7\xff\xf7a\nb\xff\xf7\xff\xf7\n",
        &[whole("a"), whole("")],
    );
    check(b"said\nnot\xff\xf8this\n", &[whole("said"), whole("this")]);
    let long = [b'x'; LIMIT + 1];
    check(&[&long[..], b"\xff\xf7\n"].concat(), &[Got::TooLong]);
    check(&[&long[..], b"\xff\xf8ok\n"].concat(), &[whole("ok")]);
}

/// A telnet that only says that it is alive sends no endless line, and takes no memory.
#[test]
fn commands_between_lines_count_for_nothing() {
    let mut decoder = LineDecoder::default();
    let alive = b"\xff\xf1\xff\xfa\x18\xff\xf0".repeat(MAX_UNENDED);
    for piece in alive.chunks(1000) {
        assert_eq!(decoder.next_item(&mut &piece[..], LIMIT), Ok(None));
    }
    assert!(decoder.partial.is_none());
}

#[test]
fn no_telnet_command_takes_a_line_end_or_text_with_it() {
    check(b"bad\xff\xfe\nnext\n", &[Got::NotUtf8, whole("next")]);
    check(b"\xff\xfeh\0i\0\n\0", &[Got::NotUtf8]);
    check(b"bad\xff\xfa\nnext\n", &[Got::NotUtf8, whole("next")]);
    check(b"bad\xff\xfa\xff\nnext\n", &[Got::NotUtf8, whole("next")]);
}

/// 64 KiB without a line end are refused, at the same byte however they were cut.
#[test]
fn no_line_end_is_an_end() {
    let end = MAX_UNENDED;
    check(&vec![b'x'; end - 1], &[]);
    check(&vec![b'x'; end], &[Got::Endless]);
    check(&[&vec![b'x'; end - 1][..], b"\n"].concat(), &[Got::TooLong]);
    check(
        &[&vec![b'x'; end - 1][..], b"\r\n"].concat(),
        &[Got::Endless],
    );
    check(&vec![0; end], &[Got::Endless]);
    let endless_telnet = [&b"\xff\xfa"[..], &vec![b'x'; end]].concat();
    check(&endless_telnet, &[Got::Endless]);
}

#[test]
fn an_idle_decoder_holds_no_buffer() {
    let mut decoder = LineDecoder::default();
    for piece in [&b"par"[..], b"tial\n", b""] {
        let mut input = piece;
        while decoder.next_line(&mut input, LIMIT).unwrap().is_some() {}
    }
    assert!(decoder.partial.is_none());
    assert_eq!(decoder.pending(), b"");
}

/// Bytes in which everything the decoder looks for is frequent.
fn awkward_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(b'\n'),
        3 => Just(b'\r'),
        1 => Just(0),
        2 => Just(IAC),
        1 => Just(SB),
        1 => Just(SE),
        1 => Just(WILL),
        1 => Just(DO),
        1 => Just(EC),
        1 => Just(EL),
        1 => Just(AYT),
        8 => Just(b'x'),
        4 => any::<u8>(),
    ];
    proptest::collection::vec(byte, 0..200)
}

proptest! {
    /// The same bytes give the same lines, however they are cut.
    #[test]
    fn any_split_gives_the_same_lines(
        input in awkward_bytes(),
        cuts in proptest::collection::vec(0usize..200, 0..20),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(input.len())).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]);
        prop_assert_eq!(decode(pieces), decode([&input[..]]));
    }

    #[test]
    fn plain_lines_come_out_as_they_went_in(
        lines in proptest::collection::vec("[a-zé中]{0,5}", 0..10),
    ) {
        let mut input = lines.join("\n");
        input.push('\n');
        let expected: Vec<_> = if lines.is_empty() {
            vec![whole("")]
        } else {
            lines.iter().map(|line| whole(line)).collect()
        };
        prop_assert_eq!(decode([input.as_bytes()]), expected);
    }
}
