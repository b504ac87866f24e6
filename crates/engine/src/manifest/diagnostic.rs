//! What can be wrong with a manifest or another file of TOML, as diagnostics that point at the place.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use miette::{LabeledSpan, SourceCode};

use crate::source::Place;

/// How many different problems with the values of one axis are reported.
const MOST_OF_AN_AXIS: usize = 20;

/// One thing that is wrong, at one place.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    code: &'static str,
    message: String,
    label: String,
    place: Option<Place>,
    /// Dotted path of the parameter that it is about, until its place is known.
    parameter: Option<String>,
    help: Option<String>,
    /// Values of the same axis that have the same problem, other than the one at the place.
    more_values: usize,
}

impl Diagnostic {
    /// A diagnostic with a stable code such as `manifest::unknown_key`.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            label: String::new(),
            place: None,
            parameter: None,
            help: None,
            more_values: 0,
        }
    }

    /// Where it is, and the label of the underlined text.
    pub fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.place = Some(place.clone());
        self.label = label.into();
        self
    }

    /// A parameter whose value cannot be used, alone or with others: its dotted path, such as `encoder.2.units`, and
    /// the label of the underlined value.
    pub fn of_value(
        parameter: impl Into<String>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            label: label.into(),
            parameter: Some(parameter.into()),
            ..Self::new("manifest::value", message)
        }
    }

    /// The dotted path of the parameter that it is about, as long as its place is not known.
    pub fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    /// The same at the place of its parameter.
    pub fn located(mut self, place_of: impl FnOnce(&str) -> Place) -> Self {
        if let Some(parameter) = self.parameter.take() {
            self.place = Some(place_of(&parameter));
        }
        self
    }

    /// What the user can do, where that is known.
    pub fn help_if(mut self, help: Option<impl Into<String>>) -> Self {
        self.help = help.map(Into::into);
        self
    }

    /// What the user can do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
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
            format!("{values} of the axis `{axis}` are invalid too")
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
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
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
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
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
        let at = |diagnostic: &Diagnostic| {
            diagnostic
                .place
                .as_ref()
                .map(|place| (place.source.name().to_string(), place.range.start))
        };
        self.0.sort_by_cached_key(at);
        // The same mistake is found again in every variant.
        let mut seen = BTreeSet::new();
        self.0
            .retain(|diagnostic| seen.insert((at(diagnostic), diagnostic.message.clone())));
        Self(merged_by_axis(self.0))
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
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the manifest has an error"),
            count => write!(f, "the manifest has {count} errors"),
        }
    }
}

impl std::error::Error for Diagnostics {}

impl miette::Diagnostic for Diagnostics {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(
            self.0
                .iter()
                .map(|diagnostic| diagnostic as &dyn miette::Diagnostic),
        ))
    }
}
