//! `report`: evaluations side by side, with the published results.

use std::collections::BTreeSet;

use miette::Diagnostic as _;
use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::manifest::{Declaration, Diagnostics, Gathers, Kind, Parameter, Shape, suggest};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, InputLabel, InputOrigin, Stage, StepInput, stands_under,
};
use pipe_report::{AuditEntry, EmbeddingMap, ProbeEntry, Report, ReportEntry};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::items::{AUDIT, EVALUATION, MAP, PROBE, REPORT};

use super::options::options;
use super::setting::Setting;
use super::{audit, evaluate, probe, tsne};

mod error;
mod inputs;
mod reference;
mod rows;

use error::ReportError;
use inputs::{read_all, without};
use reference::reference_of;
pub use rows::FOLD;
use rows::{Rows, row_names};

/// The report's content, from which every form of it is rendered.
pub const CONTENT: &str = "report.json";

/// The name of this kind.
pub const NAME: &str = "report";

pub static KIND: Kind = Kind {
    name: NAME,
    // 2: statistics over speakers and seeds, probes, maps, CSV; 3, 4: remarks and legends in plainer words; 5: very many
    // classes, folds of numbers, all leaks
    version: 5,
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
            "audits",
            Shape::OneOrMany(&Shape::Input(&[AUDIT])),
            "Audits of the data, which are shown with all that they found.",
        ),
        Parameter::optional(
            "folds",
            Shape::Text,
            "The axis of the matrix whose values are folds of a cross-validation: their predictions count together, as one model. By default the axis that lists the folds of a stage (folds_of), or is called fold, where there is one.",
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

struct ReportStage {
    options: Options,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    Ok(Stage::Aggregate(Box::new(ReportStage {
        options: options(declaration)?,
    })))
}

/// What is wrong with the `reference` of a report over evaluations with these labels, as message and help.
pub fn odd_reference(
    parameters: &Map<String, Json>,
    labels: &[&InputLabel],
) -> Option<(String, String)> {
    let text = |name: &str| parameters.get(name).and_then(Json::as_str);
    let rows = Rows::of(labels, text("folds"));
    let error = reference_of(text("reference")?, &rows.labels).err()?;
    let help = error.help().map(|help| help.to_string());
    Some((error.to_string(), help.unwrap_or_default()))
}

/// What is wrong with the `folds` of a report over evaluations with these labels, as message and help.
pub fn odd_folds(
    parameters: &Map<String, Json>,
    labels: &[&InputLabel],
) -> Option<(String, String)> {
    let written = parameters.get("folds").and_then(Json::as_str)?;
    let variants = labels.iter().flat_map(|label| &label.variant);
    let axes: BTreeSet<&str> = variants.map(|(axis, _)| axis.as_str()).collect();
    if axes.contains(written) {
        return None;
    }
    let help = match axes.is_empty() {
        true => "none of them depends on [matrix]: remove `folds`, or use an axis in them, such as `${matrix.fold}`".to_owned(),
        false => suggest(written, axes),
    };
    let message = format!("the evaluations of this report have no axis `{written}`");
    Some((message, help))
}

impl ReportStage {
    fn fold_axis(&self) -> Option<&str> {
        self.options.folds.as_deref()
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
            fingerprint.add(format!("missing.{index}"), input.label.step_id());
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
        let audits = read_all(context, "audits", audit::CONTENT, |audit, _| {
            let _: &mut AuditEntry = audit;
        })?;
        let mut notes = self.options.notes.clone();
        notes.extend(without(&context.missing));
        let mut report = Report {
            title: self.options.title.clone(),
            entries,
            reference,
            notes,
            audits,
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
