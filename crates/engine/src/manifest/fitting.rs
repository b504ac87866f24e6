//! Which of several shapes a value is meant to have.

use super::parameter::{Absent, Shape};
use super::value::Value;

/// The first of `shapes` that fits by type; of several tables, the first with the most of its required keys there.
pub fn fitting(shapes: &'static [Shape], value: &Value) -> Option<&'static Shape> {
    let required_keys = |shape: &Shape| match (shape, value) {
        (Shape::Table(parameters), Value::Table(table)) => parameters
            .iter()
            .filter(|parameter| matches!(parameter.absent, Absent::Error))
            .filter(|parameter| table.get(parameter.name).is_some())
            .count(),
        _ => 0,
    };
    let fits = shapes.iter().filter(|shape| fits_by_type(shape, value));
    // The first of equal ones.
    fits.rev().max_by_key(|shape| required_keys(shape))
}

fn fits_by_type(shape: &Shape, value: &Value) -> bool {
    if matches!(value, Value::Unknown) {
        return true;
    }
    match shape {
        Shape::Bool => matches!(value, Value::Bool(_)),
        Shape::Integer { .. } => matches!(value, Value::Integer(_)),
        Shape::Float { .. } => matches!(value, Value::Integer(_) | Value::Float(_)),
        Shape::Text | Shape::Choice(_) | Shape::Path | Shape::Named(_) | Shape::Input(_) => {
            matches!(value, Value::Text(_))
        }
        Shape::List(_) | Shape::Range { .. } => matches!(value, Value::List(_)),
        Shape::Table(_) | Shape::Map(_) | Shape::Tagged { .. } => matches!(value, Value::Table(_)),
        Shape::OneOrMany(item) => matches!(value, Value::List(_)) || fits_by_type(item, value),
        Shape::Either(shapes) => shapes.iter().any(|shape| fits_by_type(shape, value)),
    }
}
