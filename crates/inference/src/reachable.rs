//! The nodes and constants of a graph that some of its values need; the others are left out.

use std::collections::{HashMap, HashSet};

use crate::plain_graph::{PlainGraph, PlainNode};

/// Leaves out what no value in `wanted` needs.
pub fn keep_reachable(graph: &mut PlainGraph, wanted: Vec<String>) {
    let mut makers = HashMap::new();
    for (place, node) in graph.nodes.iter().enumerate() {
        makers.extend(node.outputs.iter().map(|output| (output.clone(), place)));
    }
    let (mut names, mut kept) = (HashSet::new(), HashSet::new());
    let mut open = wanted;
    while let Some(name) = open.pop() {
        let maker = makers.get(&name).copied();
        if !names.insert(name) {
            continue;
        }
        if let Some(place) = maker.filter(|&place| kept.insert(place)) {
            taken_by(&graph.nodes[place], &mut open);
        }
    }
    let mut place = 0;
    graph.nodes.retain(|_| {
        place += 1;
        kept.contains(&(place - 1))
    });
    graph.tensors.retain(|tensor| names.contains(&tensor.name));
}

/// Names that a node takes, and the graphs within it, which see the values around them.
fn taken_by(node: &PlainNode, names: &mut Vec<String>) {
    names.extend(node.inputs.iter().cloned());
    for graph in node.graphs() {
        names.extend(graph.outputs.iter().map(|(name, _)| name.clone()));
        for inner in &graph.nodes {
            taken_by(inner, names);
        }
    }
}
