//! The whole way from a waveform to features, as ONNX operators: trimming, filterbank, models of others and functionals.

use pipe_foundation::{Digest, regular_file};
use pipe_inference::{ModelGraph, Recording};
use pipe_nn::onnx::Graph;

use crate::predict::{FeatureStep, FrontEnd, SpeechFound};

use super::embedding::Embedding;
use super::error::OnnxError;
use super::front_end as filterbank;
use super::part::Part;
use super::{functionals, trim};

/// What else a graph says of itself than its nodes.
pub(super) struct Versions {
    /// The version of ONNX's operators.
    pub(super) opset: u64,
    /// Other sets of operators, with their versions.
    pub(super) domains: Vec<(String, u64)>,
    /// The version of the file format.
    pub(super) ir_version: u64,
}

/// Whether a graph takes one recording at a time: what is trimmed has other lengths in each, and models of others may not
/// keep recordings apart.
pub fn takes_one(front_end: &FrontEnd) -> bool {
    let mut steps = front_end.steps();
    !front_end.trims().is_empty() || steps.any(|step| matches!(step, FeatureStep::Embedder { .. }))
}

/// Adds the chain after the value `waveform`; gives back the name of the features. `versions` are raised to what its models
/// need.
///
/// # Errors
/// A front end that a graph cannot hold.
pub(super) fn add(
    graph: &mut Graph,
    waveform: &str,
    front_end: &FrontEnd,
    versions: &mut Versions,
) -> Result<String, OnnxError> {
    let embeddings = embeddings(front_end, versions)?;
    let mut value = waveform.to_owned();
    for (place, trim) in front_end.trims().iter().enumerate() {
        let SpeechFound::ByEnergy(trim) = trim else {
            return Err(OnnxError::OtherFeatures {
                outside: vec!["speech found by `vad`".to_owned()],
            });
        };
        let mut part = Part::new(graph, format!("trim.{place}"));
        value = trim::add(&mut part, &value, trim, front_end.rate_hz());
    }
    if let Some(fbank) = front_end.filterbank() {
        value = filterbank::add(graph, &value, fbank)?;
    }
    let mut embeddings = embeddings.into_iter();
    for (place, step) in front_end.steps().enumerate() {
        match step {
            FeatureStep::Embedder { .. } => {
                if let Some(embedding) = embeddings.next() {
                    let mut part = Part::new(graph, format!("embed.{place}"));
                    value = embedding.add(&mut part, &value, versions.opset)?;
                }
            }
            FeatureStep::Functionals(of) => {
                let mut part = Part::new(graph, format!("functionals.{place}"));
                value = functionals::add(&mut part, &value, of);
            }
            FeatureStep::Program(_) => {
                return Err(OnnxError::OtherFeatures {
                    outside: vec!["the program of `command`".to_owned()],
                });
            }
        }
    }
    Ok(value)
}

/// The models of others, in their order, and the versions that go with all of them.
fn embeddings<'f>(
    front_end: &'f FrontEnd,
    versions: &mut Versions,
) -> Result<Vec<Embedding<'f>>, OnnxError> {
    let mut found = Vec::new();
    for (place, step) in front_end.steps().enumerate() {
        let FeatureStep::Embedder {
            embedder,
            model: file,
            digest,
        } = step
        else {
            continue;
        };
        let refused = |reason: String| OnnxError::Model {
            file: file.clone(),
            reason,
        };
        let bytes = regular_file::read_whole(file);
        let bytes = bytes.map_err(|error| refused(format!("it cannot be read: {error}")))?;
        if Digest::of(&bytes) != *digest {
            return Err(refused("it was changed just now".to_owned()));
        }
        let usage = embedder.usage();
        let prefix = format!("embed.{place}.model/");
        let model = ModelGraph::of(&bytes, &prefix, &usage.outputs);
        let model = model.map_err(|error| refused(error.to_string()))?;
        versions.opset = versions.opset.max(model.opset);
        versions.ir_version = versions.ir_version.max(model.ir_version);
        for (domain, version) in &model.domains {
            let known = versions.domains.iter().find(|(other, _)| other == domain);
            match known {
                None => versions.domains.push((domain.clone(), *version)),
                Some((_, other)) if other == version => {}
                Some((_, other)) => {
                    return Err(refused(format!(
                        "it goes by version {version} of the operators {domain}, and another model of the chain by version {other}"
                    )));
                }
            }
        }
        let is_first = place == 0 && front_end.filterbank().is_none();
        found.push(Embedding {
            usage,
            recording: match is_first {
                true => Recording::Waveform,
                false => Recording::Features,
            },
            model,
            prefix,
            file,
        });
    }
    Ok(found)
}
