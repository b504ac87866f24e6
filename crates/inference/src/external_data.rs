//! Models whose tensors stand in other files beside them: what such a file holds is in no digest of the model.

use crate::error::ModelError;
use crate::onnx_fields::{
    ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS, ATTRIBUTE_SPARSE_TENSOR, ATTRIBUTE_SPARSE_TENSORS,
    ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS, FUNCTION_NODE, GRAPH_INITIALIZER, GRAPH_NODE,
    GRAPH_SPARSE_INITIALIZER, MODEL_FUNCTION, MODEL_GRAPH, NODE_ATTRIBUTE, SPARSE_INDICES,
    SPARSE_VALUES, TENSOR_DATA_LOCATION, TENSOR_EXTERNAL_DATA, TENSOR_NAME,
};
use crate::protobuf_reader::{FieldValue, Fields, NoMessage};

/// `StringStringEntryProto.key` and `.value`.
const ENTRY_KEY: u64 = 1;
const ENTRY_VALUE: u64 = 2;
/// The key of the file's path.
const LOCATION: &[u8] = b"location";
/// `TensorProto.DataLocation.EXTERNAL`.
const EXTERNAL: u64 = 1;

/// Messages within messages, as many as readers of Protocol Buffers allow unless they are told otherwise.
pub const DEEPEST: usize = 100;

/// Fields with messages that may hold tensors, for each kind of message.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Function,
    Graph,
    Node,
    Attribute,
    Sparse,
    Tensor,
}

impl Message {
    fn parts(self) -> &'static [(u64, Self)] {
        use Message::{Attribute, Function, Graph, Node, Sparse, Tensor};
        match self {
            Self::Model => &[(MODEL_GRAPH, Graph), (MODEL_FUNCTION, Function)],
            Self::Function => &[(FUNCTION_NODE, Node)],
            Self::Graph => &[
                (GRAPH_NODE, Node),
                (GRAPH_INITIALIZER, Tensor),
                (GRAPH_SPARSE_INITIALIZER, Sparse),
            ],
            Self::Node => &[(NODE_ATTRIBUTE, Attribute)],
            Self::Attribute => &[
                (ATTRIBUTE_TENSOR, Tensor),
                (ATTRIBUTE_TENSORS, Tensor),
                (ATTRIBUTE_SPARSE_TENSOR, Sparse),
                (ATTRIBUTE_SPARSE_TENSORS, Sparse),
                (ATTRIBUTE_GRAPH, Graph),
                (ATTRIBUTE_GRAPHS, Graph),
            ],
            Self::Sparse => &[(SPARSE_VALUES, Tensor), (SPARSE_INDICES, Tensor)],
            Self::Tensor => &[],
        }
    }
}

/// Refuses a model with a tensor in another file, wherever in the model it is.
///
/// # Errors
/// [`ModelError::ExternalData`] with the first; [`ModelError::NotOnnx`] where the bytes are no model.
pub fn check(file: &[u8]) -> Result<(), ModelError> {
    match external(file, Message::Model, 0) {
        Ok(None) => Ok(()),
        Ok(Some(error)) => Err(error),
        Err(NoMessage) => Err(ModelError::NotOnnx),
    }
}

