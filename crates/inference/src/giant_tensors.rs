//! Models that say outright that they make tensors out of all proportion: a runtime would ask the system for the memory, and
//! be ended by it.
//!
//! Looked at are sizes that stand in the model: constants, and lists in attributes. Sizes that a model computes first are not
//! seen.

use std::collections::HashMap;

use crate::error::ModelError;
use crate::internal_outputs::graph;
use crate::onnx_fields::{
    ATTRIBUTE_GRAPH, ATTRIBUTE_TENSOR, GRAPH_INITIALIZER, GRAPH_NODE, NODE_ATTRIBUTE, NODE_OUTPUT,
    TENSOR_NAME,
};
use crate::protobuf_reader::{FieldValue, Fields, varint};

/// Values of a tensor, at most: 256 MiB of 32-bit floats.
const MOST_VALUES: f64 = (1 << 26) as f64;
/// Values of a constant that may be sizes, at most.
const MOST_SIZES: usize = 64;
/// Graphs within graphs that are looked at.
const DEEPEST: usize = 16;

const NODE_INPUT: u64 = 1;
const NODE_OPERATOR: u64 = 4;
const ATTRIBUTE_NAME: u64 = 1;
const ATTRIBUTE_FLOATS: u64 = 7;
const ATTRIBUTE_INTS: u64 = 8;
const TENSOR_DIMENSIONS: u64 = 1;
const TENSOR_TYPE: u64 = 2;
const TENSOR_FLOATS: u64 = 4;
const TENSOR_INT32: u64 = 5;
const TENSOR_INT64: u64 = 7;
const TENSOR_RAW: u64 = 9;

/// Values of small constants by name.
type Constants = HashMap<String, Vec<f64>>;

/// Checks the sizes that a model names. Bytes that are no model are for others to refuse.
///
/// # Errors
/// [`ModelError::Giant`] with the operator.
pub fn check(file: &[u8]) -> Result<(), ModelError> {
    match graph(file) {
        Some(graph) => check_graph(&file[graph], &Constants::new(), 0),
        None => Ok(()),
    }
}

