//! t-SNE maps: points as compact paths, a legend, and the data that the script colours and labels them by.

use serde_json::{Value as Json, json};

use crate::{EmbeddingMap, MapPoint, number};

use super::palette::CATEGORIES;
use super::svg::{Svg, coordinate};
use super::view::{Section, View};
use super::{escape, quantity};

const SIZE: f64 = 340.0;
const TOP: f64 = 38.0;
const MARGIN: f64 = 8.0;

/// What points can be coloured by.
const ATTRIBUTES: [&str; 6] = [
    "corpus", "speaker", "gender", "language", "emotion", "split",
];

const CAPTION: &str = "t-SNE of the embedding of the shared layers, z-scored in each dimension, one point per \
    utterance. Neighbours on the map are neighbours in the embedding; distances between groups and the axes have no meaning. Colours and shapes are \
    the same in all maps. <span class=\"scripted\">Hover over an utterance, or move between points with the arrow \
    keys, to highlight it in every map. Select a name in the legend to see it alone.</span>";

fn value<'a>(point: &'a MapPoint, attribute: &str) -> &'a str {
    match attribute {
        "corpus" => &point.corpus,
        "speaker" => &point.speaker,
        "gender" => point.gender.as_deref().unwrap_or("unknown"),
        "language" => &point.language,
        "emotion" => &point.emotion,
        _ => &point.split,
    }
}

/// The section; none without maps that have a point.
pub(super) fn section(view: &View) -> Option<Section> {
    let maps: Vec<&EmbeddingMap> = view
        .report
        .maps
        .iter()
        .filter(|map| map.points.iter().any(is_placed))
        .collect();
    if maps.is_empty() {
        return None;
    }
    // The values of every attribute over all maps, so that a value has the same colour in each.
    let values: Vec<Vec<&str>> = ATTRIBUTES
        .iter()
        .map(|attribute| {
            let points = maps.iter().flat_map(|map| &map.points);
            let mut values: Vec<&str> = points
                .filter(|point| is_placed(point))
                .map(|point| value(point, attribute))
                .collect();
            values.sort_unstable();
            values.dedup();
            values
        })
        .collect();
    let mut panels = String::new();
    let mut data = Vec::new();
    for (place, map) in maps.iter().enumerate() {
        let placed = Placed::of(map);
        panels += &panel(place, map, &placed, &values);
        data.push(points(&placed, &values));
    }
    let data = json!({"attributes": ATTRIBUTES, "values": values, "maps": data});
    let body = format!(
        "<figure data-name=\"maps\" class=\"maps\">{}<div class=\"panels\">{panels}</div>{}\
         <div class=\"point\" role=\"status\" hidden></div><figcaption>{CAPTION}{}</figcaption></figure>\n\
         <script type=\"application/json\" id=\"map-data\">{}</script>\n",
        choice(&values),
        legend(values.first().map_or(&[], Vec::as_slice)),
        view.trained_on(),
        escape::json(&data)
    );
    Some(Section {
        id: "maps",
        title: "Maps of the embedding".into(),
        body,
    })
}

fn is_placed(point: &MapPoint) -> bool {
    point.x.is_finite() && point.y.is_finite()
}

/// The points of a map in tenths of a pixel of its panel.
struct Placed<'a> {
    points: Vec<(i64, i64, &'a MapPoint)>,
}

impl<'a> Placed<'a> {
    fn of(map: &'a EmbeddingMap) -> Self {
        let finite = || map.points.iter().filter(|point| is_placed(point));
        let range = |value: fn(&MapPoint) -> f32| {
            finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
                let value = f64::from(value(point));
                (low.min(value), high.max(value))
            })
        };
        let (xs, ys) = (range(|point| point.x), range(|point| point.y));
        // One factor for both axes: a map must not be stretched.
        let extent = (xs.1 - xs.0).max(ys.1 - ys.0).max(1e-12);
        let room = SIZE - 2.0 * MARGIN;
        let place = |value: f32, (low, high): (f64, f64)| {
            let share = (f64::from(value) - (low + high) / 2.0) / extent;
            share * room + SIZE / 2.0
        };
        let tenths = |value: f64| (10.0 * value).round() as i64;
        Self {
            points: finite()
                .map(|point| {
                    let x = tenths(place(point.x, xs));
                    // The second axis points upwards.
                    let y = tenths(SIZE - place(point.y, ys) + TOP);
                    (x, y, point)
                })
                .collect(),
        }
    }
}

/// Class of the n-th value of an attribute: its colour, and a form that changes where colours begin again.
fn category(index: usize) -> String {
    format!("dots c{} f{}", index % CATEGORIES, index / CATEGORIES % 2)
}

fn panel(place: usize, map: &EmbeddingMap, placed: &Placed, values: &[Vec<&str>]) -> String {
    let mut svg = Svg::new(
        SIZE,
        SIZE + TOP,
        &format!("t-SNE map of {}", map.model.name),
    );
    svg.text(
        0.0,
        14.0,
        "title",
        &super::forest::shorten(&map.model.name, 38),
    );
    let facts = format!(
        "{}, perplexity {}",
        number::counted(placed.points.len() as u64, "point"),
        quantity::decimal(Some(map.perplexity), 0)
    );
    svg.text(0.0, 30.0, "tick", &facts);
    svg.rectangle(0.5, TOP + 0.5, SIZE - 1.0, SIZE - 1.0, "frame");
    svg.raw(&format!("<g class=\"points\" data-map=\"{place}\">"));
    for (index, value_of_group) in values.first().into_iter().flatten().enumerate() {
        let data: String = placed
            .points
            .iter()
            .filter(|(.., point)| value(point, ATTRIBUTES[0]) == *value_of_group)
            .map(|(x, y, _)| {
                format!(
                    "M{} {}h0",
                    coordinate(*x as f64 / 10.0),
                    coordinate(*y as f64 / 10.0)
                )
            })
            .collect();
        svg.path(&data, &category(index));
    }
    svg.raw("</g><circle class=\"ring\" r=\"6\" cx=\"-99\" cy=\"-99\"/>");
    svg.finish()
}

/// Points for the script: place in tenths, utterance, index of each attribute's value.
fn points(placed: &Placed, values: &[Vec<&str>]) -> Json {
    let rows = placed.points.iter().map(|(x, y, point)| {
        let mut row = vec![json!(x), json!(y), json!(point.utterance)];
        for (attribute, values) in ATTRIBUTES.iter().zip(values) {
            row.push(json!(
                values.binary_search(&value(point, attribute)).unwrap_or(0)
            ));
        }
        Json::Array(row)
    });
    rows.collect()
}

/// Radio buttons for the attributes that differ; the script shows them.
fn choice(values: &[Vec<&str>]) -> String {
    let options: String = ATTRIBUTES
        .iter()
        .enumerate()
        .filter(|(place, _)| *place == 0 || values.get(*place).is_some_and(|v| v.len() > 1))
        .map(|(place, attribute)| {
            let checked = if place == 0 { " checked" } else { "" };
            format!(
                "<label><input type=\"radio\" name=\"colour\" \
                 value=\"{place}\"{checked}><span>{attribute}</span></label>"
            )
        })
        .collect();
    format!(
        "<fieldset class=\"choice colour\" hidden><legend>Colour by</legend>{options}</fieldset>"
    )
}

fn legend(values: &[&str]) -> String {
    let items: String = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            format!(
                "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><path class=\"{}\" d=\"M6 6h0\"/></svg>\
                 <span data-text>{}</span></li>",
                category(index),
                escape::text(value)
            )
        })
        .collect();
    format!("<ul class=\"legend\">{items}</ul>")
}
