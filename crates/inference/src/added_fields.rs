//! Fields added to the nodes of a model.

use std::ops::Range;

use crate::internal_outputs::{graph, length_of, with_graph};
use crate::onnx_fields::GRAPH_NODE;
use crate::protobuf_reader::{FieldValue, Fields, write_varint};

/// The model with further fields behind those of its nodes, as `added` gives for each. Unchanged where it gives none, or where
/// the bytes are no model.
pub fn with_added(file: Vec<u8>, added: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let Some(graph) = graph(&file) else {
        return file;
    };
    let old = &file[graph.clone()];
    let nodes: Vec<(Range<usize>, Vec<u8>)> = nodes(old)
        .map(|node| (node.clone(), added(&old[node])))
        .filter(|(_, added)| !added.is_empty())
        .collect();
    if nodes.is_empty() {
        return file;
    }
    let more: usize = nodes.iter().map(|(_, added)| added.len() + 8).sum();
    let mut content = Vec::with_capacity(old.len() + more);
    let mut copied = 0;
    for (node, added) in nodes {
        let length = length_of(node.len());
        content.extend(&old[copied..node.start - length.len()]);
        write_varint(&mut content, (node.len() + added.len()) as u64);
        content.extend(&old[node.clone()]);
        content.extend(added);
        copied = node.end;
    }
    content.extend(&old[copied..]);
    with_graph(file, graph, &content)
}

/// Where the nodes of a graph are.
fn nodes(graph: &[u8]) -> impl Iterator<Item = Range<usize>> {
    Fields::of(graph).filter_map(|field| {
        let Ok((GRAPH_NODE, FieldValue::Bytes(node))) = field else {
            return None;
        };
        let start = node.as_ptr() as usize - graph.as_ptr() as usize;
        let length = length_of(node.len());
        // A length that is written with more bytes than it takes would be replaced in part only.
        let is_plain = start >= length.len() && graph[start - length.len()..start] == length;
        is_plain.then(|| start..start + node.len())
    })
}
