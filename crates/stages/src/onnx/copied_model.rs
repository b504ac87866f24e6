//! The graph of another model as nodes and constants of ours.

use std::path::Path;

use pipe_inference::{
    InputTensor, ModelGraph, PlainAttribute, PlainGraph, PlainNode, TensorValues,
};
use pipe_nn::onnx::{Attribute, Body, CopiedConstant, Graph, Node};

use crate::protobuf::Message;

use super::error::OnnxError;
use super::operators;
use super::part::{DOUBLE, FLOAT, INT32, INT64};

/// `TensorProto.DataType.BOOL`.
const BOOL: i64 = 9;

/// Adds the nodes of a model to `nodes`, and its constants to `constants`, written with operators of version `opset`.
///
/// # Errors
/// An operator that means something else in that version.
pub(super) fn add(
    model: ModelGraph,
    opset: u64,
    file: &Path,
    nodes: &mut Vec<Node>,
    constants: &mut Vec<CopiedConstant>,
) -> Result<(), OnnxError> {
    let graph = converted(model.graph, model.opset, opset);
    let graph = graph.map_err(|reason| OnnxError::Model {
        file: file.to_owned(),
        reason,
    })?;
    nodes.extend(graph.nodes);
    constants.extend(graph.copied);
    Ok(())
}

fn converted(plain: PlainGraph, from: u64, to: u64) -> Result<Graph, String> {
    let mut graph = Graph::default();
    for node in plain.nodes {
        let node = node_of(node, from, to)?;
        graph.nodes.extend(operators::in_version(node, from, to)?);
    }
    let tensors = plain.tensors.into_iter();
    graph.copied = tensors
        .map(|tensor| CopiedConstant {
            encoded: tensor.encoded,
            is_sparse: tensor.is_sparse,
        })
        .collect();
    Ok(graph)
}

fn node_of(node: PlainNode, from: u64, to: u64) -> Result<Node, String> {
    let mut attributes = Vec::with_capacity(node.attributes.len());
    for (name, value) in node.attributes {
        let value = match value {
            PlainAttribute::Integer(value) => Attribute::Int(value),
            PlainAttribute::Float(value) => Attribute::Float(value),
            PlainAttribute::Integers(values) => Attribute::Ints(values),
            PlainAttribute::Text(text) => Attribute::Text(text),
            PlainAttribute::Encoded(bytes) => Attribute::Encoded(bytes),
            PlainAttribute::Graph(mut graph) => {
                let encoded = |values: Vec<(String, Vec<u8>)>| {
                    let values = values.into_iter().map(|(_, encoded)| encoded);
                    values.collect()
                };
                Attribute::Graph(Box::new(Body {
                    name: std::mem::take(&mut graph.name),
                    inputs: encoded(std::mem::take(&mut graph.inputs)),
                    outputs: encoded(std::mem::take(&mut graph.outputs)),
                    graph: converted(*graph, from, to)?,
                }))
            }
        };
        attributes.push((name, value));
    }
    Ok(Node {
        op: node.operator,
        domain: node.domain,
        name: node.name,
        inputs: node.inputs,
        outputs: node.outputs,
        attributes,
    })
}

/// What an input of a model always gets, as a constant of this name.
pub(super) fn constant(name: &str, tensor: &InputTensor) -> CopiedConstant {
    let (kind, bytes): (i64, Vec<u8>) = match &tensor.values {
        TensorValues::F32(values) => (FLOAT, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        TensorValues::F64(values) => (
            DOUBLE,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        TensorValues::I32(values) => (INT32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        TensorValues::I64(values) => (INT64, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        TensorValues::Bool(values) => (BOOL, values.iter().map(|&v| u8::from(v)).collect()),
    };
    let dims: Vec<i64> = tensor.shape.iter().map(|&length| length as i64).collect();
    let message = Message::new().ints(1, &dims).int(2, kind);
    CopiedConstant {
        encoded: message.string(8, name).bytes(9, &bytes).into_bytes(),
        is_sparse: false,
    }
}
