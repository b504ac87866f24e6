//! Everything that is wrong with a manifest, in the order of the text, however much it is.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use pipe_foundation::grouped;

use super::diagnostic::Diagnostic;

/// How many problems are shown in full; of the others, only their number is.
const SHOWN: usize = 20;
/// Help is worked out for so many. They may not be those that come first in the text, so it is more than are shown.
const EXPLAINED: usize = 3 * SHOWN;
/// How many different problems are remembered with their places.
const KEPT: usize = 10_000;
/// How many different problems of one kind with the values of one axis are reported, so that others are shown too.
const MOST_OF_AN_AXIS: usize = 5;

/// Everything that is wrong, each problem once.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    /// The identities of all different problems.
    seen: HashSet<u64>,
    /// Different problems that are not kept.
    more: usize,
    /// How many were found, each as often as it was found.
    found: usize,
    /// Whether problems are counted only.
    only_counted: bool,
}

impl Diagnostics {
    /// Where problems are counted and forgotten, because they will be found again.
    pub fn only_counted() -> Self {
        Self {
            only_counted: true,
            ..Self::default()
        }
    }

    /// Adds one, unless it is there already: the same mistake is found again in every variant.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.push_if_new(diagnostic, |diagnostic| diagnostic);
    }

    /// As [`Diagnostics::push`], with help that takes long to work out, such as the nearest of many names: it is left
    /// out where so much is wrong that nobody will read it.
    pub fn push_with_help(&mut self, diagnostic: Diagnostic, help: impl FnOnce() -> String) {
        let is_explained = self.is_explaining();
        self.push_if_new(diagnostic, |diagnostic| match is_explained {
            true => diagnostic.help(help()),
            false => diagnostic,
        });
    }

    fn push_if_new(
        &mut self,
        diagnostic: Diagnostic,
        finish: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        self.found += 1;
        if self.only_counted || !self.seen.insert(diagnostic.identity()) {
            return;
        }
        match self.kept.len() < KEPT {
            true => self.kept.push(finish(diagnostic)),
            false => self.more += 1,
        }
    }

    /// Whether help for further problems is worth working out.
    pub fn is_explaining(&self) -> bool {
        !self.only_counted && self.kept.len() < EXPLAINED
    }

    /// Takes in all of another's.
    pub fn extend(&mut self, other: Self) {
        // Those that were not kept, and repetitions.
        self.found += other.found - other.kept.len();
        self.more += other.more;
        for diagnostic in other.kept {
            self.push(diagnostic);
        }
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found == 0
    }

    /// How many were found so far, each as often as it was found.
    pub fn len(&self) -> usize {
        self.found
    }

    /// How many different problems there are.
    pub fn count(&self) -> usize {
        self.kept.len() + self.more
    }

    /// The problems that are worth showing; the number of the others is `count` less theirs.
    pub fn shown(&self) -> &[Diagnostic] {
        &self.kept[..self.kept.len().min(SHOWN)]
    }

    /// `and 19,980 more`, where not all are shown.
    pub fn not_shown(&self) -> Option<String> {
        let more = self.count() - self.shown().len();
        (more > 0).then(|| format!("and {} more", grouped(more as u64)))
    }

    /// `value` when nothing is wrong; otherwise the problems, by file and place, each once.
    pub fn or_ok<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            return Ok(value);
        }
        Err(self.sorted())
    }

    /// By file and place. What is wrong with many values of an axis is reported once, with their number.
    pub fn sorted(mut self) -> Self {
        self.kept
            .sort_by(|one, other| one.start().cmp(&other.start()));
        self.kept = merged_by_axis(self.kept);
        self.found = self.count();
        self
    }
}

/// Of problems with the same message at values of the same axis, the first; of problems with different messages but the
/// same code, at most [`MOST_OF_AN_AXIS`].
fn merged_by_axis(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::new();
    let mut first_with: HashMap<(Arc<str>, String), usize> = HashMap::new();
    let mut with_code: HashMap<(Arc<str>, &'static str), Vec<usize>> = HashMap::new();
    for diagnostic in diagnostics {
        let axis = diagnostic
            .place
            .as_ref()
            .and_then(|place| place.axis.clone());
        if let Some(axis) = axis {
            let message = (axis.clone(), diagnostic.message.clone());
            let alike = with_code.entry((axis, diagnostic.code)).or_default();
            let first = first_with.get(&message).copied();
            let full = || (alike.last().copied()).filter(|_| alike.len() >= MOST_OF_AN_AXIS);
            if let Some(index) = first.or_else(full) {
                merged[index].more_values += 1 + diagnostic.more_values;
                continue;
            }
            first_with.insert(message, merged.len());
            alike.push(merged.len());
        }
        merged.push(diagnostic);
    }
    merged
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut diagnostics = Self::default();
        diagnostics.push(diagnostic);
        diagnostics
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => f.write_str("the manifest has an error"),
            count => write!(f, "the manifest has {} errors", grouped(count as u64)),
        }
    }
}

impl std::error::Error for Diagnostics {}

impl miette::Diagnostic for Diagnostics {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(
            self.shown()
                .iter()
                .map(|diagnostic| diagnostic as &dyn miette::Diagnostic),
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::source::Source;

    use super::*;

    fn problem(source: &Source, at: usize) -> Diagnostic {
        Diagnostic::new("manifest::test", format!("problem {at}"))
            .at(&source.place(at..at + 1), "here")
    }

    #[test]
    fn of_many_problems_the_first_are_shown_and_all_are_counted() {
        let source = Source::new("test.toml", "x".repeat(20_000));
        let mut diagnostics = Diagnostics::default();
        let mut explained = 0;
        for at in (0..20_000).rev().chain(0..10) {
            diagnostics.push_with_help(problem(&source, at), || {
                explained += 1;
                "a nearer name".into()
            });
        }
        assert_eq!(explained, EXPLAINED);
        assert_eq!(diagnostics.len(), 20_010);
        let sorted = diagnostics.sorted();
        assert_eq!(sorted.count(), 20_000);
        assert_eq!(sorted.shown().len(), SHOWN);
        assert_eq!(sorted.not_shown().as_deref(), Some("and 19,980 more"));
        assert_eq!(sorted.to_string(), "the manifest has 20,000 errors");
        let mut others = Diagnostics::from(problem(&source, 19_999));
        others.extend(sorted);
        assert_eq!(others.shown()[0].to_string(), "problem 19999");
        assert_eq!(others.count(), 20_000);
    }

    #[test]
    fn what_is_counted_only_is_not_kept() {
        let source = Source::new("test.toml", "x");
        let mut diagnostics = Diagnostics::only_counted();
        diagnostics.push_with_help(problem(&source, 0), || unreachable!());
        assert_eq!((diagnostics.len(), diagnostics.count()), (1, 0));
    }
}
