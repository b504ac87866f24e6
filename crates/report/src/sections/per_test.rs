//! One table per test: recalls, both intervals, the gain with its p-value, and the published numbers.

use crate::class_names::{MOST_COLUMNS, short_class_names};
use crate::document::{Block, Cell, Column, Table, Tone};
use crate::published::PUBLISHED_SOURCE;
use crate::{Gain, PublishedCell, Study, StudyCell, StudyTest, number};

use super::detail::Detail;
use super::summary::{cells, collapse_cell, gain_cell, ua_cell};

/// A heading, a table per test and the legend.
pub(crate) fn blocks(study: &Study, detail: Detail) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Per test".into())];
    for (place, test) in study.tests.iter().enumerate() {
        if detail == Detail::Full || test.headline {
            blocks.push(Block::Table(table(study, place, test)));
            // That is a row for each class, too long to be printed after every run.
            let recalls = recalls_by_class(study, place, test);
            let recalls = recalls.filter(|_| detail == Detail::Full);
            blocks.extend(recalls.map(Block::Table));
        }
    }
    blocks.push(Block::Paragraph(legend(study)));
    let published = (0..study.tests.len())
        .flat_map(|place| cells(study, place))
        .any(|cell| cell.published.is_some());
    if published {
        blocks.push(Block::Paragraph(format!(
            "Paper: the published UA and its gain over the published baseline. Source: {PUBLISHED_SOURCE}."
        )));
    }
    blocks
}

fn caption(study: &Study, test: &StudyTest) -> String {
    let role = study.role_text(test.role);
    let mut caption = format!(
        "{}, {role}, {}, {}",
        test.name,
        number::counted(test.utterances, "utterance"),
        number::counted(test.speakers as u64, "speaker")
    );
    if let Some(trained_on) = study.trained_on() {
        caption += &format!("; {trained_on}");
    }
    if let Some(majority) = &test.majority {
        let wa = number::percent(Some(majority.wa));
        caption += &format!("; WA of the majority class: {wa}");
    }
    caption
}

/// One optional column or group of columns: whether it is shown, its columns, and its cells.
struct Part {
    columns: Vec<Column>,
    cells: fn(&StudyCell) -> Vec<Cell>,
}

fn table(study: &Study, place: usize, test: &StudyTest) -> Table {
    let any = |what: fn(&StudyCell) -> bool| cells(study, place).any(what);
    let mut parts = vec![Part {
        columns: vec![Column::new("UA", 0)],
        cells: |cell| vec![ua_cell(Some(cell))],
    }];
    if any(|cell| cell.collapsed > 0) {
        parts.push(Part {
            columns: vec![Column::text("!", 0)],
            cells: |cell| vec![collapse_cell(Some(cell))],
        });
    }
    const OVER: &str = "95 % over";
    if any(|cell| cell.seeds_interval.is_some()) {
        parts.push(Part {
            columns: vec![Column::new("seeds", 4).in_group(OVER)],
            cells: |cell| vec![number::interval(cell.seeds_interval).into()],
        });
    }
    if any(|cell| cell.speakers_interval.is_some()) {
        parts.push(Part {
            columns: vec![Column::new("speakers", 5).in_group(OVER)],
            cells: |cell| vec![number::interval(cell.speakers_interval).into()],
        });
    }
    if any(|cell| cell.gain.is_some()) {
        parts.push(Part {
            columns: vec![Column::new("gain ", 0)],
            cells: |cell| vec![gain_cell(cell.gain.as_ref())],
        });
    }
    if any(|cell| cell.gain.is_some_and(|gain| gain.interval.is_some())) {
        parts.push(Part {
            columns: vec![Column::new("gain 95 %", 3)],
            cells: |cell| {
                vec![number::points_interval(cell.gain.and_then(|gain| gain.interval)).into()]
            },
        });
    }
    if any(|cell| cell.gain.is_some_and(|gain| gain.p.is_some())) {
        parts.push(Part {
            columns: vec![Column::new("p", 8)],
            cells: |cell| vec![number::p_value(cell.gain.and_then(|gain| gain.p)).into()],
        });
    }
    if any(|cell| cell.gain.is_some_and(|gain| gain.p_corrected.is_some())) {
        parts.push(Part {
            columns: vec![Column::new("p Holm", 2)],
            cells: |cell| vec![number::p_value(cell.gain.and_then(|gain| gain.p_corrected)).into()],
        });
    }
    parts.push(Part {
        columns: vec![Column::new("WA", 7)],
        cells: |cell| vec![number::percent(Some(cell.wa)).into()],
    });
    if study.classes.len() <= MOST_COLUMNS {
        let recalls = short_class_names(&study.classes).into_iter();
        let recalls = recalls.map(|class| Column::new(class, 1).in_group("recall"));
        parts.push(Part {
            columns: recalls.collect(),
            cells: |cell| {
                let recalls = cell.recalls.iter();
                recalls
                    .map(|&recall| number::percent(recall).into())
                    .collect()
            },
        });
    }
    if any(|cell| cell.published.is_some()) {
        parts.push(Part {
            columns: vec![
                Column::new("UA", 6).in_group("paper"),
                Column::new("gain", 6).in_group("paper"),
            ],
            cells: |cell| paper(cell.published),
        });
    }
    let mut columns = vec![Column::text("variant", 0)];
    columns.extend(parts.iter().flat_map(|part| part.columns.clone()));
    let tested = study.variants.iter().filter_map(|variant| {
        let cell = variant.cells.get(place)?.as_ref()?;
        let mut row = vec![Cell::from(variant.name.clone())];
        for part in &parts {
            let mut cells = (part.cells)(cell);
            cells.resize(part.columns.len(), Cell::default());
            row.extend(cells);
        }
        Some(row)
    });
    Table {
        caption: caption(study, test),
        rows: tested.collect(),
        columns,
        footer_rows: 0,
    }
}

