//! `[matrix]`: axes of values, and the variants they span.

use std::collections::BTreeMap;

use super::problem::{Problem, Problems};
use super::substitute::Bindings;
use super::value::{Node, Table, Value};

/// The axes of a matrix and the combinations left out.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    axes: Vec<(String, Vec<Node>)>,
    excluded: Vec<BTreeMap<String, String>>,
}

/// One value of each of some axes, by axis name and label, in the order of the axes.
pub type Variant = Vec<(String, String)>;

impl Matrix {
    /// Reads the `[matrix]` table.
    pub fn read(table: &Table, problems: &mut Problems) -> Self {
        let mut matrix = Self::default();
        for entry in &table.entries {
            let Value::List(values) = &entry.node.value else {
                problems.push(
                    Problem::new(
                        "manifest::type",
                        format!("the axis `{}` has the wrong type", entry.key),
                    )
                    .at(
                        &entry.node.place,
                        format!("expected a list, found {}", entry.node.value.type_name()),
                    ),
                );
                continue;
            };
            if entry.key == "exclude" {
                matrix
                    .excluded
                    .extend(values.iter().filter_map(|value| exclusion(value, problems)));
                continue;
            }
            if values.is_empty() {
                problems.push(
                    Problem::new(
                        "manifest::empty_list",
                        format!("the axis `{}` has no values", entry.key),
                    )
                    .at(&entry.node.place, "expected at least one"),
                );
                continue;
            }
            for (index, value) in values.iter().enumerate() {
                let label = value.value.describe();
                if values[..index]
                    .iter()
                    .any(|other| other.value.describe() == label)
                {
                    problems.push(
                        Problem::new(
                            "manifest::duplicate",
                            format!("`{label}` stands twice in `{}`", entry.key),
                        )
                        .at(&value.place, "the second one")
                        .help("give tables different names: { name = \"...\", ... }"),
                    );
                }
            }
            matrix.axes.push((entry.key.clone(), values.clone()));
        }
        for excluded in &matrix.excluded {
            for (axis, label) in excluded {
                let known = matrix.axes.iter().any(|(name, values)| {
                    name == axis && values.iter().any(|value| value.value.describe() == *label)
                });
                if !known {
                    problems.push(Problem::new(
                        "manifest::exclude",
                        format!("`exclude` names {axis} = {label}, which no axis has"),
                    ));
                }
            }
        }
        matrix
    }

    /// Names of the axes in the order of the text.
    pub fn axes(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|(name, _)| name.as_str())
    }

    /// All combinations over `axes` that are not excluded; the empty variant when `axes` is empty.
    pub fn variants(&self, axes: &[&str]) -> Vec<Variant> {
        let mut variants: Vec<Variant> = vec![Vec::new()];
        for (name, values) in self
            .axes
            .iter()
            .filter(|(name, _)| axes.contains(&name.as_str()))
        {
            variants = variants
                .into_iter()
                .flat_map(|variant| {
                    values.iter().map(move |value| {
                        let mut longer = variant.clone();
                        longer.push((name.clone(), value.value.describe()));
                        longer
                    })
                })
                .collect();
        }
        variants.retain(|variant| {
            !self.excluded.iter().any(|excluded| {
                !excluded.is_empty()
                    && excluded
                        .iter()
                        .all(|(axis, label)| variant.iter().any(|(a, l)| a == axis && l == label))
            })
        });
        variants
    }

    /// Binds `matrix.<axis>` for every axis of `variant`.
    pub fn bind(&self, variant: &Variant, bindings: &mut Bindings) {
        for (axis, label) in variant {
            let values = self
                .axes
                .iter()
                .find(|(name, _)| name == axis)
                .map(|(_, values)| values);
            if let Some(node) =
                values.and_then(|values| values.iter().find(|v| v.value.describe() == *label))
            {
                bindings.bind(&format!("matrix.{axis}"), node);
            }
        }
    }
}

fn exclusion(node: &Node, problems: &mut Problems) -> Option<BTreeMap<String, String>> {
    let Value::Table(table) = &node.value else {
        problems.push(
            Problem::new("manifest::type", "`exclude` has the wrong type").at(
                &node.place,
                format!(
                    "expected a table such as {{ seed = 2 }}, found {}",
                    node.value.type_name()
                ),
            ),
        );
        return None;
    };
    Some(
        table
            .entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.node.value.describe()))
            .collect(),
    )
}
