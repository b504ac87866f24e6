//! `report`: evaluations side by side, with the published results.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::manifest::{Declaration, Diagnostics, Gathers, Kind, Parameter, Shape};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, InputLabel, InputOrigin, Stage, StepInput, stands_under,
};
use pipe_report::{EmbeddingMap, ProbeEntry, Report, ReportEntry};
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
            for (index, name) in row_names(&labels).into_iter().enumerate() {
                fingerprint.add(format!("{row}.{index}"), name);
            }
        }
        let missing = inputs.iter().filter(|input| input.missing);
        for (index, input) in missing.enumerate() {
            fingerprint.add(format!("missing.{index}"), missing_name(&input.label));
        }
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let entries = read_all(context, "input", evaluate::ENTRY, |entry, name| {
            let entry: &mut ReportEntry = entry;
            entry.model.name = name;
        })?;
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