/// The recalls of very many classes: a row for each, a column for each variant; none where there are fewer.
fn recalls_by_class(study: &Study, place: usize, test: &StudyTest) -> Option<Table> {
    if study.classes.len() <= MOST_COLUMNS {
        return None;
    }
    let tested: Vec<_> = (study.variants.iter())
        .filter_map(|variant| Some((variant, variant.cells.get(place)?.as_ref()?)))
        .collect();
    let (_, first) = tested.first()?;
    let truths = first.confusion.truths();
    let mut columns = vec![Column::text("class", 0), Column::new("utterances", u8::MAX)];
    // Of the variants that do not fit, the last give way first.
    columns.extend(tested.iter().enumerate().map(|(number, (variant, _))| {
        Column::new(
            variant.name.clone(),
            u8::try_from(number).unwrap_or(u8::MAX - 1),
        )
    }));
    let row = |(class, name): (usize, &String)| {
        let utterances = truths.get(class).copied().unwrap_or_default();
        let utterances = utterances / first.runs.max(1) as u64;
        let mut row = vec![Cell::from(name.clone()), number::count(utterances).into()];
        row.extend(tested.iter().map(|(_, cell)| {
            let recall = cell.recalls.get(class).copied().flatten();
            Cell::from(number::percent(recall))
        }));
        row
    };
    Some(Table {
        caption: format!("Recall of each class, {}", test.name),
        rows: study.classes.iter().enumerate().map(row).collect(),
        columns,
        footer_rows: 0,
    })
}

/// The published UA as printed there, and its gain over the published baseline.
fn paper(published: Option<PublishedCell>) -> Vec<Cell> {
    let faint = |text: String| Cell::toned(text, Tone::Faint);
    let Some(PublishedCell { ua, gain, .. }) = published else {
        return vec![faint(number::NONE.into()); 2];
    };
    vec![
        faint(format!("{:.2}", 100.0 * ua)),
        faint(gain.map_or_else(|| number::NONE.into(), number::points)),
    ]
}

fn legend(study: &Study) -> String {
    let all = || (0..study.tests.len()).flat_map(|place| cells(study, place));
    let mut legend = String::from("All values in %.");
    if all().any(|cell| cell.seeds_interval.is_some()) {
        legend +=
            " 95 % over seeds: confidence interval of the mean over seeds, on the same speakers.";
    }
    if all().any(|cell| cell.speakers_interval.is_some()) {
        legend +=
            " 95 % over speakers: interval for the same models on other speakers of the corpus.";
    }
    let gains: Vec<&Gain> = all()
        .filter_map(|cell| cell.gain.as_ref())
        .filter(|gain| gain.interval.is_some())
        .collect();
    if !gains.is_empty() {
        let both = gains
            .iter()
            .any(|gain| gain.over_seeds && gain.over_speakers);
        let seeds = gains
            .iter()
            .any(|gain| gain.over_seeds && !gain.over_speakers);
        let speakers = gains
            .iter()
            .any(|gain| !gain.over_seeds && gain.over_speakers);
        let over = match (both, seeds, speakers) {
            (true, false, false) => "other seeds and other speakers",
            (false, true, false) => "other seeds on the same speakers",
            (false, false, true) => "other speakers but not other seeds",
            _ => {
                "other seeds where both variants have several runs, and other speakers where the test has enough"
            }
        };
        legend += &format!(
            " Gain: difference from {}, in points; its interval and p-value account for {over}.",
            study.reference_in_short()
        );
        legend += &format!(
            " p: test of no difference; p Holm: corrected for {}; single training corpora are not among them.",
            number::counted(study.comparisons as u64, "comparison")
        );
    } else if all().any(|cell| cell.gain.is_some()) {
        legend += &format!(
            " Gain: difference from {}, in points.",
            study.reference_in_short()
        );
    }
    legend + " WA: weighted accuracy, the share of all utterances that were classified correctly."
}