fn external(bytes: &[u8], kind: Message, depth: usize) -> Result<Option<ModelError>, NoMessage> {
    if depth > DEEPEST {
        return Err(NoMessage);
    }
    if let Message::Tensor = kind {
        return of_tensor(bytes);
    }
    for field in Fields::of(bytes) {
        let (number, FieldValue::Bytes(part)) = field? else {
            continue;
        };
        if let Some((_, kind)) = kind.parts().iter().find(|(of, _)| *of == number)
            && let Some(found) = external(part, *kind, depth + 1)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn of_tensor(tensor: &[u8]) -> Result<Option<ModelError>, NoMessage> {
    let (mut name, mut location, mut is_external) = (String::new(), None, false);
    for field in Fields::of(tensor) {
        match field? {
            (TENSOR_NAME, FieldValue::Bytes(text)) => {
                name = String::from_utf8_lossy(text).into_owned();
            }
            (TENSOR_DATA_LOCATION, FieldValue::Varint(where_it_is)) => {
                is_external = where_it_is == EXTERNAL;
            }
            (TENSOR_EXTERNAL_DATA, FieldValue::Bytes(entry)) => {
                location = location_of(entry)?.or(location);
            }
            _ => {}
        }
    }
    Ok(match (is_external, location) {
        (false, None) => None,
        (_, location) => Some(ModelError::ExternalData {
            tensor: name,
            location: location.unwrap_or_else(|| "another file".to_owned()),
        }),
    })
}

/// The path in an entry; none where it is about something else.
fn location_of(entry: &[u8]) -> Result<Option<String>, NoMessage> {
    let (mut is_location, mut path) = (false, None);
    for field in Fields::of(entry) {
        match field? {
            (ENTRY_KEY, FieldValue::Bytes(key)) => is_location = key == LOCATION,
            (ENTRY_VALUE, FieldValue::Bytes(value)) => {
                path = Some(String::from_utf8_lossy(value).into_owned());
            }
            _ => {}
        }
    }
    Ok(path.filter(|_| is_location))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::internal_outputs::append;

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, number, content);
        bytes
    }

    fn entry(key: &[u8], value: &[u8]) -> Vec<u8> {
        let entry = [field(ENTRY_KEY, key), field(ENTRY_VALUE, value)].concat();
        field(TENSOR_EXTERNAL_DATA, &entry)
    }

    /// A tensor in `weights.bin`, as `onnx.save(.., save_as_external_data=True)` writes it.
    fn outside() -> Vec<u8> {
        [
            field(TENSOR_NAME, b"P"),
            entry(b"location", b"weights.bin"),
            entry(b"offset", b"0"),
            vec![14 << 3, 1],
        ]
        .concat()
    }

    #[test]
    fn a_tensor_elsewhere_is_found_wherever_the_model_has_it() {
        let attribute = |number: u64, content: &[u8]| {
            field(GRAPH_NODE, &field(NODE_ATTRIBUTE, &field(number, content)))
        };
        let weight = field(GRAPH_INITIALIZER, &outside());
        let sparse = field(SPARSE_VALUES, &outside());
        for graph in [
            weight.clone(),
            field(GRAPH_SPARSE_INITIALIZER, &sparse),
            attribute(ATTRIBUTE_TENSOR, &outside()),
            attribute(ATTRIBUTE_TENSORS, &outside()),
            attribute(ATTRIBUTE_SPARSE_TENSOR, &sparse),
            attribute(ATTRIBUTE_GRAPH, &weight),
            attribute(ATTRIBUTE_GRAPHS, &attribute(ATTRIBUTE_GRAPH, &weight)),
        ] {
            let error = check(&field(MODEL_GRAPH, &graph)).unwrap_err();
            let expected = ModelError::ExternalData {
                tensor: "P".into(),
                location: "weights.bin".into(),
            };
            assert_eq!(error, expected);
        }
        let node = field(NODE_ATTRIBUTE, &field(ATTRIBUTE_TENSOR, &outside()));
        let function = field(MODEL_FUNCTION, &field(FUNCTION_NODE, &node));
        assert!(check(&function).is_err());
    }

    #[test]
    fn tensors_within_the_model_are_its_own() {
        let inside = [field(TENSOR_NAME, b"P"), field(9, &[0; 8])].concat();
        let graph = field(GRAPH_INITIALIZER, &inside);
        assert_eq!(check(&field(MODEL_GRAPH, &graph)), Ok(()));
        // One that is elsewhere and does not say where is no better.
        let nowhere = field(GRAPH_INITIALIZER, &[14 << 3, 1]);
        let error = check(&field(MODEL_GRAPH, &nowhere)).unwrap_err();
        assert!(error.to_string().contains("another file"), "{error}");
    }

    #[test]
    fn graphs_within_graphs_without_end_are_no_model() {
        let mut graph = field(GRAPH_INITIALIZER, &outside());
        for _ in 0..200 {
            graph = field(
                GRAPH_NODE,
                &field(NODE_ATTRIBUTE, &field(ATTRIBUTE_GRAPH, &graph)),
            );
        }
        let error = check(&field(MODEL_GRAPH, &graph)).unwrap_err();
        assert_eq!(error, ModelError::NotOnnx);
    }
}
