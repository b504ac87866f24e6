//! `report`: evaluations side by side, beside the published results.

use std::path::PathBuf;

use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use crate::artifact::{ArtifactKind, KeyMaterial};
use crate::corpus::Corpora;
use crate::manifest::{Declaration, Gathers, Kind, Parameter, Problems, Shape};
use crate::report::{Report, ReportEntry};

use super::evaluate::ENTRY;
use super::{Facts, InputLabel, Stage, WholeContext, WholeStage};

/// The report's content, from which every form of it is rendered.
pub const CONTENT: &str = "report.json";

pub static KIND: Kind = Kind {
    name: "report",
    version: 1,
    doc: "Puts evaluations side by side: accuracies with intervals, recalls, confusion matrices, and the published results where they match.",
    parameters: &[
        Parameter::required(
            "input",
            Shape::OneOrMany(&Shape::Input(&[ArtifactKind::Evaluation])),
            "Evaluations; all matrix variants of each are taken.",
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
    output: |_| ArtifactKind::Report,
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
    #[error("the evaluation `{step}` lacks {ENTRY}")]
    #[diagnostic(code(report::input))]
    Input { step: String },
    #[error("cannot read the evaluation `{step}`: {reason}")]
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

pub fn build(declaration: &Declaration, _corpora: &Corpora) -> Result<Stage, Problems> {
    Ok(Stage::Whole(Box::new(ReportStage {
        options: super::options(declaration)?,
    })))
}

/// Names of the rows: the matrix values where they tell the inputs apart, with the stage where there are several.
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

impl WholeStage for ReportStage {
    /// The names of the rows are part of what is written.
    fn surroundings(
        &self,
        inputs: &[(String, InputLabel)],
        _facts: &dyn Facts,
        material: &mut KeyMaterial,
    ) -> std::io::Result<()> {
        let labels: Vec<&InputLabel> = inputs.iter().map(|(_, label)| label).collect();
        for (index, name) in row_names(&labels).into_iter().enumerate() {
            material.add(format!("row.{index}"), name);
        }
        Ok(())
    }

    fn run(&self, context: &WholeContext<'_>) -> miette::Result<()> {
        let labels: Vec<&InputLabel> = context.inputs.iter().map(|input| &input.label).collect();
        let mut entries = Vec::new();
        for (input, name) in context.inputs.iter().zip(row_names(&labels)) {
            let step = || input.step.clone();
            let path = input
                .file(ENTRY)
                .ok_or_else(|| ReportError::Input { step: step() })?;
            let unreadable = |reason: String| ReportError::Unreadable {
                step: step(),
                reason,
            };
            let text =
                std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
            let mut entry: ReportEntry =
                serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
            entry.model.name = name;
            entries.push(entry);
        }
        let Options { title, notes } = &self.options;
        let report = Report {
            title: title.clone(),
            entries,
            notes: notes.clone(),
            ..Report::default()
        };
        let write = |name: &str, text: String| {
            let path = context.out.join(name);
            std::fs::write(&path, text).map_err(|reason| ReportError::Output { path, reason })
        };
        write("report.md", report.to_markdown())?;
        let json = serde_json::to_string_pretty(&report).map_err(std::io::Error::from);
        let path = context.out.join(CONTENT);
        write(
            CONTENT,
            json.map_err(|reason| ReportError::Output { path, reason })? + "\n",
        )?;
        Ok(())
    }
}
