//! `[matrix]`: axes of values, and the variants they span.

use crate::source::Place;

use super::axis;
use super::axis_values::AxisValues;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::exclude::Exclusions;
use super::substitute::Bindings;
use super::value::{Node, Table, TableEntry, Value};
use super::variant::Variant;

/// The axes of a matrix and the combinations left out.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    axes: Vec<AxisValues>,
    excluded: Exclusions,
}

impl Matrix {
    /// Reads the `[matrix]` table.
    pub fn read(table: &Table, diagnostics: &mut Diagnostics) -> Self {
        let mut matrix = Self::default();
        let mut exclusions = Vec::new();
        for entry in &table.entries {
            if let (Value::Table(description), true) = (&entry.node.value, entry.key != "exclude") {
                let values = axis::described(entry, description, diagnostics);
                // An axis of one unknown value, so that what uses it is still checked.
                let unknown = || {
                    vec![Node {
                        value: Value::Unknown,
                        place: entry.node.place.clone(),
                    }]
                };
                matrix.add(entry, values.unwrap_or_else(unknown), diagnostics);
                continue;
            }
            let Value::List(values) = &entry.node.value else {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::type",
                        format!("`{}` of [matrix] has the wrong type", entry.key),
                    )
                    .at(
                        &entry.node.place,
                        match entry.key.as_str() {
                            "exclude" => {
                                format!("expected a list, found {}", entry.node.value.found())
                            }
                            _ => format!(
                                "expected a list or a described axis, found {}",
                                entry.node.value.found()
                            ),
                        },
                    ),
                );
                // A value alone is taken for a list of one, so that what uses the axis is checked too.
                if entry.key != "exclude" {
                    let value = vec![entry.node.clone()];
                    matrix.axes.push(AxisValues::new(&entry.key, value));
                }
                continue;
            };
            if entry.key == "exclude" {
                exclusions.extend(values);
                continue;
            }
            matrix.add(entry, values.clone(), diagnostics);
        }
        for node in exclusions {
            matrix.excluded.read(node, &matrix.axes, diagnostics);
        }
        matrix
    }

    fn add(&mut self, entry: &TableEntry, values: Vec<Node>, diagnostics: &mut Diagnostics) {
        let axis = AxisValues::new(&entry.key, values);
        check_axis(entry, &axis, diagnostics);
        self.axes.push(axis);
    }

    /// The axis called `name`.
    pub fn axis(&self, name: &str) -> Option<&AxisValues> {
        self.axes.iter().find(|axis| axis.name == name)
    }

    /// Where a value of an axis was written.
    pub fn place_of(&self, axis: &str, label: &str) -> Option<&Place> {
        Some(&self.axis(axis)?.value(label)?.place)
    }

    /// Names of the axes in the order of the text.
    pub fn axes(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|axis| axis.name.as_str())
    }

    /// All combinations over `axes` that are not excluded; the empty variant when `axes` is empty.
    pub fn variants(&self, axes: &[&str]) -> Vec<Variant> {
        let mut variants: Vec<Variant> = vec![Vec::new()];
        for axis in &self.axes {
            if !axes.contains(&axis.name.as_str()) {
                continue;
            }
            variants = variants
                .into_iter()
                .flat_map(|variant| {
                    axis.labels().iter().map(move |label| {
                        let mut longer = variant.clone();
                        longer.push((axis.name.clone(), label.clone()));
                        longer
                    })
                })
                .collect();
        }
        variants.retain(|variant| !self.excluded.leave_out(variant));
        variants
    }

    /// Binds `matrix.<axis>` for every axis of `variant`.
    pub fn bind<'a>(&'a self, variant: &Variant, bindings: &mut Bindings<'a>) {
        self.axes().for_each(|axis| bindings.mention(axis));
        for (axis, label) in variant {
            if let Some(node) = self.axis(axis).and_then(|axis| axis.value(label)) {
                bindings.bind(&format!("matrix.{axis}"), node);
            }
        }
    }
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
