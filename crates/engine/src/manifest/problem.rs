//! What can be wrong with a manifest or another file of TOML, as diagnostics that point at the place.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::source::Place;

/// How many different problems with the values of one axis are reported.
const MOST_OF_AN_AXIS: usize = 20;

/// One thing that is wrong, at one place.
#[derive(Clone, Debug)]
pub struct Problem {
    code: &'static str,
    message: String,
    label: String,
    place: Option<Place>,
    help: Option<String>,
    /// Values of the same axis that have the same problem, other than the one at the place.
    more_values: usize,
}

impl Problem {
    /// A problem with a stable code such as `manifest::unknown_key`.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            label: String::new(),
            place: None,
            help: None,
            more_values: 0,
        }
    }

    /// Where it is, and what to write beside the underlined text.
    pub fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.place = Some(place.clone());
        self.label = label.into();
        self
    }

    /// What the user can do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The place, when there is one.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let axis = self.place.as_ref().and_then(|place| place.axis.as_ref());
        let more = axis.filter(|_| self.more_values > 0).map(|axis| {
            let values = match self.more_values {
                1 => "1 more value".to_owned(),
                count => format!("{count} more values"),
            };
            format!("{values} of the axis `{axis}` cannot be used either")
        });
        let parts: Vec<&str> = [&self.help, &more]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        (!parts.is_empty()).then(|| Box::new(parts.join("; ")) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let place = self.place.as_ref()?;
        Some(&place.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let range = place.underlined();
        let label = LabeledSpan::new(Some(self.label.clone()), range.start, range.len());
        Some(Box::new(std::iter::once(label)))
    }
}

/// Everything that is wrong, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Takes in all of another's.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were found so far, each as often as it was found.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The problems found so far.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// `value` when nothing is wrong; otherwise the problems, by file and place, each once.
    pub fn or_ok<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            return Ok(value);
        }
        Err(self.sorted())
    }

    /// By file and place, each once. What is wrong with many values of an axis is reported once, with their number.
    pub fn sorted(mut self) -> Self {
        let at = |problem: &Problem| {
            problem
                .place
                .as_ref()
                .map(|place| (place.source.name().to_string(), place.range.start))
        };
        self.0.sort_by_cached_key(at);
        // The same mistake is found again in every variant.
        let mut seen = BTreeSet::new();
        self.0
            .retain(|problem| seen.insert((at(problem), problem.message.clone())));
        Self(merged_by_axis(self.0))
    }
}

/// Of problems with the same message at values of the same axis, the first; of problems with different messages but the
/// same code, at most [`MOST_OF_AN_AXIS`].
fn merged_by_axis(problems: Vec<Problem>) -> Vec<Problem> {
    let mut merged: Vec<Problem> = Vec::new();
    let mut first_with: HashMap<(Arc<str>, String), usize> = HashMap::new();
    let mut with_code: HashMap<(Arc<str>, &'static str), Vec<usize>> = HashMap::new();
    for problem in problems {
        let axis = problem.place.as_ref().and_then(|place| place.axis.clone());
        if let Some(axis) = axis {
            let message = (axis.clone(), problem.message.clone());
            let alike = with_code.entry((axis, problem.code)).or_default();
            let first = first_with.get(&message).copied();
            let full = || (alike.last().copied()).filter(|_| alike.len() >= MOST_OF_AN_AXIS);
            if let Some(index) = first.or_else(full) {
                merged[index].more_values += 1 + problem.more_values;
                continue;
            }
            first_with.insert(message, merged.len());
            alike.push(merged.len());
        }
        merged.push(problem);
    }
    merged
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the manifest has an error"),
            count => write!(f, "the manifest has {count} errors"),
        }
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.0.iter().map(|problem| problem as &dyn Diagnostic),
        ))
    }
}
