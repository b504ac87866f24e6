//! What the axes of a tensor are.

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::signature::{Dimension, ValueSignature};

/// What an axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Axis {
    /// Windows, or recordings.
    #[serde(rename = "batch")]
    Batch,
    /// Samples of a waveform, or frames of features.
    #[serde(rename = "time")]
    Time,
    /// Coefficients of a frame.
    #[serde(rename = "features")]
    Features,
    /// Nothing: it is 1 long.
    #[serde(rename = "1")]
    One,
}

impl Axis {
    /// Names in manifests.
    pub const NAMES: &'static [&'static str] = &["batch", "time", "features", "1"];
}

/// The axes of the input that takes a recording, by its rank unless they are given.
///
/// Of a waveform: `[time]`, `[batch, time]`, `[batch, 1, time]`. Of features: `[time, features]`, `[batch, time, features]`,
/// and `[batch, 1, time, features]`, or `[batch, time, features, 1]` where the last axis is always 1 long.
///
/// # Errors
/// A rank without usual axes, or given axes that do not fit.
pub fn input_axes(
    input: &ValueSignature,
    is_waveform: bool,
    given: Option<&[Axis]>,
) -> Result<Vec<Axis>, ModelError> {
    use Axis::{Batch, Features, One, Time};
    let rank = input.shape.as_ref().map(Vec::len);
    let unclear = || {
        let rank = rank.map_or("any number of".to_owned(), |rank| rank.to_string());
        ModelError::Shape(format!(
            "its input `{}` has {rank} axes, and which is which is not clear: `input_axes` has to say",
            input.name
        ))
    };
    let Some(given) = given else {
        if let Some(other) = made_for_the_other(input, is_waveform) {
            return Err(other);
        }
        let ends_in_1 =
            input.shape.as_ref().and_then(|shape| shape.last()) == Some(&Dimension::Fixed(1));
        let usual: &[Axis] = match (is_waveform, rank) {
            (true, Some(1)) => &[Time],
            (true, Some(2)) => &[Batch, Time],
            (true, Some(3)) => &[Batch, One, Time],
            (false, Some(2)) => &[Time, Features],
            (false, Some(3)) => &[Batch, Time, Features],
            (false, Some(4)) if ends_in_1 => &[Batch, Time, Features, One],
            (false, Some(4)) => &[Batch, One, Time, Features],
            _ => return Err(unclear()),
        };
        return Ok(usual.to_vec());
    };
    check(given, !is_waveform, "input_axes").map_err(ModelError::Shape)?;
    match rank.is_none_or(|rank| rank == given.len()) {
        true => Ok(given.to_vec()),
        false => Err(ModelError::Shape(format!(
            "its input `{}` has {} axes, and `input_axes` has {}",
            input.name,
            rank.unwrap_or_default(),
            given.len()
        ))),
    }
}

/// Why a model cannot take what it is given where its shape says that it takes the other of waveforms and features.
fn made_for_the_other(input: &ValueSignature, is_waveform: bool) -> Option<ModelError> {
    /// More coefficients than this are rather samples.
    const MOST_COEFFICIENTS: usize = 4096;
    let shape = input.shape.as_deref()?;
    let is_more = |dimension: &Dimension| matches!(dimension, Dimension::Fixed(2..));
    let are_coefficients =
        |dimension: &Dimension| matches!(dimension, Dimension::Fixed(2..=MOST_COEFFICIENTS));
    let is_free = |dimension: &Dimension| matches!(dimension, Dimension::Free(_));
    let takes_features = match shape {
        [_, middle, last] => is_more(middle) || (is_free(middle) && are_coefficients(last)),
        [_, _, _, _] => true,
        _ => false,
    };
    let takes_a_waveform = match shape {
        [_] => true,
        [Dimension::Fixed(1), last] => !are_coefficients(last),
        _ => false,
    };
    let told = |is: &str, gives: &str, between: &str| {
        Some(ModelError::Shape(format!(
            "its input `{}` is {}, {is}, and the stage before gives {gives}: {between}",
            input.name,
            shown(shape)
        )))
    };
    match is_waveform {
        true if takes_features => told(
            "frames of features",
            "a waveform, a row of samples",
            "put the stage between that makes the features which the model was trained on, such as `fbank`; where it does take samples, say with `input_axes` which axis they are",
        ),
        false if takes_a_waveform => told(
            "the samples of a waveform",
            "frames of features",
            "give it a stage of waveforms, such as `resample`; where it does take features, say with `input_axes` which axes they are",
        ),
        _ => None,
    }
}

