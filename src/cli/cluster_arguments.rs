//! Arguments of what is done on a cluster: `step`, `attach` and `cancel`.

use std::path::PathBuf;

use clap::Args;

use super::run_arguments::RunArguments;

/// Arguments of `step`.
#[derive(Args)]
pub struct StepArguments {
    /// What the run was given that the step is part of.
    #[command(flatten)]
    pub run: RunArguments,
    /// The step.
    #[arg(value_name = "STEP", required_unless_present = "tasks")]
    pub step: Option<String>,
    /// The key that the step must have.
    #[arg(long, value_name = "KEY", requires = "step")]
    pub key: Option<String>,
    /// A file that says what is to be done, as `pipe run` writes it for a cluster.
    #[arg(long, value_name = "FILE", requires = "task", conflicts_with = "step")]
    pub tasks: Option<PathBuf>,
    /// The number of the task in that file.
    #[arg(long, value_name = "N", requires = "tasks")]
    pub task: Option<u32>,
}

/// Arguments of `attach` and `cancel`.
#[derive(Args)]
pub struct HandedInArguments {
    /// The manifest, by its path or its name; it may be left out where only one run of the cache is on a cluster.
    #[arg(value_name = "MANIFEST")]
    pub manifest: Option<String>,
}
