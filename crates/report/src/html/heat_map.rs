//! The gain over the baseline as a heat map: combinations x methods, a panel per test, the paper's beside ours.

use std::collections::BTreeSet;

use crate::{Attribute, Method, StudyVariant};

use super::heat_cell::{CELL, Number, draw, ours};
use super::view::{Section, View};
use super::{escape, figure, palette, quantity, svg::Svg, variant_heat_map};

const METHODS: [Method; 3] = [Method::Mtl, Method::Gr, Method::Ad];
const LABELS: f64 = 64.0;
const CELL_WIDTH: f64 = CELL.0;
const CELL_HEIGHT: f64 = CELL.1;
const TOP: f64 = 40.0;
/// At least this much is the end of the scale, so that noise does not fill it.
const SMALLEST_LIMIT: f64 = 0.05;

/// What a panel takes from a variant.
type Pick = fn(&StudyVariant, usize) -> Option<Number>;

/// The section; none where no variant has a gain.
pub(super) fn section(view: &View) -> Option<Section> {
    let limit = limit(view)?;
    if view.study.reference.is_some() {
        return Some(along_an_axis(view, limit));
    }
    let main = view.main_tests();
    let mut panels = String::new();
    let mut rest = String::new();
    for corpora in view.training_sets() {
        for test in 0..view.study.tests.len() {
            let panels = if main.contains(&test) {
                &mut panels
            } else {
                &mut rest
            };
            for (pick, whose) in [(ours as Pick, ""), (papers as Pick, "the paper")] {
                panels.push_str(
                    &panel(view, corpora, test, (pick, whose), limit).unwrap_or_default(),
                );
            }
        }
    }
    let caption = format!(
        "Gain in UA over the baseline in points, by attribute combination (rows) and method (columns); blue is \
         better, orange is worse, and the scale ends at ±{:.0} points. <b>Bold with *</b>: p&nbsp;&lt;&nbsp;0.05 \
         after Holm’s \
         correction. !: at least one run collapsed.{}",
        100.0 * limit,
        match view.has_published() {
            true =>
                " Where the paper has a number, its gain over its own baseline is shown beside ours; empty cells were not \
                 published.",
            false => "",
        }
    );
    let mut body = view.figure("gain-over-baseline", &(panels + &legend(limit)), &caption);
    if !rest.is_empty() {
        body += &figure::details(
            "Individual training corpora",
            &view.figure(
                "gain-over-baseline-in-domain",
                &rest,
                "The same for held-out speakers of each training corpus, with the same colour scale.",
            ),
        );
    }
    Some(Section {
        id: "gain",
        title: "Gain over the baseline".into(),
        body,
    })
}

/// The section of a report that compares along an axis: whatever the variants are, each is a row.
fn along_an_axis(view: &View, limit: f64) -> Section {
    let name = escape::text(&view.study.reference_name());
    let caption = format!(
        "Gain in UA over {name} in points, by variant (rows) and test (columns); blue is better, orange is worse, and the \
         scale ends at ±{:.0} points. <b>Bold with *</b>: p&nbsp;&lt;&nbsp;0.05 after Holm’s correction. !: at least one \
         run collapsed.",
        100.0 * limit
    );
    let panels = variant_heat_map::panel(view, limit) + &legend(limit);
    Section {
        id: "gain",
        title: format!("Gain over {name}").into(),
        body: view.figure("gain", &panels, &caption),
    }
}

fn papers(variant: &StudyVariant, test: usize) -> Option<Number> {
    let cell = variant.cells.get(test)?.as_ref()?;
    Some(Number {
        gain: cell.published?.gain.filter(|gain| gain.is_finite())?,
        significant: false,
        collapsed: false,
    })
}

