//! One axis of a matrix: its values, found by their labels.

use std::collections::HashMap;
use std::sync::Arc;

use pipe_foundation::grouped;

use super::diagnostic::Diagnostic;
use super::limits::{Limits, exceeded};
use super::value::{Node, Value};

/// An axis with its values in order.
#[derive(Clone, Debug)]
pub struct AxisValues {
    /// Its name.
    pub name: String,
    /// Whether its values are the folds of a stage.
    pub is_folds: bool,
    values: Vec<Node>,
    /// The label of each value.
    labels: Vec<String>,
    /// The first value with each label.
    by_label: HashMap<String, usize>,
}

impl AxisValues {
    /// An axis called `name`; the places of its values are marked with that name.
    pub fn new(name: &str, mut values: Vec<Node>) -> Self {
        let axis: Arc<str> = name.into();
        values.iter_mut().for_each(|value| mark(value, &axis));
        let labels: Vec<String> = values.iter().map(|value| value.value.describe()).collect();
        let mut by_label = HashMap::with_capacity(labels.len());
        for (index, label) in labels.iter().enumerate() {
            by_label.entry(label.clone()).or_insert(index);
        }
        Self {
            name: name.into(),
            is_folds: false,
            values,
            labels,
            by_label,
        }
    }

    /// The values in the order of the text.
    pub fn values(&self) -> &[Node] {
        &self.values
    }

    /// The label of each value; some may be equal.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The first value with this label.
    pub fn value(&self, label: &str) -> Option<&Node> {
        Some(&self.values[self.index(label)?])
    }

    /// The index of the first value with this label.
    pub fn index(&self, label: &str) -> Option<usize> {
        self.by_label.get(label).copied()
    }

    /// Indices of values whose label an earlier one has.
    pub fn repeated(&self) -> impl Iterator<Item = usize> {
        let labels = self.labels.iter().enumerate();
        labels
            .filter(|(index, label)| self.by_label[*label] != *index)
            .map(|(index, _)| index)
    }
}

/// What is wrong with an axis of `count` values.
pub fn too_many_values(axis: &str, count: u64, limits: &Limits) -> Diagnostic {
    let what = format!("the axis `{axis}` has {} values", grouped(count));
    exceeded(limits.axis_values, what, count)
}

fn mark(node: &mut Node, axis: &Arc<str>) {
    node.place.axis = Some(axis.clone());
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| mark(item, axis)),
        Value::Table(table) => table.nodes_mut().for_each(|(key_place, node)| {
            key_place.axis = Some(axis.clone());
            mark(node, axis);
        }),
        _ => {}
    }
}
