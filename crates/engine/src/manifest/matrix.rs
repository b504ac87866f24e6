//! `[matrix]`: axes of values, and the variants they span.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use pipe_foundation::grouped;

use crate::source::Place;

use super::axis;
use super::axis_values::{AxisValues, too_many_values};
use super::bindings::Bindings;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::exclude::Exclusions;
use super::limits::{Exceeded, Limits, exceeded};
use super::substitute;
use super::value::{Node, Table, TableEntry, Value};
use super::variant::Variant;

/// The key of combinations that are left out, which is not an axis.
const EXCLUDE: &str = "exclude";

/// The axes of a matrix and the combinations left out.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    axes: Vec<AxisValues>,
    /// Where each is defined.
    places: Vec<Place>,
    /// `matrix.<axis>` for each of them.
    names: Vec<String>,
    excluded: Exclusions,
}

impl Matrix {
    /// Reads the `[matrix]` table; `folds` are the values of axes that the domain has listed.
    ///
    /// # Errors
    /// The limit that the number of axes exceeds.
    pub fn read(
        table: &Table,
        mut folds: HashMap<String, Vec<Node>>,
        vars: &Bindings<'_>,
        limits: &Limits,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Exceeded> {
        let axes = table.entries().iter().filter(|entry| entry.key != EXCLUDE);
        let count = axes.clone().count() as u64;
        if let Some(first) = axes.clone().nth(limits.axes.most as usize) {
            let what = format!("the matrix has {} axes", grouped(count));
            let told = exceeded(limits.axes, what, count);
            return Err(told.at(&first.key_place, "one too many").into());
        }
        let mut matrix = Self::default();
        for entry in axes {
            let listed = folds.remove(&entry.key);
            let is_folds = listed.is_some();
            let values = listed.or_else(|| axis_values(entry, vars, limits, diagnostics));
            // An axis of one unknown value, so that what uses it is still checked.
            let unknown = || {
                vec![Node {
                    value: Value::Unknown,
                    place: entry.node.place.clone(),
                }]
            };
            let mut axis = AxisValues::new(&entry.key, values.unwrap_or_else(unknown));
            axis.is_folds = is_folds;
            check_axis(entry, &axis, diagnostics);
            matrix.axes.push(axis);
            matrix.places.push(entry.key_place.clone());
        }
        let names = matrix.axes.iter();
        matrix.names = names.map(|axis| format!("matrix.{}", axis.name)).collect();
        if let Some(node) = table.get(EXCLUDE) {
            matrix.exclude(
                &substitute::node(node, vars, diagnostics),
                limits,
                diagnostics,
            );
        }
        Ok(matrix)
    }

    fn exclude(&mut self, node: &Node, limits: &Limits, diagnostics: &mut Diagnostics) {
        let Value::List(items) = &node.value else {
            let found = node.value.found();
            let wrong = wrong_type(
                EXCLUDE,
                &node.place,
                format!("expected a list, found {found}"),
            );
            diagnostics.push(wrong);
            return;
        };
        for item in items {
            self.excluded.read(item, &self.axes, diagnostics);
            let sets = self.excluded.sets() as u64;
            if sets > limits.exclude_sets.most {
                let what = format!("`exclude` names {} different sets of axes", grouped(sets));
                let told = exceeded(limits.exclude_sets, what, items.len() as u64);
                diagnostics.push(told.at(&item.place, "one too many"));
                return;
            }
        }
    }

    /// Reports axes that are not among `used`: no variant has them.
    pub fn check_used(&self, used: &HashSet<&str>, diagnostics: &mut Diagnostics) {
        for (axis, place) in self.axes.iter().zip(&self.places) {
            let name = &axis.name;
            if !used.contains(name.as_str()) {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::unused_axis",
                        format!("no stage uses the axis `{name}`"),
                    )
                    .at(place, "makes no variants")
                    .help(format!(
                        "write \"${{matrix.{name}}}\" where its values belong, or remove the axis"
                    )),
                );
            }
        }
    }

    /// The axis called `name`.
    pub fn axis(&self, name: &str) -> Option<&AxisValues> {
        self.axes.iter().find(|axis| axis.name == name)
    }

    /// Those of some axes whose values are the folds of a stage.
    pub fn fold_axes(&self, axes: &[&str]) -> Vec<String> {
        let folds = self.some(axes).filter(|(_, axis)| axis.is_folds);
        folds.map(|(_, axis)| axis.name.clone()).collect()
    }

    /// Where a value of an axis was written.
    pub fn place_of(&self, axis: &str, label: &str) -> Option<&Place> {
        Some(&self.axis(axis)?.value(label)?.place)
    }

    fn some<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (usize, &'a AxisValues)> {
        let axes = self.axes.iter().enumerate();
        axes.filter(move |(_, axis)| names.contains(&axis.name.as_str()))
    }

    /// The number of combinations over `axes`, those that are excluded too.
    pub fn count(&self, axes: &[&str]) -> u64 {
        let counts = self.some(axes).map(|(_, axis)| axis.values().len() as u64);
        counts.fold(1, u64::saturating_mul)
    }

    /// The bytes of the labels of all combinations over `axes`.
    pub fn label_bytes(&self, axes: &[&str]) -> u64 {
        let count = self.count(axes);
        let bytes = self.some(axes).map(|(_, axis)| {
            let labels = axis.labels().iter();
            let bytes: u64 = labels
                .map(|label| (axis.name.len() + label.len()) as u64)
                .sum();
            // Each label is in an equal part of the combinations.
            (count / axis.labels().len().max(1) as u64).saturating_mul(bytes)
        });
        bytes.fold(0, u64::saturating_add)
    }

    /// All combinations over `axes` that are not excluded, the last axis varying fastest; the empty variant when `axes`
    /// is empty.
    pub fn variants(&self, axes: &[&str]) -> Vec<Variant> {
        let mut places = vec![None; self.axes.len()];
        let used: Vec<&AxisValues> = self
            .some(axes)
            .enumerate()
            .map(|(place, (index, axis))| {
                places[index] = Some(place);
                axis
            })
            .collect();
        let mut excluded = self.excluded.among(|axis| places[axis].is_some());
        let mut variants = Vec::new();
        let mut chosen = vec![0; used.len()];
        if used.iter().any(|axis| axis.values().is_empty()) {
            return variants;
        }
        loop {
            let value_of = |axis: usize| places[axis].map_or(0, |place| chosen[place]);
            if !excluded.leave_out(value_of) {
                let values = used.iter().zip(&chosen);
                let labels = values.map(|(axis, &value)| {
                    let label = axis.labels()[value].clone();
                    (axis.name.clone(), label)
                });
                variants.push(labels.collect());
            }
            // The next combination, as an odometer counts.
            let turned = (0..used.len()).rev().find(|&place| {
                chosen[place] = (chosen[place] + 1) % used[place].values().len();
                chosen[place] > 0
            });
            if turned.is_none() {
                return variants;
            }
        }
    }

    /// Binds `matrix.<axis>` for every axis of `variant`.
    pub fn bind<'a>(&'a self, variant: &Variant, bindings: &mut Bindings<'a>) {
        bindings.mention(&self.names);
        for (axis, label) in variant {
            if let Some(node) = self.axis(axis).and_then(|axis| axis.value(label)) {
                bindings.bind(format!("matrix.{axis}"), Cow::Borrowed(node));
            }
        }
    }
}

