//! `report`: evaluations side by side, with the published results.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::manifest::{Declaration, Diagnostics, Gathers, Kind, Parameter, Shape};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, InputLabel, InputOrigin, Stage, StepInput, stands_under,
};
use pipe_report::eval::EvalError;
use pipe_report::{EmbeddingMap, FoldEntry, ProbeEntry, Reference, Report, ReportEntry};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::items::{EVALUATION, MAP, PROBE, REPORT};

use super::options::options;
use super::setting::Setting;
use super::{evaluate, probe, tsne};

/// The report's content, from which every form of it is rendered.
pub const CONTENT: &str = "report.json";

pub static KIND: Kind = Kind {
    name: "report",
    version: 3, // 2: statistics over speakers and seeds, probes, maps, CSV; 3: remarks and legends in plainer words
    doc: "Compares evaluations side by side: accuracies with intervals, recalls, confusion matrices, and the published results where they match.",
    parameters: &[
        Parameter::required(
            "input",
            Shape::OneOrMany(&Shape::Input(&[EVALUATION])),
            "Evaluations; all matrix variants of each are included.",
        ),
        Parameter::optional(
            "probes",
            Shape::OneOrMany(&Shape::Input(&[PROBE])),
            "Probes of the shared layers; all matrix variants of each are included.",
        ),
        Parameter::optional(
            "maps",
            Shape::OneOrMany(&Shape::Input(&[MAP])),
            "t-SNE maps; all matrix variants of each are included.",
        ),
        Parameter::optional(
            "folds",
            Shape::Text,
            "The axis of the matrix whose values are folds of a cross-validation: their predictions count together, as one model. By default the axis called fold, where there is one.",
        ),
        Parameter::optional(
            "reference",
            Shape::Text,
            "What variants are compared with: a value of any axis, such as \"small\", or \"size=small\" where several axes have it. Each variant is compared with the one that differs from it in this axis alone. By default the baseline (heads = []) of the same training corpora.",
        ),
        Parameter::default(
            "title",
            Shape::Text,
            "\"Results\"",
            "Heading of the report.",
        ),
        Parameter::default(
            "notes",
            Shape::List(&Shape::Text),
            "[]",
            "Remarks above the tables.",
        ),
    ],
    gathers: Gathers::Always,
    output: |_| REPORT,
    validate: |_| Vec::new(),
};

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    folds: Option<String>,
    #[serde(default)]
    reference: Option<String>,
    title: String,
    notes: Vec<String>,
}

/// Why a report cannot be written.
#[derive(Debug, Error, Diagnostic)]
enum ReportError {
    #[error("`{step}` has no {file}")]
    #[diagnostic(code(report::input))]
    Input { step: String, file: &'static str },
    #[error("cannot read the result of `{step}`: {reason}")]
    #[diagnostic(code(report::input))]
    Unreadable { step: String, reason: String },
    #[error("`reference = \"{written}\"` names {axes} values of the matrix, not one")]
    #[diagnostic(
        code(report::reference),
        help("the evaluations have the values {known}")
    )]
    Reference {
        written: String,
        axes: usize,
        known: String,
    },
    #[error("cannot write {}: {reason}", path.display())]
    #[diagnostic(code(report::output))]
    Output {
        path: PathBuf,
        reason: std::io::Error,
    },
}

struct ReportStage {
    options: Options,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    Ok(Stage::Aggregate(Box::new(ReportStage {
        options: options(declaration)?,
    })))
}

/// The axis of folds where nothing else is said.
const FOLD: &str = "fold";

/// Which evaluations are folds of one row, and what their rows are called.
struct Rows {
    /// The label of each input without its fold.
    labels: Vec<InputLabel>,
    /// The fold of each input; none where it is no fold.
    folds: Vec<Option<String>>,
}

impl Rows {
    /// Takes the axis called `axis` out of `labels`.
    fn of(labels: &[&InputLabel], axis: &str) -> Self {
        let mut rows = Self {
            labels: labels.iter().map(|label| (*label).clone()).collect(),
            folds: Vec::new(),
        };
        for label in &mut rows.labels {
            let place = label.variant.iter().position(|(name, _)| name == axis);
            rows.folds
                .push(place.map(|place| label.variant.remove(place).1));
        }
        rows
    }

    fn names(&self) -> Vec<String> {
        row_names(&self.labels.iter().collect::<Vec<_>>())
    }

