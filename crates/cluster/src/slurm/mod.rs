//! Slurm, through its own programs: `sbatch`, `squeue`, `scancel` and `scontrol`.

mod parsed_json;
mod parsed_lines;
mod program;
mod ranges;
mod script;
mod settings;
mod states;

use std::sync::atomic::{AtomicBool, Ordering};

use pipe_foundation::durable;
use pipe_foundation::system::RealSystem;

use crate::cluster::{Cluster, ClusterLimits, Submission};
use crate::error::ClusterError;
use crate::task_state::TaskStatus;

use parsed_json::NoTasks;
use program::run;
pub use settings::{SlurmSettings, minutes_of};

/// What `MaxArraySize` is where nobody says otherwise.
const DEFAULT_ARRAY_SIZE: usize = 1001;
/// The form of the lines that `squeue` prints where it cannot print JSON: job of the array, task, state, reason, name.
const FORMAT: &str = "%F|%K|%T|%r|%j";

/// Slurm as one user sees it.
pub struct Slurm {
    settings: SlurmSettings,
    /// False once `squeue` has said that it knows no JSON.
    has_json: AtomicBool,
}

impl Slurm {
    /// Slurm, asked for what `settings` say.
    pub fn new(settings: SlurmSettings) -> Self {
        Self {
            settings,
            has_json: AtomicBool::new(true),
        }
    }

    /// The user's own jobs, those that are over among them as long as Slurm remembers them.
    fn squeue(format: &[&str]) -> Result<String, ClusterError> {
        let user = format!("--user={}", rustix::process::getuid().as_raw());
        let arguments = [&["--states=all", user.as_str()], format].concat();
        run("squeue", &arguments)
    }
}

impl Cluster for Slurm {
    fn limits(&self) -> Result<ClusterLimits, ClusterError> {
        let shown = run("scontrol", &["show", "config"])?;
        let size = shown.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            let size = value.trim().parse().ok()?;
            (name.trim() == "MaxArraySize").then_some(size)
        });
        Ok(ClusterLimits {
            most_tasks: size.unwrap_or(DEFAULT_ARRAY_SIZE).max(1),
        })
    }

    fn submit(&self, submission: &Submission) -> Result<u64, ClusterError> {
        let text = script::text(submission, &self.settings);
        let written = durable::write(&RealSystem, &submission.file, text.as_bytes());
        written.map_err(|reason| ClusterError::Jobs {
            path: submission.file.clone(),
            reason,
        })?;
        let file = submission.file.to_string_lossy();
        let said = run("sbatch", &["--parsable", &file])?;
        // `JOB`, or `JOB;CLUSTER`; wrappers of sites print more before.
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let job = last.and_then(|line| line.split(';').next()?.trim().parse().ok());
        job.ok_or_else(|| ClusterError::Refused {
            program: "sbatch".into(),
            said: format!("it printed no number of a job, but {:?}", said.trim()),
        })
    }

    fn poll(&self) -> Result<Vec<TaskStatus>, ClusterError> {
        if self.has_json.load(Ordering::Relaxed) {
            match Self::squeue(&["--json"]) {
                Ok(said) => match parsed_json::tasks(&said) {
                    Ok(tasks) => return Ok(tasks),
                    Err(NoTasks::Errors(said)) => {
                        return Err(ClusterError::Refused {
                            program: "squeue".into(),
                            said,
                        });
                    }
                    Err(NoTasks::NotJson) => {}
                },
                Err(ClusterError::Refused { said, .. }) if lacks_json(&said) => {}
                Err(error) => return Err(error),
            }
            self.has_json.store(false, Ordering::Relaxed);
        }
        let lines = Self::squeue(&["--noheader", "--array", "-o", FORMAT])?;
        Ok(parsed_lines::tasks(&lines))
    }

    fn cancel(&self, jobs: &[u64]) -> Result<(), ClusterError> {
        // A command line holds only so much.
        for jobs in jobs.chunks(500) {
            let jobs: Vec<String> = jobs.iter().map(u64::to_string).collect();
            let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
            run("scancel", &[&["--quiet"], &jobs[..]].concat())?;
        }
        Ok(())
    }
}

/// Whether what `squeue` says means that it cannot print JSON at all.
fn lacks_json(said: &str) -> bool {
    let said = said.to_lowercase();
    [
        "json",
        "serializer",
        "data_parser",
        "openapi",
        "unrecognized option",
    ]
    .iter()
    .any(|sign| said.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_squeue_without_json_is_told_from_one_that_has_no_answer() {
        for said in [
            "squeue: unrecognized option '--json'",
            "squeue: error: Unable to find plugin: serializer/json",
            "slurm_load_jobs: cannot load data_parser plugin",
        ] {
            assert!(lacks_json(said), "{said}");
        }
        let down = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";
        assert!(!lacks_json(down));
    }
}
