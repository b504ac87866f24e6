//! `[executor]` of the configuration: who executes steps.

use std::time::Duration;

use clap::ValueEnum;
use pipe_cluster::Resources;
use pipe_cluster::slurm::{SlurmSettings, minutes_of};
use pipe_stages::byte_size::parse_bytes;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Who executes steps, and what is asked of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExecutorConfiguration {
    /// `local` or `slurm`.
    pub kind: ExecutorKind,
    /// The partition of jobs.
    pub partition: Option<String>,
    /// The partition of jobs that ask for devices, where it is another.
    pub device_partition: Option<String>,
    /// The account that jobs are billed to.
    pub account: Option<String>,
    /// The time limit of steps that declare none, in minutes; written as sbatch takes it.
    #[serde(rename = "time", deserialize_with = "time")]
    pub minutes: Option<u64>,
    /// The memory of steps that declare none, in bytes; written as a size such as `8GB`.
    #[serde(rename = "memory", deserialize_with = "memory")]
    pub memory_bytes: Option<u64>,
    /// The cores of steps that declare none.
    pub cores: Option<usize>,
    /// How devices are asked for, with `{devices}` for their number.
    pub gres: Option<String>,
    /// Tasks of an array that may be at work at once.
    pub at_once: Option<usize>,
    /// Further options of sbatch, one a line of `#SBATCH`.
    pub sbatch: Vec<String>,
    /// Lines of a shell that come before each task.
    pub setup: Vec<String>,
    /// Seconds between two looks at the jobs.
    pub poll_seconds: f64,
    /// How often a step that was lost is handed in again.
    pub retries: usize,
    /// Items that a task should have at least, where several share those of an item-wise stage.
    pub items_per_task: usize,
    /// Trainings that one job does side by side on its device.
    pub steps_per_device: usize,
}

/// On this machine; of a cluster nothing is asked that its administrators have not set.
impl Default for ExecutorConfiguration {
    fn default() -> Self {
        Self {
            kind: ExecutorKind::default(),
            partition: None,
            device_partition: None,
            account: None,
            minutes: None,
            memory_bytes: None,
            cores: None,
            gres: None,
            at_once: None,
            sbatch: Vec::new(),
            setup: Vec::new(),
            poll_seconds: 15.0,
            retries: 2,
            items_per_task: 2_000,
            steps_per_device: 8,
        }
    }
}

/// Who executes steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ExecutorKind {
    /// This process.
    #[default]
    Local,
    /// Jobs of Slurm.
    Slurm,
}

impl ExecutorConfiguration {
    /// What a step asks for, with what is asked for all steps where its stage declares nothing.
    pub fn completed(&self, asked: Resources) -> Resources {
        let or = |asked: u64, otherwise: Option<u64>| match asked {
            0 => otherwise.unwrap_or(0),
            asked => asked,
        };
        Resources {
            cores: or(asked.cores as u64, self.cores.map(|cores| cores as u64)) as usize,
            memory_bytes: or(asked.memory_bytes, self.memory_bytes),
            minutes: or(asked.minutes, self.minutes),
            ..asked
        }
    }

    /// What is asked of Slurm.
    pub fn slurm(&self) -> SlurmSettings {
        SlurmSettings {
            partition: self.partition.clone(),
            device_partition: self.device_partition.clone(),
            account: self.account.clone(),
            gres: self.gres.clone(),
            at_once: self.at_once,
            sbatch: self.sbatch.clone(),
        }
    }

    /// The time between two looks at the jobs.
    pub fn period(&self) -> Duration {
        // No number makes it spin, and none makes it wait for ever.
        Duration::from_secs_f64(self.poll_seconds.clamp(0.1, 3600.0))
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let minutes = minutes_of(&text);
    minutes.map(Some).ok_or_else(|| {
        let told = "wrong time, expected minutes, HOURS:MINUTES:SECONDS or DAYS-HOURS, such as \"2:00:00\"";
        D::Error::custom(told)
    })
}

fn memory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = parse_bytes(&text);
    bytes
        .map(Some)
        .map_err(|expected| D::Error::custom(format!("wrong size, {expected}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_says_what_is_asked_for() {
        let read: ExecutorConfiguration = toml::from_str(
            "kind = \"slurm\"\npartition = \"short\"\ntime = \"2:00:00\"\nmemory = \"8GB\"\nsbatch = [\"--exclude=node7\"]\npoll_seconds = 0\n",
        )
        .unwrap();
        assert_eq!(read.kind, ExecutorKind::Slurm);
        let slurm = read.slurm();
        assert_eq!(read.minutes, Some(120));
        assert_eq!(read.memory_bytes, Some(8_000_000_000));
        assert_eq!(slurm.sbatch, ["--exclude=node7"]);
        assert_eq!(read.period(), Duration::from_millis(100));
        for (wrong, told) in [
            ("time = \"soon\"", "DAYS-HOURS"),
            ("memory = \"8\"", "8GiB"),
            ("kind = \"cloud\"", "local"),
        ] {
            let error = toml::from_str::<ExecutorConfiguration>(wrong).unwrap_err();
            assert!(error.message().contains(told), "{wrong}: {error}");
        }
    }
}
