//! Names for the nodes of a model that have none, so that what a runtime says of one can be told.

use std::ops::Range;

use crate::internal_outputs::{append, graph, length_of, with_graph};
use crate::protobuf_reader::{FieldValue, Fields, write_varint};
use crate::signature::{GRAPH_NODE, NODE_OUTPUT};

/// `NodeProto.name`.
const NODE_NAME: u64 = 3;
/// `NodeProto.op_type`.
const NODE_OPERATOR: u64 = 4;

/// The model, whose nodes without a name are called after their operator and what they make. Unchanged where all have names,
/// or where it is no model.
pub fn with_named_nodes(file: Vec<u8>) -> Vec<u8> {
    let Some(graph) = graph(&file) else {
        return file;
    };
    let nodes = unnamed(&file[graph.clone()]);
    if nodes.is_empty() {
        return file;
    }
    let old = &file[graph.clone()];
    let mut named = Vec::with_capacity(old.len() + 64 * nodes.len());
    let mut copied = 0;
    for (node, name) in nodes {
        let length = length_of(node.len());
        named.extend(&old[copied..node.start - length.len()]);
        let mut added = Vec::new();
        append(&mut added, NODE_NAME, name.as_bytes());
        write_varint(&mut named, (node.len() + added.len()) as u64);
        named.extend(&old[node.clone()]);
        named.extend(added);
        copied = node.end;
    }
    named.extend(&old[copied..]);
    with_graph(file, graph, &named)
}

/// The nodes of a graph without a name, and what to call each.
fn unnamed(graph: &[u8]) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for field in Fields::of(graph) {
        let Ok((GRAPH_NODE, FieldValue::Bytes(node))) = field else {
            continue;
        };
        let start = node.as_ptr() as usize - graph.as_ptr() as usize;
        let text = |wanted: u64| {
            Fields::of(node).find_map(|field| match field {
                Ok((number, FieldValue::Bytes(text))) if number == wanted => {
                    Some(String::from_utf8_lossy(text).into_owned())
                }
                _ => None,
            })
        };
        let is_named = text(NODE_NAME).is_some_and(|name| !name.is_empty());
        let length = length_of(node.len());
        // A length that is written with more bytes than it takes would be replaced in part only.
        let is_plain = start >= length.len() && graph[start - length.len()..start] == length;
        if let (false, true, Some(operator)) = (is_named, is_plain, text(NODE_OPERATOR)) {
            let output = text(NODE_OUTPUT).unwrap_or_default();
            found.push((start..start + node.len(), format!("{operator} of {output}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

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
