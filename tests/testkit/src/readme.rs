//! What READMEs say of the command line of a program.

/// Panics unless the README names each of the program's `options`, and no others but
/// those of other programs.
#[track_caller]
pub fn assert_names(readme: &str, options: &[&str], of_others: &[&str]) {
    let named: Vec<&str> = readme
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .filter_map(|word| word.strip_prefix("--"))
        .filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
        .collect();
    for option in options {
        assert!(named.contains(option), "the README lacks --{option}");
    }
    for name in named {
        let is_known = options.contains(&name) || of_others.contains(&name);
        assert!(is_known, "there is no --{name}");
    }
}

/// The arguments of each command of `program` that the text prints, but for requests
/// for help.
pub fn commands<'text>(program: &str, text: &'text str) -> Vec<Vec<&'text str>> {
    let pieces = text.lines().flat_map(|line| match line.contains('`') {
        // Prose names commands between backticks.
        true => line.split('`').skip(1).step_by(2).collect::<Vec<_>>(),
        false => line.split('|').collect(),
    });
    let arguments = |piece: &'text str| {
        let command = piece.trim_start_matches([' ', '$', '.', '/']);
        let given = command.strip_prefix(program)?.strip_prefix(' ')?;
        // A comment stands behind it, or where its output goes.
        let given = given.split("  ").next()?.split(" >").next()?;
        let is_pattern = given.contains('[') || given == "--help";
        (!is_pattern).then(|| given.split_whitespace().collect())
    };
    pieces.filter_map(arguments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_commands_are_found() {
        let text = "$ chat localhost > log      # keeps it\n\
                    echo | ./chat --send   # says it\n\
                    Try `chat --help`, then `chat a 7`.\n\
                    Usage: chat [OPTIONS]\n  chat [HOST]\n";
        let found = commands("chat", text);
        assert_eq!(found, [vec!["localhost"], vec!["--send"], vec!["a", "7"]]);
    }

    #[test]
    #[should_panic(expected = "the README lacks --rate")]
    fn an_option_that_is_not_named_is_found() {
        assert_names("`--stall SECONDS`", &["stall", "rate"], &[]);
    }

    #[test]
    #[should_panic(expected = "there is no --keep")]
    fn a_named_option_that_there_is_not_is_found() {
        assert_names("`--rate` with `--keep`, `--bench`", &["rate"], &["bench"]);
    }
}
