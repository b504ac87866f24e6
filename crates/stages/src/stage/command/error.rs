//! Why a command did not do its work.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why a command did not do its work.
#[derive(Debug, Error, Diagnostic)]
pub enum CommandError {
    #[error("cannot start `{program}`: {reason}")]
    #[diagnostic(
        code(command::start),
        help("check that the program is installed and on the PATH")
    )]
    Start {
        program: String,
        reason: std::io::Error,
    },
    #[error("the process that supervises the command was killed, and the command with it")]
    #[diagnostic(code(command::lost), help("run again"))]
    Lost,
    #[error("the command ended with {status}\n{tail}")]
    #[diagnostic(code(command::failed), help("run it by hand: {line}"))]
    Failed {
        status: String,
        tail: String,
        line: String,
    },
    #[error("the program ended with {status} while it had this item, twice\n{tail}")]
    #[diagnostic(
        code(command::died),
        help("start it by hand and give it a line: {line}")
    )]
    Died {
        status: String,
        tail: String,
        line: String,
    },
    #[error("the program wrote a line that is not an answer: {line}")]
    #[diagnostic(
        code(command::answer),
        help(
            "with `protocol = \"lines\"`, standard output is for one JSON object for each item, such as {{}} or {{\"error\": \"too short\"}}, and with `batch` for a list of them for each list of items; print everything else to standard error"
        )
    )]
    NoAnswer { line: String },
    /// A list of another length.
    #[error("the program answered a request of {items} item{} with a list of {answers}", if *items == 1 { "" } else { "s" })]
    #[diagnostic(
        code(command::answer),
        help(
            "with `batch`, a line comes in with a list of items, and one goes out with a list of as many objects, in their order: [{{}}, {{\"error\": \"too short\"}}]"
        )
    )]
    OtherNumber {
        /// Answers.
        answers: usize,
        /// Items.
        items: usize,
    },
    #[error("the command was ended after {timeout_s} s, its `timeout_s`")]
    #[diagnostic(
        code(command::timeout),
        help("raise `timeout_s` if it may take longer; results do not depend on it")
    )]
    TimedOut { timeout_s: u64 },
    #[error("the command did not write `{name}` as a regular file")]
    #[diagnostic(
        code(command::no_output),
        help("it must write every file of `outputs` into {{out}}")
    )]
    NoOutput { name: String },
    /// The folder for its outputs is gone.
    #[error("the command removed {{out}}, or put something else in its place")]
    #[diagnostic(
        code(command::no_output_folder),
        help("it must write its files into the folder that is there")
    )]
    NoOutputFolder,
    /// It wrote a file that no record of the cache may name.
    #[error("the command wrote a file called \"{name}\", with control characters")]
    #[diagnostic(code(command::odd_name), help("give it a plain name"))]
    OddName {
        /// The name, with what is not plain escaped.
        name: String,
    },
    #[error("cannot prepare {}: {reason}", path.display())]
    #[diagnostic(code(command::prepare))]
    Prepare {
        path: PathBuf,
        reason: std::io::Error,
    },
    #[error("{0}")]
    #[diagnostic(code(command::item))]
    Item(String),
    #[error("interrupted")]
    #[diagnostic(code(run::interrupted))]
    Stopped,
}
