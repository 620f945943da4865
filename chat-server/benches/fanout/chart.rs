//! Charts as SVG, drawn by hand on what plotters gives: bars for a comparison,
//! lines for how a cost grows. All scales are logarithmic, because the slowest
//! takes a hundred times what the fastest takes.

use std::ops::RangeInclusive;

use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::{Heading, Summary, Table};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A panel for each table that compares, with a bar for each contestant.
pub(crate) fn bars(tables: &[Table], about: &[String]) -> anyhow::Result<String> {
    let tables: Vec<&Table> = tables
        .iter()
        .filter(|table| !["stopped", "storm-drops"].contains(&table.heading.key.as_str()))
        .collect();
    let rows = tables.iter().map(|table| table.rows.len()).max();
    let height = HEAD + ROW * rows.unwrap_or(0) as i32 + MARGIN;
    let mut about = about.to_vec();
    about.push(
        "bars: median of all rounds; thin lines: from the least to the most; ×: to the floor; \
         scales are logarithmic"
            .to_owned(),
    );
    panels(tables.len(), height, &about, |index, area, (left, top)| {
        bar_panel(tables[index], area, left, top)
    })
}

/// A panel for each series, with a line for each contestant.
pub(crate) fn lines(tables: &[Table], about: &[String]) -> anyhow::Result<String> {
    let series: Vec<&[Table]> = tables
        .chunk_by(|one, other| {
            let series = |table: &Table| table.heading.place.map(|(series, _)| series);
            series(one) == series(other)
        })
        .collect();
    panels(series.len(), LINES_HEIGHT, about, |index, area, corner| {
        line_panel(series[index], area, corner)
    })
}

/// Panels in two columns below `about`.
fn panels(
    count: usize,
    height: i32,
    about: &[String],
    draw: impl Fn(usize, &Area<'_>, (i32, i32)) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let above = MARGIN + about.len() as i32 * LINE;
    let rows = count.div_ceil(2) as i32;
    let size = (2 * WIDTH as u32, (above + rows * height + MARGIN) as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE).map_err(drawn)?;
        for (index, line) in about.iter().enumerate() {
            let place = (MARGIN, MARGIN + index as i32 * LINE);
            text(&area, line, place, HPos::Left, SMALL, &GREY)?;
        }
        for index in 0..count {
            let column = index as i32 % 2 * WIDTH;
            draw(index, &area, (column, above + index as i32 / 2 * height))?;
        }
        area.present().map_err(drawn)?;
    }
    Ok(svg)
}

fn bar_panel(table: &Table, area: &Area<'_>, left: i32, top: i32) -> anyhow::Result<()> {
    let heading = &table.heading;
    let title = format!("{} ({})", heading.key, heading.unit);
    let start = left + MARGIN;
    text(area, &title, (start, top + 12), HPos::Left, BIG, &BLACK)?;
    let title = &heading.title;
    text(area, title, (start, top + 28), HPos::Left, SMALL, &GREY)?;
    let summaries: Vec<_> = (0..table.rows.len())
        .map(|row| table.summary(row))
        .collect();
    let all = || summaries.iter().flatten();
    let least = all().map(|one| one.minimum).fold(f64::INFINITY, f64::min);
    let most = all().map(|one| one.maximum).fold(0.0, f64::max);
    let (from, to) = (left + NAMES, left + WIDTH - LABELS);
    let scale = Scale::new(least / 1.5, most, from, to);
    let mut y = top + HEAD;
    for (row, summary) in table.rows.iter().zip(&summaries) {
        let middle = y + ROW / 2;
        let name = (from - 6, middle);
        text(area, &row.name, name, HPos::Right, SMALL, &BLACK)?;
        match summary {
            Some(one) => bar(area, heading, one, colour_of(&row.name), &scale, y)?,
            None => text(area, "–", (to + 6, middle), HPos::Left, SMALL, &GREY)?,
        }
        y += ROW;
    }
    if heading.to_floor
        && let Some(Some(floor)) = summaries.first()
    {
        let x = scale.place(floor.median);
        area.draw(&PathElement::new([(x, top + HEAD), (x, y)], BLACK.mix(0.4)))
            .map_err(drawn)?;
    }
    Ok(())
}

/// The bar of one contestant in the row that begins at `y`.
fn bar(
    area: &Area<'_>,
    heading: &Heading,
    one: &Summary,
    colour: RGBColor,
    scale: &Scale,
    y: i32,
) -> anyhow::Result<()> {
    let middle = y + ROW / 2;
    let corners = [(scale.from, y + 3), (scale.place(one.median), y + ROW - 3)];
    area.draw(&Rectangle::new(corners, colour.filled()))
        .map_err(drawn)?;
    let whisker = [one.minimum, one.maximum].map(|value| (scale.place(value), middle));
    area.draw(&PathElement::new(whisker, BLACK.mix(0.6)))
        .map_err(drawn)?;
    let mut label = format!("{:.*}", heading.decimals, one.median);
    if let Some(ratio) = one.to_floor {
        label += &format!(" · {ratio:.2} ×");
    }
    let place = (scale.to + 6, middle);
    text(area, &label, place, HPos::Left, SMALL, &BLACK)
}

