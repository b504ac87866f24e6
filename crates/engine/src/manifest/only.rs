//! `only`, a key of every stage: which values of an axis its variants are limited to.

use std::collections::{BTreeMap, HashSet};

use super::bindings::Bindings;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::matrix::Matrix;
use super::substitute;
use super::suggest::suggest;
use super::value::{Table, Value};
use super::variant::Variant;

/// The key in a stage's table.
pub const KEY: &str = "only";

/// Labels that a stage is limited to, by axis; axes that are not named are not limited.
#[derive(Clone, Debug, Default)]
pub struct Only(BTreeMap<String, HashSet<String>>);

impl Only {
    /// Reads `only = { axis = value or values }` of a stage whose variants differ in `axes`.
    pub fn read(
        stage: &str,
        table: &Table,
        axes: &[&str],
        vars: &Bindings<'_>,
        matrix: &Matrix,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut only = Self::default();
        let Some(node) = table.get(KEY) else {
            return only;
        };
        let node = substitute::node(node, vars, diagnostics);
        let Value::Table(limits) = &node.value else {
            diagnostics.push(
                Diagnostic::new("manifest::type", "`only` has the wrong type").at(
                    &node.place,
                    format!(
                        "expected a table such as {{ method = [\"baseline\"] }}, found {}",
                        node.value.found()
                    ),
                ),
            );
            return only;
        };
        for limit in limits.entries() {
            let known = matrix.axis(&limit.key);
            let (Some(axis), true) = (known, axes.contains(&limit.key.as_str())) else {
                let diagnostic = Diagnostic::new(
                    "manifest::only",
                    format!("`{stage}` does not vary by `{}`", limit.key),
                )
                .at(&limit.key_place, "not an axis of this stage");
                let names = axes.iter().copied();
                diagnostics.push_with_help(diagnostic, || suggest(&limit.key, names));
                continue;
            };
            let values = match &limit.node.value {
                Value::List(nodes) => nodes.iter().collect(),
                _ => vec![&limit.node],
            };
            let mut kept = HashSet::new();
            for value in values {
                let label = value.value.describe();
                if axis.value(&label).is_none() {
                    let diagnostic = Diagnostic::new(
                        "manifest::only",
                        format!("`only` names {} = {label}, which does not exist", limit.key),
                    )
                    .at(&value.place, format!("not a value of `{}`", limit.key));
                    let labels = axis.labels().iter().map(String::as_str);
                    diagnostics.push_with_help(diagnostic, || suggest(&label, labels));
                }
                kept.insert(label);
            }
            only.0.insert(limit.key.clone(), kept);
        }
        only
    }

    /// True when a variant is among those that stay.
    pub fn keeps(&self, variant: &Variant) -> bool {
        variant.iter().all(|(axis, label)| {
            let limit = self.0.get(axis);
            limit.is_none_or(|labels| labels.contains(label))
        })
    }
}
