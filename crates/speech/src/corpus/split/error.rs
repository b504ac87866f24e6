//! Why data cannot be split.

/// Why data cannot be split.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SplitError {
    /// The fractions do not make a whole.
    #[error("split fractions {train} / {validation} / {test} do not add up to 1")]
    #[diagnostic(
        code(corpus::split::fractions),
        help("give train, validation and test fractions from 0 to 1 that add up to 1")
    )]
    Fractions {
        /// Fraction of train.
        train: f64,
        /// Fraction of validation.
        validation: f64,
        /// Fraction of test.
        test: f64,
    },
    /// A line of a split file is not understood.
    #[error("line {line} of the split table: {reason}")]
    #[diagnostic(
        code(corpus::split::line),
        help(
            "the columns are speaker, split, gender, utterances and hours, or utterance, split and speaker, separated by tabs"
        )
    )]
    Line {
        /// Line number, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The data have speakers or utterances that the table does not assign.
    #[error("the split table does not assign {}", names(speakers))]
    #[diagnostic(
        code(corpus::split::unassigned),
        help("add a line for each to the pinned table, or make a new split")
    )]
    Unassigned {
        /// The speakers or utterances, sorted.
        speakers: Vec<String>,
    },
    /// The table assigns speakers that the data do not have.
    #[error(
        "the split table assigns speakers that do not exist: {}",
        names(speakers)
    )]
    #[diagnostic(
        code(corpus::split::unknown_speaker),
        help(
            "check that all corpora of the table are present and complete, or remove these lines"
        )
    )]
    UnknownSpeaker {
        /// The speakers, sorted.
        speakers: Vec<String>,
    },
    /// The table assigns utterances that the data do not have.
    #[error(
        "the split table assigns utterances that do not exist: {}",
        names(utterances)
    )]
    #[diagnostic(
        code(corpus::split::unknown_utterance),
        help(
            "check that all corpora of the table are present and complete, or remove these lines"
        )
    )]
    UnknownUtterance {
        /// The utterances, sorted.
        utterances: Vec<String>,
    },
    /// A corpus has fewer groups than there are to be folds.
    #[error("{corpus} {} {groups} that must stay whole, too few for {folds} folds", if corpus.contains(", ") { "have" } else { "has" })]
    #[diagnostic(
        code(corpus::split::too_few_groups),
        help(
            "ask for fewer folds, or leave one speaker out; the groups are those of `groups`, speakers by default"
        )
    )]
    TooFewGroups {
        /// The corpus, or those that share groups, separated by commas.
        corpus: String,
        /// Its groups, in words.
        groups: String,
        /// The folds.
        folds: usize,
    },
    /// There is nothing that could be left out in turn.
    #[error("there is nothing to leave out: the data have {} of `{attribute}`", values_of(*values))]
    #[diagnostic(
        code(corpus::split::nothing_to_leave_out),
        help("leave one out of something that has two values or more, such as speaker")
    )]
    NothingToLeaveOut {
        /// The attribute.
        attribute: String,
        /// How many values it has.
        values: usize,
    },
    /// Some utterances have no value of what is left out.
    #[error("{count} of {of} utterances have no `{attribute}`; the first is {first}")]
    #[diagnostic(
        code(corpus::split::undocumented),
        help(
            "leave one out of something that is documented for all of them: speaker, corpus, label, or a column that every row fills"
        )
    )]
    Undocumented {
        /// The attribute.
        attribute: String,
        /// How many lack it.
        count: usize,
        /// Of how many.
        of: usize,
        /// The first of them.
        first: String,
    },
    /// There is no fold of this name.
    #[error("there is no fold `{fold}`: the folds are {}", names(folds))]
    #[diagnostic(
        code(corpus::split::no_such_fold),
        help(
            "let the matrix list them: [matrix] fold = {{ folds_of = \"STAGE\" }}, and `fold = \"${{matrix.fold}}\"` in `split`"
        )
    )]
    NoSuchFold {
        /// What was asked for.
        fold: String,
        /// Those that there are.
        folds: Vec<String>,
    },
}

fn values_of(count: usize) -> String {
    match count {
        0 => "no value".into(),
        1 => "only one value".into(),
        _ => format!("{count} values"),
    }
}

/// At most ten names, and how many more there are.
fn names(speakers: &[String]) -> String {
    let shown = speakers
        .iter()
        .take(10)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match speakers.len() {
        0..=10 => shown,
        many => format!("{shown} and {} more", many - 10),
    }
}
