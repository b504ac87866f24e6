//! How errors are drawn: what strangers wrote into them is cleaned before colours are added, so that only these are obeyed.

use std::error::Error;
use std::fmt::{Debug, Display, Formatter, Result};

use miette::{Diagnostic, LabeledSpan, MietteHandlerOpts, ReportHandler, Severity, SourceCode};
use textwrap::{WordSeparator, WordSplitter};

use super::visible::{with_own_colours, without_escapes};

/// Has all errors that are made from now on drawn so.
pub fn show_without_strangers_escapes() {
    // It can only have been set before.
    let _ = miette::set_hook(Box::new(|_| Box::new(Handler)));
}

/// A word of more characters is nothing that one copies, and is broken over several lines.
const LONGEST_WORD: usize = 300;

struct Handler;

impl ReportHandler for Handler {
    fn debug(&self, error: &dyn Diagnostic, formatter: &mut Formatter<'_>) -> Result {
        let drawn = Drawn(Cleaned::of(error)).to_string();
        formatter.write_str(&with_own_colours(&drawn))
    }
}

/// An error as it is drawn.
struct Drawn<'a>(Cleaned<'a>);

impl Display for Drawn<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        // What one copies, such as an address or a path, is in one piece.
        let handler = MietteHandlerOpts::new()
            .break_words(self.0.longest_word() > LONGEST_WORD)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        handler.build().debug(&self.0, formatter)
    }
}

/// An error, with its causes and what is related to it, without escape characters. Texts that it points into are without
/// them already: [`pipe_engine::source::Source`].
struct Cleaned<'a> {
    message: String,
    code: Option<String>,
    severity: Option<Severity>,
    help: Option<String>,
    labels: Option<Vec<LabeledSpan>>,
    source_code: Option<&'a dyn SourceCode>,
    related: Vec<Cleaned<'a>>,
    /// The cause, where it is a diagnostic.
    cause: Option<Box<Cleaned<'a>>>,
    /// The cause, where it is none.
    plain_cause: Option<Plain>,
}

impl<'a> Cleaned<'a> {
    /// Characters of the longest word in it.
    fn longest_word(&self) -> usize {
        let texts = [Some(&self.message), self.help.as_ref()];
        let words = (texts.into_iter().flatten()).flat_map(|text| text.split_whitespace());
        let own = words.map(|word| word.chars().count()).max();
        let others = self.related.iter().chain(self.cause.as_deref());
        let longest = others.map(Self::longest_word).max();
        own.max(longest).unwrap_or_default()
    }

    fn of(error: &'a dyn Diagnostic) -> Self {
        let cause = error.diagnostic_source();
        Self {
            message: without_escapes(&error.to_string()),
            code: error.code().map(|code| without_escapes(&code.to_string())),
            severity: error.severity(),
            help: error.help().map(|help| without_escapes(&help.to_string())),
            labels: error.labels().map(|labels| labels.map(cleaned).collect()),
            source_code: error.source_code(),
            related: (error.related().into_iter().flatten())
                .map(Self::of)
                .collect(),
            plain_cause: match cause {
                Some(_) => None,
                None => error.source().map(Plain::of),
            },
            cause: cause.map(|cause| Box::new(Self::of(cause))),
        }
    }
}

fn cleaned(label: LabeledSpan) -> LabeledSpan {
    let text = label.label().map(without_escapes);
    match label.primary() {
        true => LabeledSpan::new_primary_with_span(text, *label.inner()),
        false => LabeledSpan::new_with_span(text, *label.inner()),
    }
}

impl Debug for Cleaned<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(&self.message)
    }
}

impl Display for Cleaned<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Cleaned<'_> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let plain = self.plain_cause.as_ref();
        plain.map(|plain| plain as &(dyn Error + 'static))
    }
}

impl Diagnostic for Cleaned<'_> {
    fn code<'s>(&'s self) -> Option<Box<dyn Display + 's>> {
        let code = self.code.as_ref();
        code.map(|code| Box::new(code) as Box<dyn Display>)
    }

    fn severity(&self) -> Option<Severity> {
        self.severity
    }

    fn help<'s>(&'s self) -> Option<Box<dyn Display + 's>> {
        let help = self.help.as_ref();
        help.map(|help| Box::new(help) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source_code
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.labels.as_ref()?;
        Some(Box::new(labels.iter().cloned()))
    }

    fn related<'s>(&'s self) -> Option<Box<dyn Iterator<Item = &'s dyn Diagnostic> + 's>> {
        let related = self.related.iter();
        let related = related.map(|related| related as &dyn Diagnostic);
        (!self.related.is_empty()).then(|| Box::new(related) as Box<_>)
    }

    fn diagnostic_source(&self) -> Option<&dyn Diagnostic> {
        let cause = self.cause.as_deref();
        cause.map(|cause| cause as &dyn Diagnostic)
    }
}

/// A cause that is an error without more to say.
#[derive(Debug)]
struct Plain {
    message: String,
    cause: Option<Box<Plain>>,
}

impl Plain {
    fn of(error: &(dyn Error + 'static)) -> Self {
        Self {
            message: without_escapes(&error.to_string()),
            cause: error.source().map(|cause| Box::new(Self::of(cause))),
        }
    }
}

impl Display for Plain {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Plain {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let cause = self.cause.as_deref();
        cause.map(|cause| cause as &(dyn Error + 'static))
    }
}
