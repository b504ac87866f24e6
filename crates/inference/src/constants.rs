//! What inputs get that take no recording.

use crate::embedder_options::{Constant, EmbedderOptions};
use crate::error::ModelError;
use crate::names::no_such;
use crate::signature::{Dimension, Element, Signature, ValueSignature};
use crate::tensor::{InputTensor, TensorValues};

/// Values of all inputs but `recording`.
///
/// # Errors
/// Inputs without a value, or values that do not fit.
pub fn of(
    signature: &Signature,
    recording: &str,
    options: &EmbedderOptions,
) -> Result<Vec<(String, InputTensor)>, ModelError> {
    for name in options.constants.keys() {
        if !signature.inputs.iter().any(|input| input.name == *name) {
            return Err(no_such("input", name, &signature.inputs));
        }
    }
    let others = signature
        .inputs
        .iter()
        .filter(|input| input.name != recording);
    let constants = others.map(|input| {
        let given = options
            .constants
            .get(&input.name)
            .ok_or_else(|| ModelError::Inputs {
                inputs: format!("input `{}` and all others but `{recording}`", input.name),
            })?;
        Ok((input.name.clone(), constant(input, given)?))
    });
    constants.collect()
}

/// A constant in the shape and of the type of its input; an axis of any length is 1 long.
fn constant(input: &ValueSignature, given: &Constant) -> Result<InputTensor, ModelError> {
    /// More values are no constant that somebody writes.
    const MOST: usize = 1 << 20;
    let length = |dimension: &Dimension| match dimension {
        Dimension::Fixed(length) => *length,
        Dimension::Free(_) => 1,
    };
    let mut shape: Vec<usize> = input.shape.iter().flatten().map(length).collect();
    let product = |shape: &[usize]| {
        let mut lengths = shape.iter();
        lengths.try_fold(1_usize, |product, &length| product.checked_mul(length))
    };
    let wrong = |found: usize| {
        ModelError::Shape(format!(
            "its input `{}` has the shape {shape:?}, and `constants` has {found} numbers for it",
            input.name
        ))
    };
    let numbers = match given {
        Constant::Number(number) => {
            let count = product(&shape).filter(|&count| count <= MOST);
            vec![*number; count.ok_or_else(|| wrong(1))?]
        }
        Constant::Numbers(numbers) => {
            let free = input.shape.iter().flatten();
            let is_free = free
                .clone()
                .filter(|d| matches!(d, Dimension::Free(_)))
                .count()
                == 1;
            // The one free axis is as long as it has to be.
            let others = product(&shape).filter(|&others| others > 0 && is_free);
            if let Some(others) = others.filter(|others| numbers.len() % others == 0)
                && let Some(place) = free.clone().position(|d| matches!(d, Dimension::Free(_)))
            {
                shape[place] = numbers.len() / others;
            }
            match product(&shape) == Some(numbers.len()) {
                true => numbers.clone(),
                false => {
                    return Err(ModelError::Shape(format!(
                        "its input `{}` has the shape {shape:?}, and `constants` has {} numbers for it",
                        input.name,
                        numbers.len()
                    )));
                }
            }
        }
    };
    let values = match input.element {
        Element::F32 => TensorValues::F32(numbers.iter().map(|&number| number as f32).collect()),
        Element::F64 => TensorValues::F64(numbers),
        Element::I32 => TensorValues::I32(numbers.iter().map(|&number| number as i32).collect()),
        Element::I64 => TensorValues::I64(numbers.iter().map(|&number| number as i64).collect()),
        Element::Bool => TensorValues::Bool(numbers.iter().map(|&number| number != 0.0).collect()),
        Element::Other(number) => {
            return Err(ModelError::Shape(format!(
                "its input `{}` has elements of a type that cannot be given (number {number} of ONNX)",
                input.name
            )));
        }
    };
    Ok(InputTensor { shape, values })
}
