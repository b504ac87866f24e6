//! A corpus by the name that a command line gives it.

use pipe_engine::manifest::suggest;
use pipe_speech::corpus::{Corpora, CorpusConfig};

use super::error::CliError;

/// The corpus called `name`.
///
/// # Errors
/// That `there_is_none`, such as "there is no corpus", with the nearest names.
pub fn corpus_named<'c>(
    name: &str,
    corpora: &'c Corpora,
    there_is_none: &str,
) -> Result<&'c CorpusConfig, CliError> {
    let found = corpora.corpora.get(name);
    found.ok_or_else(|| CliError::Usage {
        message: format!("{there_is_none} `{name}`"),
        help: suggest(name, corpora.corpora.keys().map(String::as_str)),
    })
}
