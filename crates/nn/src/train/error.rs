//! What can end a training early.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::model::ModelError;

/// An error of training.
#[derive(Debug, Error, Diagnostic)]
pub enum TrainError {
    /// The user asked to stop.
    #[error("training was interrupted")]
    #[diagnostic(code(train::interrupted))]
    Interrupted,
    /// A parameter has a value that cannot be used.
    #[error("{field} {reason}")]
    #[diagnostic(code(train::option))]
    Option {
        /// Name of the parameter.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A split holds no utterance.
    #[error("the {split} split is empty")]
    #[diagnostic(
        code(train::empty),
        help("check which corpora the split draws from and how many utterances were set aside")
    )]
    Empty {
        /// "train" or "validation".
        split: &'static str,
    },
    /// Classes or labels do not belong to the utterances.
    #[error("the training data are inconsistent: {0}")]
    #[diagnostic(code(train::data))]
    Data(String),
    /// An attribute does not have two labels to distinguish.
    #[error(
        "head {attribute} has {} in the training data; it needs two or more labels",
        match labels { 0 => "no labels", _ => "one label" }
    )]
    #[diagnostic(
        code(train::labels),
        help("remove the head, or train on data in which the attribute varies")
    )]
    Labels {
        /// The attribute.
        attribute: String,
        /// Distinct labels found.
        labels: usize,
    },
    /// A numeric target does not vary.
    #[error(
        "the target {target} has no two different numbers in the training data ({known} known)"
    )]
    #[diagnostic(
        code(train::target),
        help(
            "check the name of the column, that `columns` of the ingest stage keeps it, and that its cells are numbers"
        )
    )]
    Target {
        /// The target.
        target: String,
        /// Utterances whose number is known.
        known: usize,
    },
    /// The validation split cannot tell which epoch is best.
    #[error("validation holds one class only ({class}), so its UA says nothing about an epoch")]
    #[diagnostic(
        code(train::one_class),
        help("choose a split whose validation has every class, or set monitor = \"loss\"")
    )]
    OneClass {
        /// The class.
        class: String,
    },
    /// The validation split cannot tell which epoch is best, as no class is known.
    #[error("no utterance of validation has a class")]
    #[diagnostic(
        code(train::no_classes),
        help("choose a split whose validation has utterances of every class")
    )]
    NoClasses,
    /// The device has no kernels for something.
    #[error("there are no CUDA kernels for {what}")]
    #[diagnostic(code(train::no_kernels), help("run it with --device cpu"))]
    NoKernels {
        /// What it is.
        what: String,
    },
    /// An utterance's features cannot be used.
    #[error("utterance {utterance}: {source}")]
    #[diagnostic(code(train::features))]
    Features {
        /// Its id.
        utterance: String,
        /// What is wrong.
        #[source]
        source: ModelError,
    },
    /// A loss or the gradient is not finite any more.
    #[error(
        "{} is not finite at epoch {epoch}, batch {batch} (utterances {})",
        blown_up(head),
        utterances.join(", ")
    )]
    #[diagnostic(
        code(train::non_finite),
        help("lower learning_rate, lengthen warm_up_updates or set gradient_clip_norm")
    )]
    NonFinite {
        /// Epoch, from 0.
        epoch: usize,
        /// Batch of the epoch, from 0.
        batch: usize,
        /// The head whose loss blew up, "total" or "gradient".
        head: String,
        /// Utterances of the batch.
        utterances: Vec<String>,
    },
    /// A checkpoint exists but cannot be read.
    #[error("cannot read the checkpoint {}", path.display())]
    #[diagnostic(
        code(train::checkpoint),
        help(
            "check the disk and the permissions and run again; remove the checkpoint to start over"
        )
    )]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A result cannot be written.
    #[error("cannot write {}", path.display())]
    #[diagnostic(code(train::io))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The network does not fit, or failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Model(#[from] ModelError),
}

/// Names what is not finite.
fn blown_up(head: &str) -> String {
    match head {
        "total" => "the total loss".into(),
        "gradient" => "the gradient".into(),
        head => format!("the loss of head {head}"),
    }
}

impl TrainError {
    pub(super) fn option(field: &'static str, reason: &str) -> Self {
        Self::Option {
            field,
            reason: reason.to_owned(),
        }
    }
}
