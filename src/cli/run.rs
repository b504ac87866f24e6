//! `pipe run`: brings every step up to date, here or where the user has it done.

use crate::configuration::{Configuration, ExecutorKind};

use super::arguments::Common;
use super::error::CliError;
use super::run_arguments::RunArguments;
use super::{executor, local_run};

/// Runs a manifest.
pub fn run(arguments: &RunArguments, common: &Common) -> Result<u8, CliError> {
    let configuration = Configuration::load()?.executor;
    match arguments.executor.unwrap_or(configuration.kind) {
        ExecutorKind::Local => local_run::run(arguments, common),
        ExecutorKind::Slurm => executor::run(arguments, common, &configuration, None),
    }
}
