//! The main table: one row per variant, and for each test UA, interval and gain.

use crate::document::{Block, Cell, Column, Table, Tone};
use crate::eval::LEAST_FOR_INTERVAL;
use crate::{Gain, Study, StudyCell, StudyTest, number};

use super::compared;

/// The tests of the headline with their places among all.
pub(crate) fn headline(study: &Study) -> Vec<(usize, &StudyTest)> {
    let tests = study.tests.iter().enumerate();
    tests.filter(|(_, test)| test.headline).collect()
}

/// The cells of one test, those of variants that were tested on it.
pub(crate) fn cells(study: &Study, place: usize) -> impl Iterator<Item = &StudyCell> {
    study
        .variants
        .iter()
        .filter_map(move |variant| variant.cells.get(place)?.as_ref())
}

/// How many of the models collapsed, where any did.
pub(crate) fn collapse_cell(cell: Option<&StudyCell>) -> Cell {
    match cell {
        Some(cell) if cell.collapsed > 0 => {
            Cell::toned(format!("!{}/{}", cell.collapsed, cell.runs), Tone::Bad)
        }
        _ => Cell::default(),
    }
}

/// A gain in points, with a star where it is significant after correction.
pub(crate) fn gain_cell(gain: Option<&Gain>) -> Cell {
    compared::gain_cell(
        gain.map(|gain| (number::points(gain.ua), gain.ua)),
        gain.and_then(|gain| gain.p_corrected),
    )
}

/// A UA in %, or a dash.
pub(crate) fn ua_cell(cell: Option<&StudyCell>) -> Cell {
    match cell {
        Some(cell) if cell.collapsed > 0 => Cell::toned(number::percent(Some(cell.ua)), Tone::Bad),
        Some(cell) => number::percent(Some(cell.ua)).into(),
        None => Cell::toned(number::NONE, Tone::Faint),
    }
}

/// The UA of each run in %.
fn single_runs(cell: Option<&StudyCell>) -> Cell {
    let uas = cell.map_or(&[][..], |cell| &cell.uas);
    match uas {
        [] => Cell::toned(number::NONE, Tone::Faint),
        uas => {
            let written: Vec<String> = uas.iter().map(|ua| number::percent(Some(*ua))).collect();
            written.join(" ").into()
        }
    }
}

/// Half the interval over seeds, which is even around the mean.
fn half_width(cell: Option<&StudyCell>) -> Cell {
    let interval = cell.and_then(|cell| Some((cell.ua, cell.seeds_interval?)));
    interval.map_or_else(
        || Cell::toned(number::NONE, Tone::Faint),
        |(ua, interval)| {
            let half = (ua - interval.low).max(interval.high - ua);
            format!("±{}", number::percent(Some(half))).into()
        },
    )
}

/// Whether runs stand side by side: there are several, but nowhere enough for an interval of their mean.
fn shows_single_runs(study: &Study) -> bool {
    let most = study.variants.iter().map(|variant| variant.entries.len());
    study.has_seeds() && most.max().is_some_and(|most| most < LEAST_FOR_INTERVAL)
}

/// A test of the table, and which columns it has there.
struct Shown<'s> {
    place: usize,
    test: &'s StudyTest,
    collapsed: bool,
    gains: bool,
    folds: bool,
}

/// Whether a cell is made of several folds.
fn has_folds(cell: &StudyCell) -> bool {
    cell.folds
        .as_ref()
        .is_some_and(|folds| folds.folds.len() > 1)
}

/// The mean over folds and half its interval.
fn mean_of_folds(cell: Option<&StudyCell>) -> Cell {
    let folds = cell
        .filter(|cell| has_folds(cell))
        .and_then(|cell| cell.folds.as_ref());
    let mean = folds.map(|folds| (folds.mean_ua, folds.interval));
    compared::mean_of_folds(mean, number::percent)
}

