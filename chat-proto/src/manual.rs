//! Sections of a manual page, from the plain text that stands below the options in `--help`.
//! Both programs have such a text, and so their pages say the same as their help.

/// What stands above each part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// A section of the page: `.SH`, in capital letters.
    Section,
    /// A part of a section: `.SS`.
    Subsection,
}

/// The `text` in roff, with the macros of man(7).
///
/// A line without a blank before it is a heading. A line behind two blanks is an entry: a
/// term, and what is said of it, which stands behind two or more blanks or where it stands
/// in the entry before. A line further to the right goes on with the entry.
///
/// ```
/// use chat_proto::manual::{Heading, sections};
///
/// let roff = sections("Files:\n  ~/key   its key", Heading::Section);
/// assert_eq!(roff, ".SH FILES\n.TP\n\\fB\\(ti/key\\fR\nits key\n");
/// ```
pub fn sections(text: &str, heading: Heading) -> String {
    let mut page = String::new();
    let mut entry: Option<Entry<'_>> = None;
    let mut column = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words = line.trim_start();
        match line.len() - words.len() {
            0 => {
                close(&mut page, entry.take());
                page += &heading.roff(words.trim_end_matches(':'));
                column = None;
            }
            1 | 2 => {
                close(&mut page, entry.take());
                let (one, at) = Entry::read(words, column);
                (entry, column) = (Some(one), at);
            }
            _ => match &mut entry {
                Some(entry) => entry.says.push(words),
                None => page += &format!("{}\n", escape(words)),
            },
        }
    }
    close(&mut page, entry);
    page
}

/// The first lines of a page: its title, and the section NAME, from the name of the program
/// and one line `about` it. `date` and `version` stand at the foot.
pub fn title(name: &str, date: &str, version: &str, about: &str) -> String {
    let capitals = escape(&name.to_uppercase());
    let (name, about) = (escape(name), escape(about.trim_end_matches('.')));
    format!(
        ".TH \"{capitals}\" 1 \"{date}\" \"{name} {version}\" \"\"\n\
         .SH NAME\n{name} \\- {about}\n"
    )
}

/// Text as roff takes it: nothing in it is a request, and what people copy from the page is
/// what stands here.
pub fn escape(text: &str) -> String {
    let mut roff = String::with_capacity(text.len());
    if text.starts_with(['.', '\'']) {
        roff += "\\&";
    }
    for character in text.chars() {
        match character {
            '\\' => roff += "\\e",
            '-' => roff += "\\-",
            '\'' => roff += "\\(aq",
            '`' => roff += "\\(ga",
            '^' => roff += "\\(ha",
            '~' => roff += "\\(ti",
            _ => roff.push(character),
        }
    }
    roff
}

/// Adds the entry that is now complete.
fn close(page: &mut String, entry: Option<Entry<'_>>) {
    let Some(entry) = entry else { return };
    let is_below_heading = page
        .lines()
        .last()
        .is_some_and(|last| last.starts_with(".S"));
    // A term alone is a paragraph, which a heading begins as well.
    if entry.says.is_empty() && !is_below_heading {
        *page += ".PP\n";
    }
    *page += &entry.roff();
}

impl Heading {
    fn roff(self, words: &str) -> String {
        match self {
            Self::Section => format!(".SH {}\n", escape(&words.to_uppercase())),
            Self::Subsection => format!(".SS {}\n", escape(words)),
        }
    }
}

/// A term and what is said of it.
struct Entry<'a> {
    term: &'a str,
    says: Vec<&'a str>,
}

impl<'a> Entry<'a> {
    /// Reads the line of an entry, and where its second column begins. `column` is where
    /// that of the entry before does.
    fn read(line: &'a str, column: Option<usize>) -> (Self, Option<usize>) {
        let gap = line.find("  ").or_else(|| {
            // A term that fills the first column but for one blank.
            let before = line.get(..column?)?.strip_suffix(' ')?;
            (!before.contains(' ')).then_some(before.len())
        });
        let Some((term, rest)) = gap.map(|gap| line.split_at(gap)) else {
            let (term, says) = (line, Vec::new());
            return (Self { term, says }, column);
        };
        let says = rest.trim_start();
        let at = line.len() - says.len();
        let says = vec![says];
        (Self { term, says }, Some(at))
    }

    fn roff(&self) -> String {
        let term = escape(self.term);
        if self.says.is_empty() {
            return format!("{term}\n");
        }
        let lines = self.says.iter().map(|line| escape(line) + "\n");
        format!(".TP\n\\fB{term}\\fR\n{}", lines.collect::<String>())
    }
}

#[cfg(test)]
mod tests;