    /// The evaluations with those of the folds of one row put together, in the order of the first fold of each.
    fn pooled(&self, entries: Vec<ReportEntry>) -> Result<Vec<ReportEntry>, EvalError> {
        let mut rows: Vec<(&InputLabel, Vec<FoldEntry>)> = Vec::new();
        let mut pooled: Vec<Option<ReportEntry>> = Vec::new();
        let mut row_of: Vec<Option<usize>> = Vec::new();
        for ((label, fold), entry) in self.labels.iter().zip(&self.folds).zip(entries) {
            let Some(fold) = fold.clone() else {
                pooled.push(Some(entry));
                row_of.push(None);
                continue;
            };
            let fold = FoldEntry { fold, entry };
            match rows.iter_mut().find(|(known, _)| *known == label) {
                Some((_, folds)) => folds.push(fold),
                None => {
                    row_of.push(Some(rows.len()));
                    pooled.push(None);
                    rows.push((label, vec![fold]));
                }
            }
        }
        let mut made = Vec::with_capacity(rows.len());
        for (_, folds) in rows {
            let first = folds
                .first()
                .map(|fold| (fold.entry.model.name.clone(), fold.entry.axes.clone()));
            let (name, axes) = first.unwrap_or_default();
            made.push(Some(ReportEntry {
                axes,
                ..ReportEntry::pooled(name, folds)?
            }));
        }
        let rows = pooled.into_iter().zip(row_of);
        let rows = rows.filter_map(|(entry, row)| entry.or_else(|| made.get_mut(row?)?.take()));
        Ok(rows.collect())
    }
}

/// The axis and value that `written` names.
///
/// # Errors
/// Where no axis has it, or several.
fn reference_of(written: &str, labels: &[InputLabel]) -> Result<Reference, ReportError> {
    let mut values: Vec<(&str, &str)> = Vec::new();
    for (axis, value) in labels.iter().flat_map(|label| &label.variant) {
        if !values.contains(&(axis, value)) {
            values.push((axis, value));
        }
    }
    let is_meant =
        |(axis, value): &&(&str, &str)| *value == written || format!("{axis}={value}") == written;
    let meant: Vec<&(&str, &str)> = values.iter().filter(is_meant).collect();
    match meant[..] {
        [(axis, value)] => Ok(Reference {
            axis: (*axis).to_owned(),
            value: (*value).to_owned(),
        }),
        _ => {
            let known = values.iter().map(|(axis, value)| format!("{axis}={value}"));
            Err(ReportError::Reference {
                written: written.to_owned(),
                axes: meant.len(),
                known: known.collect::<Vec<_>>().join(", "),
            })
        }
    }
}

/// Names of the rows: the matrix values where the inputs differ in them, with the stage where there are several.
fn row_names(labels: &[&InputLabel]) -> Vec<String> {
    let several = labels.iter().any(|label| label.stage != labels[0].stage);
    labels
        .iter()
        .map(|label| {
            let values: Vec<String> = label.variant.iter().map(value_name).collect();
            match (values.is_empty(), several) {
                (true, _) => label.stage.clone(),
                (false, false) => values.join(", "),
                (false, true) => format!("{} {}", label.stage, values.join(", ")),
            }
        })
        .collect()
}

/// A matrix value as people say it: a bare number needs the name of its axis.
fn value_name((axis, value): &(String, String)) -> String {
    match value.parse::<f64>() {
        Ok(_) => format!("{axis} {value}"),
        Err(_) => value.clone(),
    }
}

/// A step that the report does without, as its note names it.
fn missing_name(label: &InputLabel) -> String {
    let values = label.variant.iter();
    let values: Vec<String> = values
        .map(|(axis, value)| format!("{axis}={value}"))
        .collect();
    match values.is_empty() {
        true => label.stage.clone(),
        false => format!("{}[{}]", label.stage, values.join(",")),
    }
}

/// A note on what the report does without.
fn without(missing: &[InputLabel]) -> Option<String> {
    let names: Vec<String> = missing.iter().map(missing_name).collect();
    let steps = if names.len() == 1 { "step" } else { "steps" };
    (!names.is_empty()).then(|| {
        format!(
            "{} {steps} could not be made and {} missing here: {}.",
            names.len(),
            if names.len() == 1 { "is" } else { "are" },
            names.join(", ")
        )
    })
}

impl ReportStage {
    fn fold_axis(&self) -> &str {
        self.options.folds.as_deref().unwrap_or(FOLD)
    }
}

impl AggregateStage for ReportStage {
    fn allows_missing_inputs(&self) -> bool {
        true
    }

