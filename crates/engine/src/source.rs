//! Named texts that diagnostics point into, and the places in them.

use std::ops::Range;
use std::sync::Arc;

use miette::{MietteError, SourceCode, SourceSpan, SpanContents};

mod excerpt;

/// A text a user wrote: a manifest, another file of TOML, or the argument of `--set`.
#[derive(Clone, Debug)]
pub struct Source(Arc<SourceText>);

#[derive(Debug)]
struct SourceText {
    name: String,
    text: String,
    /// The text as it is shown, where that is another one.
    shown: Option<String>,
    of_command_line: bool,
    /// Whether nothing of the text is shown.
    is_withheld: bool,
}

impl SourceText {
    fn new(name: String, text: String) -> Self {
        Self {
            shown: text
                .contains(ESCAPE)
                .then(|| text.replace(ESCAPE, SUBSTITUTE)),
            name,
            text,
            of_command_line: false,
            is_withheld: false,
        }
    }
}

/// What terminals obey. The program's own colours begin with it too, so that a text of somebody else must not hold it
/// where both come together.
const ESCAPE: char = '\u{1b}';
/// What stands for another character, of the same length: places in the text stay where they are.
const SUBSTITUTE: &str = "\u{1a}";

impl Source {
    /// A text and the name people know it by.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(SourceText::new(name.into(), text.into())))
    }

    /// A text of which nothing is shown, since it may be none that the user meant to show.
    pub fn withheld(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(SourceText {
            is_withheld: true,
            ..SourceText::new(name.into(), text.into())
        }))
    }

    /// The argument of `--set`.
    pub fn of_override(text: impl Into<String>) -> Self {
        Self(Arc::new(SourceText {
            of_command_line: true,
            ..SourceText::new("--set".into(), text.into())
        }))
    }

    /// The name people know it by, usually a path as it was given.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether nothing of the text is shown.
    pub fn is_withheld(&self) -> bool {
        self.0.is_withheld
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// A place in this text; the range is cut to the text.
    pub fn place(&self, range: Range<usize>) -> Place {
        let end = range.end.min(self.text().len());
        Place {
            source: self.clone(),
            range: range.start.min(end)..end,
            axis: None,
        }
    }
}

/// What a diagnostic shows around a place; long lines are cut.
impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let context = [context_lines_before, context_lines_after];
        let text = self.0.shown.as_deref().unwrap_or(self.text());
        excerpt::around(self.name(), text, span, context)
    }
}

/// A stretch of a [`Source`], in bytes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The text.
    pub source: Source,
    /// The bytes of it.
    pub range: Range<usize>,
    /// The axis of the matrix that this is a value of.
    pub axis: Option<Arc<str>>,
}

impl Place {
    /// Whether it is in an argument of the command line.
    pub fn is_of_command_line(&self) -> bool {
        self.source.0.of_command_line
    }

    /// The bytes to underline: all of a short place, the start of a long one.
    pub fn underlined(&self) -> Range<usize> {
        excerpt::start_of(self.source.text(), &self.range)
    }
}
