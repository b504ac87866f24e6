//! What can be wrong with a corpus as a whole; single bad files are set aside in the listing instead.

use std::path::PathBuf;

use pipe_foundation::grouped;

/// Why a corpus cannot be listed.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CorpusError {
    /// The folder of the corpus does not exist.
    #[error("corpus {corpus} is missing: the folder {} does not exist", path.display())]
    #[diagnostic(
        code(corpus::missing_root),
        help(
            "get {origin} and unpack it to {}, or set `root` of [corpus.{corpus}]",
            path.display()
        )
    )]
    MissingRoot {
        /// Name of the corpus.
        corpus: String,
        /// Where its folder should be.
        path: PathBuf,
        /// Its full name, where to get it and its licence, as far as they are stated.
        origin: String,
    },
    /// The folder of the corpus exists and cannot be opened.
    #[error("the folder {} of corpus {corpus} cannot be read: {reason}", path.display())]
    #[diagnostic(
        code(corpus::unreadable_root),
        help("check that it is a folder and that you may read it")
    )]
    UnreadableRoot {
        /// Name of the corpus.
        corpus: String,
        /// Its folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Nobody has said that whoever wrote `corpora.toml` may name files there.
    #[error("corpus {corpus}: {} is outside of {}", path.display(), project.display())]
    #[diagnostic(
        code(corpus::outside),
        help(
            "if you trust whoever wrote corpora.toml, run `pipe trust {}`; or say where the corpora are with --corpora",
            project.display()
        )
    )]
    Outside {
        /// Name of the corpus.
        corpus: String,
        /// What leads out of the project.
        path: PathBuf,
        /// The folder of the project.
        project: PathBuf,
    },
    /// No reader has this name.
    #[error("corpus {corpus}: unknown reader `{reader}`")]
    #[diagnostic(code(corpus::unknown_reader), help("readers: {known}"))]
    UnknownReader {
        /// Name of the corpus.
        corpus: String,
        /// The unknown reader.
        reader: String,
        /// The valid names, nearest first.
        known: String,
    },
    /// The reader has no such option.
    #[error("corpus {corpus}: reader `{reader}` has no option `{option}`")]
    #[diagnostic(code(corpus::unknown_option), help("{known}"))]
    UnknownOption {
        /// Name of the corpus.
        corpus: String,
        /// Its reader.
        reader: String,
        /// The unknown option.
        option: String,
        /// The valid names, nearest first.
        known: String,
    },
    /// An option's value has the wrong type or is out of range.
    #[error("corpus {corpus}: option `{option}` {reason}")]
    #[diagnostic(code(corpus::bad_option), help("{help}"))]
    BadOption {
        /// Name of the corpus.
        corpus: String,
        /// The option.
        option: String,
        /// What is wrong, to follow the option's name ("is missing").
        reason: String,
        /// What it should be.
        help: String,
    },
    /// A label is in two lists of the label map.
    #[error("corpus {corpus}: label `{label}` is listed as {first} and as {second}")]
    #[diagnostic(
        code(corpus::label_twice),
        help("keep it in one list; labels are compared ignoring case, hyphens and underscores")
    )]
    LabelTwice {
        /// Name of the corpus.
        corpus: String,
        /// The label.
        label: String,
        /// The list that has it first.
        first: String,
        /// The list that has it again.
        second: String,
    },
    /// A table of classes has a label as the corpus writes it in one list, and its name in another.
    #[error(
        "corpus {corpus}: `{label}` means `{name}`, and they are listed as {first} and as {second}"
    )]
    #[diagnostic(
        code(corpus::label_and_name),
        help("keep one of them, or both in one list: the corpus calls {name} `{label}`")
    )]
    LabelAndName {
        /// Name of the corpus.
        corpus: String,
        /// The label as the corpus writes it.
        label: String,
        /// Its name.
        name: String,
        /// The list that has the label.
        first: String,
        /// The list that has the name.
        second: String,
    },
    /// The corpus has no class map of this name.
    #[error("corpus {corpus} has no class map `{map}`")]
    #[diagnostic(
        code(corpus::no_class_map),
        help(
            "add {place} to corpora.toml; or set `classes` of the ingest stage to \"native\" (the corpus's own labels), a table of classes and labels{known}"
        )
    )]
    NoClassMap {
        /// Name of the corpus.
        corpus: String,
        /// The missing map.
        map: String,
        /// Where it would be in `corpora.toml`.
        place: String,
        /// The maps that the corpus has, as the end of a list.
        known: String,
    },
    /// Rows give one utterance different labels.
    #[error("corpus {corpus}: {} different labels: {first}", count_of_utterances(*count))]
    #[diagnostic(
        code(corpus::contradictions),
        help(
            "if the rows are votes of several annotators, set `votes` of the ingest stage to \"majority\", or to \"soft\" to train on the share of each class; otherwise correct the table"
        )
    )]
    Contradictions {
        /// Name of the corpus.
        corpus: String,
        /// How many utterances have them.
        count: usize,
        /// Some of them, with lines and labels.
        first: String,
    },
    /// The order of a class map does not fit its labels.
    #[error("class map {map}: {problem}")]
    #[diagnostic(
        code(corpus::class_order),
        help(
            "`order` of [classes.{map}] names every class once; without it the order is alphabetical"
        )
    )]
    ClassOrder {
        /// The class map.
        map: String,
        /// What is wrong.
        problem: String,
    },
    /// A table of a corpus is unusable as a whole.
    #[error("corpus {corpus}: table {} {reason}", path.display())]
    #[diagnostic(code(corpus::table), help("{help}"))]
    Table {
        /// Name of the corpus.
        corpus: String,
        /// The table file.
        path: PathBuf,
        /// What is wrong, to follow the file's name ("has no column `x`").
        reason: String,
        /// What to do.
        help: String,
    },
    /// The folder of a corpus is not laid out as its reader needs it.
    #[error("corpus {corpus}: the folder {} {reason}", path.display())]
    #[diagnostic(code(corpus::layout), help("{help}"))]
    Layout {
        /// Name of the corpus.
        corpus: String,
        /// The folder.
        path: PathBuf,
        /// What is wrong, to follow the folder's name ("has no wav.scp").
        reason: String,
        /// What to do.
        help: String,
    },
    /// The machine failed while the corpus was listed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Machine(pipe_foundation::machine_fault::MachineFault),
    /// A synthetic corpus is described wrongly.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Synthetic(#[from] super::synthetic::SyntheticError),
}

/// `valid` names as a comma-separated list, the nearest to `name` first. Of many, such as the columns of a table, the
/// nearest are listed, and of long ones the start.
pub(super) fn nearest_first(name: &str, valid: &[&str]) -> String {
    const LISTED: usize = 24;
    const LONGEST: usize = 100;
    let start = |name: &str| -> String { name.chars().take(LONGEST).collect() };
    let name = start(&name.to_lowercase());
    let mut ranked: Vec<(f64, String)> = valid
        .iter()
        .map(|valid| {
            let valid = start(valid);
            (strsim::jaro_winkler(&name, &valid), valid)
        })
        .collect();
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let names = ranked.iter().take(LISTED);
    let mut listed: Vec<String> = names.map(|(_, name)| name.clone()).collect();
    if valid.len() > LISTED {
        listed.push(format!(
            "and {} more",
            grouped((valid.len() - LISTED) as u64)
        ));
    }
    listed.join(", ")
}

fn count_of_utterances(count: usize) -> String {
    match count {
        1 => "an utterance has".into(),
        count => format!("{count} utterances have"),
    }
}
