//! The nodes, constants and values of a graph as protocol buffers of `onnx.proto`.

use pipe_nn::onnx::{Attribute, Body, Constant, Graph, Node, Numbers};

use crate::protobuf::Message;

/// `TensorProto.DataType`.
const FLOAT: i64 = 1;
const INT64: i64 = 7;
const BOOL: i64 = 9;
const DOUBLE: i64 = 11;

/// One dimension of an input or output.
pub(super) enum Dim {
    /// Known.
    Size(usize),
    /// Free, by a name.
    Named(&'static str),
    /// Free.
    Free,
}

/// `GraphProto` { node = 1, name = 2, initializer = 5, doc_string = 10, input = 11, output = 12, sparse_initializer = 15 }.
pub(super) fn message(
    graph: &Graph,
    name: &str,
    about: &str,
    input: &Message,
    outputs: &[Message],
) -> Message {
    let mut message = contents(graph, name);
    message = message.string(10, about).message(11, input);
    for output in outputs {
        message = message.message(12, output);
    }
    message
}

/// Nodes, name and constants.
fn contents(graph: &Graph, name: &str) -> Message {
    let mut message = Message::new();
    for own in &graph.nodes {
        message = message.message(1, &node(own));
    }
    message = message.string(2, name);
    for own in &graph.constants {
        message = message.message(5, &constant(own));
    }
    for copied in &graph.copied {
        let field = if copied.is_sparse { 15 } else { 5 };
        message = message.bytes(field, &copied.encoded);
    }
    message
}

/// A graph within the graph.
fn body(body: &Body) -> Message {
    let mut message = contents(&body.graph, &body.name);
    for input in &body.inputs {
        message = message.bytes(11, input);
    }
    for output in &body.outputs {
        message = message.bytes(12, output);
    }
    message
}

/// `NodeProto` { input = 1, output = 2, name = 3, op_type = 4, attribute = 5, domain = 7 }.
fn node(node: &Node) -> Message {
    let mut message = Message::new();
    for input in &node.inputs {
        message = message.string(1, input);
    }
    for output in &node.outputs {
        message = message.string(2, output);
    }
    message = message.string(3, &node.name).string(4, &node.op);
    for (name, value) in &node.attributes {
        message = match value {
            Attribute::Encoded(bytes) => message.bytes(5, bytes),
            value => message.message(5, &attribute(name, value)),
        };
    }
    if !node.domain.is_empty() {
        message = message.string(7, &node.domain);
    }
    message
}

/// `AttributeProto` { name = 1, f = 2, i = 3, s = 4, g = 6, ints = 8, type = 20 }.
fn attribute(name: &str, value: &Attribute) -> Message {
    let message = Message::new().string(1, name);
    match value {
        Attribute::Float(value) => message.float(2, *value).int(20, 1),
        Attribute::Int(value) => message.int(3, *value).int(20, 2),
        Attribute::Text(value) => message.string(4, value).int(20, 3),
        Attribute::Ints(values) => message.ints(8, values).int(20, 7),
        Attribute::Graph(graph) => message.message(6, &body(graph)).int(20, 5),
        Attribute::Encoded(_) => message,
    }
}

/// `TensorProto` { dims = 1, data_type = 2, name = 8, raw_data = 9 }.
fn constant(constant: &Constant) -> Message {
    let (data_type, bytes): (i64, Vec<u8>) = match &constant.values {
        Numbers::Floats(values) => (FLOAT, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Numbers::Doubles(values) => (
            DOUBLE,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        Numbers::Ints(values) => (INT64, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
    };
    let dims: Vec<i64> = constant.shape.iter().map(|&size| size as i64).collect();
    let message = Message::new().ints(1, &dims).int(2, data_type);
    message.string(8, &constant.name).bytes(9, &bytes)
}

/// A float input or output.
pub(super) fn float_value(name: &str, dims: &[Dim]) -> Message {
    value(name, FLOAT, dims)
}

/// A whole number without dimensions.
pub(super) fn int_value(name: &str) -> Message {
    value(name, INT64, &[])
}

/// A truth value without dimensions.
pub(super) fn bool_value(name: &str) -> Message {
    value(name, BOOL, &[])
}

/// `ValueInfoProto` { name = 1, type = 2 }.
fn value(name: &str, element: i64, dims: &[Dim]) -> Message {
    let mut shape = Message::new();
    for dim in dims {
        let dim = match dim {
            Dim::Size(size) => Message::new().int(1, *size as i64),
            Dim::Named(name) => Message::new().string(2, name),
            Dim::Free => Message::new(),
        };
        shape = shape.message(1, &dim);
    }
    let tensor = Message::new().int(1, element).message(2, &shape);
    Message::new()
        .string(1, name)
        .message(2, &Message::new().message(1, &tensor))
}
