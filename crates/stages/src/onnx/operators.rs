//! Operators of one version of ONNX, written as those of a later one.
//!
//! All of a file goes by one version. Most operators mean the same in all versions from 7 on; what changed is here. Source:
//! the changelog of operators in the documentation of ONNX, and the schemas of its Python package, up to version 28.

use pipe_nn::onnx::{Attribute, Graph, Node, Numbers};

/// Versions that are known here.
const KNOWN: std::ops::RangeInclusive<u64> = 7..=28;

/// Operators that meant something else before a version, or are gone since, which nothing here rewrites.
const CHANGED: &[(&str, u64)] = &[
    ("BatchNormalization", 9),
    ("DFT", 20),
    ("GridSample", 20),
    ("GroupNormalization", 21),
    ("Resize", 11),
    ("RoiAlign", 16),
    ("Scan", 9),
    ("Upsample", 10),
];

/// Operators whose `axes` became an input in a version.
const AXES: &[(&str, u64)] = &[
    ("ReduceL1", 18),
    ("ReduceL2", 18),
    ("ReduceLogSum", 18),
    ("ReduceLogSumExp", 18),
    ("ReduceMax", 18),
    ("ReduceMean", 18),
    ("ReduceMin", 18),
    ("ReduceProd", 18),
    ("ReduceSum", 13),
    ("ReduceSumSquare", 18),
    ("Squeeze", 13),
    ("Unsqueeze", 13),
];

/// A node of another model, of ONNX's version `from`, as nodes of version `to`; [`moved`] does the rest.
///
/// # Errors
/// In words, an operator that means something else in that version.
pub(super) fn in_version(node: Node, from: u64, to: u64) -> Result<Vec<Node>, String> {
    for version in [from, to] {
        if !KNOWN.contains(&version) {
            return Err(format!(
                "it goes by version {version} of ONNX's operators, and versions {} to {} are known here: export it with one of these",
                KNOWN.start(),
                KNOWN.end()
            ));
        }
    }
    if !node.domain.is_empty() {
        return Ok(vec![node]);
    }
    let crosses = |change: u64| from < change && change <= to;
    let changed = CHANGED.iter().find(|(op, _)| *op == node.op);
    if let Some((op, change)) = changed.filter(|(_, change)| crosses(*change)) {
        return Err(format!(
            "its operator {op} is that of version {from} of ONNX's operators, and means something else since version {change}: export it with version {to}"
        ));
    }
    match node.op.as_str() {
        "Softmax" | "LogSoftmax" | "Hardmax" if crosses(13) => Ok(over_all_behind(node)),
        "Scatter" if crosses(11) => Ok(vec![Node {
            op: "ScatterElements".into(),
            ..node
        }]),
        _ => Ok(vec![node]),
    }
}

/// Before version 13, these took all axes from `axis` on as one.
fn over_all_behind(mut node: Node) -> Vec<Node> {
    let axis = match taken(&mut node, "axis") {
        Some(Attribute::Int(axis)) => axis,
        _ => 1,
    };
    let alone = |node: &mut Node, axis: i64| {
        node.attributes.push(("axis".into(), Attribute::Int(axis)));
    };
    let (Some(input), Some(output), true) = (
        node.inputs.first().cloned(),
        node.outputs.first().cloned(),
        axis != -1,
    ) else {
        alone(&mut node, -1);
        return vec![node];
    };
    let made = |op: &str, inputs: &[&str], part: &str| Node {
        op: op.into(),
        domain: String::new(),
        name: format!("{output}::{part}"),
        inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
        outputs: vec![format!("{output}::{part}")],
        attributes: Vec::new(),
    };
    let shape = made("Shape", &[&input], "shape");
    let mut flat = made("Flatten", &[&input], "flat");
    alone(&mut flat, axis);
    alone(&mut node, 1);
    node.inputs = flat.outputs.clone();
    node.outputs = vec![format!("{output}::rows")];
    let mut back = made("Reshape", &[&node.outputs[0], &shape.outputs[0]], "back");
    back.outputs = vec![output.clone()];
    vec![shape, flat, node, back]
}

/// Writes all nodes of a graph, ours and others', as version `to` has them: what was an attribute in an earlier one becomes an
/// input.
pub(super) fn moved(graph: &mut Graph, to: u64) {
    let nodes = std::mem::take(&mut graph.nodes);
    for mut node in nodes {
        for (_, attribute) in &mut node.attributes {
            if let Attribute::Graph(body) = attribute {
                moved(&mut body.graph, to);
            }
        }
        if node.domain.is_empty() {
            move_attributes(graph, &mut node, to);
        }
        graph.nodes.push(node);
    }
}

fn move_attributes(graph: &mut Graph, node: &mut Node, to: u64) {
    let axes = AXES.iter().find(|(op, _)| *op == node.op);
    if axes.is_some_and(|(_, since)| *since <= to) {
        move_ints(graph, node, "axes", 1);
    }
    match node.op.as_str() {
        "Split" => {
            move_ints(graph, node, "split", 1);
            let is_told = node.inputs.get(1).is_some_and(|split| !split.is_empty());
            let is_counted = node
                .attributes
                .iter()
                .any(|(name, _)| name == "num_outputs");
            if to >= 18 && !is_told && !is_counted {
                let outputs = Attribute::Int(node.outputs.len() as i64);
                node.attributes.push(("num_outputs".into(), outputs));
            }
        }
        "Clip" => {
            move_float(graph, node, "min", 1);
            move_float(graph, node, "max", 2);
        }
        "Pad" => {
            move_ints(graph, node, "pads", 1);
            move_float(graph, node, "value", 2);
        }
        "Slice" => {
            for (place, name) in ["starts", "ends", "axes"].into_iter().enumerate() {
                move_ints(graph, node, name, place + 1);
            }
        }
        "TopK" => move_ints(graph, node, "k", 1),
        // What it drops is for training alone.
        "Dropout" => drop(taken(node, "ratio")),
        _ => {}
    }
}

