//! A trained model as an ONNX graph that needs no code of ours.
//!
//! Opset 17, IR version 8 (ONNX 1.12), or what models of others need that are part of it. The graph takes a batch of
//! recordings of one length: `waveform` `[batch, samples]` at the model's rate, or `features` `[batch, frames, bins]`; both
//! sizes are free. It returns `probabilities` `[batch, 3]` of positive, neutral, negative. Attribute heads only shape training
//! and are left out.
//!
//! Within a batch no length is known but the common one, so recordings of different lengths go in one by one. Where silence is
//! trimmed, or a model of others is part of the graph, it takes `[1, samples]`.

mod chain;
mod copied_model;
mod embedding;
mod error;
mod front_end;
mod functionals;
mod graph;
mod moments;
mod network;
mod normalisation;
mod operators;
mod outside;
mod part;
mod trim;
mod windows;

use pipe_foundation::Digest;
use pipe_nn::model::{InputNormalisation, Model};
use pipe_nn::onnx::Graph;

use crate::predict::FrontEnd;
use crate::protobuf::Message;

use chain::Versions;
pub use chain::takes_one;
pub use error::OnnxError;
use graph::Dim;
pub use outside::{before_features, before_waveforms, beyond_graphs};

/// Version of the operator set.
const OPSET: u64 = 17;
/// Version of the file format, the one that came with [`OPSET`].
const IR_VERSION: u64 = 8;
/// Longest message of Protocol Buffers.
const LARGEST_FILE: usize = i32::MAX as usize;

/// What the graph takes.
#[derive(Clone, Copy)]
pub enum GraphInput<'a> {
    /// Samples in -1..=1 at the front end's rate; its whole computation is in the graph.
    Waveform(&'a FrontEnd),
    /// Features as the front end makes them.
    Features,
}

/// A model in ONNX.
pub struct Exported {
    /// The bytes of its file.
    pub bytes: Vec<u8>,
    /// The version of ONNX's operators.
    pub opset: u64,
}

/// The model in ONNX; equal models give equal bytes.
///
/// # Errors
/// A front end that a graph cannot hold, or a network too large for the format.
pub fn export(
    model: &Model,
    digest: &Digest,
    input: GraphInput<'_>,
) -> Result<Exported, OnnxError> {
    let mut graph = Graph::default();
    let mut versions = Versions {
        opset: OPSET,
        domains: Vec::new(),
        ir_version: IR_VERSION,
    };
    let mut together = "All recordings of a batch have the same length.";
    let bins = model.config().bins;
    let classes = model.config().classes.join(",");
    let count = model.config().classes.len();
    let mut properties = vec![
        ("classes", classes.clone()),
        ("model_digest", format!("blake3:{digest}")),
        ("pipe_version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let names = &model.config().classes;
    if names.iter().any(|class| class.contains(',')) {
        let names = serde_json::Value::from(names.clone());
        properties.push(("classes_json", names.to_string()));
    }
    let (features, declared, takes) = match input {
        GraphInput::Waveform(front_end) => {
            properties.push(("sample_rate_hz", front_end.rate_hz().to_string()));
            properties.push(("minimum_samples", front_end.shortest().to_string()));
            if let Some(InputNormalisation::Group { attribute }) = &model.config().normalisation {
                return Err(OnnxError::NormalisedOver {
                    attribute: attribute.clone(),
                });
            }
            let features = chain::add(&mut graph, "waveform", front_end, &mut versions)?;
            let (recordings, batch) = match chain::takes_one(front_end) {
                true => (Dim::Size(1), "1"),
                false => (Dim::Named("batch"), "batch"),
            };
            if batch == "1" {
                together = "It takes one recording at a time.";
            }
            let dims = [recordings, Dim::Named("samples")];
            let silence = match front_end.trims().is_empty() {
                true => "",
                false => " behind silence that is trimmed",
            };
            let takes = format!(
                "waveform [{batch}, samples]: mono audio at {} Hz, samples in -1..=1, at least {} of them{silence}",
                front_end.rate_hz(),
                front_end.shortest()
            );
            (features, graph::float_value("waveform", &dims), takes)
        }
        GraphInput::Features => {
            let lineage = model.config().feature_options.to_string();
            properties.push(("feature_options", lineage));
            let dims = [Dim::Named("batch"), Dim::Named("frames"), Dim::Size(bins)];
            let takes = format!(
                "features [batch, frames, {bins}]: {}, see feature_options",
                normalisation::wanted(model.config().normalisation.as_ref())
            );
            (
                "features".to_owned(),
                graph::float_value("features", &dims),
                takes,
            )
        }
    };
    let targets = &model.config().targets;
    let normalisation = model.config().normalisation.as_ref();
    let features = normalisation::add(&mut graph, features, normalisation);
    network::add(&mut graph, &features, model.network(), targets);
    let (mut outputs, mut returns) = (Vec::new(), Vec::new());
    if count > 0 {
        let dims = [Dim::Named("batch"), Dim::Size(count)];
        outputs.push(graph::float_value(network::PROBABILITIES, &dims));
        returns.push(format!("probabilities [batch, {count}] of {classes}"));
    }
    if !targets.is_empty() {
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        let dims = [Dim::Named("batch"), Dim::Size(names.len())];
        outputs.push(graph::float_value(network::NUMBERS, &dims));
        returns.push(format!(
            "numbers [batch, {}] of {}",
            names.len(),
            names.join(",")
        ));
        properties.push(("targets", names.join(",")));
    }
    let about = format!(
        "Speech emotion recognition. Takes {takes}. Returns {}. {together}",
        returns.join(" and ")
    );
    operators::moved(&mut graph, versions.opset);
    let graph = graph::message(&graph, "emotion", &about, &declared, &outputs);
    let set = |domain: &str, version: u64| Message::new().string(1, domain).int(2, version as i64);
    let mut file = Message::new()
        .int(1, versions.ir_version as i64)
        .string(2, "pipe")
        .string(3, env!("CARGO_PKG_VERSION"))
        .string(6, &about)
        .message(7, &graph)
        .message(8, &set("", versions.opset));
    for (domain, version) in &versions.domains {
        file = file.message(8, &set(domain, *version));
    }
    for (key, value) in properties {
        file = file.message(14, &Message::new().string(1, key).string(2, &value));
    }
    let bytes = file.into_bytes();
    if bytes.len() > LARGEST_FILE {
        return Err(OnnxError::Size { bytes: bytes.len() });
    }
    Ok(Exported {
        bytes,
        opset: versions.opset,
    })
}

#[cfg(test)]
mod tests {
    use pipe_speech::dsp::{FbankOptions, Normalisation, NormalisedFbank};

    use super::*;

    #[test]
    fn front_ends_that_no_graph_can_hold_are_refused() {
        let add = |options: FbankOptions| {
            let features = NormalisedFbank::new(options, Normalisation::None).unwrap();
            front_end::add(&mut Graph::default(), "waveform", &features)
        };
        let defaults = FbankOptions::default();
        assert!(add(defaults.clone()).is_ok());
        assert_eq!(
            add(FbankOptions {
                dither: 0.5,
                ..defaults.clone()
            }),
            Err(OnnxError::Dither)
        );
        assert_eq!(
            add(FbankOptions {
                sample_rate_hz: 768_000,
                frame_length_ms: 1000.0,
                ..defaults
            }),
            Err(OnnxError::LongFrames {
                frame_length: 768_000
            })
        );
    }
}