/// The heading, the table and its legend.
pub(crate) fn blocks(study: &Study) -> Vec<Block> {
    let tests = headline(study);
    let over_seeds = study.has_seeds();
    let single_uas = shows_single_runs(study);
    let mut columns = vec![Column::text("variant", 0)];
    if over_seeds {
        columns.push(Column::new("runs", u8::MAX));
    }
    let mut shown: Vec<Shown<'_>> = Vec::new();
    for (number, &(place, test)) in tests.iter().enumerate() {
        // Of the tests that do not fit, the last give way first: intervals, then gains, then the rest.
        let priority =
            |step: usize| u8::try_from(step * tests.len() + number).unwrap_or(u8::MAX - 1);
        let collapsed = cells(study, place).any(|cell| cell.collapsed > 0);
        let gains = cells(study, place).any(|cell| cell.gain.is_some());
        let folds = cells(study, place).any(has_folds);
        columns.push(Column::new("UA", priority(0)).in_group(&test.name));
        if collapsed {
            columns.push(Column::text("!", priority(0)).in_group(&test.name));
        }
        let spread = match single_uas {
            true => "each run",
            false => "95 %",
        };
        columns.push(Column::new(spread, priority(2)).in_group(&test.name));
        if gains {
            columns.push(Column::new("gain ", priority(1)).in_group(&test.name));
        }
        if folds {
            let column = Column::new("mean of folds", priority(1));
            columns.push(column.in_group(&test.name));
        }
        shown.push(Shown {
            place,
            test,
            collapsed,
            gains,
            folds,
        });
    }
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for variant in &study.variants {
        let mut row = vec![Cell::from(variant.name.clone())];
        if over_seeds {
            row.push(variant.entries.len().to_string().into());
        }
        for test in &shown {
            let cell = variant.cells.get(test.place).and_then(Option::as_ref);
            row.push(ua_cell(cell));
            if test.collapsed {
                row.push(collapse_cell(cell));
            }
            row.push(match over_seeds {
                true if single_uas => single_runs(cell),
                true => half_width(cell),
                false => number::interval(cell.and_then(|cell| cell.speakers_interval)).into(),
            });
            if test.gains {
                row.push(gain_cell(cell.and_then(|cell| cell.gain.as_ref())));
            }
            if test.folds {
                row.push(mean_of_folds(cell));
            }
        }
        rows.push(row);
    }
    let variants = rows.len();
    rows.push(constant("chance", &shown, over_seeds, |test| {
        test.chance_ua
    }));
    rows.push(constant("majority", &shown, over_seeds, |test| {
        test.majority.as_ref().map(|majority| majority.ua)
    }));
    let footer_rows = rows.len() - variants;
    vec![
        Block::Heading("Unweighted accuracy".into()),
        Block::Table(Table {
            caption: study.trained_on().unwrap_or_default(),
            columns,
            rows,
            footer_rows,
        }),
        Block::Paragraph(legend(study, &tests)),
    ]
}

/// A row of what needs no model.
fn constant(
    name: &str,
    shown: &[Shown<'_>],
    runs: bool,
    ua: impl Fn(&StudyTest) -> Option<f64>,
) -> Vec<Cell> {
    let faint = |text: String| Cell::toned(text, Tone::Faint);
    let mut row = vec![faint(name.into())];
    if runs {
        row.push(Cell::default());
    }
    for test in shown {
        row.push(faint(number::percent(ua(test.test))));
        // The mark, the interval, the gain and the mean of the folds.
        let others = [test.collapsed, test.gains, test.folds].map(usize::from);
        let others = 1 + others.iter().sum::<usize>();
        row.extend(vec![Cell::default(); others]);
    }
    row
}

fn legend(study: &Study, tests: &[(usize, &StudyTest)]) -> String {
    let any = |what: &dyn Fn(&StudyCell) -> bool| {
        tests
            .iter()
            .any(|&(place, _)| cells(study, place).any(what))
    };
    let mut legend = String::from("UA: mean recall of the classes, in %");
    if study.has_folds() {
        legend += ", pooled: over the predictions of all folds together";
    }
    legend += match study.has_seeds() {
        true if shows_single_runs(study) => {
            ", averaged over the runs. Each run: its own UA; under three runs no interval of their mean is given."
        }
        true => {
            ", averaged over the runs. 95 %: confidence interval of the mean over seeds (Student's t; none under three \
             runs)."
        }
        false => ". 95 %: interval for other speakers of the corpus (bootstrap over speakers).",
    };
    if any(&|cell| cell.gain.is_some()) {
        legend += &format!(
            " Gain: difference from {}, in points",
            study.compared_with()
        );
        legend += &compared::corrected_for(study.comparisons);
    }
    if study.has_folds() {
        legend += compared::MEAN_OF_FOLDS;
    }
    if any(&|cell| cell.collapsed > 0) {
        legend += " !: number of runs that collapsed, with nearly all predictions in one class.";
    }
    if tests.iter().any(|(_, test)| test.name == "in domain") {
        legend += match study.leaked.is_empty() {
            true => " In domain: held-out speakers of all training corpora together.",
            false => " In domain: the tested part of all training corpora together.",
        };
    }
    if tests.iter().any(|(_, test)| test.name == "all folds") {
        legend +=
            " All folds: every corpus that is left out, by the model that was not trained on it.";
    }
    legend += " Majority: always predicting the most frequent class.";
    legend
}
