//! Which model it is, read from its configuration.

use std::collections::BTreeSet;

use pipe_nn::model::spec::HeadMode;
use pipe_nn::model::{HeadLabels, ModelConfig};
use pipe_report::{Attribute, Method, ModelIdentity};

/// Which model it is, for a report; the name of its row comes from the matrix.
pub fn identity(config: &ModelConfig, training_corpora: BTreeSet<String>) -> ModelIdentity {
    ModelIdentity {
        name: String::new(),
        method: method(config),
        attributes: attributes(config),
        seed: config.provenance["options"]["seed"].as_u64(),
        training_corpora,
    }
}

/// The paper's name for the use of the attribute heads; none when they are mixed, or the method is not one of the paper's.
fn method(config: &ModelConfig) -> Option<Method> {
    let mut modes = config.heads.iter().map(|head| head.head.mode);
    let Some(first) = modes.next() else {
        return Some(Method::Baseline);
    };
    if modes.any(|mode| mode != first) {
        return None;
    }
    match first {
        HeadMode::Shared => Some(Method::Mtl),
        HeadMode::GradReverse => Some(Method::Gr),
        HeadMode::Discriminator => Some(Method::Ad),
        HeadMode::Coral | HeadMode::Mmd | HeadMode::Cdan => None,
    }
}

fn attributes(config: &ModelConfig) -> BTreeSet<Attribute> {
    let attribute = |head: &HeadLabels| Attribute::from(head.head.attribute.name().to_owned());
    config.heads.iter().map(attribute).collect()
}
