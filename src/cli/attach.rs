//! `pipe attach`: follows a run that was handed to a cluster.

use clap::Parser;

use crate::cluster::{HandedIn, handed_in};
use crate::configuration::Configuration;

use super::arguments::{Arguments, Common, Subcommand};
use super::cluster_arguments::HandedInArguments;
use super::error::CliError;
use super::executor;

/// Follows a run to its end, as the process that has started it does.
pub fn attach(arguments: &HandedInArguments, common: &Common) -> Result<u8, CliError> {
    let jobs = common.cache.join("jobs");
    let mut found = find(arguments, handed_in(&jobs));
    let run = match (found.pop(), found.is_empty()) {
        (Some(run), true) => run,
        (Some(_), false) if arguments.manifest.is_none() => {
            return Err(CliError::Usage {
                message: "several runs of this cache are on a cluster".into(),
                help: "name the manifest".into(),
            });
        }
        // The latest.
        (Some(run), false) => run,
        (None, _) => return Err(none(arguments, common)),
    };
    // Its arguments mean what they meant where it was started.
    let entered = std::env::set_current_dir(&run.run.folder);
    entered.map_err(|reason| CliError::Usage {
        message: format!(
            "cannot enter {}, where the run was started: {reason}",
            run.run.folder.display()
        ),
        help: "attach on a machine that has this folder".into(),
    })?;
    let words = ["pipe".to_owned(), "run".into()].into_iter();
    let mut words: Vec<String> = words.chain(run.run.arguments.iter().cloned()).collect();
    if common.json {
        words.push("--json".into());
    }
    let parsed = Arguments::try_parse_from(&words).map_err(|error| error.to_string());
    let parsed = parsed.map(Arguments::settled);
    let (options, common) = match parsed {
        Ok(Arguments {
            command: Subcommand::Run(options),
            common,
        }) => (options, common),
        other => {
            let told = other.err().unwrap_or_default();
            return Err(CliError::Usage {
                message: format!("this version cannot follow what another one has started: {told}"),
                help: "`pipe cancel` ends its jobs; then run it again".into(),
            });
        }
    };
    let configuration = Configuration::load()?.executor;
    executor::run(&options, &common, &configuration, Some(&run))
}

/// Those that the user means.
pub fn find(arguments: &HandedInArguments, mut found: Vec<HandedIn>) -> Vec<HandedIn> {
    found.retain(|run| !run.run.over);
    if let Some(manifest) = &arguments.manifest {
        let given = std::path::absolute(manifest).ok();
        found.retain(|run| {
            let first = run
                .run
                .arguments
                .first()
                .map(|path| run.run.folder.join(path));
            run.run.name == *manifest || (first.is_some() && first == given)
        });
    }
    found
}

/// That there is none.
pub fn none(arguments: &HandedInArguments, common: &Common) -> CliError {
    let of = match &arguments.manifest {
        Some(manifest) => format!("no run of {manifest}"),
        None => "no run".into(),
    };
    CliError::Usage {
        message: format!(
            "{of} is on a cluster, by the cache {}",
            common.cache.display()
        ),
        help: "`pipe run MANIFEST --executor slurm` starts one; choose another cache with --cache"
            .into(),
    }
}
