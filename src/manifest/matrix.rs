//! `[matrix]`: axes of values, and the variants they span.

use std::collections::BTreeMap;

use crate::source::Place;

use super::axis;
use super::problem::{Problem, Problems};
use super::substitute::Bindings;
use super::suggest::suggest;
use super::value::{Node, Table, TableEntry, Value};

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
        let mut exclusions = Vec::new();
        for entry in &table.entries {
            if let (Value::Table(description), true) = (&entry.node.value, entry.key != "exclude") {
                let values = axis::described(entry, description, problems);
                // An axis of one unknown value, so that what uses it is still checked.
                let unknown = || {
                    vec![Node {
                        value: Value::Unknown,
                        place: entry.node.place.clone(),
                    }]
                };
                let values = values.unwrap_or_else(unknown);
                check_axis(entry, &values, problems);
                matrix.axes.push((entry.key.clone(), values));
                continue;
            }
            let Value::List(values) = &entry.node.value else {
                problems.push(
                    Problem::new(
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
                    matrix
                        .axes
                        .push((entry.key.clone(), vec![entry.node.clone()]));
                }
                continue;
            };
            if entry.key == "exclude" {
                exclusions.extend(values);
                continue;
            }
            check_axis(entry, values, problems);
            matrix.axes.push((entry.key.clone(), values.clone()));
        }
        for node in exclusions {
            let excluded = matrix.exclusion(node, problems);
            matrix.excluded.extend(excluded);
        }
        matrix
    }

    /// One item of `exclude`, if every axis and value in it exists.
    fn exclusion(&self, node: &Node, problems: &mut Problems) -> Option<BTreeMap<String, String>> {
        let Value::Table(table) = &node.value else {
            problems.push(
                Problem::new("manifest::type", "`exclude` has the wrong type").at(
                    &node.place,
                    format!(
                        "expected a table such as {{ seed = 2 }}, found {}",
                        node.value.found()
                    ),
                ),
            );
            return None;
        };
        let mut excluded = BTreeMap::new();
        for entry in &table.entries {
            let label = entry.node.value.describe();
            let Some((_, values)) = self.axes.iter().find(|(name, _)| *name == entry.key) else {
                problems.push(
                    Problem::new(
                        "manifest::exclude",
                        format!(
                            "`exclude` names the axis `{}`, which does not exist",
                            entry.key
                        ),
                    )
                    .at(&entry.key_place, "[matrix] has no such axis")
                    .help(suggest(&entry.key, self.axes())),
                );
                continue;
            };
            let labels: Vec<String> = values.iter().map(|value| value.value.describe()).collect();
            if !labels.contains(&label) {
                problems.push(
                    Problem::new(
                        "manifest::exclude",
                        format!(
                            "`exclude` names {} = {label}, which does not exist",
                            entry.key
                        ),
                    )
                    .at(&entry.node.place, format!("no value of `{}`", entry.key))
                    .help(suggest(&label, labels.iter().map(String::as_str))),
                );
                continue;
            }
            excluded.insert(entry.key.clone(), label);
        }
        (excluded.len() == table.entries.len()).then_some(excluded)
    }

    /// Where a value of an axis was written.
    pub fn place_of(&self, axis: &str, label: &str) -> Option<&Place> {
        let (_, values) = self.axes.iter().find(|(name, _)| name == axis)?;
        let value = values
            .iter()
            .find(|value| value.value.describe() == label)?;
        Some(&value.place)
    }

    /// Labels of an axis; none where there is no such axis.
    pub fn labels(&self, axis: &str) -> Option<Vec<String>> {
        let (_, values) = self.axes.iter().find(|(name, _)| name == axis)?;
        Some(values.iter().map(|value| value.value.describe()).collect())
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
        self.axes().for_each(|axis| bindings.mention(axis));
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

fn check_axis(entry: &TableEntry, values: &[Node], problems: &mut Problems) {
    if !is_plain_name(&entry.key) {
        problems.push(
            Problem::new(
                "manifest::axis_name",
                format!("`{}` cannot name an axis", entry.key),
            )
            .at(&entry.key_place, "expected letters, digits, `_` and `-`"),
        );
    }
    if values.is_empty() {
        problems.push(
            Problem::new(
                "manifest::empty_list",
                format!("the axis `{}` has no values", entry.key),
            )
            .at(&entry.node.place, "expected at least one value"),
        );
    }
    for (index, value) in values.iter().enumerate() {
        let label = value.value.describe();
        let twice = |other: &Node| other.value.describe() == label;
        if values[..index].iter().any(twice) {
            let problem = Problem::new(
                "manifest::duplicate",
                format!("`{label}` stands twice in the axis `{}`", entry.key),
            )
            .at(&value.place, "the second one");
            problems.push(match value.value {
                Value::Table(_) => {
                    problem.help("give the tables different names: { name = \"...\", ... }")
                }
                _ => problem.help("remove one of them"),
            });
        }
    }
}

/// True for names that can stand in ids and names of folders.
pub fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.chars().all(plain)
}

/// The folder that holds what a variant makes, `axis=label,...`; none where there are no axes.
pub fn variant_folder(variant: &[(String, String)]) -> Option<String> {
    let parts: Vec<String> = variant
        .iter()
        .map(|(axis, label)| {
            let label = label.replace(|c: char| c == '/' || c.is_control(), "_");
            format!("{axis}={label}")
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(","))
}