fn check_graph(graph: &[u8], outer: &Constants, depth: usize) -> Result<(), ModelError> {
    if depth > DEEPEST {
        return Ok(());
    }
    let mut known = outer.clone();
    for tensor in messages(graph, GRAPH_INITIALIZER) {
        known.extend(text(tensor, TENSOR_NAME).zip(small(tensor)));
    }
    let nodes: Vec<Node<'_>> = messages(graph, GRAPH_NODE).map(Node::of).collect();
    for node in nodes.iter().filter(|node| node.operator == "Constant") {
        let value = node.attributes.iter().find_map(|(_, attribute)| {
            let tensor = messages(attribute, ATTRIBUTE_TENSOR).next();
            tensor.and_then(small).or_else(|| {
                let listed = [ATTRIBUTE_INTS, ATTRIBUTE_FLOATS];
                listed
                    .into_iter()
                    .map(|list| numbers(attribute, list))
                    .find(|list| !list.is_empty())
            })
        });
        known.extend(node.output.clone().zip(value));
    }
    for node in &nodes {
        if let Some(values) = node.values(&known).filter(|values| *values > MOST_VALUES) {
            return Err(ModelError::Giant {
                operator: node.operator.clone(),
                output: node.output.clone().unwrap_or_default(),
                values: format!("{values:e}"),
            });
        }
        for (_, attribute) in &node.attributes {
            for inner in messages(attribute, ATTRIBUTE_GRAPH) {
                check_graph(inner, &known, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// A node of a graph.
struct Node<'g> {
    operator: String,
    inputs: Vec<String>,
    output: Option<String>,
    attributes: Vec<(String, &'g [u8])>,
}

impl<'g> Node<'g> {
    fn of(node: &'g [u8]) -> Self {
        let attributes = messages(node, NODE_ATTRIBUTE).map(|attribute| {
            let name = text(attribute, ATTRIBUTE_NAME).unwrap_or_default();
            (name, attribute)
        });
        Self {
            operator: text(node, NODE_OPERATOR).unwrap_or_default(),
            inputs: messages(node, NODE_INPUT)
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect(),
            output: text(node, NODE_OUTPUT),
            attributes: attributes.collect(),
        }
    }

    /// Fewest values that it makes of a tensor that is not empty, where that stands in the model.
    fn values(&self, known: &Constants) -> Option<f64> {
        let input = |at: usize| known.get(self.inputs.get(at)?).map(Vec::as_slice);
        let list = |name: &str| -> Vec<f64> {
            let own = self.attributes.iter().filter(|(own, _)| own == name);
            own.flat_map(|(_, list)| {
                let mut all = numbers(list, ATTRIBUTE_INTS);
                all.extend(numbers(list, ATTRIBUTE_FLOATS));
                all
            })
            .collect()
        };
        match self.operator.as_str() {
            "ConstantOfShape" => input(0).map(product),
            "Expand" | "Tile" | "OneHot" => input(1).map(product),
            "Pad" => {
                let given = list("pads");
                let pads = input(1).unwrap_or(&given);
                Some(padded(pads))
            }
            "Resize" | "Upsample" => {
                let given = list("scales");
                let scales = match self.operator.as_str() {
                    "Resize" => input(2),
                    _ => input(1),
                };
                let scaled = product(scales.unwrap_or(&given));
                Some(scaled.max(input(3).map_or(0.0, product)))
            }
            "Range" => match (input(0)?, input(1)?, input(2)?) {
                ([start], [end], [step]) if *step != 0.0 => Some((end - start) / step),
                _ => None,
            },
            "HannWindow" | "HammingWindow" | "BlackmanWindow" => input(0).map(product),
            "RandomNormal" | "RandomUniform" => Some(product(&list("shape"))),
            "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" | "LpPool" | "ConvInteger"
            | "QLinearConv" => {
                let padding = padded(&list("pads")).max(product(&list("output_padding")));
                Some(padding.max(product(&list("output_shape"))))
            }
            _ => None,
        }
    }
}

/// Sizes multiplied; those below 1 say nothing.
fn product(sizes: &[f64]) -> f64 {
    sizes.iter().map(|size| size.max(1.0)).product()
}

/// Values of a tensor of one value with this padding before and after each axis.
fn padded(pads: &[f64]) -> f64 {
    let (before, after) = pads.split_at(pads.len() / 2);
    let axes = before.iter().zip(after);
    let axes = axes.map(|(before, after)| (1.0 + before + after).max(1.0));
    axes.product()
}

/// Messages in the fields of a number.
fn messages(message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    Fields::of(message).filter_map(move |field| match field {
        Ok((number, FieldValue::Bytes(bytes))) if number == wanted => Some(bytes),
        _ => None,
    })
}

fn text(message: &[u8], wanted: u64) -> Option<String> {
    let first = messages(message, wanted).next();
    first.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// A list of numbers, packed or one by one: floats in four bytes, and integers.
fn numbers(message: &[u8], wanted: u64) -> Vec<f64> {
    let is_float = wanted == ATTRIBUTE_FLOATS || wanted == TENSOR_FLOATS;
    let mut found = Vec::new();
    for field in Fields::of(message) {
        match field {
            Ok((number, FieldValue::Varint(value))) if number == wanted => {
                found.push(value.cast_signed() as f64);
            }
            Ok((number, FieldValue::Fixed32(value))) if number == wanted => {
                found.push(f64::from(f32::from_le_bytes(value)));
            }
            Ok((number, FieldValue::Bytes(packed))) if number == wanted && is_float => {
                let floats = packed.as_chunks::<4>().0.iter();
                found.extend(floats.map(|value| f64::from(f32::from_le_bytes(*value))));
            }
            Ok((number, FieldValue::Bytes(packed))) if number == wanted => {
                let mut bytes = packed.iter().copied();
                while let Some(value) = varint(|| bytes.next()) {
                    found.push(value.cast_signed() as f64);
                }
            }
            _ => {}
        }
        if found.len() > MOST_SIZES {
            return Vec::new();
        }
    }
    found
}

/// The values of a tensor that is small enough for sizes; none of others, or of a type that sizes do not have.
fn small(tensor: &[u8]) -> Option<Vec<f64>> {
    const FLOAT: f64 = 1.0;
    const INT32: f64 = 6.0;
    const INT64: f64 = 7.0;
    if product(&numbers(tensor, TENSOR_DIMENSIONS)) > MOST_SIZES as f64 {
        return None;
    }
    for list in [TENSOR_INT64, TENSOR_INT32, TENSOR_FLOATS] {
        let found = numbers(tensor, list);
        if !found.is_empty() {
            return Some(found);
        }
    }
    let raw = messages(tensor, TENSOR_RAW).next()?;
    let kind = *numbers(tensor, TENSOR_TYPE).first()?;
    let (fours, eights) = (raw.as_chunks::<4>().0.iter(), raw.as_chunks::<8>().0.iter());
    if raw.len() > 8 * MOST_SIZES {
        return None;
    }
    match kind {
        INT64 => Some(
            eights
                .map(|value| i64::from_le_bytes(*value) as f64)
                .collect(),
        ),
        INT32 => Some(
            fours
                .map(|value| f64::from(i32::from_le_bytes(*value)))
                .collect(),
        ),
        FLOAT => Some(
            fours
                .map(|value| f64::from(f32::from_le_bytes(*value)))
                .collect(),
        ),
        _ => None,
    }
}
