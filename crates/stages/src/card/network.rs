//! How the model works: front end, layers, heads, training options.

use pipe_nn::model::spec::HeadMode;
use pipe_report::{Align, Markdown};
use serde_json::Value as Json;

use super::content::Card;

/// Writes the sections on computation.
pub(super) fn write(card: &Card<'_>, text: &mut Markdown) {
    text.heading(2, "Front end");
    let mut stages: Vec<String> = card
        .config
        .feature_options
        .as_array()
        .into_iter()
        .flatten()
        .filter(|stage| stage["kind"] != "ingest")
        .map(|stage| {
            let kind = stage["kind"].as_str().unwrap_or("?");
            match values(&stage["parameters"]) {
                values if values.is_empty() => kind.to_owned(),
                values => format!("{kind}: {values}"),
            }
        })
        .collect();
    stages.extend(
        card.config
            .normalisation
            .as_ref()
            .map(|how| format!("normalised {}: mean 0 and deviation 1", how.description())),
    );
    if stages.is_empty() {
        text.paragraph("The file does not say how its features were computed.");
    }
    text.list(&stages);
    text.heading(2, "Architecture");
    let layers = card.config.encoder.iter();
    let mut layers: Vec<String> = layers.map(|layer| layer.options().description()).collect();
    if !card.config.classes.is_empty() {
        layers.push(format!(
            "linear: {} units, softmax (the emotion head)",
            card.config.classes.len()
        ));
    }
    for target in &card.config.targets {
        layers.push(format!(
            "linear: 1 unit ({}, whose output times {:.4} plus {:.4} is in the unit of the data)",
            target.name, target.deviation, target.mean
        ));
    }
    text.list(&layers);
    let network = card.network;
    let heads = network.emotion_parameters() + network.target_parameters();
    let all = network.shared_parameters() + heads;
    let (what, of) = match card.config.targets.is_empty() {
        true => ("the emotion", "the head"),
        false => ("what it predicts", "the heads"),
    };
    let shortest = network.shape().minimum_frames();
    let padded = match shortest {
        1 => String::new(),
        _ => format!(" Utterances shorter than {shortest} frames are padded with zeros."),
    };
    text.paragraph(&format!(
        "{all} parameters give {what}: {} of the shared layers and {heads} of {of}.{padded}",
        network.shared_parameters()
    ));
    let heads: Vec<Vec<String>> = card
        .config
        .heads
        .iter()
        .zip(network.head_parameters())
        .map(|(head, parameters)| {
            let mode = match head.head.mode {
                HeadMode::Shared => "multi-task learning",
                HeadMode::GradReverse => "gradient reversal",
                HeadMode::Discriminator => "adversarial discriminator",
                HeadMode::Coral => "CORAL",
                HeadMode::Mmd => "MMD",
                HeadMode::Cdan => "conditional adversarial network",
            };
            vec![
                head.head.attribute.name().to_owned(),
                mode.to_owned(),
                head.labels.len().to_string(),
                parameters.to_string(),
            ]
        })
        .collect();
    if heads.is_empty() {
        text.paragraph("It was trained without attribute heads.");
    } else {
        text.paragraph("Attribute heads took part in training and are not used for predictions:");
        text.table(
            &[
                ("attribute", Align::Left),
                ("method", Align::Left),
                ("labels", Align::Right),
                ("parameters", Align::Right),
            ],
            &heads,
        );
    }
    text.heading(2, "Training");
    let options: Vec<Vec<String>> = card.config.provenance["options"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !["encoder", "heads"].contains(&name.as_str()))
        .map(|(name, value)| vec![name.clone(), plain(value)])
        .collect();
    if options.is_empty() {
        text.paragraph("The file does not say how it was trained.");
    } else {
        text.table(&[("option", Align::Left), ("value", Align::Left)], &options);
    }
}

/// Names and values of a table in one line.
fn values(table: &Json) -> String {
    let fields = table.as_object().into_iter().flatten();
    let said: Vec<String> = fields
        .map(|(name, value)| format!("{name} {}", plain(value)))
        .collect();
    said.join(", ")
}

/// A value as people write it.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "not set".into(),
        Json::Object(_) => values(value),
        other => other.to_string(),
    }
}
