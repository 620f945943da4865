//! The results: tables for people, and CSV for programs.

use std::fmt::Write;

use crate::measure::Figure;

/// What a table is of.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    /// A word for programs.
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) decimals: usize,
    /// Whether a ratio to the floor says anything.
    pub(crate) to_floor: bool,
    /// Its place in a series: which one, and the number that grows in it.
    pub(crate) place: Option<(&'static str, f64)>,
}

/// One figure of all contestants, over all rounds.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) heading: Heading,
    /// The contestants in their order, the floor first.
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// Of each round, if it was measured in it.
    figures: Vec<Option<Figure>>,
}

/// What there is to say of a row.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) rounds: usize,
    pub(crate) minimum: f64,
    pub(crate) median: f64,
    pub(crate) maximum: f64,
    /// The median of the ratios to the floor of the same round.
    pub(crate) to_floor: Option<f64>,
}

impl Table {
    pub(crate) fn new(heading: Heading, names: &[String]) -> Self {
        let row = |name: &String| Row {
            name: name.clone(),
            figures: Vec::new(),
        };
        Self {
            heading,
            rows: names.iter().map(row).collect(),
        }
    }

    /// Takes the figure of contestant `row` in `round`, counted from 0.
    pub(crate) fn put(&mut self, row: usize, round: usize, figure: Figure) {
        let figures = &mut self.rows[row].figures;
        figures.resize(figures.len().max(round + 1), None);
        figures[round] = Some(figure);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(|row| row.figures.is_empty())
    }

    /// `None` if it was never measured with success.
    pub(crate) fn summary(&self, row: usize) -> Option<Summary> {
        let values = |row: &Row| -> Vec<Option<f64>> {
            let figures = row.figures.iter();
            figures
                .map(|figure| figure.clone().and_then(Result::ok))
                .collect()
        };
        let own = values(&self.rows[row]);
        let floor = values(&self.rows[0]);
        let mut ratios: Vec<f64> = own
            .iter()
            .zip(&floor)
            .filter_map(|(own, floor)| Some((*own)? / (*floor)?))
            .collect();
        let mut all: Vec<f64> = own.into_iter().flatten().collect();
        let to_floor = if self.heading.to_floor {
            median(&mut ratios)
        } else {
            None
        };
        let median = median(&mut all)?;
        Some(Summary {
            rounds: all.len(),
            minimum: all[0],
            median,
            maximum: all[all.len() - 1],
            to_floor,
        })
    }

    /// Why there is no figure, where there is none.
    pub(crate) fn note(&self, row: usize) -> Option<&str> {
        let figures = self.rows[row].figures.iter().flatten();
        figures
            .filter_map(|figure| figure.as_ref().err())
            .next_back()
            .map(String::as_str)
    }

    /// For people.
    pub(crate) fn print(&self) -> String {
        let Heading {
            key,
            title,
            unit,
            decimals,
            ..
        } = &self.heading;
        let mut out = format!("{key}: {title}; {unit}\n");
        let width = self.rows.iter().map(|row| row.name.chars().count()).max();
        let width = width.unwrap_or(0);
        let _ = write!(out, "  {:width$}", "");
        let _ = write!(
            out,
            " {:>9} {:>9} {:>9} {:>7}",
            "min", "median", "max", "spread"
        );
        out += if self.heading.to_floor {
            "  to the floor\n"
        } else {
            "\n"
        };
        for (index, row) in self.rows.iter().enumerate() {
            if row.figures.is_empty() {
                continue;
            }
            let _ = write!(out, "  {:width$}", row.name);
            if let Some(summary) = self.summary(index) {
                let Summary {
                    minimum,
                    median,
                    maximum,
                    to_floor,
                    ..
                } = summary;
                for value in [minimum, median, maximum] {
                    let _ = write!(out, " {value:>9.decimals$}");
                }
                let spread = (maximum - minimum) / median.max(f64::MIN_POSITIVE) * 100.0;
                let _ = write!(out, " {spread:>5.0} %");
                if let Some(ratio) = to_floor {
                    let _ = write!(out, " {ratio:>13.2}");
                }
            }
            if let Some(note) = self.note(index) {
                let _ = write!(out, "  {}", first_line(note));
            }
            out.push('\n');
        }
        out
    }
}

/// For programs: `about` as comments, and then a line for each row.
pub(crate) fn csv(tables: &[Table], about: &[String]) -> String {
    let mut out = String::new();
    for line in about {
        let _ = writeln!(out, "# {line}");
    }
    out += "figure,title,unit,contestant,rounds,minimum,median,maximum,to_floor,note\n";
    for table in tables {
        let Heading {
            key,
            title,
            unit,
            decimals,
            ..
        } = &table.heading;
        // One more than people see, for programs that calculate with them.
        let decimals = decimals + 1;
        for (index, row) in table.rows.iter().enumerate() {
            if row.figures.is_empty() {
                continue;
            }
            let cells = |cells: [&str; 4]| cells.map(quoted).join(",");
            let _ = write!(out, "{},", cells([key, title, unit, &row.name]));
            match table.summary(index) {
                Some(summary) => {
                    let Summary {
                        rounds,
                        minimum,
                        median,
                        maximum,
                        to_floor,
                    } = summary;
                    let ratio = to_floor.map(|ratio| format!("{ratio:.3}"));
                    let _ = write!(
                        out,
                        "{rounds},{minimum:.decimals$},{median:.decimals$},{maximum:.decimals$},{},",
                        ratio.unwrap_or_default()
                    );
                }
                None => out += "0,,,,,",
            }
            let note = table.note(index).map(first_line).unwrap_or_default();
            let _ = writeln!(out, "{}", quoted(note));
        }
    }
    out
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// What a server wrote before it failed is for the log only.
fn first_line(note: &str) -> &str {
    note.lines().next().unwrap_or_default()
}

/// Sorts the values on the way.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}