/// The values of one axis; none, with the problem reported, where they cannot be read.
fn axis_values(
    entry: &TableEntry,
    vars: &Bindings<'_>,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Node>> {
    // Before variables are filled in: the number says more than the size that they would have.
    if !check_count(entry, &entry.node, limits, diagnostics) {
        return None;
    }
    let node = substitute::node(&entry.node, vars, diagnostics);
    if !check_count(entry, &node, limits, diagnostics) {
        return None;
    }
    match node.value {
        Value::List(values) => Some(values),
        Value::Table(description) => {
            let budget = vars.budget();
            axis::described(entry, &description, limits, budget, diagnostics)
        }
        // A value alone is taken for a list of one, so that what uses the axis is checked too.
        Value::Unknown => Some(vec![node]),
        _ => {
            let expected = "expected a list or a described axis";
            let told = format!("{expected}, found {}", node.value.found());
            diagnostics.push(wrong_type(&entry.key, &node.place, told));
            Some(vec![node])
        }
    }
}

/// False, with the problem reported, where a list has more values than an axis may have.
fn check_count(
    axis: &TableEntry,
    node: &Node,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Value::List(values) = &node.value else {
        return true;
    };
    let count = values.len() as u64;
    let first = values.get(limits.axis_values.most as usize);
    if let Some(first) = first {
        let told = too_many_values(&axis.key, count, limits);
        diagnostics.push(told.at(&first.place, "one too many"));
    }
    first.is_none()
}

fn wrong_type(key: &str, place: &Place, label: String) -> Diagnostic {
    let message = format!("`{key}` of [matrix] has the wrong type");
    Diagnostic::new("manifest::type", message).at(place, label)
}

fn check_axis(entry: &TableEntry, axis: &AxisValues, diagnostics: &mut Diagnostics) {
    if !is_plain_name(&entry.key) {
        diagnostics.push(
            Diagnostic::new(
                "manifest::axis_name",
                format!("`{}` is not a valid axis name", entry.key),
            )
            .at(&entry.key_place, "expected letters, digits, `_` and `-`"),
        );
    }
    if axis.values().is_empty() {
        diagnostics.push(
            Diagnostic::new(
                "manifest::empty_list",
                format!("the axis `{}` has no values", entry.key),
            )
            .at(&entry.node.place, "expected at least one value"),
        );
    }
    for index in axis.repeated() {
        let (value, label) = (&axis.values()[index], &axis.labels()[index]);
        let diagnostic = Diagnostic::new(
            "manifest::duplicate",
            format!("`{label}` appears twice in the axis `{}`", entry.key),
        )
        .at(&value.place, "the second one");
        diagnostics.push(match value.value {
            Value::Table(_) => {
                diagnostic.help("give the tables different names: { name = \"...\", ... }")
            }
            _ => diagnostic.help("remove one of them"),
        });
    }
}

/// True for names that are allowed in ids and names of folders.
pub fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.chars().all(plain)
}
