//! Each layer of the encoder on the device against its version on the processor, over random shapes.

use std::sync::Arc;

use proptest::prelude::*;

use crate::layers::testing::lengths;
use crate::model::cuda::Card;

use super::one_layer::{Trial, agrees};
use super::shared_card;

const CASES: u32 = 24;

/// Utterances of up to `longest` frames, for a few models.
fn trials(longest: usize) -> impl Strategy<Value = Trial> {
    let parts = (
        lengths(longest, 6),
        1usize..9,
        1usize..6,
        any::<bool>(),
        any::<u32>(),
    );
    parts.prop_map(|(lengths, width, models, shared, seed)| Trial {
        lengths,
        width,
        models,
        shared,
        seed,
    })
}

/// Tries a layer before the pooling or after it.
#[track_caller]
fn agrees_anywhere(card: &Arc<Card>, layer: &str, pooled: bool, trial: &Trial) {
    let pool = r#"{"layer":"time_pool","how":"mean"}"#;
    match pooled {
        true => agrees(card, &format!("[{pool},{layer}]"), 1, trial),
        false => agrees(card, &format!("[{layer},{pool}]"), 0, trial),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn convolutions(
        trial in trials(40), output in 1usize..9, width in 1usize..7, missing in 0usize..6, pool_width in 1usize..4,
        pool_stride in 1usize..4,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let padding = (width - 1).saturating_sub(missing);
        // A second block, so that the first one leaves zeros between the utterances.
        let conv = |channels: usize| format!(
            r#"{{"layer":"conv","channels":{channels},"width":{width},"padding":{padding},
                "pool_width":{pool_width},"pool_stride":{pool_stride}}}"#
        );
        let layers = format!(r#"[{},{},{{"layer":"time_pool","how":"mean"}}]"#, conv(output), conv(3));
        agrees(&card, &layers, 0, &trial);
    }

    #[test]
    fn long_short_term_memory(trial in trials(12), units in 1usize..9, both: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        let layers = format!(
            r#"[{{"layer":"lstm","units":{units},"bidirectional":{both}}},{{"layer":"time_pool","how":"mean"}}]"#
        );
        agrees(&card, &layers, 0, &trial);
    }

    #[test]
    fn pooling_over_time(trial in trials(20), units in 1usize..9, last: bool, both: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        let how = if last { "last_states" } else { "mean" };
        let layers = format!(
            r#"[{{"layer":"lstm","units":{units},"bidirectional":{both}}},{{"layer":"time_pool","how":"{how}"}}]"#
        );
        agrees(&card, &layers, 1, &trial);
    }

    #[test]
    fn fully_connected_layers(trial in trials(20), units in 1usize..9, pooled: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        let own = format!(r#"{{"layer":"linear","units":{units}}}"#);
        agrees_anywhere(&card, &own, pooled, &trial);
    }

    #[test]
    fn layer_normalisation(trial in trials(20), pooled: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        agrees_anywhere(&card, r#"{"layer":"layer_norm","epsilon":0.01}"#, pooled, &trial);
    }

    #[test]
    fn statistics_pooling(trial in trials(20)) {
        let Some(card) = shared_card() else { return Ok(()) };
        agrees(&card, r#"[{"layer":"statistics_pool"}]"#, 0, &trial);
    }

    #[test]
    fn attentive_pooling(trial in trials(20), units in 1usize..7, heads in 1usize..4) {
        let Some(card) = shared_card() else { return Ok(()) };
        let layers = format!(r#"[{{"layer":"attention_pool","units":{units},"heads":{heads}}}]"#);
        agrees(&card, &layers, 0, &trial);
    }

    #[test]
    fn weighted_sums_of_parts(trial in trials(20), parts in 1usize..5, pooled: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        let trial = Trial { width: parts * trial.width, ..trial };
        agrees_anywhere(&card, &format!(r#"{{"layer":"weighted_sum","parts":{parts}}}"#), pooled, &trial);
    }

    #[test]
    fn dropout(trial in trials(20), probability in prop_oneof![Just(0.0), 0.05..0.9], pooled: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        let own = format!(r#"{{"layer":"dropout","probability":{probability}}}"#);
        agrees_anywhere(&card, &own, pooled, &trial);
    }

    #[test]
    fn gated_recurrent_units(trial in trials(12), units in 1usize..9, both: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        let layers = format!(
            r#"[{{"layer":"gru","units":{units},"bidirectional":{both}}},{{"layer":"time_pool","how":"mean"}}]"#
        );
        agrees(&card, &layers, 0, &trial);
    }

    #[test]
    fn residual_blocks(trial in trials(30), output in 1usize..9, half in 0usize..3, same: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        let (output, width) = (if same { trial.width } else { output }, 2 * half + 1);
        let block = |channels: usize| format!(
            r#"{{"layer":"residual_conv","channels":{channels},"width":{width}}}"#
        );
        let layers = format!(r#"[{},{},{{"layer":"time_pool","how":"mean"}}]"#, block(output), block(3));
        agrees(&card, &layers, 0, &trial);
    }

    #[test]
    fn batch_normalisation(trial in trials(20), pooled: bool) {
        let Some(card) = shared_card() else { return Ok(()) };
        agrees_anywhere(&card, r#"{"layer":"batch_norm","epsilon":0.01,"momentum":0.3}"#, pooled, &trial);
    }

    #[test]
    fn transformers(
        trial in trials(20), heads in 1usize..4, units in 1usize..9, norm_first: bool, positions: bool,
    ) {
        let Some(card) = shared_card() else { return Ok(()) };
        let positions = if positions { "sinusoidal" } else { "none" };
        let layers = format!(
            r#"[{{"layer":"transformer","heads":{heads},"units":{units},"norm_first":{norm_first},
                "positions":"{positions}"}},{{"layer":"time_pool","how":"mean"}}]"#
        );
        // Of frames with fewer values, normalisation leaves gradients that are mostly rounding.
        let trial = Trial { width: heads * (3 + trial.width), ..trial };
        agrees(&card, &layers, 0, &trial);
    }
}