/// A shape such as `[batch, ?, 80]`.
fn shown(shape: &[Dimension]) -> String {
    let dimensions = shape.iter().map(|dimension| match dimension {
        Dimension::Fixed(length) => length.to_string(),
        Dimension::Free(name) if name.is_empty() => "?".to_owned(),
        Dimension::Free(name) => name.clone(),
    });
    format!("[{}]", dimensions.collect::<Vec<_>>().join(", "))
}

/// Checks axes that are given: `time` and, `with_features`, `features` are among them, and none but `1` twice.
///
/// # Errors
/// What is wrong with those of the parameter `name`.
pub fn check(axes: &[Axis], with_features: bool, name: &str) -> Result<(), String> {
    let count = |axis: Axis| axes.iter().filter(|other| **other == axis).count();
    if count(Axis::Time) != 1 {
        return Err(format!("`{name}` needs \"time\" once"));
    }
    if with_features && count(Axis::Features) != 1 {
        return Err(format!("`{name}` needs \"features\" once"));
    }
    if !with_features && count(Axis::Features) > 0 {
        return Err(format!(
            "`{name}` has \"features\", but a waveform has none"
        ));
    }
    match count(Axis::Batch) > 1 {
        true => Err(format!("`{name}` has \"batch\" twice")),
        false => Ok(()),
    }
}

/// Values in the order of batch, time and features, moved into the order of `axes`.
pub fn arrange(values: Vec<f32>, lengths: [usize; 3], axes: &[Axis]) -> (Vec<usize>, Vec<f32>) {
    let (shape, steps) = layout(lengths, axes);
    if is_in_order(axes) {
        return (shape, values);
    }
    let mut arranged = vec![0.0; values.len()];
    let mut at = values.into_iter();
    for batch in 0..lengths[0] {
        for time in 0..lengths[1] {
            for feature in 0..lengths[2] {
                let place = batch * steps[0] + time * steps[1] + feature * steps[2];
                arranged[place] = at.next().unwrap_or_default();
            }
        }
    }
    (shape, arranged)
}

/// The inverse of [`arrange`]: lengths of batch, time and features, and values in their order.
///
/// # Errors
/// A shape that does not have these axes.
pub fn collect(
    shape: &[usize],
    values: Vec<f32>,
    axes: &[Axis],
) -> Result<([usize; 3], Vec<f32>), String> {
    if shape.len() != axes.len() {
        return Err(format!(
            "an output has the shape {shape:?}, and `output_axes` has {} axes",
            axes.len()
        ));
    }
    let length = |axis: Axis| {
        let place = axes.iter().position(|other| *other == axis);
        place.map_or(1, |place| shape[place])
    };
    if axes
        .iter()
        .zip(shape)
        .any(|(axis, length)| *axis == Axis::One && *length != 1)
    {
        return Err(format!(
            "an output has the shape {shape:?}, which is not 1 long where `output_axes` says so"
        ));
    }
    let lengths = [Axis::Batch, Axis::Time, Axis::Features].map(length);
    if is_in_order(axes) {
        return Ok((lengths, values));
    }
    let (_, steps) = layout(lengths, axes);
    let mut collected = Vec::with_capacity(values.len());
    for batch in 0..lengths[0] {
        for time in 0..lengths[1] {
            for feature in 0..lengths[2] {
                let place = batch * steps[0] + time * steps[1] + feature * steps[2];
                collected.push(values.get(place).copied().unwrap_or_default());
            }
        }
    }
    Ok((lengths, collected))
}

/// The shape of a tensor with these axes, and how far apart neighbours along batch, time and features are.
fn layout(lengths: [usize; 3], axes: &[Axis]) -> (Vec<usize>, [usize; 3]) {
    let of = |axis: &Axis| match axis {
        Axis::Batch => lengths[0],
        Axis::Time => lengths[1],
        Axis::Features => lengths[2],
        Axis::One => 1,
    };
    let shape: Vec<usize> = axes.iter().map(of).collect();
    let mut steps = [0; 3];
    let mut step = 1;
    for (axis, length) in axes.iter().zip(&shape).rev() {
        match axis {
            Axis::Batch => steps[0] = step,
            Axis::Time => steps[1] = step,
            Axis::Features => steps[2] = step,
            Axis::One => {}
        }
        step *= length;
    }
    (shape, steps)
}

