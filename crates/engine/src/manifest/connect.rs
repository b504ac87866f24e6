//! Which stages take which, and an order in which they can be made.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::source::Place;

use super::bindings::Bindings;
use super::budget::Budget;
use super::check_variant::check_variant;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::expansion::Expansion;
use super::kind::Gathers;
use super::limits::{Exceeded, Limits};
use super::matrix::Matrix;
use super::stages::Stage;
use super::substitute;

/// Links of a cycle that are named one by one.
const MOST_LINKS: usize = 12;

/// Finds which stages take which, and an order; a cycle is a problem, and the order is that of the text then.
///
/// # Errors
/// The limit that was exceeded.
pub fn connect(
    stages: &mut [Stage<'_>],
    vars: &Bindings<'_>,
    matrix: &Matrix,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<usize>, Exceeded> {
    let names: HashMap<String, usize> = stages
        .iter()
        .enumerate()
        .map(|(index, stage)| (stage.entry.key.clone(), index))
        .collect();
    let mut graph: DiGraph<usize, Place> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..stages.len())
        .map(|index| graph.add_node(index))
        .collect();
    let mut expansion = Expansion::new(matrix, limits);
    // Everything is filled in once more when every variant is checked for good, and errors are reported then.
    let budget = Budget::new(limits);
    let vars = &vars.with_budget(&budget);
    for index in 0..stages.len() {
        let used: BTreeSet<String> = substitute::references(stages[index].table)
            .iter()
            .filter_map(|name| name.strip_prefix("matrix."))
            .filter_map(|name| name.split('.').next())
            .filter(|axis| matrix.axis(axis).is_some())
            .map(str::to_string)
            .collect();
        stages[index].axes = used;
        let stage = &stages[index];
        expansion.add(stage, &budget)?;
        let axes: Vec<&str> = stage.axes.iter().map(String::as_str).collect();
        let mut inputs = BTreeSet::new();
        for variant in matrix.variants(&axes) {
            let mut found_again = Diagnostics::only_counted();
            let (checked, _) = check_variant(stage, &variant, vars, matrix, &mut found_again)?;
            for input in &checked.inputs {
                if let Some(&target) = names.get(&input.stage)
                    && inputs.insert(target)
                {
                    let place = checked.place_of(&input.path, &stage.entry.key_place);
                    graph.add_edge(nodes[target], nodes[index], place);
                }
            }
        }
        stages[index].inputs = inputs.into_iter().collect();
    }
    if let Some(edges) = first_cycle(&graph) {
        diagnostics.push(cycle(stages, &graph, &edges));
        return Ok((0..stages.len()).collect());
    }
    Ok(in_order(stages))
}

/// Stages in the order of the text wherever their inputs allow it; there must be no cycle.
fn in_order(stages: &[Stage<'_>]) -> Vec<usize> {
    let mut open: Vec<usize> = stages.iter().map(|stage| stage.inputs.len()).collect();
    let mut takers: Vec<Vec<usize>> = vec![Vec::new(); stages.len()];
    for (index, stage) in stages.iter().enumerate() {
        (stage.inputs.iter()).for_each(|&input| takers[input].push(index));
    }
    let ready = (0..stages.len()).filter(|&index| open[index] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(Reverse).collect();
    let mut order = Vec::with_capacity(stages.len());
    while let Some(Reverse(next)) = ready.pop() {
        order.push(next);
        for &taker in &takers[next] {
            open[taker] -= 1;
            if open[taker] == 0 {
                ready.push(Reverse(taker));
            }
        }
    }
    order
}

/// The edges of a cycle, each from what is taken to what takes it; none when there is no cycle.
fn first_cycle(graph: &DiGraph<usize, Place>) -> Option<Vec<EdgeIndex>> {
    // Unlike Tarjan's algorithm, this one does not call itself for every stage of a chain.
    let mut components = petgraph::algo::kosaraju_scc(graph);
    components.iter_mut().for_each(|members| members.sort());
    components.sort();
    let component = components.iter().find(|members| {
        members.len() > 1 || members.iter().any(|&node| graph.contains_edge(node, node))
    })?;
    let mut at = *component.first()?;
    let component: HashSet<NodeIndex> = component.iter().copied().collect();
    // From any member, what is taken leads to a member again, so a walk comes back to where it was.
    let mut walk: Vec<EdgeIndex> = Vec::new();
    let mut passed: HashMap<NodeIndex, usize> = HashMap::new();
    loop {
        if let Some(start) = passed.insert(at, walk.len()) {
            return Some(walk.split_off(start));
        }
        let taken = graph
            .edges_directed(at, petgraph::Direction::Incoming)
            .filter(|edge| component.contains(&edge.source()))
            .min_by_key(|edge| edge.source())?;
        walk.push(taken.id());
        at = taken.source();
    }
}

fn cycle(stages: &[Stage<'_>], graph: &DiGraph<usize, Place>, edges: &[EdgeIndex]) -> Diagnostic {
    let name = |node: NodeIndex| stages[graph[node]].entry.key.as_str();
    let links: Vec<(&str, &str)> = edges
        .iter()
        .filter_map(|&edge| graph.edge_endpoints(edge))
        .map(|(taken, taker)| (name(taker), name(taken)))
        .collect();
    let message = match &links[..] {
        [(taker, _)] => format!("`{taker}` depends on itself"),
        _ => {
            let first = links.first().map_or("", |(taker, _)| taker);
            let mut dependencies: Vec<String> = links
                .iter()
                .take(MOST_LINKS)
                .map(|(_, taken)| format!("depends on `{taken}`"))
                .collect();
            if links.len() > MOST_LINKS {
                let more = links.len() - MOST_LINKS;
                dependencies.push(format!("comes back to `{first}` after {more} more"));
            }
            format!("`{first}` {}", dependencies.join(", which "))
        }
    };
    let diagnostic = Diagnostic::new("manifest::cycle", message)
        .help("a stage can only take the results of stages before it");
    match (edges.last(), links.last()) {
        (Some(&edge), Some((taker, taken))) => diagnostic.at(
            &graph[edge],
            match taker == taken {
                true => "this is its own result".to_string(),
                false => format!("`{taken}` cannot be computed before `{taker}`"),
            },
        ),
        _ => diagnostic,
    }
}

/// Gives every stage the axes of what it takes, unless it gathers.
pub fn spread_axes(stages: &mut [Stage<'_>], order: &[usize]) {
    for &index in order {
        let gathers = match stages[index].kind.gathers {
            Gathers::Never => false,
            Gathers::Always => true,
            Gathers::Without(parameter) => stages[index].table.get(parameter).is_none(),
        };
        if gathers {
            continue;
        }
        let inherited: Vec<String> = stages[index]
            .inputs
            .iter()
            .flat_map(|&input| stages[input].axes.iter().cloned())
            .collect();
        stages[index].axes.extend(inherited);
    }
}
