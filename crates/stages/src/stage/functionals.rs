//! `functionals`: statistics of features over the frames of each recording.

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemStage, Stage};
use pipe_speech::dsp::{Functionals, Statistic};
use serde_json::Value as Json;

use crate::items::{FEATURES, FeatureItem};

use super::options::options;
use super::setting::Setting;

/// The name of the kind.
pub const FUNCTIONALS: &str = "functionals";

pub static KIND: Kind = Kind {
    name: FUNCTIONALS,
    version: 1,
    doc: "One vector [1, values] for each recording: statistics of each feature over its frames, as linear models take them.",
    parameters: &[
        Parameter::required(
            "input",
            Shape::OneOrMany(&Shape::Input(&[FEATURES])),
            "Features.",
        ),
        Parameter::default(
            "statistics",
            Shape::List(&Shape::Choice(Statistic::NAMES)),
            "[\"mean\", \"deviation\"]",
            "Statistics of each feature, in this order: all features of the first, then of the second, and so on.",
        ),
        Parameter::default(
            "percentiles",
            Shape::List(&Shape::Float {
                min: 0.0,
                max: 100.0,
            }),
            "[]",
            "Percentiles of each feature, behind the statistics, such as [20, 50, 80].",
        ),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| FEATURES,
    validate,
};

fn validate(parameters: &serde_json::Map<String, Json>) -> Vec<Diagnostic> {
    let is_empty = |name: &str| {
        let list = parameters.get(name).and_then(Json::as_array);
        list.is_some_and(Vec::is_empty)
    };
    match is_empty("statistics") && is_empty("percentiles") {
        true => vec![
            Diagnostic::of_value("statistics", "nothing is computed", "an empty list")
                .help("name statistics or percentiles"),
        ],
        false => Vec::new(),
    }
}

struct FunctionalsStage(Functionals);

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    Ok(Stage::Items(Box::new(FunctionalsStage(options(
        declaration,
    )?))))
}

impl ItemStage for FunctionalsStage {
    fn memory_bytes(&self, _source: &dyn ItemFacts, input_bytes: u64) -> u64 {
        input_bytes
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let features: Option<&FeatureItem> = input.downcast_ref();
        let features = features.ok_or_else(|| ItemError::permanent("no features"))?;
        let found = self.0.of(&features.0, context.progress);
        let found = found.map_err(ItemError::transient)?;
        let found = found.ok_or_else(|| ItemError::permanent("it has no frames"))?;
        Ok(Box::new(FeatureItem(found)))
    }
}
