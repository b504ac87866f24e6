//! Draws a map as SVG: coloured points with a legend, on white, readable without colour vision.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::{EmbeddingMap, MapPoint, number};

/// What colours stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MapColour {
    /// The corpus.
    Corpus,
    /// The speaker.
    Speaker,
    /// The speaker's gender.
    Gender,
    /// The language.
    Language,
    /// The emotion class.
    Emotion,
    /// The split.
    Split,
}

impl MapColour {
    /// The name used in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corpus => "corpus",
            Self::Speaker => "speaker",
            Self::Gender => "gender",
            Self::Language => "language",
            Self::Emotion => "emotion",
            Self::Split => "split",
        }
    }

    /// A point's value; `unknown` where there is none.
    pub fn value(self, point: &MapPoint) -> &str {
        match self {
            Self::Corpus => &point.corpus,
            Self::Speaker => &point.speaker,
            Self::Gender => point.gender.as_deref().unwrap_or("unknown"),
            Self::Language => &point.language,
            Self::Emotion => &point.emotion,
            Self::Split => &point.split,
        }
    }
}

/// Okabe and Ito (2008): distinguishable with any colour vision. Yellow is left out because it vanishes on white.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000",
];
/// Shapes take over where colours repeat.
const SHAPES: usize = 4;
const SIDE: f64 = 640.0;
const MARGIN: f64 = 24.0;
const TOP: f64 = 72.0;
const LEGEND: f64 = 250.0;
/// Rows of the legend; what is beyond is summed up.
const LEGEND_ROWS: usize = 26;
const ROW: f64 = 22.0;

impl EmbeddingMap {
    /// The map as one SVG document, each point with its utterance as a title.
    pub fn to_svg(&self, colour: MapColour) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for point in &self.points {
            *counts.entry(colour.value(point)).or_default() += 1;
        }
        let styles: BTreeMap<&str, usize> = counts
            .keys()
            .enumerate()
            .map(|(at, name)| (*name, at))
            .collect();
        let (width, height) = (2.0 * MARGIN + SIDE + LEGEND, TOP + SIDE + MARGIN);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"#1a1a1a\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        );
        let model = self.model.variant().unwrap_or_else(|| "model".into());
        let seed = self
            .model
            .seed
            .map_or_else(String::new, |seed| format!(", seed {seed}"));
        let _ = write!(
            svg,
            "<text x=\"{MARGIN}\" y=\"32\" font-size=\"18\" font-weight=\"600\">{}{seed}: embeddings by {}</text>\n\
             <text x=\"{MARGIN}\" y=\"54\" fill=\"#595959\">t-SNE of {} utterances, perplexity {}; axes have no unit</text>\n\
             <rect x=\"{MARGIN}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#d0d0d0\"/>\n",
            escape(&model),
            colour.name(),
            number::count(self.points.len() as u64),
            self.perplexity,
        );
        let frame = Frame::around(&self.points);
        svg += "<g fill-opacity=\"0.7\">\n";
        for place in drawing_order(self.points.len()) {
            let point = &self.points[place];
            let style = styles.get(colour.value(point)).copied().unwrap_or_default();
            let (x, y) = frame.place(point);
            let _ = writeln!(
                svg,
                "<path d=\"{}\" fill=\"{}\"><title>{}</title></path>",
                shape(style, x, y, 3.2),
                COLOURS[style % COLOURS.len()],
                escape(&point.utterance),
            );
        }
        svg += "</g>\n";
        svg += &legend(&counts, colour);
        svg += "</svg>\n";
        svg
    }
}

/// An order that follows no group, so that none covers the others: strides that share no factor with the count.
fn drawing_order(count: usize) -> impl Iterator<Item = usize> {
    let shares = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a > 1
    };
    let near = (count as f64 * 0.618) as usize;
    let stride = (near.max(1)..)
        .find(|&stride| !shares(stride, count))
        .unwrap_or(1);
    (0..count).map(move |at| (at as u128 * stride as u128 % count.max(1) as u128) as usize)
}

/// Where points lie on the page; both axes have one scale.
struct Frame {
    left: f64,
    top: f64,
    scale: f64,
}

