//! Values between the nodes of a model as outputs of it.

use std::ops::Range;

use crate::error::ModelError;
use crate::onnx_fields::{GRAPH_OUTPUT, MODEL_GRAPH, VALUE_NAME};
use crate::protobuf_reader::{FieldValue, Fields, write_varint};

/// A field of bytes: its number in the upper bits of its tag.
const BYTES: u64 = 2;

/// The model with further outputs, which nodes of it give under these names. Runtimes find out their types and shapes.
///
/// # Errors
/// Where the bytes are no ONNX model.
pub fn with_outputs(file: Vec<u8>, names: &[&str]) -> Result<Vec<u8>, ModelError> {
    let graph = graph(&file).ok_or(ModelError::NotOnnx)?;
    let mut content = file[graph.clone()].to_vec();
    for name in names {
        let mut value = Vec::new();
        append(&mut value, VALUE_NAME, name.as_bytes());
        append(&mut content, GRAPH_OUTPUT, &value);
    }
    Ok(with_graph(file, graph, &content))
}

/// The model with another graph in the place of its own.
pub fn with_graph(mut file: Vec<u8>, graph: Range<usize>, content: &[u8]) -> Vec<u8> {
    let before = length_of(graph.len()).len();
    let length = length_of(content.len());
    file.splice(graph.clone(), content.iter().copied());
    file.splice(graph.start - before..graph.start, length);
    file
}

/// A length as it is written before what it is of.
pub fn length_of(bytes: usize) -> Vec<u8> {
    let mut length = Vec::new();
    write_varint(&mut length, bytes as u64);
    length
}

/// Where the graph is, behind its length.
pub fn graph(file: &[u8]) -> Option<Range<usize>> {
    let mut found = None;
    for field in Fields::of(file) {
        if let (MODEL_GRAPH, FieldValue::Bytes(graph)) = field.ok()? {
            let start = graph.as_ptr() as usize - file.as_ptr() as usize;
            found = Some(start..start + graph.len());
        }
    }
    // A length that is written with more bytes than it takes would be replaced in part only.
    found.filter(|graph| {
        let length = length_of(graph.len());
        let start = graph.start.checked_sub(length.len());
        start.is_some_and(|start| file[start..graph.start] == length)
    })
}

/// Appends a field of bytes.
pub fn append(bytes: &mut Vec<u8>, number: u64, content: &[u8]) {
    write_varint(bytes, number << 3 | BYTES);
    write_varint(bytes, content.len() as u64);
    bytes.extend(content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Signature;

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, number, content);
        bytes
    }

    /// Two nodes in a row, and as much behind the graph as before.
    fn model() -> Vec<u8> {
        let graph = [
            field(1, &[field(1, b"audio"), field(2, b"states")].concat()),
            field(1, &[field(1, b"states"), field(2, b"features")].concat()),
            field(11, &field(1, b"audio")),
            field(12, &field(1, b"features")),
        ]
        .concat();
        [vec![8, 10], field(7, &graph), field(8, b"opset")].concat()
    }

    #[test]
    fn what_nodes_give_becomes_an_output() {
        let model = with_outputs(model(), &["states"]).unwrap();
        let signature = Signature::of(&model).unwrap();
        let names: Vec<&str> = signature
            .outputs
            .iter()
            .map(|output| &*output.name)
            .collect();
        assert_eq!(names, ["features", "states"]);
        assert!(signature.internal.is_empty());
        // What is behind the graph is still there, and its length is right.
        assert!(Fields::of(&model).all(|field| field.is_ok()));
        assert!(model.ends_with(&field(8, b"opset")));
    }

    #[test]
    fn a_length_may_take_another_byte() {
        let names: Vec<String> = (0..40)
            .map(|number| format!("states of layer {number}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let model = with_outputs(model(), &names).unwrap();
        assert_eq!(Signature::of(&model).unwrap().outputs.len(), 41);
        assert!(with_outputs(b"no model".to_vec(), &["states"]).is_err());
    }
}