    /// The names of the rows, and of what is missing, are part of what is written.
    fn external_inputs(&self, inputs: &[InputOrigin], fingerprint: &mut FingerprintInputs) {
        for (parameter, row) in [("input", "row"), ("probes", "probe"), ("maps", "map")] {
            let labels: Vec<&InputLabel> = inputs
                .iter()
                .filter(|input| stands_under(&input.parameter, parameter))
                .map(|input| &input.label)
                .collect();
            let names = match parameter {
                "input" => {
                    let rows = Rows::of(&labels, self.fold_axis());
                    for (index, fold) in rows.folds.iter().enumerate() {
                        if let Some(fold) = fold {
                            fingerprint.add(format!("fold.{index}"), fold.clone());
                        }
                    }
                    if self.options.reference.is_some() {
                        for (index, label) in rows.labels.iter().enumerate() {
                            for (axis, value) in &label.variant {
                                fingerprint.add(format!("axis.{index}.{axis}"), value.clone());
                            }
                        }
                    }
                    rows.names()
                }
                _ => row_names(&labels),
            };
            for (index, name) in names.into_iter().enumerate() {
                fingerprint.add(format!("{row}.{index}"), name);
            }
        }
        let missing = inputs.iter().filter(|input| input.missing);
        for (index, input) in missing.enumerate() {
            fingerprint.add(format!("missing.{index}"), missing_name(&input.label));
        }
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let inputs: Vec<&StepInput> = context.inputs_of("input").collect();
        let labels: Vec<&InputLabel> = inputs.iter().map(|input| &input.label).collect();
        let rows = Rows::of(&labels, self.fold_axis());
        let mut entries = read_all(context, "input", evaluate::ENTRY, |entry, _| {
            let _: &mut ReportEntry = entry;
        })?;
        for (entry, name) in entries.iter_mut().zip(rows.names()) {
            entry.model.name = name;
        }
        let reference = self.options.reference.as_deref();
        let reference = reference
            .map(|written| reference_of(written, &rows.labels))
            .transpose()?;
        if reference.is_some() {
            for (entry, label) in entries.iter_mut().zip(&rows.labels) {
                entry.axes.clone_from(&label.variant);
            }
        }
        let entries = rows.pooled(entries)?;
        let probes = read_all(context, "probes", probe::ENTRY, |entry, name| {
            let entry: &mut ProbeEntry = entry;
            entry.model.name = name;
        })?;
        let maps = read_all(context, "maps", tsne::ENTRY, |map, name| {
            let map: &mut EmbeddingMap = map;
            map.model.name = name;
        })?;
        let mut notes = self.options.notes.clone();
        notes.extend(without(&context.missing));
        let mut report = Report {
            title: self.options.title.clone(),
            entries,
            reference,
            notes,
            probes,
            maps,
            ..Report::default()
        };
        report.study = Some(report.study().into_owned());
        let write = |name: &str, text: String| {
            let path = context.out.join(name);
            std::fs::write(&path, text).map_err(|reason| ReportError::Output { path, reason })
        };
        write("report.md", report.to_markdown())?;
        write("study.csv", report.to_csv())?;
        let json = |name: &str, json: Result<String, serde_json::Error>| {
            json.map_err(|error| ReportError::Output {
                path: context.out.join(name),
                reason: error.into(),
            })
        };
        write("study.json", json("study.json", report.to_study_json())?)?;
        write(
            CONTENT,
            json(CONTENT, serde_json::to_string(&report))? + "\n",
        )?;
        Ok(())
    }
}

/// Reads one file of every input under `parameter` and gives each the name of its row.
fn read_all<T: DeserializeOwned>(
    context: &AggregateContext<'_>,
    parameter: &str,
    file: &'static str,
    rename: impl Fn(&mut T, String),
) -> miette::Result<Vec<T>> {
    let inputs: Vec<&StepInput> = context.inputs_of(parameter).collect();
    let labels: Vec<&InputLabel> = inputs.iter().map(|input| &input.label).collect();
    let mut all = Vec::with_capacity(inputs.len());
    for (input, name) in inputs.iter().zip(row_names(&labels)) {
        let step = || input.step.clone();
        let path = input
            .file(file)
            .ok_or_else(|| ReportError::Input { step: step(), file })?;
        let unreadable = |reason: String| ReportError::Unreadable {
            step: step(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let mut one: T =
            serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        rename(&mut one, name);
        all.push(one);
    }
    Ok(all)
}