/// End of the colour scale: nearly all gains lie within; none where there are no gains.
fn limit(view: &View) -> Option<f64> {
    let tests = 0..view.study.tests.len();
    let mut gains: Vec<f64> = tests
        .flat_map(|test| {
            let variants = view.study.variants.iter();
            variants.filter_map(move |variant| Some(ours(variant, test)?.gain.abs()))
        })
        .collect();
    gains.sort_by(f64::total_cmp);
    let high = *gains.get(gains.len().saturating_sub(1) * 19 / 20)?;
    Some(((100.0 * high.max(SMALLEST_LIMIT)).ceil() / 100.0).min(1.0))
}

fn panel(
    view: &View,
    corpora: &BTreeSet<String>,
    test: usize,
    (pick, whose): (Pick, &str),
    limit: f64,
) -> Option<String> {
    let variants: Vec<&StudyVariant> = view
        .study
        .variants
        .iter()
        .filter(|variant| variant.training_corpora == *corpora)
        .collect();
    let mut combinations: Vec<&BTreeSet<Attribute>> = Vec::new();
    for variant in &variants {
        let shown = variant
            .method
            .is_some_and(|method| METHODS.contains(&method));
        if shown && !combinations.contains(&&variant.attributes) {
            combinations.push(&variant.attributes);
        }
    }
    // The same order for everyone: fewer attributes first.
    combinations.sort_by_key(|attributes| (attributes.len(), (*attributes).clone()));
    let methods: Vec<Method> = METHODS
        .into_iter()
        .filter(|method| {
            variants
                .iter()
                .any(|variant| variant.method == Some(*method))
        })
        .collect();
    let numbers: Vec<Vec<Option<Number>>> = combinations
        .iter()
        .map(|attributes| {
            let number = |method: &Method| {
                let mut all = variants.iter();
                all.find(|v| v.method == Some(*method) && v.attributes == **attributes)
                    .and_then(|variant| pick(variant, test))
            };
            methods.iter().map(number).collect()
        })
        .collect();
    if numbers.iter().flatten().all(Option::is_none) {
        return None;
    }
    let name = &view.study.tests.get(test)?.name;
    let mut title = match whose {
        "" => name.clone(),
        whose => format!("{name}, {whose}"),
    };
    if let Some(trained) = view.training_difference(corpora) {
        title += &format!(" (trained {trained})");
    }
    let width = LABELS + CELL_WIDTH * methods.len() as f64 + 2.0;
    let height = TOP + CELL_HEIGHT * combinations.len() as f64 + 2.0;
    let mut svg = Svg::new(
        width.max(8.4 * title.chars().take(38).count() as f64),
        height,
        &format!("Gain over the baseline on {title}"),
    );
    svg.text(0.0, 14.0, "title", &super::forest::shorten(&title, 38));
    for (column, method) in methods.iter().enumerate() {
        let x = LABELS + CELL_WIDTH * (column as f64 + 0.5);
        svg.text(x, TOP - 7.0, "label mid", method.name());
    }
    for (row, (attributes, numbers)) in combinations.iter().zip(&numbers).enumerate() {
        let y = TOP + CELL_HEIGHT * row as f64;
        let letters: Vec<String> = attributes.iter().map(|a| a.short().to_owned()).collect();
        svg.text(LABELS - 7.0, y + 15.0, "label end", &letters.join("+"));
        for (column, number) in numbers.iter().enumerate() {
            let x = LABELS + CELL_WIDTH * column as f64;
            draw(&mut svg, (x, y), number.as_ref(), limit);
        }
    }
    Some(svg.finish())
}

/// The colours with their values.
fn legend(limit: f64) -> String {
    let width = 330.0;
    let mut svg = Svg::new(width, 52.0, "Colour scale");
    svg.text(0.0, 12.0, "label", "gain in points");
    let step = width / palette::DIVERGING as f64;
    for level in 0..palette::DIVERGING {
        svg.rectangle(step * level as f64, 20.0, step, 14.0, &format!("d{level}"));
    }
    for (place, share, class) in [
        (0.0, -1.0, "tick"),
        (width / 2.0, 0.0, "tick mid"),
        (width, 1.0, "tick end"),
    ] {
        svg.text(place, 48.0, class, &quantity::points(Some(share * limit)));
    }
    svg.finish()
}
