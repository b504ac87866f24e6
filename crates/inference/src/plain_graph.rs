//! A graph of ONNX as plain data.

/// Nodes, constants and values of a graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlainGraph {
    /// Its name.
    pub name: String,
    /// Its nodes, each behind those whose values it takes.
    pub nodes: Vec<PlainNode>,
    /// Its constants.
    pub tensors: Vec<PlainTensor>,
    /// What it is given, each as its name and a whole `ValueInfoProto`.
    pub inputs: Vec<(String, Vec<u8>)>,
    /// What it gives, as `inputs`.
    pub outputs: Vec<(String, Vec<u8>)>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainNode {
    /// Its operator.
    pub operator: String,
    /// The set of operators; empty for ONNX's own.
    pub domain: String,
    /// Its name, which may be empty.
    pub name: String,
    /// Values that it takes; an empty name leaves one out.
    pub inputs: Vec<String>,
    /// Values that it makes; an empty name leaves one out.
    pub outputs: Vec<String>,
    /// Attributes by name.
    pub attributes: Vec<(String, PlainAttribute)>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum PlainAttribute {
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f32),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// A text.
    Text(String),
    /// A graph within the graph.
    Graph(Box<PlainGraph>),
    /// A whole `AttributeProto` of any other type.
    Encoded(Vec<u8>),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainTensor {
    /// Its name.
    pub name: String,
    /// A whole `TensorProto`, or a `SparseTensorProto`.
    pub encoded: Vec<u8>,
    /// Which of both it is.
    pub is_sparse: bool,
}

impl PlainGraph {
    /// Whether a node here, or in a graph within it, is of a set of operators.
    pub fn uses(&self, domain: &str) -> bool {
        self.nodes.iter().any(|node| {
            let mut graphs = node.graphs();
            node.domain == domain || graphs.any(|graph| graph.uses(domain))
        })
    }
}

impl PlainNode {
    /// The graphs among its attributes.
    pub fn graphs(&self) -> impl Iterator<Item = &PlainGraph> {
        self.attributes.iter().filter_map(|(_, value)| match value {
            PlainAttribute::Graph(graph) => Some(&**graph),
            _ => None,
        })
    }
}
