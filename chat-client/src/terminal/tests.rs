use super::*;

fn key(code: KeyCode, modifiers: KeyModifiers) -> Typed {
    Typed::Key(KeyEvent::new(code, modifiers))
}

fn typed(text: &str) -> Vec<Typed> {
    let code = |character| match character {
        '\n' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        character => KeyCode::Char(character),
    };
    text.chars()
        .map(|character| key(code(character), KeyModifiers::NONE))
        .collect()
}

fn text(text: &str) -> Press {
    Press::Key(Key::Text(text.into()))
}

#[test]
fn lines_of_a_pipe() {
    let long = "x".repeat(MAX_LINE as usize + 5);
    let bytes = [b"one\r\n\n\xff\n".as_slice(), long.as_bytes(), b"\nlast"].concat();
    let mut pipe = io::Cursor::new(bytes);
    let mut seen = Vec::new();
    while let Some(input) = next_line(&mut pipe).unwrap() {
        seen.push(match input {
            Input::Line(line) => line,
            Input::BadLine(why) => why.to_owned(),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(seen, ["one", "", NOT_UTF8, TOO_LONG, "last"]);
}

/// Gives each of these once.
struct Script(Vec<io::Result<&'static [u8]>>);

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.is_empty() {
            true => Ok(0),
            false => self.0.remove(0)?.read(buffer),
        }
    }
}

#[test]
fn an_error_is_not_the_end_of_a_pipe() {
    let script = || {
        Script(vec![
            Ok(b"one\ntw"),
            Err(io::ErrorKind::Interrupted.into()),
            Ok(b"o\nthr"),
            Err(io::Error::other("it is broken")),
        ])
    };
    let mut pipe = BufReader::new(script());
    let mut next = || next_line(&mut pipe).unwrap_or_else(failed);
    let broken = || Input::Failed("it is broken".into());
    assert_eq!(next(), Some(Input::Line("one".into())));
    assert_eq!(next(), Some(Input::Line("two".into())));
    assert_eq!(next(), Some(broken()));
    assert_eq!(block(&mut script()), broken());
}

#[test]
fn a_block_of_a_pipe() {
    let block = |bytes: &[u8]| block(&mut io::Cursor::new(bytes.to_vec()));
    assert_eq!(block(b"a\n b\n"), Input::Line("a\n b\n".into()));
    assert_eq!(block(b"/etc\n"), Input::Line("//etc\n".into()));
    assert_eq!(block(b"\xff"), Input::BadLine(NOT_UTF8));
    assert_eq!(
        block(&[b'x'; MAX_LINE as usize + 1]),
        Input::BadLine(TOO_LONG)
    );
}

#[test]
fn keys() {
    let one = |event| presses(vec![event], true).pop();
    let alone = |code, modifiers| one(key(code, modifiers));
    assert_eq!(
        alone(KeyCode::Char('中'), KeyModifiers::NONE),
        Some(text("中"))
    );
    assert_eq!(
        alone(KeyCode::Char('A'), KeyModifiers::SHIFT),
        Some(text("A"))
    );
    for (code, modifiers, expected) in [
        (KeyCode::Char('w'), KeyModifiers::CONTROL, Key::KillWord),
        (KeyCode::Char('d'), KeyModifiers::ALT, Key::KillWordForward),
        (KeyCode::Backspace, KeyModifiers::ALT, Key::KillWordBack),
        (KeyCode::Enter, KeyModifiers::ALT, Key::Newline),
        (KeyCode::Enter, KeyModifiers::SHIFT, Key::Newline),
        (KeyCode::Enter, KeyModifiers::CONTROL, Key::Enter),
        (KeyCode::Char('j'), KeyModifiers::CONTROL, Key::Newline),
        (KeyCode::Char('7'), KeyModifiers::CONTROL, Key::Undo),
        (KeyCode::Left, KeyModifiers::CONTROL, Key::WordLeft),
        (KeyCode::BackTab, KeyModifiers::SHIFT, Key::BackTab),
    ] {
        assert_eq!(
            alone(code, modifiers),
            Some(Press::Key(expected)),
            "{code:?}"
        );
    }
    assert_eq!(alone(KeyCode::Char('x'), KeyModifiers::ALT), None);
    assert_eq!(alone(KeyCode::Char('q'), KeyModifiers::CONTROL), None);
    let (clear, suspend) = (KeyCode::Char('l'), KeyCode::Char('z'));
    assert_eq!(alone(clear, KeyModifiers::CONTROL), Some(Press::Clear));
    assert_eq!(alone(suspend, KeyModifiers::CONTROL), Some(Press::Suspend));
    let both = KeyModifiers::CONTROL | KeyModifiers::ALT;
    assert_eq!(alone(KeyCode::Char('a'), both), None);
    assert_eq!(alone(KeyCode::Char('a'), KeyModifiers::SUPER), None);
    // AltGr on Windows.
    let alt_gr = alone(KeyCode::Char('@'), both);
    assert_eq!(alt_gr, cfg!(windows).then(|| text("@")));
    let mut released = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    released.kind = KeyEventKind::Release;
    assert_eq!(one(Typed::Key(released)), None);
}

#[test]
fn what_comes_together_is_one_text() {
    let enter = Press::Key(Key::Enter);
    assert_eq!(presses(typed("hi\n"), true), [text("hi"), enter.clone()]);
    assert_eq!(presses(typed("hi\n"), false), [text("hi"), enter.clone()]);
    assert_eq!(
        presses(typed("a\nb\n"), true),
        [text("a"), enter.clone(), text("b"), enter]
    );
}

#[test]
fn several_enters_are_a_paste_where_pastes_look_like_typing() {
    let pasted = |text: &str| Press::Key(Key::Paste(text.into()));
    assert_eq!(presses(typed("a\n\tb\nc"), false), [pasted("a\n\tb\nc")]);
    let mut with_arrow = typed("a\nb\n");
    with_arrow.push(key(KeyCode::Up, KeyModifiers::NONE));
    assert_eq!(presses(with_arrow, false).len(), 5);
    for (term, bracketed) in [("xterm-256color", true), ("linux", false), ("vt100", false)] {
        assert_eq!(is_bracketed(term), bracketed && !cfg!(windows), "{term}");
    }
}

/// A paste with the mark of its end in its text, as it comes from a
/// terminal that does not take care, types nothing and sends nothing.
#[test]
fn a_paste_that_ends_itself_is_still_a_paste() {
    let paste = |text: &str| Typed::Paste(text.to_owned());
    let mut forged = vec![paste("a")];
    forged.extend(typed("/quit\n\tb"));
    forged.push(key(KeyCode::Char('d'), KeyModifiers::CONTROL));
    forged.extend([Typed::PasteEnd, paste("c"), Typed::PasteEnd]);
    forged.extend(typed("x\n"));
    let pasted = Press::Key(Key::Paste("a/quit\n\tbc".into()));
    let enter = Press::Key(Key::Enter);
    assert_eq!(presses(forged, true), [pasted, text("x"), enter.clone()]);
    // What a script types behind a paste is typed.
    let mut typed_on = vec![Typed::PasteEnd, paste("a")];
    typed_on.extend(typed("b\n"));
    let pasted = Press::Key(Key::Paste("a".into()));
    assert_eq!(presses(typed_on, true), [pasted, text("b"), enter]);
}
