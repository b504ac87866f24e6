//! A small writer of SVG; colours come from classes of the page's style sheet.

use super::escape;

/// A drawing.
pub(super) struct Svg {
    width: f64,
    height: f64,
    label: String,
    body: String,
}

/// The marker of a value; methods differ in shape as well as colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// A disc.
    Disc,
    /// A square.
    Square,
    /// A triangle.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A cross of two strokes.
    Cross,
}

/// A coordinate with at most one decimal.
pub(super) fn coordinate(value: f64) -> String {
    let tenths = if value.is_finite() {
        (10.0 * value).round() as i64
    } else {
        0
    };
    tenth(tenths)
}

fn tenth(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    match rest {
        0 => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

/// A line through points as path data; it breaks at points that are not finite.
pub(super) fn polyline(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut data = String::new();
    let mut last: Option<(i64, i64)> = None;
    for (x, y) in points {
        if !x.is_finite() || !y.is_finite() {
            last = None;
            continue;
        }
        let place = ((10.0 * x).round() as i64, (10.0 * y).round() as i64);
        match last {
            None => data += &format!("M{} {}", tenth(place.0), tenth(place.1)),
            // Relative to the rounded place before, so that rounding does not add up.
            Some(before) => {
                let dy = tenth(place.1 - before.1);
                let space = if dy.starts_with('-') { "" } else { " " };
                data += &format!("l{}{space}{dy}", tenth(place.0 - before.0));
            }
        }
        last = Some(place);
    }
    data
}

impl Svg {
    /// An empty drawing in pixels; `label` describes it for screen readers.
    pub(super) fn new(width: f64, height: f64, label: &str) -> Self {
        Self {
            width,
            height,
            label: label.to_string(),
            body: String::new(),
        }
    }

    /// A filled rectangle.
    pub(super) fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str) {
        self.body += &format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            coordinate(x),
            coordinate(y),
            coordinate(width.max(0.0)),
            coordinate(height.max(0.0))
        );
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let data = polyline([from, to].into_iter());
        self.path(&data, class);
    }

    /// A path.
    pub(super) fn path(&mut self, data: &str, class: &str) {
        if !data.is_empty() {
            self.body += &format!("<path class=\"{class}\" d=\"{data}\"/>");
        }
    }

    /// Text whose base line starts at a place; classes `mid` and `end` centre it or end it there.
    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.body += &format!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
            coordinate(x),
            coordinate(y),
            escape::text(text)
        );
    }

    /// Text that runs upwards from a place.
    pub(super) fn upright_text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let (x, y) = (coordinate(x), coordinate(y));
        self.body += &format!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" transform=\"rotate(-90 {x} {y})\">{}</text>",
            escape::text(text)
        );
    }

    /// A mark around a place.
    pub(super) fn marker(&mut self, marker: Marker, x: f64, y: f64, radius: f64, class: &str) {
        let r = radius;
        let (x, y) = (coordinate(x), coordinate(y));
        let n = coordinate;
        let data = match marker {
            Marker::Disc => {
                self.body += &format!(
                    "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{}\"/>",
                    n(r)
                );
                return;
            }
            Marker::Square => format!(
                "M{x} {y}m-{r} -{r}h{d}v{d}h-{d}z",
                r = n(0.9 * r),
                d = n(1.8 * r)
            ),
            Marker::Triangle => format!(
                "M{x} {y}m0 -{}l{} {}h-{}z",
                n(1.15 * r),
                n(1.1 * r),
                n(1.95 * r),
                n(2.2 * r)
            ),
            Marker::Diamond => format!(
                "M{x} {y}m0 -{r}l{r} {r}l-{r} {r}l-{r} -{r}z",
                r = n(1.25 * r)
            ),
            Marker::Cross => format!(
                "M{x} {y}m-{r} -{r}l{d} {d}m0 -{d}l-{d} {d}",
                r = n(r),
                d = n(2.0 * r)
            ),
        };
        self.path(&data, class);
    }

    /// Markup as it is.
    pub(super) fn raw(&mut self, markup: &str) {
        self.body += markup;
    }

    /// The finished element.
    pub(super) fn finish(self) -> String {
        let (width, height) = (coordinate(self.width), coordinate(self.height));
        format!(
            "<svg class=\"chart\" role=\"img\" aria-label=\"{}\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\">{}</svg>",
            escape::text(&self.label),
            self.body
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_break_where_there_is_no_number() {
        let points = [
            (0.0, 1.0),
            (2.04, 0.5),
            (4.08, 3.0),
            (6.0, f64::NAN),
            (8.0, -2.0),
        ];
        assert_eq!(polyline(points.into_iter()), "M0 1l2-0.5l2.1 2.5M8 -2");
        assert_eq!(polyline([].into_iter()), "");
    }

    #[test]
    fn names_are_escaped_and_numbers_finite() {
        let mut svg = Svg::new(10.0, f64::NAN, "<a>");
        svg.text(f64::INFINITY, -0.04, "end", "<&");
        assert_eq!(
            svg.finish(),
            "<svg class=\"chart\" role=\"img\" aria-label=\"&lt;a&gt;\" width=\"10\" height=\"0\" \
             viewBox=\"0 0 10 0\"><text class=\"end\" x=\"0\" y=\"0\">&lt;&amp;</text></svg>"
        );
    }
}
