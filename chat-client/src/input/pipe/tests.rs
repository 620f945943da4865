use super::*;

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
