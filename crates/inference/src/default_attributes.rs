//! Attributes of convolutions and poolings that a model leaves to their defaults, written out.
//!
//! ONNX leaves `strides`, `pads` and `dilations` to a default for each axis of space. How many axes there are, rten learns from
//! `kernel_shape` alone, which may be left out as well.

use std::collections::HashMap;

use crate::added_fields::with_added;
use crate::internal_outputs::{append, graph};
use crate::onnx_fields::{
    ATTRIBUTE_TENSOR, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_NODE, GRAPH_VALUE, NODE_ATTRIBUTE,
    NODE_OUTPUT, TENSOR_NAME,
};
use crate::protobuf_reader::{FieldValue, Fields, varint, write_varint};
use crate::signature::value;

const NODE_INPUT: u64 = 1;
const NODE_OPERATOR: u64 = 4;
const NODE_DOMAIN: u64 = 7;
const ATTRIBUTE_NAME: u64 = 1;
const ATTRIBUTE_TEXT: u64 = 4;
const ATTRIBUTE_INTEGERS: u64 = 8;
const ATTRIBUTE_TYPE: u64 = 20;
/// `AttributeProto.AttributeType.INTS`.
const INTEGERS: u64 = 7;
const TENSOR_DIMENSIONS: u64 = 1;

/// The model with the defaults of `strides`, `pads` and `dilations` in convolutions, and of `strides` in poolings. Unchanged
/// where nothing is left out, or where the number of axes cannot be told.
pub fn with_default_attributes(file: Vec<u8>) -> Vec<u8> {
    let Some(graph) = graph(&file) else {
        return file;
    };
    let ranks = ranks(&file[graph]);
    with_added(file, |node| defaults(node, &ranks).unwrap_or_default())
}

/// The attributes to add to a node; none where that cannot be told.
fn defaults(node: &[u8], ranks: &HashMap<String, usize>) -> Option<Vec<u8>> {
    let texts = |wanted| texts(node, wanted);
    if texts(NODE_DOMAIN)
        .iter()
        .any(|domain| !["", "ai.onnx"].contains(&&**domain))
    {
        return None;
    }
    let names: &[(&str, u64)] = match texts(NODE_OPERATOR).first()?.as_str() {
        "Conv" | "ConvInteger" | "ConvTranspose" => {
            &[("strides", 1), ("pads", 0), ("dilations", 1)]
        }
        "MaxPool" | "AveragePool" => &[("strides", 1)],
        _ => return None,
    };
    let mut lengths = HashMap::new();
    let mut pads_itself = false;
    for attribute in messages(node, NODE_ATTRIBUTE) {
        let text = |wanted| self::texts(attribute, wanted).into_iter().next();
        let name = text(ATTRIBUTE_NAME)?;
        pads_itself |= name == "auto_pad"
            && text(ATTRIBUTE_TEXT).is_some_and(|how| !["", "NOTSET"].contains(&&*how));
        lengths.insert(name, count(attribute, ATTRIBUTE_INTEGERS));
    }
    let told = |name: &str| lengths.get(name).copied().filter(|&length| length > 0);
    let inputs = texts(NODE_INPUT);
    // Behind the axes of batch and channels.
    let of_input = |place: usize| ranks.get(inputs.get(place)?)?.checked_sub(2);
    let axes = told("kernel_shape")
        .or_else(|| told("strides"))
        .or_else(|| told("dilations"))
        .or_else(|| told("pads").map(|pads| pads / 2))
        .or_else(|| of_input(1))
        .or_else(|| of_input(0))
        .filter(|&axes| axes > 0)?;
    let mut added = Vec::new();
    for &(name, default) in names {
        let is_pads = name == "pads";
        if lengths.contains_key(name) || (is_pads && pads_itself) {
            continue;
        }
        let mut attribute = Vec::new();
        append(&mut attribute, ATTRIBUTE_NAME, name.as_bytes());
        for _ in 0..axes * if is_pads { 2 } else { 1 } {
            write_varint(&mut attribute, ATTRIBUTE_INTEGERS << 3);
            write_varint(&mut attribute, default);
        }
        write_varint(&mut attribute, ATTRIBUTE_TYPE << 3);
        write_varint(&mut attribute, INTEGERS);
        append(&mut added, NODE_ATTRIBUTE, &attribute);
    }
    Some(added)
}

/// How many axes the constants of a graph have, and what else it gives the shape of.
fn ranks(graph: &[u8]) -> HashMap<String, usize> {
    let mut ranks = HashMap::new();
    for field in [GRAPH_INPUT, GRAPH_VALUE] {
        for message in messages(graph, field) {
            if let Ok(value) = value(message)
                && let Some(shape) = value.shape
            {
                ranks.insert(value.name, shape.len());
            }
        }
    }
    for node in messages(graph, GRAPH_NODE) {
        let is_constant = texts(node, NODE_OPERATOR) == ["Constant"];
        let tensor = messages(node, NODE_ATTRIBUTE)
            .filter(|_| is_constant)
            .find_map(|attribute| messages(attribute, ATTRIBUTE_TENSOR).next());
        let output = texts(node, NODE_OUTPUT).into_iter().next();
        ranks.extend(output.zip(tensor.map(|tensor| count(tensor, TENSOR_DIMENSIONS))));
    }
    for tensor in messages(graph, GRAPH_INITIALIZER) {
        let name = texts(tensor, TENSOR_NAME).into_iter().next();
        ranks.extend(name.map(|name| (name, count(tensor, TENSOR_DIMENSIONS))));
    }
    ranks
}

