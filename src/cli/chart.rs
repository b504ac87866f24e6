//! Curves over epochs, drawn with braille characters: two dots wide and four high in each.

use super::paint::Paint;

/// Rows of characters of a chart without its title and axis.
const ROWS: usize = 6;
/// Characters of the numbers next to the axis, with a blank.
const MARGIN: usize = 7;
/// Blanks between charts.
const GAP: usize = 3;
/// Narrowest and widest chart.
const WIDTHS: (usize, usize) = (30, 48);

/// One curve with its title.
pub struct Chart {
    /// What is drawn, with the unit.
    pub title: String,
    /// The value at each epoch, from the first; what is not finite is left out.
    pub values: Vec<f64>,
    /// How values are written next to the axis.
    pub number: fn(f64) -> String,
}

/// Charts side by side, as many as fit into `width` columns.
pub fn draw(charts: &[Chart], width: usize, paint: Paint) -> String {
    let across = ((width + GAP) / (WIDTHS.0 + GAP)).clamp(1, charts.len().max(1));
    let fitting = (width + GAP) / across - GAP.min(width / across);
    let chart_width = fitting.clamp(MARGIN + 8, WIDTHS.1);
    let mut text = String::new();
    for row in charts.chunks(across) {
        let panels: Vec<Vec<Line>> = row.iter().map(|c| panel(c, chart_width, paint)).collect();
        let height = panels.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let mut out = String::new();
            let mut column = 0;
            for (place, panel) in panels.iter().enumerate() {
                let Some(line) = panel.get(line) else {
                    continue;
                };
                let start = place * (chart_width + GAP);
                out.push_str(&" ".repeat(start.saturating_sub(column)));
                out.push_str(&line.painted);
                column = start + line.width;
            }
            text.push_str(out.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

/// A line and its width without escapes.
struct Line {
    painted: String,
    width: usize,
}

fn panel(chart: &Chart, width: usize, paint: Paint) -> Vec<Line> {
    let title: String = chart.title.chars().take(width).collect();
    let mut lines = vec![Line {
        width: title.chars().count(),
        painted: paint.bold(&title),
    }];
    let finite = || {
        chart
            .values
            .iter()
            .copied()
            .filter(|value| value.is_finite())
    };
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return lines;
    }
    let columns = width - MARGIN - 1;
    let canvas = curve(&chart.values, low, high, columns);
    for (row, cells) in canvas.iter().enumerate() {
        let label = match row {
            0 => label(chart, high),
            row if row + 1 == ROWS && low < high => label(chart, low),
            _ => String::new(),
        };
        let tick = if label.is_empty() { '│' } else { '┤' };
        let cells: String = cells.iter().collect();
        let margin = MARGIN - 1;
        lines.push(Line {
            painted: format!(
                "{}{}",
                paint.faint(&format!("{label:>margin$} {tick}")),
                paint.line(&cells)
            ),
            width: MARGIN + 1 + columns,
        });
    }
    let rule = format!("{}└{}", " ".repeat(MARGIN), "─".repeat(columns));
    let last = match chart.values.len() {
        1 => "epoch 1".to_string(),
        count => format!("epoch {count}"),
    };
    let first = if chart.values.len() > 1 { "1" } else { "" };
    let blanks = columns.saturating_sub(first.len() + last.len());
    let axis = format!(
        "{}{first}{}{last}",
        " ".repeat(MARGIN + 1),
        " ".repeat(blanks)
    );
    for line in [rule, axis] {
        lines.push(Line {
            width: line.chars().count(),
            painted: paint.faint(&line),
        });
    }
    lines
}

/// A number that fits next to the axis: what diverges is written by its power of ten.
fn label(chart: &Chart, value: f64) -> String {
    let text = (chart.number)(value);
    match text.chars().count() < MARGIN {
        true => text,
        false => format!("{value:.0e}"),
    }
}

/// The curve as rows of braille characters, `columns` wide; neighbouring values are joined.
fn curve(values: &[f64], low: f64, high: f64, columns: usize) -> Vec<Vec<char>> {
    let (dots_x, dots_y) = (columns * 2, ROWS * 4);
    let mut dots = vec![vec![false; dots_x]; dots_y];
    let x = |index: usize| match values.len() {
        0 | 1 => 0,
        count => (index as f64 / (count - 1) as f64 * (dots_x - 1) as f64).round() as usize,
    };
    let y = |value: f64| {
        let height = match high > low {
            true => (high - value) / (high - low),
            false => 0.5,
        };
        (height * (dots_y - 1) as f64).round() as usize
    };
    let mut before: Option<(usize, usize)> = None;
    for (index, value) in values.iter().enumerate() {
        if !value.is_finite() {
            before = None;
            continue;
        }
        let now = (x(index), y(*value));
        let from = before.unwrap_or(now);
        let steps = from.0.abs_diff(now.0).max(from.1.abs_diff(now.1)).max(1);
        for step in 0..=steps {
            let part = step as f64 / steps as f64;
            let between =
                |a: usize, b: usize| (a as f64 + (b as f64 - a as f64) * part).round() as usize;
            let (column, row) = (between(from.0, now.0), between(from.1, now.1));
            if let Some(dot) = dots.get_mut(row).and_then(|row| row.get_mut(column)) {
                *dot = true;
            }
        }
        before = Some(now);
    }
    // Bits of the dots of a braille character, by row and column.
    const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let cell = |row: usize, column: usize| {
        let mut bits = 0;
        for (down, pair) in BITS.iter().enumerate() {
            for (right, bit) in pair.iter().enumerate() {
                if dots[row * 4 + down][column * 2 + right] {
                    bits |= bit;
                }
            }
        }
        match bits {
            0 => ' ',
            bits => char::from_u32(0x2800 + bits).unwrap_or('?'),
        }
    };
    let row = |row: usize| (0..columns).map(|column| cell(row, column)).collect();
    (0..ROWS).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint { colours: false };

    fn chart(values: &[f64]) -> Chart {
        Chart {
            title: "loss, nats".into(),
            values: values.to_vec(),
            number: |value| format!("{value:.2}"),
        }
    }

    #[test]
    fn a_falling_curve_falls_from_the_left_top_to_the_right_bottom() {
        let values: Vec<f64> = (0..20).map(|n| 2.0 / (1.0 + f64::from(n))).collect();
        insta::assert_snapshot!(draw(&[chart(&values)], 40, PLAIN));
    }

    #[test]
    fn every_width_and_every_course_is_drawn_inside_it() {
        let courses: [&[f64]; 6] = [
            &[],
            &[1.0],
            &[0.0, 0.0, 0.0],
            &[f64::NAN, 1.0, f64::INFINITY, 2.0],
            &[f64::NAN],
            &[-1e9, 1e9],
        ];
        for width in [40, 79, 80, 120, 200] {
            let charts: Vec<Chart> = courses.iter().map(|values| chart(values)).collect();
            let text = draw(&charts, width, PLAIN);
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest.is_some_and(|longest| longest <= width), "{text}");
        }
    }
}
