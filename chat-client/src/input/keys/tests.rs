use crossterm::event::{KeyEvent, KeyEventKind};

use super::*;

fn key(code: KeyCode, modifiers: KeyModifiers) -> Typed {
    Typed::key(code, modifiers)
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
fn keys() {
    let one = |event| presses(vec![event], Pastes::Bracketed).pop();
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
    assert_eq!(
        presses(typed("hi\n"), Pastes::Bracketed),
        [text("hi"), enter.clone()]
    );
    assert_eq!(
        presses(typed("hi\n"), Pastes::Unmarked),
        [text("hi"), enter.clone()]
    );
    assert_eq!(
        presses(typed("a\nb\n"), Pastes::Bracketed),
        [text("a"), enter.clone(), text("b"), enter]
    );
}

#[test]
fn several_enters_are_a_paste_where_pastes_look_like_typing() {
    let pasted = |text: &str| Press::Key(Key::Paste(text.into()));
    assert_eq!(
        presses(typed("a\n\tb\nc"), Pastes::Unmarked),
        [pasted("a\n\tb\nc")]
    );
    let mut with_arrow = typed("a\nb\n");
    with_arrow.push(key(KeyCode::Up, KeyModifiers::NONE));
    assert_eq!(presses(with_arrow, Pastes::Unmarked).len(), 5);
    for (term, pastes) in [
        ("xterm-256color", Pastes::Bracketed),
        ("linux", Pastes::Unmarked),
        ("vt100", Pastes::Unmarked),
    ] {
        let expected = if cfg!(windows) {
            Pastes::Unmarked
        } else {
            pastes
        };
        assert_eq!(Pastes::of_term(term), expected, "{term}");
    }
}

/// A paste with its end mark in its text, as a careless terminal sends it, types
/// nothing and sends nothing.
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
    assert_eq!(
        presses(forged, Pastes::Bracketed),
        [pasted, text("x"), enter.clone()]
    );
    // Keys of a script behind a paste are typed.
    let mut typed_on = vec![Typed::PasteEnd, paste("a")];
    typed_on.extend(typed("b\n"));
    let pasted = Press::Key(Key::Paste("a".into()));
    assert_eq!(
        presses(typed_on, Pastes::Bracketed),
        [pasted, text("b"), enter]
    );
}
