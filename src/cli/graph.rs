//! `pipe graph`: the steps as Graphviz or Mermaid, or the stages where there are many steps.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::plan::Plan;
use pipe_nn::model::Devices;

use super::arguments::{Common, GraphArguments, GraphFormat};
use super::console::print;
use super::context;
use super::error::CliError;
use super::lines::counted;

/// More steps than this are drawn as stages: nobody reads a drawing of a hundred boxes.
const MOST_STEPS: usize = 60;

/// What is drawn.
struct Drawing {
    nodes: Vec<Node>,
    /// Pairs of nodes, from the one that is made first.
    edges: Vec<(usize, usize)>,
}

/// A box.
struct Node {
    name: String,
    kind: &'static str,
    /// More than one for a stage with variants.
    steps: usize,
    is_item_wise: bool,
}

impl Node {
    /// Its kind, and how many steps it stands for.
    fn second_line(&self) -> String {
        match self.steps {
            1 => self.kind.to_owned(),
            steps => format!("{}, {}", self.kind, counted(steps, "variant")),
        }
    }
}

/// Prints the graph.
pub fn graph(arguments: &GraphArguments, common: &Common) -> Result<u8, CliError> {
    let plan = context::plan(&arguments.manifest, Devices::default(), common)?;
    let is_large = plan.steps.len() > MOST_STEPS;
    let drawing = match arguments.collapse || (is_large && !arguments.all) {
        true => stages(&plan),
        false => steps(&plan),
    };
    print(&match arguments.format {
        GraphFormat::Dot => dot(&plan.name, &drawing),
        GraphFormat::Mermaid => mermaid(&drawing),
    })?;
    Ok(0)
}

/// A node for each step.
fn steps(plan: &Plan) -> Drawing {
    let nodes = plan.steps.iter().map(|step| Node {
        name: step.id().to_owned(),
        kind: step.declaration.kind.name,
        steps: 1,
        is_item_wise: step.is_item_wise(),
    });
    let edges = plan.steps.iter().enumerate();
    let edges = edges.flat_map(|(index, step)| step.input_steps().map(move |input| (input, index)));
    Drawing {
        nodes: nodes.collect(),
        edges: edges.collect(),
    }
}

/// A node for each stage, with the number of its variants.
fn stages(plan: &Plan) -> Drawing {
    let mut nodes: Vec<Node> = Vec::new();
    let mut of_stage: BTreeMap<&str, usize> = BTreeMap::new();
    let mut node_of = Vec::new();
    for step in &plan.steps {
        let stage = step.declaration.stage.as_str();
        let node = *of_stage.entry(stage).or_insert(nodes.len());
        match nodes.get_mut(node) {
            Some(known) => known.steps += 1,
            None => nodes.push(Node {
                name: stage.to_owned(),
                kind: step.declaration.kind.name,
                steps: 1,
                is_item_wise: step.is_item_wise(),
            }),
        }
        node_of.push(node);
    }
    let mut seen = BTreeSet::new();
    let edges = steps(plan).edges.into_iter();
    let edges = edges.map(|(from, to)| (node_of[from], node_of[to]));
    let edges = edges.filter(|edge| edge.0 != edge.1 && seen.insert(*edge));
    Drawing {
        edges: edges.collect(),
        nodes,
    }
}

fn dot(name: &str, drawing: &Drawing) -> String {
    let mut text = format!(
        "digraph {name:?} {{\n  rankdir = LR;\n  node [shape = box, fontname = \"sans-serif\"];\n"
    );
    for (index, node) in drawing.nodes.iter().enumerate() {
        let shape = if node.is_item_wise {
            ", style = rounded"
        } else {
            ""
        };
        text.push_str(&format!(
            "  s{index} [label = \"{}\\n{}\"{shape}];\n",
            node.name.replace('\\', "\\\\").replace('"', "\\\""),
            node.second_line()
        ));
    }
    for (from, to) in &drawing.edges {
        text.push_str(&format!("  s{from} -> s{to};\n"));
    }
    text.push_str("}\n");
    text
}

fn mermaid(drawing: &Drawing) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, node) in drawing.nodes.iter().enumerate() {
        let (open, close) = if node.is_item_wise {
            ("(", ")")
        } else {
            ("[", "]")
        };
        text.push_str(&format!(
            "  s{index}{open}\"{}<br/><small>{}</small>\"{close}\n",
            node.name
                .replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;"),
            node.second_line()
        ));
    }
    for (from, to) in &drawing.edges {
        text.push_str(&format!("  s{from} --> s{to}\n"));
    }
    text
}
