//! Features `[batch, frames, bins]` in the units of the model, as ONNX operators.

use pipe_foundation::Standardisation;
use pipe_nn::model::InputNormalisation;
use pipe_nn::onnx::{Attribute, Graph};

/// A deviation of at most this part of the mean counts as none, as in [`Moments`](pipe_foundation::Moments).
const ROUNDING: f32 = 1e-7;

/// What a graph that takes features needs done to them before, in words.
pub(super) fn wanted(how: Option<&InputNormalisation>) -> String {
    match how {
        Some(how @ InputNormalisation::Group { .. }) => format!("normalised {}", how.description()),
        Some(_) => "as they are made, before they are normalised".into(),
        None => "normalised as in training".into(),
    }
}

/// Adds what comes between features and the network; gives back the name of what the network takes.
pub(super) fn add(graph: &mut Graph, features: String, how: Option<&InputNormalisation>) -> String {
    match how {
        None | Some(InputNormalisation::Group { .. }) => features,
        Some(InputNormalisation::Training(units)) => constant_units(graph, &features, units),
        Some(InputNormalisation::Utterance) => own_units(graph, &features),
    }
}

fn constant_units(graph: &mut Graph, features: &str, units: &Standardisation) -> String {
    let bins = units.means.len();
    let means = graph.floats("training_means", &[bins], &units.means);
    let deviations = graph.floats("training_deviations", &[bins], &units.deviations);
    let centred = graph.node("Sub", "centred_on_training", &[features, &means]);
    graph.node("Div", "in_units_of_training", &[&centred, &deviations])
}

fn own_units(graph: &mut Graph, features: &str) -> String {
    let mean = |graph: &mut Graph, name: &str, of: &str| {
        let attributes = [
            ("axes", Attribute::ints(&[1])),
            ("keepdims", Attribute::Int(1)),
        ];
        graph.node_with("ReduceMean", name, &[of], &attributes)
    };
    let first = graph.int("own_first_frame", 0);
    let axis = [("axis", Attribute::Int(1))];
    let pivot = graph.node_with("Gather", "own_pivot_frame", &[features, &first], &axis);
    let axis = graph.ints("own_frame_axis", &[1], &[1]);
    let pivot = graph.node("Unsqueeze", "own_pivot", &[&pivot, &axis]);
    let relative = graph.node("Sub", "own_relative", &[features, &pivot]);
    let relative_means = mean(graph, "own_relative_means", &relative);
    let centred = graph.node("Sub", "own_centred", &[&relative, &relative_means]);
    let squares = graph.node("Mul", "own_squares", &[&centred, &centred]);
    let variances = mean(graph, "own_variances", &squares);
    let deviations = graph.node("Sqrt", "own_deviations", &[&variances]);
    let means = graph.node("Add", "own_means", &[&pivot, &relative_means]);
    let sizes = graph.node("Abs", "own_sizes", &[&means]);
    let rounding = graph.floats("own_rounding", &[], &[ROUNDING]);
    let rounding = graph.node("Mul", "own_roundings", &[&sizes, &rounding]);
    let changes = graph.node("Greater", "own_changes", &[&deviations, &rounding]);
    let one = graph.floats("own_one", &[], &[1.0]);
    let units = graph.node("Where", "own_units", &[&changes, &deviations, &one]);
    graph.node("Div", "in_own_units", &[&centred, &units])
}
