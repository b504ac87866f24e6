//! The study as a table for other programs: one row per variant and test.

use pipe_foundation::spreadsheet::guarded;

use crate::eval::Interval;
use crate::{Study, StudyCell, StudyTest, StudyVariant, TestRole};

/// The whole table with its header.
pub(crate) fn render(study: &Study) -> String {
    let mut text = String::new();
    let has_folds = study.has_folds();
    let all = all_classes(study);
    let mut names = header(&all);
    if has_folds {
        names.extend(FOLDS.map(String::from));
    }
    line(&mut text, names);
    for variant in &study.variants {
        for (test, cell) in study.tests.iter().zip(&variant.cells) {
            if let Some(cell) = cell {
                let own = study.classes_of(test);
                let mut fields = row((&all, own), variant, test, cell);
                if has_folds {
                    fields.extend(folds(cell));
                }
                line(&mut text, fields);
            }
        }
    }
    text
}

/// The classes of all tests: those of the study, then further ones.
fn all_classes(study: &Study) -> Vec<String> {
    let mut all = study.classes.clone();
    for class in study.tests.iter().flat_map(|test| study.classes_of(test)) {
        if !all.contains(class) {
            all.push(class.clone());
        }
    }
    all
}

const BEFORE_RECALLS: [&str; 22] = [
    "variant",
    "method",
    "attributes",
    "training_corpora",
    "test",
    "role",
    "headline",
    "utterances",
    "speakers",
    "chance_ua",
    "majority_ua",
    "majority_wa",
    "majority_class",
    "runs",
    "collapsed",
    "ua",
    "ua_of_runs",
    "seeds_low",
    "seeds_high",
    "speakers_low",
    "speakers_high",
    "wa",
];

const AFTER_RECALLS: [&str; 10] = [
    "gain",
    "gain_low",
    "gain_high",
    "gain_over",
    "p",
    "p_corrected",
    "significant",
    "paper_ua",
    "paper_gain",
    "paper_comparable",
];

/// Columns that only a study of folds has.
const FOLDS: [&str; 5] = [
    "folds",
    "ua_of_folds",
    "folds_mean_ua",
    "folds_low",
    "folds_high",
];

fn folds(cell: &StudyCell) -> [String; 5] {
    let Some(folds) = &cell.folds else {
        return Default::default();
    };
    let uas: Vec<String> = folds.folds.iter().map(|fold| fold.ua.to_string()).collect();
    let [low, high] = ends(folds.interval);
    [
        folds.folds.len().to_string(),
        uas.join(" "),
        folds.mean_ua.to_string(),
        low,
        high,
    ]
}

fn header(classes: &[String]) -> Vec<String> {
    let mut header: Vec<String> = BEFORE_RECALLS.map(String::from).into();
    header.extend(classes.iter().map(|class| format!("recall_{class}")));
    header.extend(AFTER_RECALLS.map(String::from));
    for truth in classes {
        header.extend(
            classes
                .iter()
                .map(|predicted| format!("count_{truth}_as_{predicted}")),
        );
    }
    header
}

/// A row over the classes of all tests, of a test with its `own`.
fn row(
    (classes, own): (&[String], &[String]),
    variant: &StudyVariant,
    test: &StudyTest,
    cell: &StudyCell,
) -> Vec<String> {
    let majority = test.majority.as_ref();
    let letters: Vec<String> = variant
        .attributes
        .iter()
        .map(|attribute| attribute.short().to_owned())
        .collect();
    let corpora: Vec<&str> = variant
        .training_corpora
        .iter()
        .map(String::as_str)
        .collect();
    let uas: Vec<String> = cell.uas.iter().map(f64::to_string).collect();
    let role = match test.role {
        TestRole::Unseen => "unseen",
        TestRole::Mixed => "mixed",
        TestRole::InDomain => "in_domain",
    };
    let [seeds_low, seeds_high] = ends(cell.seeds_interval);
    let [speakers_low, speakers_high] = ends(cell.speakers_interval);
    let mut row: Vec<String> = vec![
        variant.name.clone(),
        variant.method.map_or("", |method| method.name()).into(),
        letters.join("+"),
        corpora.join(" "),
        test.name.clone(),
        role.into(),
        test.headline.to_string(),
        test.utterances.to_string(),
        test.speakers.to_string(),
        number(test.chance_ua),
        number(majority.map(|majority| majority.ua)),
        number(majority.map(|majority| majority.wa)),
        majority
            .and_then(|majority| own.get(majority.class))
            .cloned()
            .unwrap_or_default(),
        cell.runs.to_string(),
        cell.collapsed.to_string(),
        cell.ua.to_string(),
        uas.join(" "),
        seeds_low,
        seeds_high,
        speakers_low,
        speakers_high,
        cell.wa.to_string(),
    ];
    let place = |class: &String| own.iter().position(|known| known == class);
    row.extend(classes.iter().map(|class| {
        let recall = place(class).and_then(|place| cell.recalls.get(place).copied().flatten());
        number(recall)
    }));
    let gain = cell.gain;
    let [gain_low, gain_high] = ends(gain.and_then(|gain| gain.interval));
    let over = match gain.map(|gain| (gain.over_seeds, gain.over_speakers)) {
        Some((true, true)) => "seeds speakers",
        Some((true, false)) => "seeds",
        Some((false, true)) => "speakers",
        _ => "",
    };
    row.extend([
        number(gain.map(|gain| gain.ua)),
        gain_low,
        gain_high,
        over.into(),
        number(gain.and_then(|gain| gain.p)),
        number(gain.and_then(|gain| gain.p_corrected)),
        gain.filter(|gain| gain.p_corrected.is_some())
            .map_or_else(String::new, |gain| gain.significant().to_string()),
        number(cell.published.map(|published| published.ua)),
        number(cell.published.and_then(|published| published.gain)),
        cell.published
            .map_or_else(String::new, |published| published.comparable.to_string()),
    ]);
    for truth in classes {
        row.extend(classes.iter().map(|predicted| {
            let count = place(truth).zip(place(predicted));
            count.map_or_else(String::new, |(truth, predicted)| {
                cell.confusion.count(truth, predicted).to_string()
            })
        }));
    }
    row
}

/// The shortest decimal that reads back exactly; empty for none.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn ends(interval: Option<Interval>) -> [String; 2] {
    [
        interval.map(|interval| interval.low),
        interval.map(|interval| interval.high),
    ]
    .map(number)
}

/// One line, fields quoted where they must be (RFC 4180).
fn line(text: &mut String, fields: Vec<String>) {
    let quoted = fields.into_iter().map(|field| {
        let field = guarded(&field).into_owned();
        if field.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field
        }
    });
    *text += &quoted.collect::<Vec<_>>().join(",");
    text.push('\n');
}
