//! Remarks that keep a reader from taking a report for more than it is.

use std::collections::BTreeSet;

use crate::eval::LEAST_SPEAKERS;
use crate::published::{
    PAPER_CLASSES, TRAINING_CORPORA, is_paper_training_set, paper_training_set, plain_name,
    plain_names,
};
use crate::sections::audit;
use crate::study::{baseline_of, class_sets};
use crate::{EpochPoint, Report, Study, StudyCell, StudyVariant, number};

/// At most `most` of some names.
fn join_at_most(names: &[String], most: usize) -> String {
    let (first, rest) = names.split_at(names.len().min(most));
    match rest.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn cells(study: &Study) -> impl Iterator<Item = &StudyCell> {
    study
        .variants
        .iter()
        .flat_map(|variant| &variant.cells)
        .flatten()
}

/// The report's own notes, then those that follow from its models; lists name at most `most` things.
pub(crate) fn remarks(report: &Report, study: &Study, most: usize) -> Vec<String> {
    let mut remarks = report.notes.clone();
    remarks.extend(audit::remark(report));
    let mut sets: Vec<&BTreeSet<String>> = Vec::new();
    for variant in &study.variants {
        if !variant.training_corpora.is_empty() && !sets.contains(&&variant.training_corpora) {
            sets.push(&variant.training_corpora);
        }
    }
    // Of other classes the paper says nothing.
    let of_paper = report
        .entries
        .iter()
        .any(|entry| entry.evaluation.classes == PAPER_CLASSES);
    remarks.extend(sets.iter().map(|set| trained_on(set, of_paper)));
    remarks.extend(leaks(report, study, most));
    remarks.extend(different_classes(report));
    if cells(study).any(|cell| cell.published.is_some())
        && sets.iter().any(|set| !is_paper_training_set(set))
    {
        remarks.push(
            "Published numbers are shown for orientation only: the training data differ, so a difference neither \
             confirms nor refutes the published results."
                .into(),
        );
    }
    remarks.extend(single_runs(study, most));
    remarks.extend(few_runs(study));
    remarks.extend(few_speakers(study, most));
    remarks.extend(no_gain(study, most));
    remarks.extend(kept_early(report));
    remarks.extend(collapse(study, most));
    remarks
}

/// So many leaks are named in a remark.
const MOST_LEAKS: usize = 10;

/// Models that were tested on what they were trained on.
fn leaks(report: &Report, study: &Study, most: usize) -> Option<String> {
    let entries: Vec<_> = (study.leaked.iter())
        .filter_map(|&index| report.entries.get(index))
        .collect();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let all = entries.iter().flat_map(|entry| &entry.leaks);
    let leaks: Vec<&str> = all
        .map(String::as_str)
        .filter(|leak| seen.insert(leak))
        .collect();
    let shown = leaks[..leaks.len().min(MOST_LEAKS)].join("; ");
    let told = match leaks.len() {
        0 => return None,
        1..=MOST_LEAKS => shown,
        all => format!(
            "{shown}; and {} more, which the page of the report names",
            all - MOST_LEAKS
        ),
    };
    let names: Vec<String> = entries
        .iter()
        .map(|entry| entry.model.name.clone())
        .collect();
    let names = join_at_most(&names, most);
    let (who, them) = match (entries.len(), report.entries.len()) {
        (1, 1) => ("The model was".to_owned(), "it was"),
        (1, all) => (format!("1 of {all} models ({names}) was"), "it was"),
        (some, all) => (
            format!("{some} of {all} models ({names}) were"),
            "they were",
        ),
    };
    Some(format!(
        "{who} tested on speakers or recordings that {them} trained on: {told}. Such a score says little of \
         new speakers."
    ))
}

/// Models of different classes are not compared by a UA.
fn different_classes(report: &Report) -> Option<String> {
    let sets = class_sets(report);
    if sets.len() < 2 {
        return None;
    }
    let lists: Vec<String> = sets.iter().map(|classes| classes.join(", ")).collect();
    Some(format!(
        "The models distinguish different classes ({}), so their UA cannot be compared: each set of classes has tables of its \
         own.",
        lists.join("; ")
    ))
}

/// The training corpora, and how they relate to the paper's where some are among them and the models may be `of_paper`.
fn trained_on(set: &BTreeSet<String>, of_paper: bool) -> String {
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    let names = list(&mut set.iter().map(String::as_str));
    if !of_paper || plain_names(set).is_disjoint(&paper_training_set()) {
        return format!("Trained on {names}.");
    }
    if is_paper_training_set(set) {
        return format!("Trained on the paper's six corpora: {names}.");
    }
    let ours = plain_names(set);
    let missing = list(
        &mut TRAINING_CORPORA
            .iter()
            .copied()
            .filter(|corpus| !ours.contains(&plain_name(corpus))),
    );
    let relation = if ours.is_subset(&paper_training_set()) {
        format!("a subset of the paper's six; missing: {missing}")
    } else if missing.is_empty() {
        "more than the paper's six".to_string()
    } else {
        format!("not the paper's six, of which these are missing: {missing}")
    };
    format!("Trained on {names}: {relation}.")
}

/// Which variants have one seed alone.
fn single_runs(study: &Study, most: usize) -> Option<String> {
    let single: Vec<String> = study
        .variants
        .iter()
        .filter(|variant| variant.entries.len() == 1)
        .map(|variant| variant.name.clone())
        .collect();
    let what = "the effect of the seed is unknown, so gains and p-values apply to these particular models, not to \
        their variants";
    if single.is_empty() {
        None
    } else if single.len() == study.variants.len() {
        Some(format!("Every variant is a single run: {what}."))
    } else {
        Some(format!(
            "Single runs: {}. For these, {what}.",
            join_at_most(&single, most)
        ))
    }
}

/// That a handful of seeds shows large differences only.
fn few_runs(study: &Study) -> Option<String> {
    let most = study
        .variants
        .iter()
        .map(|variant| variant.entries.len())
        .max()?;
    match most {
        2 => Some(
            "No variant has more than 2 runs: they are shown one by one, since no interval can be given over two seeds. \
             Only large differences can be distinguished from chance. More seeds would help most."
                .into(),
        ),
        3 | 4 => Some(format!(
            "No variant has more than {most} runs: intervals over seeds are wide, and only large differences can be \
             distinguished from chance. More seeds would help most."
        )),
        _ => None,
    }
}

/// Which tests have too few speakers for intervals over them, or none for other reasons.
fn few_speakers(study: &Study, most: usize) -> Option<String> {
    let mut few = Vec::new();
    let mut other = Vec::new();
    for (place, test) in study.tests.iter().enumerate() {
        let mut tested = study
            .variants
            .iter()
            .filter_map(|variant| variant.cells.get(place)?.as_ref());
        if test.speakers < LEAST_SPEAKERS {
            let told = format!("{} ({})", test.name, test.speakers);
            // Models of different classes are compared on a corpus of their own each.
            if !few.contains(&told) {
                few.push(told);
            }
        } else if tested.any(|cell| cell.speakers_interval.is_none()) {
            other.push(test.name.clone());
        }
    }
    let mut remark = String::new();
    if !few.is_empty() {
        remark = format!(
            "Fewer than {LEAST_SPEAKERS} speakers: {}. These tests do not show how much results vary between \
             speakers; {}.",
            join_at_most(&few, most),
            match study.has_seeds() {
                true => "their intervals and p-values cover seeds only",
                false => "they have no intervals or p-values",
            }
        );
    }
    if !other.is_empty() {
        remark += &format!(
            " On {}, some models have no interval over speakers, because a class has too few speakers or the runs of \
             a variant were not tested on the same speakers.",
            join_at_most(&other, most)
        );
    }
    (!remark.is_empty()).then(|| remark.trim().to_string())
}

/// Models whose kept weights are from epochs in which the attribute tasks had less than half of their final weight.
fn kept_early(report: &Report) -> Option<String> {
    let models = report.entries.iter().flat_map(|entry| {
        let folds = entry.folds.iter().map(|fold| &fold.entry);
        folds.chain(entry.folds.is_empty().then_some(entry))
    });
    let ramped: Vec<(&str, f64, f64)> = models
        .filter_map(|entry| {
            let (kept, last) = (EpochPoint::kept(&entry.history)?.alpha, entry.final_alpha?);
            Some((entry.model.name.as_str(), kept, last))
        })
        .collect();
    let mut early = ramped.iter().filter(|(_, kept, last)| *kept < last / 2.0);
    let (name, kept, last) = early.next()?;
    let (others, all) = (early.count(), ramped.len());
    let whose = match (others, all) {
        (0, 1) => "The weights that were kept are".to_owned(),
        (0, _) => format!("The weights that were kept of {name} are"),
        _ => format!(
            "The weights that were kept of {} of {all} models are",
            others + 1
        ),
    };
    let example = match others {
        0 => format!("{kept:.3} of {last:.3}"),
        _ => format!("of {name}: {kept:.3} of {last:.3}"),
    };
    Some(format!(
        "{whose} from an epoch in which alpha, the weight of the attribute tasks, was less than half of its final value \
         ({example}): they show little of what these tasks do. `select_from = \"ramp_end\"` of the train stage keeps \
         weights of later epochs only."
    ))
}

/// Which variants are compared with nothing, and why.
fn no_gain(study: &Study, most: usize) -> Vec<String> {
    let named = |variants: Vec<&StudyVariant>| {
        let names = variants.into_iter().map(|variant| variant.name.clone());
        join_at_most(&names.collect::<Vec<_>>(), most)
    };
    let variants = || study.variants.iter();
    let without = variants().filter(|variant| {
        let reference = study.reference.as_ref();
        !study.is_reference(variant) && baseline_of(&study.variants, variant, reference).is_none()
    });
    let without: Vec<&StudyVariant> = without.collect();
    if let Some(reference) = &study.reference {
        let has_axis = |variant: &StudyVariant| {
            let mut axes = variant.axes.iter();
            axes.any(|(axis, _)| *axis == reference.axis)
        };
        let remark = match variants().any(has_axis) {
            false => format!(
                "No gain is given: the values of {} are the seeds of the trainings, over which results are averaged. Let \
                 `reference` of the report name a value of another axis.",
                reference.axis
            ),
            true if without.is_empty() => return Vec::new(),
            true => format!(
                "No gain is given for {}: no variant with {} is the same otherwise.",
                named(without),
                study.reference_name()
            ),
        };
        return vec![remark];
    }
    let mut remarks = Vec::new();
    if !without.is_empty() {
        remarks.push(format!(
            "No gain is given for {}: a gain requires exactly one baseline with the same training corpora.",
            named(without)
        ));
    }
    let mut seen = Vec::new();
    for variant in variants().filter(|variant| study.is_reference(variant)) {
        let of =
            |variant: &StudyVariant| (variant.training_corpora.clone(), variant.classes.clone());
        if seen.contains(&of(variant)) {
            continue;
        }
        seen.push(of(variant));
        let alike =
            variants().filter(|other| study.is_reference(other) && of(other) == of(variant));
        let alike: Vec<&StudyVariant> = alike.collect();
        if alike.len() > 1 {
            remarks.push(format!(
                "{} variants have no attribute heads and the same training corpora ({}), so it is not clear which is the \
                 baseline, and no gain is given. Name what variants are compared with by `reference` of the report.",
                alike.len(),
                named(alike)
            ));
        }
    }
    remarks
}

/// One remark that names every variant with collapsed models.
fn collapse(study: &Study, most: usize) -> Option<String> {
    let mut found = Vec::new();
    let mut models = BTreeSet::new();
    for variant in &study.variants {
        let cells: Vec<(&str, &StudyCell)> = study
            .tests
            .iter()
            .zip(&variant.cells)
            .filter_map(|(test, cell)| Some((test.name.as_str(), cell.as_ref()?)))
            .collect();
        for (_, cell) in &cells {
            let collapsed = cell.models.iter().filter(|model| model.collapsed);
            models.extend(collapsed.map(|model| model.entry));
        }
        let part = |cell: &StudyCell| (cell.collapsed, cell.runs);
        let alike = cells.len() > 1 && cells.iter().all(|(_, cell)| part(cell) == part(cells[0].1));
        let on: Vec<String> = cells
            .iter()
            .filter(|(_, cell)| cell.collapsed > 0)
            .map(|(test, cell)| (if alike { "all tests" } else { test }, cell))
            .map(|(test, cell)| match cell.runs {
                1 => format!("on {test}"),
                runs => format!("{} of {runs} on {test}", cell.collapsed),
            })
            .take(if alike { 1 } else { usize::MAX })
            .collect();
        if !on.is_empty() {
            found.push(format!("{} ({})", variant.name, on.join(", ")));
        }
    }
    let total: usize = study
        .variants
        .iter()
        .map(|variant| variant.entries.len())
        .sum();
    (!found.is_empty()).then(|| {
        format!(
            "{} of {} collapsed (nearly all predictions are one class); disregard these results: {}.",
            models.len(),
            number::counted(total as u64, "model"),
            join_at_most(&found, most)
        )
    })
}