impl Frame {
    fn around(points: &[MapPoint]) -> Self {
        let range = |of: fn(&MapPoint) -> f32| {
            let values = points
                .iter()
                .map(|point| f64::from(of(point)))
                .filter(|v| v.is_finite());
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let ((left, right), (bottom, top)) = (range(|point| point.x), range(|point| point.y));
        let extent = (right - left).max(top - bottom);
        let inner = SIDE - 32.0;
        let scale = if extent > 0.0 && extent.is_finite() {
            inner / extent
        } else {
            1.0
        };
        let middle = |low: f64, high: f64| if low <= high { 0.5 * (low + high) } else { 0.0 };
        Self {
            left: MARGIN + SIDE / 2.0 - scale * middle(left, right),
            top: TOP + SIDE / 2.0 + scale * middle(bottom, top),
            scale,
        }
    }

    fn place(&self, point: &MapPoint) -> (f64, f64) {
        (
            self.left + self.scale * f64::from(point.x),
            self.top - self.scale * f64::from(point.y),
        )
    }
}

/// A circle, square, triangle or diamond, by how often the colours have been used up.
fn shape(style: usize, x: f64, y: f64, radius: f64) -> String {
    let r = radius;
    match style / COLOURS.len() % SHAPES {
        0 => format!(
            "M{:.1} {y:.1}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
            x - r,
            d = 2.0 * r
        ),
        1 => format!(
            "M{:.1} {:.1}h{d}v{d}h-{d}z",
            x - r * 0.9,
            y - r * 0.9,
            d = 1.8 * r
        ),
        2 => format!(
            "M{x:.1} {:.1}l{:.1} {:.1}h-{:.1}z",
            y - r * 1.2,
            r * 1.2,
            r * 2.1,
            r * 2.4
        ),
        _ => format!(
            "M{x:.1} {:.1}l{s} {s}l-{s} {s}l-{s} -{s}z",
            y - r * 1.3,
            s = r * 1.3
        ),
    }
}

fn legend(counts: &BTreeMap<&str, usize>, colour: MapColour) -> String {
    let left = 2.0 * MARGIN + SIDE;
    let mut text = format!(
        "<text x=\"{left}\" y=\"{}\" font-weight=\"600\">{}</text>\n",
        TOP + 14.0,
        colour.name()
    );
    for (style, (name, count)) in counts.iter().enumerate().take(LEGEND_ROWS) {
        let y = TOP + 14.0 + ROW * (style + 1) as f64;
        let _ = writeln!(
            text,
            "<path d=\"{}\" fill=\"{}\"/><text x=\"{}\" y=\"{y}\">{} <tspan fill=\"#595959\">{}</tspan></text>",
            shape(style, left + 6.0, y - 5.0, 5.0),
            COLOURS[style % COLOURS.len()],
            left + 20.0,
            escape(&shorten(name)),
            number::count(*count as u64),
        );
    }
    if counts.len() > LEGEND_ROWS {
        let y = TOP + 14.0 + ROW * (LEGEND_ROWS + 1) as f64;
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{y}\" fill=\"#595959\">and {} more</text>",
            left + 20.0,
            counts.len() - LEGEND_ROWS
        );
    }
    text
}

/// A name that fits beside the map.
fn shorten(name: &str) -> String {
    match name.chars().count() {
        0..=26 => name.to_string(),
        _ => name.chars().take(25).chain(['…']).collect(),
    }
}

/// Text escaped for XML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, ModelIdentity};

    fn map(count: usize, speakers: usize) -> EmbeddingMap {
        EmbeddingMap {
            model: ModelIdentity {
                name: String::new(),
                method: Some(Method::Baseline),
                attributes: Default::default(),
                seed: Some(3),
                training_corpora: Default::default(),
            },
            perplexity: 30.0,
            points: (0..count)
                .map(|n| MapPoint {
                    x: (n % 9) as f32,
                    y: -((n % 7) as f32),
                    utterance: format!("a<b>&\"{n}\""),
                    corpus: "a".into(),
                    speaker: format!("s{}", n % speakers.max(1)),
                    gender: None,
                    language: "en".into(),
                    emotion: "neutral".into(),
                    split: "test".into(),
                })
                .collect(),
        }
    }

    #[test]
    fn every_point_is_drawn_once_inside_the_frame() {
        let svg = map(40, 40).to_svg(MapColour::Speaker);
        assert_eq!(svg.matches("<title>").count(), 40);
        for n in 0..40 {
            assert_eq!(
                svg.matches(&format!("a&lt;b&gt;&amp;&quot;{n}&quot;<"))
                    .count(),
                1
            );
        }
        assert!(svg.contains("and 14 more") && svg.contains("baseline, seed 3"));
        let frame = Frame::around(&map(40, 1).points);
        for point in &map(40, 1).points {
            let (x, y) = frame.place(point);
            assert!((MARGIN..MARGIN + SIDE).contains(&x) && (TOP..TOP + SIDE).contains(&y));
        }
        for count in [0, 1, 2, 6, 40, 1000] {
            let mut order: Vec<usize> = drawing_order(count).collect();
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count), "{count}");
        }
        // Nothing, one point and coinciding points are drawn too.
        assert!(!map(0, 1).to_svg(MapColour::Corpus).contains("NaN"));
        assert!(!map(1, 1).to_svg(MapColour::Gender).contains("inf"));
    }
}
