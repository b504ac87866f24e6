//! Encoder and heads of the tasks as ONNX operators: features `[batch, frames, bins]` to probabilities and numbers.

use std::collections::HashMap;

use pipe_nn::model::spec::TimePool;
use pipe_nn::model::{Array, ConvShape, EncoderShape, LstmShape, Network, NumericTarget};

use super::graph::{Attribute, Graph};

/// Arrays of the network by name.
type Arrays = HashMap<String, Array>;

/// The value with the probabilities.
pub(super) const PROBABILITIES: &str = "probabilities";
/// The value with the numeric targets.
pub(super) const NUMBERS: &str = "numbers";

/// Adds the network after the value `features`; its results are [`PROBABILITIES`] `[batch, classes]`, if there are
/// classes, and [`NUMBERS`] `[batch, targets]` in the units of the targets, if there are some.
pub(super) fn add(graph: &mut Graph, features: &str, network: &Network, targets: &[NumericTarget]) {
    let arrays: Arrays = network
        .to_arrays()
        .into_iter()
        .map(|array| (array.name.clone(), array))
        .collect();
    let shape = network.shape();
    let mut x = graph.node_with(
        "Transpose",
        "channels_first",
        &[features],
        &[("perm", Attribute::Ints(&[0, 2, 1]))],
    );
    x = lengthen(graph, x, shape.minimum_frames());
    for (index, conv) in shape.convs.iter().enumerate() {
        x = convolution(graph, &x, index, conv, &arrays);
    }
    x = recurrent_and_pooled(graph, x, shape, &arrays);
    for index in 0..shape.linears.len() {
        let name = format!("linear.{index}");
        x = dense(graph, &x, &name, &arrays);
        x = graph.node("Relu", &format!("{name}.relu"), &[&x]);
    }
    if network.classes() > 0 {
        let logits = dense(graph, &x, "emotion", &arrays);
        graph.node_with(
            "Softmax",
            PROBABILITIES,
            &[&logits],
            &[("axis", Attribute::Int(1))],
        );
    }
    if targets.is_empty() {
        return;
    }
    let outputs: Vec<String> = (targets.iter())
        .map(|target| dense(graph, &x, &format!("target.{}", target.name), &arrays))
        .collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let axis = [("axis", Attribute::Int(1))];
    let outputs = graph.node_with("Concat", "standardised_numbers", &outputs, &axis);
    let row = |value: fn(&NumericTarget) -> f64| -> Vec<f32> {
        targets.iter().map(|target| value(target) as f32).collect()
    };
    let shape = [1, targets.len()];
    let deviations = graph.floats("target_deviations", &shape, &row(|target| target.deviation));
    let means = graph.floats("target_means", &shape, &row(|target| target.mean));
    let scaled = graph.node("Mul", "scaled_numbers", &[&outputs, &deviations]);
    graph.node("Add", NUMBERS, &[&scaled, &means]);
}

/// Adds one array as a constant.
fn constant(graph: &mut Graph, arrays: &Arrays, name: &str) -> String {
    if let Some(array) = arrays.get(name) {
        graph.floats(name, &array.shape, &array.values);
    }
    name.to_owned()
}

/// Zero frames at the end of `[batch, bins, frames]` up to the fewest that the network takes.
fn lengthen(graph: &mut Graph, x: String, minimum: usize) -> String {
    if minimum <= 1 {
        return x;
    }
    let shape = graph.node("Shape", "features_shape", &[&x]);
    let axis = graph.ints("frames_axis", &[1], &[2]);
    let frames = graph.node("Gather", "features_frames", &[&shape, &axis]);
    let minimum = graph.ints("minimum_frames", &[1], &[minimum as i64]);
    let missing = graph.node("Sub", "missing_frames", &[&minimum, &frames]);
    let none = graph.ints("no_frames", &[1], &[0]);
    let missing = graph.node("Max", "added_frames", &[&missing, &none]);
    // Begins of the three axes, then their ends.
    let before = graph.ints("no_padding", &[5], &[0; 5]);
    let pads = graph.node_with(
        "Concat",
        "padding",
        &[&before, &missing],
        &[("axis", Attribute::Int(0))],
    );
    graph.node("Pad", "lengthened_features", &[&x, &pads])
}

/// Convolution, ReLU and max-pooling of `[batch, channels, frames]`.
fn convolution(
    graph: &mut Graph,
    x: &str,
    index: usize,
    conv: &ConvShape,
    arrays: &Arrays,
) -> String {
    let name = format!("conv.{index}");
    let weight = constant(graph, arrays, &format!("{name}.weight"));
    let bias = constant(graph, arrays, &format!("{name}.bias"));
    let padding = [conv.padding as i64; 2];
    let convolved = graph.node_with(
        "Conv",
        &name,
        &[x, &weight, &bias],
        &[
            ("kernel_shape", Attribute::Ints(&[conv.width as i64])),
            ("pads", Attribute::Ints(&padding)),
        ],
    );
    let x = graph.node("Relu", &format!("{name}.relu"), &[&convolved]);
    if conv.pool_width == 1 && conv.pool_stride == 1 {
        return x;
    }
    graph.node_with(
        "MaxPool",
        &format!("{name}.pool"),
        &[&x],
        &[
            ("kernel_shape", Attribute::Ints(&[conv.pool_width as i64])),
            ("strides", Attribute::Ints(&[conv.pool_stride as i64])),
        ],
    )
}

