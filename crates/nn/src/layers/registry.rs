//! The list of all kinds of layers.

use super::kind::Kind;

/// Every kind of layer, in the order in which `pipe schema` lists them.
pub const REGISTERED: &[Kind] = &[
    super::conv::KIND,
    super::residual_conv::KIND,
    super::lstm::KIND,
    super::gru::KIND,
    super::time_pool::KIND,
    super::linear::KIND,
    super::dropout::KIND,
    super::layer_norm::KIND,
    super::batch_norm::KIND,
    super::attention_pool::KIND,
    super::statistics_pool::KIND,
    super::transformer::KIND,
    super::weighted_sum::KIND,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_defaults_are_json() {
        for (at, kind) in REGISTERED.iter().enumerate() {
            assert!(REGISTERED[..at].iter().all(|other| other.name != kind.name));
            assert!(!kind.doc.is_empty());
            for key in kind.keys {
                assert!(!key.doc.is_empty(), "{}.{}", kind.name, key.name);
                assert_ne!(key.name, "layer");
                if let pipe_foundation::keys::Absent::Default(json) = key.absent {
                    serde_json::from_str::<serde_json::Value>(json).unwrap();
                }
            }
        }
    }
}
