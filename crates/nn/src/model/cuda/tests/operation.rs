//! One operation on the tape of the device, forward and backward.

use cudarc::driver::result::memcpy_dtoh_sync;
use proptest::prelude::*;

use super::*;

/// Models, rows and columns.
pub type Sizes = (usize, usize, usize);

/// Small sizes of every kind.
pub fn sizes() -> impl Strategy<Value = Sizes> {
    (1usize..6, 1usize..9, 1usize..40)
}

/// Carries out an operation on `x` and walks back from `slope` at its output: output and gradient of `x`.
pub fn both_ways(
    card: &Arc<Card>,
    sizes: Sizes,
    x: &[f32],
    slope: &[f32],
    operation: impl FnOnce(&mut Tape, &Value) -> Value,
) -> (Vec<f32>, Vec<f32>) {
    let mut tape = Tape::new(card);
    let x = Value::new(&tape, Memory::of(card, x).unwrap(), sizes).unwrap();
    let output = operation(&mut tape, &x);
    let (to, card, slope) = (output.clone(), Arc::clone(card), slope.to_vec());
    tape.record(move |gradients| {
        let place = to.handle.gradient(gradients)?;
        assert_eq!(to.all(), slope.len(), "a slope for each output");
        // SAFETY: as many values as the output has.
        unsafe { card.upload(place, &slope) }
    });
    let mut walked = tape.backward().unwrap();
    let place = x.handle.gradient(&mut walked.gradients).unwrap();
    (output.values.read().unwrap(), read(place, x.all()))
}

fn read(place: Pointer, length: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    // SAFETY: callers name arrays that are so long.
    unsafe { memcpy_dtoh_sync(&mut values, place) }.unwrap();
    values
}
