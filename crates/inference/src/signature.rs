//! What an ONNX model takes and gives, read from its file without a runtime.
//!
//! Fields and numbers are those of `onnx.proto` (ONNX, IR version 10).

use crate::error::ModelError;
use crate::external_data;
use crate::onnx_fields::{
    DIMENSION_NAME, DIMENSION_VALUE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_NODE, GRAPH_OUTPUT,
    MODEL_GRAPH, NODE_OUTPUT, SHAPE_DIMENSION, TENSOR_NAME, TENSOR_TYPE_ELEMENT, TENSOR_TYPE_SHAPE,
    TYPE_TENSOR, VALUE_NAME, VALUE_TYPE,
};
use crate::protobuf_reader::NoMessage;
use crate::protobuf_values::{integer, messages, text};

/// The type of the elements of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// Truth values.
    Bool,
    /// Another type, by its number in `TensorProto.DataType`; 0 where there is no tensor.
    Other(u64),
}

/// How long a tensor is along an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Always the same.
    Fixed(usize),
    /// Whatever is given; with its name, which may be empty.
    Free(String),
}

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueSignature {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub element: Element,
    /// Its shape; none where the file does not say.
    pub shape: Option<Vec<Dimension>>,
}

/// What a model takes and gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// What it takes, without constants of its own.
    pub inputs: Vec<ValueSignature>,
    /// What it gives.
    pub outputs: Vec<ValueSignature>,
    /// Names of what its nodes give one another, such as the states of each layer: it can be asked for as well.
    pub internal: Vec<String>,
}

impl Signature {
    /// That of a model file.
    ///
    /// # Errors
    /// Where the bytes are no ONNX model, or one with tensors in other files.
    pub fn of(file: &[u8]) -> Result<Self, ModelError> {
        external_data::check(file)?;
        let graph =
            messages(file, MODEL_GRAPH).and_then(|graphs| graphs.last().copied().ok_or(NoMessage));
        let signature = graph.and_then(Self::of_graph);
        signature.map_err(|NoMessage| ModelError::NotOnnx)
    }

    fn of_graph(graph: &[u8]) -> Result<Self, NoMessage> {
        let initializers = messages(graph, GRAPH_INITIALIZER)?.into_iter();
        let names: Vec<&[u8]> = initializers
            .map(|tensor| {
                Ok(messages(tensor, TENSOR_NAME)?
                    .last()
                    .copied()
                    .unwrap_or_default())
            })
            .collect::<Result<_, NoMessage>>()?;
        let values = |field| -> Result<Vec<ValueSignature>, NoMessage> {
            messages(graph, field)?.into_iter().map(value).collect()
        };
        let mut inputs = values(GRAPH_INPUT)?;
        // Up to IR version 3, constants of the model are among its inputs.
        inputs.retain(|input| !names.contains(&input.name.as_bytes()));
        let outputs = values(GRAPH_OUTPUT)?;
        if outputs.is_empty() {
            return Err(NoMessage);
        }
        let mut internal = Vec::new();
        for node in messages(graph, GRAPH_NODE)? {
            for name in messages(node, NODE_OUTPUT)? {
                let name = std::str::from_utf8(name).map_err(|_| NoMessage)?;
                let is_output = outputs.iter().any(|output| output.name == name);
                // An optional output that is left out has an empty name.
                if !is_output && !name.is_empty() {
                    internal.push(name.to_owned());
                }
            }
        }
        Ok(Self {
            inputs,
            outputs,
            internal,
        })
    }
}

/// An input, an output or a value between nodes.
pub(crate) fn value(message: &[u8]) -> Result<ValueSignature, NoMessage> {
    let name = text(message, VALUE_NAME)?;
    let types = messages(message, VALUE_TYPE)?;
    let tensors = messages(types.last().copied().unwrap_or_default(), TYPE_TENSOR)?;
    let tensor = tensors.last().copied().unwrap_or_default();
    let element = match integer(tensor, TENSOR_TYPE_ELEMENT)?.unwrap_or_default() {
        1 => Element::F32,
        6 => Element::I32,
        7 => Element::I64,
        9 => Element::Bool,
        11 => Element::F64,
        other => Element::Other(other),
    };
    let shape = messages(tensor, TENSOR_TYPE_SHAPE)?.last().map(|shape| {
        let dimensions = messages(shape, SHAPE_DIMENSION)?.into_iter();
        dimensions
            .map(dimension)
            .collect::<Result<Vec<_>, NoMessage>>()
    });
    Ok(ValueSignature {
        name,
        element,
        shape: shape.transpose()?,
    })
}

fn dimension(message: &[u8]) -> Result<Dimension, NoMessage> {
    let fixed = integer(message, DIMENSION_VALUE)?.and_then(|value| usize::try_from(value).ok());
    // Some exporters write 0 or -1 for one that is free.
    let fixed = fixed.filter(|&length| length > 0 && length < usize::MAX / 2);
    Ok(match fixed {
        Some(length) => Dimension::Fixed(length),
        None => Dimension::Free(text(message, DIMENSION_NAME)?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protobuf_reader::write_varint;

    /// A field with bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2];
        write_varint(&mut field, bytes.len() as u64);
        [&field, bytes].concat()
    }

    fn value_of(name: &str, element: u8, dimensions: &[&[u8]]) -> Vec<u8> {
        let shape: Vec<u8> = dimensions.iter().flat_map(|d| field(1, d)).collect();
        let tensor = [&[8, element], &field(2, &shape)[..]].concat();
        [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
    }

    fn model() -> Vec<u8> {
        let graph = [
            field(
                1,
                &[field(1, b"audio"), field(2, b"states"), field(2, b"")].concat(),
            ),
            field(1, &[field(1, b"states"), field(2, b"features")].concat()),
            field(5, &field(8, b"weight")),
            field(11, &value_of("audio", 1, &[&[8, 1], &field(2, b"samples")])),
            field(11, &value_of("rate", 7, &[])),
            field(11, &value_of("weight", 1, &[&[8, 3]])),
            field(12, &value_of("features", 1, &[&[8, 0], &[]])),
        ]
        .concat();
        [vec![8, 10], field(7, &graph)].concat()
    }

    #[test]
    fn inputs_and_outputs_are_those_of_the_graph_without_its_constants() {
        let found = Signature::of(&model()).unwrap();
        let free = |name: &str| Dimension::Free(name.into());
        let value = |name: &str, element, shape: Vec<Dimension>| ValueSignature {
            name: name.into(),
            element,
            shape: Some(shape),
        };
        assert_eq!(
            found.inputs,
            [
                value(
                    "audio",
                    Element::F32,
                    vec![Dimension::Fixed(1), free("samples")]
                ),
                value("rate", Element::I64, vec![]),
            ]
        );
        assert_eq!(found.internal, ["states"]);
        assert_eq!(
            found.outputs,
            [value("features", Element::F32, vec![free(""), free("")])]
        );
    }

    #[test]
    fn other_files_are_no_models() {
        for other in [
            &b""[..],
            b"RIFF\0\0\0\0WAVEfmt ",
            b"version https://git-lfs",
        ] {
            assert!(matches!(Signature::of(other), Err(ModelError::NotOnnx)));
        }
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_an_error_or_another_signature(at in 0_usize..100, byte: u8) {
            let mut damaged = model();
            let at = at % damaged.len();
            damaged[at] = byte;
            let _ = Signature::of(&damaged);
            let _ = Signature::of(&damaged[..at]);
        }
    }
}
