//! A part of a graph, whose values and constants have names of their own.

use pipe_nn::onnx::{Attribute, Graph};

/// `TensorProto.DataType` of what values are cast to.
pub(super) const FLOAT: i64 = 1;
pub(super) const INT32: i64 = 6;
pub(super) const INT64: i64 = 7;
pub(super) const DOUBLE: i64 = 11;

/// Adds nodes and constants to a graph; the name of each begins with that of the part.
pub(super) struct Part<'g> {
    pub(super) graph: &'g mut Graph,
    name: String,
}

impl<'g> Part<'g> {
    /// A part of this name, such as `trim.0`.
    pub(super) fn new(graph: &'g mut Graph, name: impl Into<String>) -> Self {
        Self {
            graph,
            name: name.into(),
        }
    }

    /// A part of this part.
    pub(super) fn within(&mut self, name: &str) -> Part<'_> {
        Part {
            name: self.named(name),
            graph: &mut *self.graph,
        }
    }

    /// The name of a value or constant.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    /// A node with one output; gives back the output's name.
    pub(super) fn node(&mut self, op: &str, name: &str, inputs: &[&str]) -> String {
        self.node_with(op, name, inputs, &[])
    }

    /// As [`Self::node`], with attributes.
    pub(super) fn node_with(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) -> String {
        let name = self.named(name);
        self.graph.node_with(op, &name, inputs, attributes)
    }

    /// A constant of floats; gives back its name.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let name = self.named(name);
        self.graph.floats(&name, shape, values)
    }

    /// A constant of one float without dimensions; gives back its name.
    pub(super) fn float(&mut self, name: &str, value: f32) -> String {
        self.floats(name, &[], &[value])
    }

    /// A constant of one 64-bit float without dimensions; gives back its name.
    pub(super) fn double(&mut self, name: &str, value: f64) -> String {
        let name = self.named(name);
        self.graph.double(&name, value)
    }

    /// A row of whole numbers as a constant; gives back its name.
    pub(super) fn ints(&mut self, name: &str, values: &[i64]) -> String {
        let name = self.named(name);
        self.graph.ints(&name, &[values.len()], values)
    }

    /// A constant of one whole number without dimensions; gives back its name.
    pub(super) fn int(&mut self, name: &str, value: i64) -> String {
        let name = self.named(name);
        self.graph.int(&name, value)
    }

    /// The length of an axis of a value, without dimensions.
    pub(super) fn length(&mut self, name: &str, of: &str, axis: i64) -> String {
        let shape = self.node("Shape", &format!("{name}_shape"), &[of]);
        let axis = self.int(&format!("{name}_axis"), axis);
        self.node("Gather", name, &[&shape, &axis])
    }

    /// A value as elements of another type.
    pub(super) fn cast(&mut self, name: &str, of: &str, to: i64) -> String {
        self.node_with("Cast", name, &[of], &[("to", Attribute::Int(to))])
    }

    /// A value with further axes that are 1 long.
    pub(super) fn unsqueezed(&mut self, name: &str, of: &str, axes: &[i64]) -> String {
        let axes = self.ints(&format!("{name}_axes"), axes);
        self.node("Unsqueeze", name, &[of, &axes])
    }

    /// A value without these axes, which are 1 long.
    pub(super) fn squeezed(&mut self, name: &str, of: &str, axes: &[i64]) -> String {
        let axes = self.ints(&format!("{name}_axes"), axes);
        self.node("Squeeze", name, &[of, &axes])
    }

    /// Values beside one another along an axis.
    pub(super) fn joined(&mut self, name: &str, of: &[String], axis: i64) -> String {
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        self.node_with("Concat", name, &of, &[("axis", Attribute::Int(axis))])
    }

    /// What `op`, one of the reductions, makes of some axes, which stay and are 1 long.
    pub(super) fn reduced(&mut self, op: &str, name: &str, of: &str, axes: &[i64]) -> String {
        let attributes = [
            ("axes", Attribute::ints(axes)),
            ("keepdims", Attribute::Int(1)),
        ];
        self.node_with(op, name, &[of], &attributes)
    }
}
