//! Arguments of `run`, and how another process is given the same.

use clap::Args;
use std::ffi::OsString;

use crate::configuration::ExecutorKind;

use super::manifest_arguments::{DeviceArguments, ManifestArguments, RemoteArguments};
use super::runs_folder::RunsFolder;
use super::target::TargetArguments;
use super::telling::TellingArguments;

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Where trainings and evaluations compute.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// The steps that it is about.
    #[command(flatten)]
    pub target: TargetArguments,
    /// The remote cache.
    #[command(flatten)]
    pub remote: RemoteArguments,
    /// Let `command` stages start their programs, though you have not trusted the project with `pipe trust`. `pipe plan`
    /// shows the programs.
    #[arg(long)]
    pub allow_commands: bool,
    /// Run the programs of `command` stages in a sandbox of bubblewrap: they can write only their outputs and temporary
    /// files, have no network, and see neither other processes nor keys in your home folder. Results are cached as
    /// without it.
    #[arg(long)]
    pub sandbox: bool,
    /// Cores to use; all by default.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// After a failure, continue with everything that does not need the failed step; reports use whatever results
    /// exist.
    #[arg(long, short)]
    pub keep_going: bool,
    /// Memory that concurrent steps, or the recordings at work in one, may need together, such as 8GB; by default all
    /// that is available. One step, and one recording, always runs, whatever it needs.
    #[arg(long, value_name = "SIZE", value_parser = pipe_stages::byte_size::parse_bytes)]
    pub memory: Option<u64>,
    /// Keep checkpoints of finished trainings up to this size, so that more epochs continue from them; the oldest go
    /// first. 1GB by default.
    #[arg(long, value_name = "SIZE", value_parser = pipe_stages::byte_size::parse_bytes)]
    pub keep_checkpoints: Option<u64>,
    /// Use no vector instructions that only some processors have. Results have the same bits either way, so this only
    /// serves to check that, slowly; the records of the steps mention it.
    #[arg(long)]
    pub portable: bool,
    /// Fail rather than produce anything that differs from the lock file beside the manifest: see `pipe lock`. What is
    /// known to differ before the run is reported in the words of `pipe why`, and nothing is run.
    #[arg(long)]
    pub locked: bool,
    /// Where results appear.
    #[command(flatten)]
    pub runs: RunsFolder,
    /// Run again whenever the manifest, what it includes, a table, a recording or another file changes in a way that results
    /// depend on. Ctrl-C ends it.
    #[arg(long)]
    pub watch: bool,
    /// How much is told meanwhile.
    #[command(flatten)]
    pub telling: TellingArguments,
    /// Who executes the steps: local, that is this process, or slurm, jobs of Slurm. By default what the configuration
    /// says, and else this process. See docs/cluster.md.
    #[arg(long, value_enum, value_name = "EXECUTOR", hide_possible_values = true)]
    pub executor: Option<ExecutorKind>,
    /// Log training metrics for another program while trainings run: tensorboard=FOLDER.
    #[arg(long, value_name = "TRACKER=FOLDER")]
    pub track: Option<String>,
}

impl RunArguments {
    /// The arguments that another process has to be given so that its steps are these: all that may decide a key, and what
    /// else they are to heed wherever they run. What is left out decides how this process works: its cores and memory, what it
    /// reads again, and what is done with results at the end.
    pub fn words_of_steps(&self) -> Vec<OsString> {
        let Self {
            manifest,
            device,
            // Jobs are told their steps.
            target: _,
            // Whoever follows the run fetches before it hands steps in, and sends at its end.
            remote: _,
            allow_commands: _,
            sandbox,
            jobs: _,
            keep_going,
            memory: _,
            keep_checkpoints: _,
            portable,
            locked: _,
            runs: _,
            watch: _,
            telling: _,
            executor: _,
            track,
        } = self;
        let ManifestArguments {
            manifest,
            overrides,
            present,
            rehash: _,
            allow_paths,
        } = manifest;
        let mut words: Vec<OsString> = vec![manifest.into()];
        for change in overrides {
            words.extend(["--set".into(), change.into()]);
        }
        words.extend(["--device".into(), device.device.to_string().into()]);
        // Programs were allowed, or there are none, before anything was handed on.
        words.push("--allow-commands".into());
        if let Some(track) = track {
            words.extend(["--track".into(), track.into()]);
        }
        let flags = [
            (*present, "--present"),
            (*allow_paths, "--allow-paths"),
            (device.tf32, "--tf32"),
            (*sandbox, "--sandbox"),
            (*keep_going, "--keep-going"),
            (*portable, "--portable"),
        ];
        words.extend(
            flags
                .iter()
                .filter(|(given, _)| *given)
                .map(|(_, flag)| (*flag).into()),
        );
        words
    }

    /// The arguments that another process has to be given so that it ends the run as this one would.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = self.words_of_steps();
        words.extend(["--runs".into(), self.runs.path().into()]);
        if let Some(bytes) = self.keep_checkpoints {
            words.extend(["--keep-checkpoints".into(), format!("{bytes}B").into()]);
        }
        if let Some(jobs) = self.jobs {
            words.extend(["--jobs".into(), jobs.to_string().into()]);
        }
        if let Some(bytes) = self.memory {
            words.extend(["--memory".into(), format!("{bytes}B").into()]);
        }
        if let Some(url) = &self.remote.remote {
            words.extend(["--remote".into(), url.into()]);
        }
        if self.locked {
            words.push("--locked".into());
        }
        words
    }
}
