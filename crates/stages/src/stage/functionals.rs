//! `functionals`: statistics of features over the frames of each recording.

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage};
use pipe_speech::dsp::{Functionals, Statistic};
use serde_json::Value as Json;

use crate::items::{Columns, FEATURES, FeatureItem, Matrix};

use super::options::options;
use super::setting::Setting;

/// What the columns at work take of the features of ten hours, with room to spare.
const MOST_COLUMNS_BYTES: u64 = 128 << 20;

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
    /// A vector is little; some columns are held, the one at work in double precision and sorted.
    fn size(&self, _source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        ItemSize {
            bytes: 0,
            memory_bytes: input.bytes.min(MOST_COLUMNS_BYTES),
        }
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let matrix = Matrix::of(input).ok_or_else(|| ItemError::permanent("no features"))?;
        let mut columns = Columns::of(&matrix, context.progress);
        let column = |bin| columns.take(bin);
        let found = self.0.of_columns(matrix.frames(), matrix.bins(), column)?;
        let found = found.ok_or_else(|| ItemError::permanent("it has no frames"))?;
        Ok(Box::new(FeatureItem(found)))
    }
}

#[cfg(test)]
mod tests {
    use pipe_engine::stage::ItemStage;
    use pipe_foundation::Features;

    use crate::items::long_test::{long_samples, made};
    use crate::items::{LongFeatures, Spool, Values};

    use super::*;

    #[test]
    fn features_that_are_not_held_have_the_statistics_of_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut values = long_samples();
        values.truncate(values.len() / 3 * 3);
        let mut spool = Spool::new(values.len() as u64, folder.path()).unwrap();
        spool.push(&values).unwrap();
        let Values::Long(part) = spool.finish().unwrap() else {
            panic!("it is held");
        };
        let long = LongFeatures::new(part, 3, None);
        let held = FeatureItem(Features {
            frames: values.len() / 3,
            bins: 3,
            values,
        });
        let stage: &dyn ItemStage = &FunctionalsStage(Functionals::default());
        let of_long = made(stage, &long, folder.path());
        let of_held = made(stage, &held, folder.path());
        assert_eq!(of_long.encode().unwrap(), of_held.encode().unwrap());
    }
}
