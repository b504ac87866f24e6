//! An ONNX graph as plain data: nodes in the order they are computed in, and constants.

use std::collections::HashMap;

use crate::layers::Array;

/// A graph in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Nodes, each after those whose outputs it takes.
    pub nodes: Vec<Node>,
    /// Constants.
    pub constants: Vec<Constant>,
    /// Constants of other models.
    pub copied: Vec<CopiedConstant>,
}

/// A constant of another model.
#[derive(Clone, Debug, PartialEq)]
pub struct CopiedConstant {
    /// A whole `TensorProto`, or a `SparseTensorProto`, with its name in this graph.
    pub encoded: Vec<u8>,
    /// Which of both it is.
    pub is_sparse: bool,
}

/// One operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The operator.
    pub op: String,
    /// The set of operators that it belongs to; empty for that of ONNX itself.
    pub domain: String,
    /// Its name.
    pub name: String,
    /// Names of the values that it takes; an empty one leaves an input out.
    pub inputs: Vec<String>,
    /// Names of the values that it makes; an empty one leaves an output out.
    pub outputs: Vec<String>,
    /// Attributes by name.
    pub attributes: Vec<(String, Attribute)>,
}

/// The value of a node's attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f32),
    /// A list of whole numbers.
    Ints(Vec<i64>),
    /// A text.
    Text(String),
    /// A graph within the graph, which also sees the values around it.
    Graph(Box<Body>),
    /// A whole `AttributeProto`, as another model has it.
    Encoded(Vec<u8>),
}

/// A graph within a graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Its name.
    pub name: String,
    /// Its nodes and constants.
    pub graph: Graph,
    /// What it is given, each a whole `ValueInfoProto`.
    pub inputs: Vec<Vec<u8>>,
    /// What it gives, each a whole `ValueInfoProto`.
    pub outputs: Vec<Vec<u8>>,
}

impl Attribute {
    /// A list of whole numbers.
    pub fn ints(values: &[i64]) -> Self {
        Self::Ints(values.to_vec())
    }
}

/// A constant, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its name.
    pub name: String,
    /// Sizes of its dimensions; none for a single number.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Numbers,
}

/// The values of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// 32-bit floats.
    Floats(Vec<f32>),
    /// 64-bit floats.
    Doubles(Vec<f64>),
    /// 64-bit integers.
    Ints(Vec<i64>),
}

impl Graph {
    /// A constant of floats; gives back its name.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.numbers(name, shape, Numbers::Floats(values.to_vec()))
    }

    /// A constant of one 64-bit float without dimensions; gives back its name.
    pub fn double(&mut self, name: &str, value: f64) -> String {
        self.numbers(name, &[], Numbers::Doubles(vec![value]))
    }

    /// A constant of whole numbers; gives back its name.
    pub fn ints(&mut self, name: &str, shape: &[usize], values: &[i64]) -> String {
        self.numbers(name, shape, Numbers::Ints(values.to_vec()))
    }

    /// A constant of one whole number without dimensions; gives back its name.
    pub fn int(&mut self, name: &str, value: i64) -> String {
        self.ints(name, &[], &[value])
    }

    /// A constant; gives back its name. The first of a name is kept: those that several layers need are the same.
    pub fn numbers(&mut self, name: &str, shape: &[usize], values: Numbers) -> String {
        if self.constants.iter().all(|other| other.name != name) {
            self.constants.push(Constant {
                name: name.to_owned(),
                shape: shape.to_vec(),
                values,
            });
        }
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
        attributes: &[(&str, Attribute)],
    ) -> String {
        self.push(op, name, inputs, &[name], attributes);
        name.to_owned()
    }

    /// A node with the named outputs; an empty name leaves one out.
    pub fn push(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let attributes = attributes.iter();
        self.nodes.push(Node {
            op: op.to_owned(),
            domain: String::new(),
            name: format!("{name}/{op}"),
            inputs: owned(inputs),
            outputs: owned(outputs),
            attributes: attributes
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        });
    }
}

/// In what order the axes of a value between layers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// `[batch, channels, frames]`, as convolutions take it.
    ChannelsFirst,
    /// `[frames, batch, channels]`, as recurrent layers take it.
    FramesFirst,
    /// `[batch, frames, channels]`.
    BatchFirst,
    /// `[batch, channels]`: the frames have become one vector.
    Vectors,
}

/// A value between layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Its name in the graph.
    pub name: String,
    /// Its axes.
    pub axes: Axes,
}

/// The graph that a layer adds its nodes to.
pub struct Export<'a> {
    /// The graph.
    pub graph: &'a mut Graph,
    /// Name of the layer, such as `conv.0`, with which names of its values begin.
    pub name: &'a str,
    /// Arrays of the network by name.
    pub arrays: &'a HashMap<String, Array>,
}

impl Export<'_> {
    /// A name for a value or constant of the layer.
    pub fn named(&self, part: &str) -> String {
        format!("{}.{part}", self.name)
    }

    /// Values of one of the layer's arrays.
    pub fn array(&self, part: &str) -> &[f32] {
        let array = self.arrays.get(&self.named(part));
        array.map_or(&[], |array| &array.values)
    }

    /// One of the layer's arrays as a constant; gives back its name.
    pub fn constant(&mut self, part: &str) -> String {
        let name = self.named(part);
        if let Some(array) = self.arrays.get(&name) {
            self.graph.floats(&name, &array.shape, &array.values);
        }
        name
    }

    /// One of the layer's matrices as a constant, its axes exchanged; gives back its name.
    pub fn turned(&mut self, part: &str) -> String {
        let name = self.named(&format!("{part}_turned"));
        let Some(array) = self.arrays.get(&self.named(part)) else {
            return name;
        };
        let [rows, columns] = array.shape[..] else {
            return name;
        };
        let at = |at: usize| array.values[at % rows * columns + at / rows];
        let turned: Vec<f32> = (0..rows * columns).map(at).collect();
        self.graph.floats(&name, &[columns, rows], &turned)
    }

    /// A node of the layer with one output; gives back the output's name.
    pub fn node(
        &mut self,
        op: &str,
        part: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) -> String {
        let name = self.named(part);
        self.graph.node_with(op, &name, inputs, attributes)
    }

    /// The value with its axes in another order; vectors stay as they are.
    pub fn with_axes(&mut self, x: Signal, axes: Axes) -> Signal {
        if x.axes == axes || x.axes == Axes::Vectors {
            return x;
        }
        // Where each axis of the order batch, frames, channels is.
        let places = |axes| match axes {
            Axes::ChannelsFirst => [0, 2, 1],
            Axes::FramesFirst => [1, 0, 2],
            Axes::BatchFirst | Axes::Vectors => [0, 1, 2],
        };
        let (from, to) = (places(x.axes), places(axes));
        let mut order = [0; 3];
        for (axis, &at) in to.iter().enumerate() {
            order[at] = from[axis] as i64;
        }
        let part = match axes {
            Axes::ChannelsFirst => "channels_first",
            Axes::FramesFirst => "frames_first",
            Axes::BatchFirst | Axes::Vectors => "batch_first",
        };
        let order = [("perm", Attribute::ints(&order))];
        let name = self.node("Transpose", part, &[&x.name], &order);
        Signal { name, axes }
    }
}
