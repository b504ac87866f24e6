//! `pipe run`: brings every step up to date, here or where the user has it done.

use crate::configuration::{Configuration, ExecutorKind};

use super::arguments::Common;
use super::error::CliError;
use super::run_arguments::RunArguments;
use super::{executor, local_run, watch};

/// Runs a manifest.
pub fn run(arguments: &RunArguments, common: &Common) -> Result<u8, CliError> {
    let configuration = Configuration::load()?.executor;
    match arguments.executor.unwrap_or(configuration.kind) {
        ExecutorKind::Local if arguments.watch => watch::watch(arguments, common),
        ExecutorKind::Slurm if arguments.watch => Err(CliError::Usage {
            message: "--watch runs again in this process, and not on a cluster".into(),
            help: "leave it out, or use --executor local".into(),
        }),
        ExecutorKind::Local => local_run::run(arguments, common),
        ExecutorKind::Slurm => executor::run(arguments, common, &configuration, None),
    }
}