/// Takes an attribute away.
fn taken(node: &mut Node, name: &str) -> Option<Attribute> {
    let place = node.attributes.iter().position(|(own, _)| own == name)?;
    Some(node.attributes.remove(place).1)
}

fn move_ints(graph: &mut Graph, node: &mut Node, name: &str, place: usize) {
    let values = match taken(node, name) {
        Some(Attribute::Ints(values)) => values,
        Some(Attribute::Int(value)) => vec![value],
        _ => return,
    };
    let shape = vec![values.len()];
    put(graph, node, name, place, shape, Numbers::Ints(values));
}

fn move_float(graph: &mut Graph, node: &mut Node, name: &str, place: usize) {
    if let Some(Attribute::Float(value)) = taken(node, name) {
        put(
            graph,
            node,
            name,
            place,
            Vec::new(),
            Numbers::Floats(vec![value]),
        );
    }
}

/// Makes an input of numbers.
fn put(
    graph: &mut Graph,
    node: &mut Node,
    name: &str,
    place: usize,
    shape: Vec<usize>,
    values: Numbers,
) {
    let output = node.outputs.first().cloned().unwrap_or_default();
    let constant = graph.numbers(&format!("{output}::{name}"), &shape, values);
    while node.inputs.len() <= place {
        node.inputs.push(String::new());
    }
    node.inputs[place] = constant;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(op: &str, attributes: &[(&str, Attribute)]) -> Node {
        let mut graph = Graph::default();
        graph.node_with(op, "y", &["x"], attributes);
        graph.nodes.remove(0)
    }

    fn told(op: &str, from: u64, to: u64) -> Option<String> {
        in_version(node(op, &[]), from, to).err()
    }

    #[test]
    fn operators_that_mean_something_else_are_refused_only_across_their_change() {
        assert!(told("Resize", 10, 17).unwrap().contains("since version 11"));
        assert_eq!(told("Resize", 11, 28), None);
        assert_eq!(told("GroupNormalization", 21, 21), None);
        assert!(told("GroupNormalization", 18, 21).is_some());
        assert!(told("Upsample", 9, 17).is_some());
        assert!(told("Relu", 29, 29).unwrap().contains("version 29"));
        assert!(told("Relu", 6, 17).unwrap().contains("version 6"));
        let mut of_others = node("Resize", &[]);
        of_others.domain = "com.microsoft".into();
        assert_eq!(in_version(of_others, 10, 17).unwrap().len(), 1);
    }

    #[test]
    fn attributes_become_inputs_where_the_version_wants_them() {
        let moved_to = |node: Node, to: u64| {
            let mut graph = Graph {
                nodes: vec![node],
                ..Graph::default()
            };
            moved(&mut graph, to);
            (graph.nodes.remove(0), graph.constants)
        };
        let mean = || node("ReduceMean", &[("axes", Attribute::ints(&[1]))]);
        let (same, none) = moved_to(mean(), 17);
        assert_eq!((same, none.len()), (mean(), 0));
        let (with_input, constants) = moved_to(mean(), 18);
        assert_eq!(with_input.inputs, ["x", "y::axes"]);
        assert_eq!(constants[0].values, Numbers::Ints(vec![1]));
        assert_eq!(
            (constants[0].shape.len(), with_input.attributes.len()),
            (1, 0)
        );
        // A second time changes nothing.
        assert_eq!(moved_to(with_input.clone(), 18), (with_input, Vec::new()));
        let (clip, constants) = moved_to(node("Clip", &[("max", Attribute::Float(6.0))]), 17);
        assert_eq!(clip.inputs, ["x", "", "y::max"]);
        assert_eq!(constants[0].values, Numbers::Floats(vec![6.0]));
        assert!(constants[0].shape.is_empty());
        let (split, _) = moved_to(node("Split", &[("axis", Attribute::Int(2))]), 18);
        assert!(
            split
                .attributes
                .contains(&("num_outputs".into(), Attribute::Int(1)))
        );
        let (split, _) = moved_to(node("Split", &[("axis", Attribute::Int(2))]), 17);
        assert_eq!(split.attributes.len(), 1);
    }

    #[test]
    fn an_old_softmax_takes_all_axes_behind_as_one() {
        let over = |axis| {
            let softmax = node("Softmax", &[("axis", Attribute::Int(axis))]);
            in_version(softmax, 12, 17).unwrap()
        };
        let ops: Vec<String> = over(2).into_iter().map(|node| node.op).collect();
        assert_eq!(ops, ["Shape", "Flatten", "Softmax", "Reshape"]);
        assert_eq!(over(2)[3].outputs, ["y"]);
        // Behind the last axis there is none.
        assert_eq!(over(-1), [node("Softmax", &[("axis", Attribute::Int(-1))])]);
    }
}
