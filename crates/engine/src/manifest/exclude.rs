//! `exclude` of `[matrix]`: combinations of values that no step is made for.

use std::collections::{BTreeMap, HashSet};

use super::axis_values::AxisValues;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::suggest::suggest;
use super::value::{Node, Value};

/// Values that are left out together, by the axes they are of; both as indices.
#[derive(Clone, Debug, Default)]
pub struct Exclusions(BTreeMap<Vec<usize>, HashSet<Vec<usize>>>);

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
        for entry in table.entries() {
            let label = entry.node.value.describe();
            let position = axes.iter().position(|axis| axis.name == entry.key);
            let Some(position) = position else {
                let diagnostic = Diagnostic::new(
                    "manifest::exclude",
                    format!(
                        "`exclude` names the axis `{}`, which does not exist",
                        entry.key
                    ),
                )
                .at(&entry.key_place, "[matrix] has no such axis");
                let names = axes.iter().map(|axis| axis.name.as_str());
                diagnostics.push_with_help(diagnostic, || suggest(&entry.key, names));
                continue;
            };
            let axis = &axes[position];
            let Some(value) = axis.index(&label) else {
                let diagnostic = Diagnostic::new(
                    "manifest::exclude",
                    format!(
                        "`exclude` names {} = {label}, which does not exist",
                        entry.key
                    ),
                )
                .at(&entry.node.place, format!("not a value of `{}`", entry.key));
                let labels = axis.labels().iter().map(String::as_str);
                diagnostics.push_with_help(diagnostic, || suggest(&label, labels));
                continue;
            };
            excluded.insert(position, value);
        }
        if !excluded.is_empty() && excluded.len() == table.entries().len() {
            let (axes, values) = excluded.into_iter().unzip();
            self.0.entry(axes).or_default().insert(values);
        }
    }

    /// How many different sets of axes the combinations are of.
    pub fn sets(&self) -> usize {
        self.0.len()
    }

    /// What is left out of variants over some axes, which `has` tells by their index.
    pub fn among(&self, has: impl Fn(usize) -> bool) -> ExcludedCombinations<'_> {
        let sets = self.0.iter();
        ExcludedCombinations {
            sets: sets
                .filter(|(axes, _)| axes.iter().all(|&axis| has(axis)))
                .collect(),
            values: Vec::new(),
        }
    }
}

/// The combinations that can be in a variant.
pub struct ExcludedCombinations<'a> {
    sets: Vec<(&'a Vec<usize>, &'a HashSet<Vec<usize>>)>,
    /// The values that are being looked up.
    values: Vec<usize>,
}

impl ExcludedCombinations<'_> {
    /// True where a combination that is left out is among the values, which are given by the index of their axis.
    pub fn leave_out(&mut self, value_of: impl Fn(usize) -> usize) -> bool {
        self.sets.iter().any(|(axes, combinations)| {
            self.values.clear();
            self.values.extend(axes.iter().map(|&axis| value_of(axis)));
            combinations.contains(&self.values)
        })
    }
}
