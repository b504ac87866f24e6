//! What of the way from a recording to a prediction is not in an ONNX file.

use pipe_foundation::Digest;
use pipe_nn::model::{InputNormalisation, ModelConfig};
use serde_json::Value as Json;

/// Kinds of stages that a graph contains, and `resample`, which comes before it.
const WITHIN: [&str; 5] = ["resample", "trim", "fbank", "embed", "functionals"];

/// Stages that no graph of ours contains, as clauses that name them, in their order.
pub fn beyond_graphs(config: &ModelConfig) -> Vec<String> {
    let stages = config.feature_options.as_array();
    let stages = stages.into_iter().flatten();
    stages
        .filter(|stage| !WITHIN.contains(&kind(stage)))
        .filter_map(step)
        .collect()
}

/// What has to be done with a recording before it reaches the graph, in its order.
pub fn before_waveforms(config: &ModelConfig) -> Vec<String> {
    steps(config, |kind| kind == "resample")
}

/// What has to be done with a recording before its features reach the graph, in its order.
pub fn before_features(config: &ModelConfig) -> Vec<String> {
    let mut steps = steps(config, |_| true);
    if let Some(InputNormalisation::Group { attribute }) = &config.normalisation {
        steps.push(format!(
            "normalisation over all recordings of the same {attribute}"
        ));
    }
    steps
}

fn steps(config: &ModelConfig, counts: fn(&str) -> bool) -> Vec<String> {
    let stages = config.feature_options.as_array();
    let stages = stages.into_iter().flatten();
    stages
        .filter(|stage| counts(kind(stage)))
        .filter_map(step)
        .collect()
}

fn kind(stage: &Json) -> &str {
    stage["kind"].as_str().unwrap_or_default()
}

/// What a stage does; none where it does nothing to a recording.
fn step(stage: &Json) -> Option<String> {
    let parameters = &stage["parameters"];
    Some(match kind(stage) {
        "ingest" | "augment" => return None,
        "resample" => match parameters["rate_hz"].as_u64() {
            Some(rate_hz) => format!("resampling to {rate_hz} Hz"),
            None => "resampling".to_owned(),
        },
        // Noise that a recording tells by its own statistics, and a chain of states: no graph of ours has them.
        "vad" => "speech found by `vad`".to_owned(),
        "trim" => "silence trimmed by `trim`".to_owned(),
        "fbank" => "the filterbank of `fbank`".to_owned(),
        "embed" => {
            let digest = stage["files"]["model"].as_str().and_then(Digest::parse);
            let digest = digest.map_or_else(String::new, |digest| {
                format!(" (BLAKE3 {})", digest.short())
            });
            format!("the model in ONNX of `embed`{digest}")
        }
        "functionals" => "functionals".to_owned(),
        "command" => "the program of `command`".to_owned(),
        other => format!("what `{other}` gives"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipe_nn::model::spec::default_encoder;
    use serde_json::json;

    #[test]
    fn each_stage_is_named_where_it_is_outside() {
        let mut config = ModelConfig {
            format: ModelConfig::FORMAT,
            bins: 40,
            encoder: default_encoder(),
            classes: ["positive", "negative"].map(String::from).into(),
            targets: Vec::new(),
            heads: Vec::new(),
            feature_options: json!([
                { "kind": "ingest" },
                { "kind": "resample", "parameters": { "rate_hz": 8000 } },
                { "kind": "trim", "parameters": {} },
                { "kind": "vad", "parameters": {} },
                { "kind": "fbank", "parameters": {} },
                { "kind": "functionals", "parameters": {} },
            ]),
            normalisation: None,
            provenance: Json::Null,
            best_epoch: 0,
        };
        assert_eq!(beyond_graphs(&config), ["speech found by `vad`"]);
        assert_eq!(before_waveforms(&config), ["resampling to 8000 Hz"]);
        config.normalisation = Some(InputNormalisation::Group {
            attribute: "speaker".into(),
        });
        assert_eq!(
            before_features(&config),
            [
                "resampling to 8000 Hz",
                "silence trimmed by `trim`",
                "speech found by `vad`",
                "the filterbank of `fbank`",
                "functionals",
                "normalisation over all recordings of the same speaker",
            ]
        );
        config.feature_options = json!([
            { "kind": "command", "parameters": {} },
            { "kind": "embed", "parameters": {} },
            { "kind": "import", "parameters": {} },
        ]);
        let outside = ["the program of `command`", "what `import` gives"];
        assert_eq!(beyond_graphs(&config), outside);
    }
}
