//! One thing that is wrong with a manifest or another file of TOML, as a diagnostic that points at the place.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use miette::{LabeledSpan, SourceCode};

use crate::source::Place;

/// Characters that are shown of a message, a label and a help text: names and values may be of any length.
const LONGEST_MESSAGE: usize = 1000;
const LONGEST_LABEL: usize = 300;
const LONGEST_HELP: usize = 2000;

/// One thing that is wrong, at one place.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub(super) code: &'static str,
    pub(super) message: String,
    label: String,
    pub(super) place: Option<Place>,
    /// Dotted path of the parameter that it is about, until its place is known.
    parameter: Option<String>,
    help: Option<String>,
    /// Values of the same axis that have the same problem, other than the one at the place.
    pub(super) more_values: usize,
}

impl Diagnostic {
    /// A diagnostic with a stable code such as `manifest::unknown_key`.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: shortened(message.into(), LONGEST_MESSAGE),
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
        self.label = shortened(label.into(), LONGEST_LABEL);
        self
    }

    /// A parameter whose value cannot be used, alone or with others: its dotted path, such as `encoder.2.units`, and
    /// the label of the underlined value.
    pub fn of_value(
        parameter: impl Into<String>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self::new("manifest::value", message).about(parameter, label)
    }

    /// The dotted path of the parameter that it is about, and the label of the underlined value.
    pub fn about(mut self, parameter: impl Into<String>, label: impl Into<String>) -> Self {
        self.parameter = Some(parameter.into());
        self.label = shortened(label.into(), LONGEST_LABEL);
        self
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
        self.help = help.map(|help| shortened(help.into(), LONGEST_HELP));
        self
    }

    /// What the user can do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shortened(help.into(), LONGEST_HELP));
        self
    }

    /// The same number for problems with the same message at the same place.
    pub(super) fn identity(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.start().hash(&mut hasher);
        self.message.hash(&mut hasher);
        hasher.finish()
    }

    /// The place, where its text may be shown.
    fn shown_place(&self) -> Option<&Place> {
        let place = self.place.as_ref();
        place.filter(|place| !place.source.is_withheld())
    }

    /// The file and the first byte of the place.
    pub(super) fn start(&self) -> Option<(&str, usize)> {
        let place = self.place.as_ref()?;
        Some((place.source.name(), place.range.start))
    }
}

/// The text, or of a long one the start and the end.
fn shortened(text: String, longest: usize) -> String {
    const END: usize = 60;
    // A character has a byte at least, so most texts need not be counted.
    if text.len() <= longest || text.chars().count() <= longest {
        return text;
    }
    let start: String = text.chars().take(longest - END).collect();
    let end = text.char_indices().rev().nth(END - 1);
    let end = end.map_or("", |(at, _)| &text[at..]);
    format!("{start} ... {end}")
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
        let withheld = self
            .place
            .as_ref()
            .filter(|place| place.source.is_withheld());
        let withheld = withheld.map(|place| {
            let before = &place.source.text()[..place.range.start];
            let line = before.matches('\n').count() + 1;
            let name = place.source.name();
            format!(
                "it is in line {line} of {name}, outside of the project, of which nothing is shown"
            )
        });
        let parts: Vec<&str> = [&self.help, &more, &withheld]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        (!parts.is_empty()).then(|| Box::new(parts.join("; ")) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let place = self.shown_place()?;
        Some(&place.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.shown_place()?;
        let range = place.underlined();
        let label = LabeledSpan::new(Some(self.label.clone()), range.start, range.len());
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_texts_the_start_and_the_end_are_shown() {
        let long = format!("start {} end", "ä".repeat(10_000));
        let diagnostic = Diagnostic::new("manifest::test", long.clone());
        assert!(diagnostic.message.starts_with("start ää"));
        assert!(diagnostic.message.ends_with("ää end"));
        assert_eq!(diagnostic.message.chars().count(), LONGEST_MESSAGE + 5);
        assert_eq!(shortened("ä".repeat(300), 300).chars().count(), 300);
    }
}
