//! `pipe cancel`: ends the jobs of a run that was handed to a cluster.

use pipe_cluster::Cluster;
use pipe_cluster::slurm::Slurm;
use serde_json::json;

use crate::cluster::handed_in;
use crate::configuration::Configuration;

use super::arguments::Common;
use super::attach::{find, none};
use super::cluster_arguments::HandedInArguments;
use super::console::print;
use super::error::CliError;
use super::lines::counted;

/// Ends the jobs of the runs that the user means.
pub fn cancel(arguments: &HandedInArguments, common: &Common) -> Result<u8, CliError> {
    let runs = find(arguments, handed_in(&common.cache.join("jobs")));
    if runs.is_empty() {
        return Err(none(arguments, common));
    }
    let slurm = Slurm::new(Configuration::load()?.executor.slurm());
    let polled = slurm.poll()?;
    for run in runs {
        let jobs = run.live(&polled);
        slurm.cancel(&jobs)?;
        let name = &run.run.name;
        print(&match common.json {
            true => format!(
                "{}\n",
                json!({ "event": "cancelled", "manifest": name, "jobs": jobs })
            ),
            false => format!("{name}: {} cancelled\n", counted(jobs.len(), "job")),
        })?;
    }
    Ok(0)
}
