//! Nodes, constants and values of an ONNX graph, as protocol buffers of `onnx.proto`.

use crate::protobuf::Message;

/// `TensorProto.DataType`.
const FLOAT: i64 = 1;
const INT64: i64 = 7;

/// A graph in the making: nodes in the order they are computed in, and constants.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
}

/// The value of a node's attribute.
pub(super) enum Attribute<'a> {
    /// A whole number.
    Int(i64),
    /// A list of them.
    Ints(&'a [i64]),
    /// A text.
    Text(&'a str),
}

/// One dimension of an input or output.
pub(super) enum Dim {
    /// Known.
    Size(usize),
    /// Free, by a name.
    Named(&'static str),
}

impl Graph {
    /// A constant of floats, row-major; gives back its name.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, shape, FLOAT, &bytes)
    }

    /// A constant of whole numbers; gives back its name.
    pub fn ints(&mut self, name: &str, shape: &[usize], values: &[i64]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(name, shape, INT64, &bytes)
    }

    /// A constant of one whole number without dimensions; gives back its name.
    pub fn int(&mut self, name: &str, value: i64) -> String {
        self.ints(name, &[], &[value])
    }

    /// `TensorProto` { dims = 1, data_type = 2, name = 8, raw_data = 9 }.
    fn constant(&mut self, name: &str, shape: &[usize], data_type: i64, bytes: &[u8]) -> String {
        let dims: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        let tensor = Message::new().ints(1, &dims);
        let tensor = tensor.int(2, data_type).string(8, name).bytes(9, bytes);
        self.constants.push(tensor);
        name.to_owned()
    }

    /// A node with one output of the node's name; gives the name back.
    pub fn node(&mut self, op: &str, name: &str, inputs: &[&str]) -> String {
        self.node_with(op, name, inputs, &[])
    }

    /// As [`Self::node`], with attributes.
    pub fn node_with(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        self.push(op, name, inputs, &[name], attributes);
        name.to_owned()
    }

    /// A node with the named outputs; an empty name leaves one out.
    ///
    /// `NodeProto` { input = 1, output = 2, name = 3, op_type = 4, attribute = 5 }.
    pub fn push(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let mut node = Message::new();
        for input in inputs {
            node = node.string(1, input);
        }
        for output in outputs {
            node = node.string(2, output);
        }
        node = node.string(3, &format!("{name}/{op}")).string(4, op);
        for (name, value) in attributes {
            node = node.message(5, &attribute(name, value));
        }
        self.nodes.push(node);
    }

    /// `GraphProto` { node = 1, name = 2, initializer = 5, doc_string = 10, input = 11, output = 12 }.
    pub fn finish(self, name: &str, about: &str, input: &Message, outputs: &[Message]) -> Message {
        let mut graph = Message::new();
        for node in &self.nodes {
            graph = graph.message(1, node);
        }
        graph = graph.string(2, name);
        for constant in &self.constants {
            graph = graph.message(5, constant);
        }
        graph = graph.string(10, about).message(11, input);
        for output in outputs {
            graph = graph.message(12, output);
        }
        graph
    }
}

/// `AttributeProto` { name = 1, i = 3, s = 4, ints = 8, type = 20 }.
fn attribute(name: &str, value: &Attribute<'_>) -> Message {
    let message = Message::new().string(1, name);
    match value {
        Attribute::Int(value) => message.int(3, *value).int(20, 2),
        Attribute::Text(value) => message.string(4, value).int(20, 3),
        Attribute::Ints(values) => message.ints(8, values).int(20, 7),
    }
}

/// A float input or output: `ValueInfoProto` { name = 1, type = 2 }.
pub(super) fn float_value(name: &str, dims: &[Dim]) -> Message {
    let mut shape = Message::new();
    for dim in dims {
        let dim = match dim {
            Dim::Size(size) => Message::new().int(1, *size as i64),
            Dim::Named(name) => Message::new().string(2, name),
        };
        shape = shape.message(1, &dim);
    }
    let tensor = Message::new().int(1, FLOAT).message(2, &shape);
    Message::new()
        .string(1, name)
        .message(2, &Message::new().message(1, &tensor))
}