fn line_panel(series: &[Table], area: &Area<'_>, (left, top): (i32, i32)) -> anyhow::Result<()> {
    let Some(first) = series.first() else {
        return Ok(());
    };
    let name = first.heading.place.map_or("", |(series, _)| series);
    let title = format!("{name} ({})", first.heading.unit);
    let place = (left + MARGIN, top + 12);
    text(area, &title, place, HPos::Left, BIG, &BLACK)?;
    let at = |table: &Table| table.heading.place.map_or(1.0, |(_, at)| at);
    let curves: Vec<Curve> = (0..first.rows.len())
        .map(|row| {
            let points = series
                .iter()
                .filter_map(|table| Some((at(table), table.summary(row)?.median)));
            points.collect()
        })
        .collect();
    let costs = || curves.iter().flatten().map(|(_, cost)| *cost);
    let least = costs().fold(f64::INFINITY, f64::min) / 1.2;
    let most = costs().fold(0.0, f64::max) * 1.2;
    let (from, to) = (left + 60, left + WIDTH - LABELS - 60);
    let (upper, lower) = (top + 34, top + LINES_HEIGHT - 34);
    let last = series.last().map_or(1.0, at);
    let across = Scale::new(at(first), last, from, to);
    let up = Scale::new(least, most, lower, upper);
    let axes = [(from, upper), (from, lower), (to, lower)];
    area.draw(&PathElement::new(axes, GREY)).map_err(drawn)?;
    for table in series {
        let x = across.place(at(table));
        let label = match at(table) {
            many if many >= 10_000.0 => format!("{} k", many / 1000.0),
            few => few.to_string(),
        };
        text(area, &label, (x, lower + 12), HPos::Center, SMALL, &BLACK)?;
    }
    grid(area, least..=most, &up, (from, to))?;
    draw_curves(area, first, &curves, &across, &up)
}

/// The points of one contestant: the number that grows, and the cost.
type Curve = Vec<(f64, f64)>;

/// Lines from side to side at round costs, with a label each.
fn grid(
    area: &Area<'_>,
    costs: RangeInclusive<f64>,
    up: &Scale,
    (from, to): (i32, i32),
) -> anyhow::Result<()> {
    for power in 0..6 {
        for step in [1.0, 2.0, 3.0, 5.0, 7.0] {
            let cost = step * 10f64.powi(power);
            if costs.contains(&cost) {
                let y = up.place(cost);
                let line = [(from, y), (to, y)];
                area.draw(&PathElement::new(line, BLACK.mix(0.12)))
                    .map_err(drawn)?;
                let label = cost.to_string();
                text(area, &label, (from - 6, y), HPos::Right, SMALL, &BLACK)?;
            }
        }
    }
    Ok(())
}

fn draw_curves(
    area: &Area<'_>,
    table: &Table,
    curves: &[Curve],
    across: &Scale,
    up: &Scale,
) -> anyhow::Result<()> {
    let mut free = i32::MIN;
    let mut order: Vec<usize> = (0..curves.len()).collect();
    let end = |row: &usize| curves[*row].last().map_or(0, |(_, cost)| up.place(*cost));
    order.sort_by_key(end);
    for row in order {
        let Some(&(x, cost)) = curves[row].last() else {
            continue;
        };
        let colour = LINE_COLOURS[row % LINE_COLOURS.len()];
        let path = curves[row]
            .iter()
            .map(|(x, cost)| (across.place(*x), up.place(*cost)));
        let path: Vec<_> = path.collect();
        area.draw(&PathElement::new(path, colour.stroke_width(2)))
            .map_err(drawn)?;
        // Names beside the ends of their lines, and not over each other.
        let y = up.place(cost).max(free);
        free = y + LINE;
        let place = (across.place(x) + 6, y);
        let name = &table.rows[row].name;
        text(area, name, place, HPos::Left, SMALL, &colour)?;
    }
    Ok(())
}

/// A logarithmic scale between two places.
struct Scale {
    least: f64,
    length: f64,
    from: i32,
    to: i32,
}

impl Scale {
    fn new(least: f64, most: f64, from: i32, to: i32) -> Self {
        let least = least.max(1e-3);
        let length = (most.max(least * 1.01) / least).ln();
        Self {
            least,
            length,
            from,
            to,
        }
    }

    fn place(&self, value: f64) -> i32 {
        let part = (value.max(self.least) / self.least).ln() / self.length;
        self.from + (f64::from(self.to - self.from) * part).round() as i32
    }
}

fn text(
    area: &Area<'_>,
    text: &str,
    place: (i32, i32),
    side: HPos,
    size: i32,
    colour: &impl Color,
) -> anyhow::Result<()> {
    let style = TextStyle::from(("sans-serif", size).into_font())
        .color(colour)
        .pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text, place, style)).map_err(drawn)
}

fn colour_of(name: &str) -> RGBColor {
    if name == "floor" {
        GREY
    } else if name.starts_with("chat-server") {
        RGBColor(0x2a, 0x7f, 0x62)
    } else {
        RGBColor(0x8f, 0xa8, 0xc8)
    }
}

fn drawn<E: std::error::Error>(error: E) -> anyhow::Error {
    anyhow!("cannot draw the chart: {error}")
}

/// Of the floor, and then of the others.
const LINE_COLOURS: [RGBColor; 5] = [
    GREY,
    RGBColor(0x2a, 0x7f, 0x62),
    RGBColor(0x1f, 0x5f, 0xa8),
    RGBColor(0xc0, 0x5a, 0x1a),
    RGBColor(0x8a, 0x3f, 0x9e),
];

const GREY: RGBColor = RGBColor(0x80, 0x80, 0x80);

const WIDTH: i32 = 520;
const MARGIN: i32 = 16;
const LINE: i32 = 16;
const HEAD: i32 = 42;
const ROW: i32 = 20;
const NAMES: i32 = 170;
const LABELS: i32 = 110;
const LINES_HEIGHT: i32 = 320;
const BIG: i32 = 16;
const SMALL: i32 = 13;