/// How many integers a list has, packed or one by one.
fn count(message: &[u8], wanted: u64) -> usize {
    let lists = Fields::of(message).filter_map(Result::ok);
    let lists = lists.filter(|(number, _)| *number == wanted);
    lists
        .map(|(_, list)| match list {
            FieldValue::Bytes(packed) => {
                let mut bytes = packed.iter().copied();
                std::iter::from_fn(|| varint(|| bytes.next())).count()
            }
            _ => 1,
        })
        .sum()
}

fn messages(message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    Fields::of(message).filter_map(move |field| match field {
        Ok((number, FieldValue::Bytes(bytes))) if number == wanted => Some(bytes),
        _ => None,
    })
}

fn texts(message: &[u8], wanted: u64) -> Vec<String> {
    let texts = messages(message, wanted);
    texts
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx_fields::MODEL_GRAPH;

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, number, content);
        bytes
    }

    fn list(name: &str, values: &[u8]) -> Vec<u8> {
        let mut attribute = field(ATTRIBUTE_NAME, name.as_bytes());
        attribute.extend(values.iter().flat_map(|&value| [8 << 3, value]));
        field(NODE_ATTRIBUTE, &attribute)
    }

    /// The lists that a node ends up with, by name.
    fn lists(operator: &str, attributes: &[Vec<u8>], constant: &[u8]) -> Vec<(String, usize)> {
        let node = [
            field(NODE_INPUT, b"x"),
            field(NODE_INPUT, b"w"),
            field(NODE_OUTPUT, b"y"),
            field(NODE_OPERATOR, operator.as_bytes()),
            attributes.concat(),
        ]
        .concat();
        let graph = [constant, &field(GRAPH_NODE, &node)].concat();
        let file = with_default_attributes(field(MODEL_GRAPH, &graph));
        let found = graph_of(&file);
        let node = messages(&found, GRAPH_NODE).last().unwrap().to_vec();
        messages(&node, NODE_ATTRIBUTE)
            .map(|attribute| {
                let name = texts(attribute, ATTRIBUTE_NAME).remove(0);
                (name, count(attribute, ATTRIBUTE_INTEGERS))
            })
            .collect()
    }

    fn graph_of(file: &[u8]) -> Vec<u8> {
        file[graph(file).unwrap()].to_vec()
    }

    /// A constant with so many axes, one by one and packed.
    fn weights(axes: usize) -> [Vec<u8>; 2] {
        let name = field(TENSOR_NAME, b"w");
        let single = [name.clone(), [TENSOR_DIMENSIONS as u8 * 8, 3].repeat(axes)].concat();
        let packed = [name, field(TENSOR_DIMENSIONS, &vec![3; axes])].concat();
        [single, packed].map(|tensor| field(GRAPH_INITIALIZER, &tensor))
    }

    fn pairs(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
        let expected = expected.iter();
        expected
            .map(|(name, length)| ((*name).to_owned(), *length))
            .collect()
    }

    #[test]
    fn what_a_convolution_leaves_out_has_one_value_for_each_axis() {
        let all = pairs(&[("strides", 1), ("pads", 2), ("dilations", 1)]);
        for constant in weights(3) {
            assert_eq!(lists("Conv", &[], &constant), all);
        }
        let two = pairs(&[("strides", 2), ("pads", 4), ("dilations", 2)]);
        assert_eq!(lists("ConvTranspose", &[], &weights(4)[0]), two);
        // Any list tells how many axes there are, and none is written twice.
        assert_eq!(
            lists("Conv", &[list("pads", &[1, 1])], b""),
            pairs(&[("pads", 2), ("strides", 1), ("dilations", 1)])
        );
        assert_eq!(
            lists("MaxPool", &[list("kernel_shape", &[2, 2])], b""),
            pairs(&[("kernel_shape", 2), ("strides", 2)])
        );
        let mut same = field(ATTRIBUTE_NAME, b"auto_pad");
        same.extend(field(ATTRIBUTE_TEXT, b"SAME_UPPER"));
        let same = field(NODE_ATTRIBUTE, &same);
        assert_eq!(
            lists("Conv", &[same], &weights(3)[0]),
            pairs(&[("auto_pad", 0), ("strides", 1), ("dilations", 1)])
        );
    }

    #[test]
    fn other_nodes_stay_as_they_are() {
        assert_eq!(lists("Conv", &[], b""), []);
        assert_eq!(lists("MatMul", &[], &weights(3)[0]), []);
        let foreign = field(NODE_DOMAIN, b"com.example");
        assert_eq!(lists("Conv", &[foreign], &weights(3)[0]), []);
        assert_eq!(with_default_attributes(b"no model".to_vec()), b"no model");
    }
}
