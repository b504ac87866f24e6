//! The emotions as the classes that a network distinguishes.

use std::path::Path;

use pipe_nn::model::{Model, ModelError};
use pipe_speech::corpus::Emotion;

/// Names of the classes, in the order of a network's outputs.
pub fn names() -> Vec<String> {
    Emotion::ALL.map(|emotion| emotion.name().to_owned()).into()
}

/// The number of an emotion's class, from 0.
pub fn number(emotion: Emotion) -> usize {
    let place = Emotion::ALL.iter().position(|other| *other == emotion);
    place.unwrap_or_default()
}

/// Reads a model that distinguishes the emotions.
///
/// # Errors
/// As [`Model::load`], and where its classes are others.
pub fn load_model(path: &Path) -> Result<Model, ModelError> {
    let model = Model::load(path)?;
    if model.config().classes != names() {
        return Err(ModelError::File {
            path: path.to_owned(),
            reason: "its emotion classes are not positive, neutral, negative".into(),
        });
    }
    Ok(model)
}

/// What such a model says of one utterance; not a number where a row is of other classes.
pub fn probabilities(row: &[f32]) -> [f32; 3] {
    row.try_into().unwrap_or([f32::NAN; 3])
}

#[cfg(test)]
mod tests {
    use pipe_nn::model::spec::default_encoder;
    use pipe_nn::model::{EncoderShape, Initialisation, ModelConfig, Network};
    use serde_json::{Value as Json, json};

    use super::*;

    fn config(classes: Vec<String>) -> ModelConfig {
        ModelConfig {
            format: ModelConfig::FORMAT,
            bins: 40,
            encoder: default_encoder(),
            classes,
            heads: Vec::new(),
            feature_options: Json::Null,
            provenance: Json::Null,
            best_epoch: 0,
        }
    }

    #[test]
    fn a_model_of_other_classes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
        let network = Network::new(shape, 3, &[], Initialisation::He, 0).unwrap();
        let save = |classes| {
            let model = Model::new(config(classes), network.clone());
            model.save(&path).unwrap();
        };
        save(names());
        assert!(load_model(&path).is_ok());
        let mut others = names();
        others.reverse();
        save(others);
        let refused = load_model(&path).unwrap_err().to_string();
        assert!(
            refused.contains("not positive, neutral, negative"),
            "{refused}"
        );
    }

    #[test]
    fn names_are_those_of_the_tables() {
        let names: Vec<Json> = names().into_iter().map(Json::from).collect();
        assert_eq!(json!(names), json!(Emotion::ALL));
        assert_eq!(Emotion::ALL.map(number), [0, 1, 2]);
    }
}
