//! Which command an unknown word was meant to be.

/// Which of the `words` begins like `word`, or is a slip of the finger away from it.
pub(super) fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    let mut begun = words.iter().filter(|known| known.starts_with(word));
    if let (Some(known), None) = (begun.next(), begun.next()) {
        return Some(known);
    }
    let longest = words.iter().map(|known| known.len()).max()?;
    if !word.is_ascii() || word.len() > longest + 2 {
        return None;
    }
    let slips = |known: &&str| slips(word.as_bytes(), known.as_bytes());
    let nearest = words.iter().copied().min_by_key(slips)?;
    // In a short word two slips would make anything of anything.
    let most = if word.len() > 4 { 2 } else { 1 };
    (word.len() > 1 && slips(&nearest) <= most).then_some(nearest)
}

/// How many letters were left out, put in, exchanged or swapped with the next one.
fn slips(typed: &[u8], meant: &[u8]) -> usize {
    // The rows of the table of distances between beginnings of the two words.
    let mut rows: Vec<Vec<usize>> = vec![(0..=meant.len()).collect()];
    for (i, letter) in typed.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in meant.iter().enumerate() {
            let exchanged = rows[i][j] + usize::from(letter != other);
            let mut least = exchanged.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == meant[j - 1] && typed[i - 1] == *other {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[typed.len()][meant.len()]
}

#[cfg(test)]
mod tests {
    use crate::catalogue::nearest;
    use crate::event::Rank;

    #[track_caller]
    fn check(words: &[&str], expected: Option<&str>) {
        for word in words {
            assert_eq!(nearest(word, Rank::Ordinary), expected, "/{word}");
        }
    }

    #[test]
    fn what_is_nearly_a_command_is_known() {
        check(
            &[
                "nik", "nic", "NIK", "nikc", "n", "nickk", "inck", "nick/", "name",
            ],
            Some("nick"),
        );
        check(&["hlep", "hel", "hepl", "help?", "?", "elp"], Some("help"));
        check(
            &["hist", "histroy", "histori", "History1", "log"],
            Some("history"),
        );
        check(&["q", "qiut", "exit", "quit.", "bye"], Some("quit"));
        check(&["w", "wo", "whos", "whi", "names"], Some("who"));
        check(&["m", "em", "mee", "emote"], Some("me"));
    }

    #[test]
    fn what_is_nothing_like_a_command_is_none() {
        // Two commands begin like the first, and as of the second any could be meant.
        check(&["h", "x", "", "/", "中文", "🙂"], None);
        check(
            &["dance", "password", "join", "msg", "etc", "usr", "nonsense"],
            None,
        );
        check(&["historyhistoryhistory", &"x".repeat(4096)], None);
    }
}