/// All recurrent layers and the pooling over time: `[batch, channels, frames]` to `[batch, pooled width]`.
fn recurrent_and_pooled(
    graph: &mut Graph,
    x: String,
    shape: &EncoderShape,
    arrays: &Arrays,
) -> String {
    let mean_over = |graph: &mut Graph, x: &str, axis: i64| {
        let attributes = [
            ("axes", Attribute::Ints(&[axis][..])),
            ("keepdims", Attribute::Int(0)),
        ];
        graph.node_with("ReduceMean", "pooled", &[x], &attributes)
    };
    if shape.lstms.is_empty() {
        return mean_over(graph, &x, 2);
    }
    let mut x = graph.node_with(
        "Transpose",
        "frames_first",
        &[&x],
        &[("perm", Attribute::Ints(&[2, 0, 1]))],
    );
    let together = graph.ints("directions_together", &[3], &[0, 0, -1]);
    for (index, lstm) in shape.lstms.iter().enumerate() {
        let name = format!("lstm.{index}");
        let last = index + 1 == shape.lstms.len();
        let states = last && shape.pool == TimePool::LastStates;
        x = recurrent(graph, &x, &name, lstm, states, arrays);
        // [frames, directions, batch, units] or [directions, batch, units], with the directions side by side.
        let order: &[i64] = if states { &[1, 0, 2] } else { &[0, 2, 1, 3] };
        let name = format!("{name}.apart");
        x = graph.node_with(
            "Transpose",
            &name,
            &[&x],
            &[("perm", Attribute::Ints(order))],
        );
        if states {
            let flat = graph.ints("states_together", &[2], &[0, -1]);
            return graph.node("Reshape", "pooled", &[&x, &flat]);
        }
        x = graph.node("Reshape", &format!("{name}.together"), &[&x, &together]);
    }
    mean_over(graph, &x, 0)
}

/// One recurrent layer over `[frames, batch, channels]`: its outputs, or its last states.
fn recurrent(
    graph: &mut Graph,
    x: &str,
    name: &str,
    lstm: &LstmShape,
    states: bool,
    arrays: &Arrays,
) -> String {
    let gates = 4 * lstm.units;
    let suffixes = ["", "_reverse"].into_iter().take(lstm.directions);
    let (mut input, mut hidden, mut bias) = (Vec::new(), Vec::new(), Vec::new());
    for suffix in suffixes {
        let part = |part: &str, width: usize| {
            let array = arrays.get(&format!("{name}.{part}{suffix}"));
            reordered(
                array.map_or(&[][..], |array| &array.values),
                lstm.units * width,
            )
        };
        input.extend(part("weight_ih", lstm.input));
        hidden.extend(part("weight_hh", lstm.units));
        bias.extend(part("bias_ih", 1));
        bias.extend(part("bias_hh", 1));
    }
    let directions = lstm.directions;
    let shape = [directions, gates, lstm.input];
    let input = graph.floats(&format!("{name}.weight_ih"), &shape, &input);
    let shape = [directions, gates, lstm.units];
    let hidden = graph.floats(&format!("{name}.weight_hh"), &shape, &hidden);
    let bias = graph.floats(&format!("{name}.bias"), &[directions, 2 * gates], &bias);
    let direction = if directions == 2 {
        "bidirectional"
    } else {
        "forward"
    };
    let (all, last) = match states {
        true => ("", format!("{name}.states")),
        false => (name, String::new()),
    };
    let outputs: &[&str] = if states { &[all, &last] } else { &[all] };
    graph.push(
        "LSTM",
        name,
        &[x, &input, &hidden, &bias],
        outputs,
        &[
            ("direction", Attribute::Text(direction)),
            ("hidden_size", Attribute::Int(lstm.units as i64)),
        ],
    );
    if states { last } else { name.to_owned() }
}

/// The gates' blocks of values in the order of ONNX (input, output, forget, cell) from that of PyTorch (input,
/// forget, cell, output).
fn reordered(values: &[f32], block: usize) -> Vec<f32> {
    let gates: Vec<&[f32]> = values.chunks_exact(block.max(1)).collect();
    let [input, forget, cell, output] = gates[..] else {
        return Vec::new();
    };
    [input, output, forget, cell].concat()
}

/// `x Wᵀ + b`.
fn dense(graph: &mut Graph, x: &str, name: &str, arrays: &Arrays) -> String {
    let weight = constant(graph, arrays, &format!("{name}.weight"));
    let bias = constant(graph, arrays, &format!("{name}.bias"));
    graph.node_with(
        "Gemm",
        name,
        &[x, &weight, &bias],
        &[("transB", Attribute::Int(1))],
    )
}