fn is_in_order(axes: &[Axis]) -> bool {
    let order = |axis: &Axis| match axis {
        Axis::Batch => Some(0),
        Axis::Time => Some(1),
        Axis::Features => Some(2),
        Axis::One => None,
    };
    axes.iter().filter_map(order).is_sorted()
}

#[cfg(test)]
mod tests {
    use Axis::{Batch, Features, One, Time};
    use proptest::prelude::*;

    use super::*;
    use crate::signature::Element;

    fn input(shape: Option<Vec<Dimension>>) -> ValueSignature {
        ValueSignature {
            name: "x".into(),
            element: Element::F32,
            shape,
        }
    }

    #[test]
    fn usual_axes_follow_from_the_rank() {
        let free = |rank| input(Some(vec![Dimension::Free(String::new()); rank]));
        let axes = |input: &ValueSignature, is_waveform| input_axes(input, is_waveform, None);
        assert_eq!(axes(&free(2), true).unwrap(), [Batch, Time]);
        assert_eq!(axes(&free(3), true).unwrap(), [Batch, One, Time]);
        assert_eq!(axes(&free(3), false).unwrap(), [Batch, Time, Features]);
        assert_eq!(axes(&free(4), false).unwrap(), [Batch, One, Time, Features]);
        let mut last_is_1 = vec![Dimension::Free(String::new()); 3];
        last_is_1.push(Dimension::Fixed(1));
        let last_is_1 = input(Some(last_is_1));
        assert_eq!(
            axes(&last_is_1, false).unwrap(),
            [Batch, Time, Features, One]
        );
        for unclear in [free(5), input(None)] {
            assert!(axes(&unclear, true).is_err());
        }
        let given = input_axes(&free(2), false, Some(&[Features, Time])).unwrap();
        assert_eq!(given, [Features, Time]);
        for wrong in [
            &[Features][..],
            &[Time, Time, Features],
            &[Time],
            &[Batch, Time, Features],
        ] {
            assert!(
                input_axes(&free(2), false, Some(wrong)).is_err(),
                "{wrong:?}"
            );
        }
        assert!(input_axes(&free(2), true, Some(&[Time, Features])).is_err());
    }

    #[test]
    fn a_model_of_features_is_not_given_a_waveform_nor_the_reverse() {
        use Dimension::{Fixed, Free};
        let free = |name: &str| Free(name.into());
        let told = |shape: Vec<Dimension>, is_waveform| {
            let refused = input_axes(&input(Some(shape)), is_waveform, None);
            refused.map_err(|error| error.to_string())
        };
        for shape in [
            vec![free("batch"), Fixed(80), free("")],
            vec![Fixed(1), free("frames"), Fixed(40)],
            vec![Fixed(1), Fixed(1), free(""), Fixed(40)],
        ] {
            assert!(told(shape.clone(), false).is_ok(), "{shape:?}");
            let message = told(shape, true).unwrap_err();
            assert!(message.contains("such as `fbank`"), "{message}");
        }
        for shape in [vec![free("")], vec![Fixed(1), free("samples")]] {
            assert!(told(shape.clone(), true).is_ok(), "{shape:?}");
            let message = told(shape, false).unwrap_err();
            assert!(message.contains("such as `resample`"), "{message}");
        }
        assert_eq!(
            told(vec![Fixed(1), free("")], false)
                .unwrap_err()
                .split(':')
                .next(),
            Some(
                "its input `x` is [1, ?], the samples of a waveform, and the stage before gives frames of features"
            )
        );
        assert!(told(vec![free(""), Fixed(1), Fixed(400)], true).is_ok());
    }

    #[test]
    fn a_transposed_tensor_is_what_it_should_be() {
        let values = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let (shape, arranged) = arrange(values, [1, 2, 3], &[One, Features, Time]);
        assert_eq!(shape, [1, 3, 2]);
        assert_eq!(arranged, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    proptest! {
        #[test]
        fn what_is_arranged_is_collected_again(
            lengths in [1_usize..4, 1..4, 1..4],
            axes in Just(vec![Batch, Time, Features, One]).prop_shuffle(),
        ) {
            let count: usize = lengths.iter().product();
            let values: Vec<f32> = (0..count).map(|value| value as f32).collect();
            let (shape, arranged) = arrange(values.clone(), lengths, &axes);
            prop_assert_eq!(collect(&shape, arranged, &axes).unwrap(), (lengths, values));
        }
    }
}
