//! `exclude` of `[matrix]`: combinations of values that no step is made for.

use std::collections::{BTreeMap, HashSet};

use super::axis_values::AxisValues;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::suggest::suggest;
use super::value::{Node, Value};
use super::variant::Variant;

/// Labels that are left out together, by the axes they are of.
#[derive(Clone, Debug, Default)]
pub struct Exclusions(BTreeMap<Vec<String>, HashSet<Vec<String>>>);

impl Exclusions {
    /// Adds one item of `exclude`, if every axis and value in it exists.
    pub fn read(&mut self, node: &Node, axes: &[AxisValues], diagnostics: &mut Diagnostics) {
        let Value::Table(table) = &node.value else {
            diagnostics.push(
                Diagnostic::new("manifest::type", "`exclude` has the wrong type").at(
                    &node.place,
                    format!(
                        "expected a table such as {{ seed = 2 }}, found {}",
                        node.value.found()
                    ),
                ),
            );
            return;
        };
        let mut excluded = BTreeMap::new();
        for entry in &table.entries {
            let label = entry.node.value.describe();
            let Some(axis) = axes.iter().find(|axis| axis.name == entry.key) else {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::exclude",
                        format!(
                            "`exclude` names the axis `{}`, which does not exist",
                            entry.key
                        ),
                    )
                    .at(&entry.key_place, "[matrix] has no such axis")
                    .help(suggest(
                        &entry.key,
                        axes.iter().map(|axis| axis.name.as_str()),
                    )),
                );
                continue;
            };
            if axis.value(&label).is_none() {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::exclude",
                        format!(
                            "`exclude` names {} = {label}, which does not exist",
                            entry.key
                        ),
                    )
                    .at(&entry.node.place, format!("not a value of `{}`", entry.key))
                    .help(suggest(&label, axis.labels().iter().map(String::as_str))),
                );
                continue;
            }
            excluded.insert(entry.key.clone(), label);
        }
        if !excluded.is_empty() && excluded.len() == table.entries.len() {
            let (axes, labels) = excluded.into_iter().unzip();
            self.0.entry(axes).or_default().insert(labels);
        }
    }

    /// True where a combination that is left out is among the values of `variant`.
    pub fn leave_out(&self, variant: &Variant) -> bool {
        self.0.iter().any(|(axes, combinations)| {
            let label_of = |axis: &String| {
                let value = variant.iter().find(|(name, _)| name == axis)?;
                Some(value.1.clone())
            };
            let labels: Option<Vec<String>> = axes.iter().map(label_of).collect();
            labels.is_some_and(|labels| combinations.contains(&labels))
        })
    }
}
