//! What can be wrong with a manifest or `corpora.toml`, as diagnostics that point at the place.

use std::collections::BTreeSet;
use std::fmt;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::source::Place;

/// One thing that is wrong, at one place.
#[derive(Clone, Debug)]
pub struct Problem {
    code: &'static str,
    message: String,
    label: String,
    place: Option<Place>,
    help: Option<String>,
    named: Option<miette::NamedSource<String>>,
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
            named: None,
        }
    }

    /// Where it is, and what to write beside the underlined text.
    pub fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.named = Some(place.source.named());
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
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.named.as_ref().map(|named| named as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let length = place.range.len();
        let label = LabeledSpan::new(Some(self.label.clone()), place.range.start, length);
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

    /// By file and place, each once.
    pub fn sorted(mut self) -> Self {
        let at = |problem: &Problem| {
            problem
                .place
                .as_ref()
                .map(|place| (place.source.name().to_string(), place.range.start))
        };
        self.0.sort_by_cached_key(at);
        // The same mistake is found again in every variant.
        let mut told = BTreeSet::new();
        self.0
            .retain(|problem| told.insert((at(problem), problem.message.clone())));
        self
    }
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
