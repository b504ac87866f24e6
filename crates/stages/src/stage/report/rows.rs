//! The rows of a report: what they are called, and which evaluations are folds of one.

use pipe_engine::stage::InputLabel;
use pipe_report::eval::EvalError;
use pipe_report::{FoldEntry, ReportEntry};

/// The axis of folds that are written by hand, where nothing else is said.
pub const FOLD: &str = "fold";

/// Which evaluations are folds of one row, and what their rows are called.
pub struct Rows {
    /// The label of each input without its fold.
    pub labels: Vec<InputLabel>,
    /// The fold of each input; none where it is no fold.
    pub folds: Vec<Option<String>>,
}

impl Rows {
    /// Takes the axis of folds out of `labels`: the one that is `named`; otherwise one whose values are the folds of a
    /// stage, or the one called `fold`.
    pub fn of(labels: &[&InputLabel], named: Option<&str>) -> Self {
        let mut rows = Self {
            labels: labels.iter().map(|label| (*label).clone()).collect(),
            folds: Vec::new(),
        };
        for label in &mut rows.labels {
            let listed = || label.fold_axes.first().map(String::as_str);
            let folds = named.or_else(listed).unwrap_or(FOLD);
            let place = label.variant.iter().position(|(axis, _)| axis == folds);
            rows.folds
                .push(place.map(|place| label.variant.remove(place).1));
        }
        rows
    }

    /// Names of the rows.
    pub fn names(&self) -> Vec<String> {
        row_names(&self.labels.iter().collect::<Vec<_>>())
    }

    /// The evaluations with those of the folds of one row put together, in the order of the first fold of each.
    ///
    /// # Errors
    /// Folds of which no row can be made.
    pub fn pooled(&self, entries: Vec<ReportEntry>) -> Result<Vec<ReportEntry>, EvalError> {
        let mut rows: Vec<(&InputLabel, Vec<FoldEntry>)> = Vec::new();
        let mut pooled: Vec<Option<ReportEntry>> = Vec::new();
        let mut row_of: Vec<Option<usize>> = Vec::new();
        for ((label, fold), entry) in self.labels.iter().zip(&self.folds).zip(entries) {
            let Some(fold) = fold.clone() else {
                pooled.push(Some(entry));
                row_of.push(None);
                continue;
            };
            let fold = FoldEntry { fold, entry };
            match rows.iter_mut().find(|(known, _)| *known == label) {
                Some((_, folds)) => folds.push(fold),
                None => {
                    row_of.push(Some(rows.len()));
                    pooled.push(None);
                    rows.push((label, vec![fold]));
                }
            }
        }
        let mut made = Vec::with_capacity(rows.len());
        for (_, folds) in rows {
            let first = folds
                .first()
                .map(|fold| (fold.entry.model.name.clone(), fold.entry.axes.clone()));
            let (name, axes) = first.unwrap_or_default();
            made.push(Some(ReportEntry {
                axes,
                ..ReportEntry::pooled(name, folds)?
            }));
        }
        let rows = pooled.into_iter().zip(row_of);
        let rows = rows.filter_map(|(entry, row)| entry.or_else(|| made.get_mut(row?)?.take()));
        Ok(rows.collect())
    }
}

/// Names of the rows: the matrix values where the inputs differ in them, with the stage where there are several.
pub fn row_names(labels: &[&InputLabel]) -> Vec<String> {
    let several = labels.iter().any(|label| label.stage != labels[0].stage);
    labels
        .iter()
        .map(|label| {
            let values: Vec<String> = label.variant.iter().map(value_name).collect();
            match (values.is_empty(), several) {
                (true, _) => label.stage.clone(),
                (false, false) => values.join(", "),
                (false, true) => format!("{} {}", label.stage, values.join(", ")),
            }
        })
        .collect()
}

/// A matrix value as people say it: a bare number needs the name of its axis.
fn value_name((axis, value): &(String, String)) -> String {
    match value.parse::<f64>() {
        Ok(_) => format!("{axis} {value}"),
        Err(_) => value.clone(),
    }
}
