//! Names for the nodes of a model that have none, so that what a runtime says of one can be told.

use crate::added_fields::with_added;
use crate::internal_outputs::append;
use crate::onnx_fields::NODE_OUTPUT;
use crate::protobuf_reader::{FieldValue, Fields};

/// `NodeProto.name`.
const NODE_NAME: u64 = 3;
/// `NodeProto.op_type`.
const NODE_OPERATOR: u64 = 4;

/// The model, whose nodes without a name are called after their operator and what they make. Unchanged where all have names,
/// or where it is no model.
pub fn with_named_nodes(file: Vec<u8>) -> Vec<u8> {
    with_added(file, |node| {
        let text = |wanted: u64| {
            Fields::of(node).find_map(|field| match field {
                Ok((number, FieldValue::Bytes(text))) if number == wanted => {
                    Some(String::from_utf8_lossy(text).into_owned())
                }
                _ => None,
            })
        };
        let is_named = text(NODE_NAME).is_some_and(|name| !name.is_empty());
        let mut added = Vec::new();
        if let (false, Some(operator)) = (is_named, text(NODE_OPERATOR)) {
            let name = format!("{operator} of {}", text(NODE_OUTPUT).unwrap_or_default());
            append(&mut added, NODE_NAME, name.as_bytes());
        }
        added
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::internal_outputs::graph;
    use crate::onnx_fields::GRAPH_NODE;

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, number, content);
        bytes
    }

    fn names(file: &[u8]) -> Vec<String> {
        let graph = &file[graph(file).unwrap()];
        let mut names = Vec::new();
        for field in Fields::of(graph) {
            if let (GRAPH_NODE, FieldValue::Bytes(node)) = field.unwrap() {
                for field in Fields::of(node) {
                    if let (NODE_NAME, FieldValue::Bytes(name)) = field.unwrap() {
                        names.push(String::from_utf8(name.to_vec()).unwrap());
                    }
                }
            }
        }
        names
    }

    #[test]
    fn only_nodes_without_a_name_get_one() {
        let node = |fields: &[(u64, &[u8])]| {
            let content: Vec<u8> = fields
                .iter()
                .flat_map(|(number, text)| field(*number, text))
                .collect();
            field(GRAPH_NODE, &content)
        };
        let long = vec![b'x'; 120];
        let graph = [
            node(&[(2, b"hidden"), (4, b"Conv"), (5, &long)]),
            node(&[(2, b"out"), (3, b"mine"), (4, b"Relu")]),
            node(&[(4, b"Shape")]),
            field(12, &field(1, b"out")),
        ]
        .concat();
        let whole = |graph: &[u8]| [vec![8, 10], field(7, graph), field(8, b"opset")].concat();
        let file = with_named_nodes(whole(&graph));
        assert_eq!(names(&file), ["Conv of hidden", "mine", "Shape of "]);
        assert!(file.ends_with(&field(8, b"opset")));
        assert!(Fields::of(&file).all(|field| field.is_ok()));
        assert_eq!(with_named_nodes(file.clone()), file);
        assert_eq!(with_named_nodes(b"no model".to_vec()), b"no model");
    }
}
