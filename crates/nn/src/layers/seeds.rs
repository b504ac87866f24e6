//! Seeds of what layers draw, out of that of a step.

/// The seed of the layer at `index`: layers draw apart from each other, as multiples of this number differ in all their
/// bits.
pub fn of_layer(seed: u64, index: usize) -> u64 {
    seed ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The seed of the utterance at this place in the batch, from that of the layer.
pub fn of_utterance(seed: u64, member: usize) -> u64 {
    seed.wrapping_add((member as u64).wrapping_mul(0xd134_2543_de82_ef95))
}
