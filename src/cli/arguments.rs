//! What can be said on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};
use pipe_engine::manifest::Limits;

use crate::version::VERSION;

use super::bundle_arguments::{BundleArguments, ReproduceArguments};
use super::cache_arguments::CacheArguments;
use super::cluster_arguments::{HandedInArguments, StepArguments};
use super::corpora_arguments::{AuditArguments, CorporaArguments};
use super::limit_argument::{LimitArgument, limits_of, parse_limit};
use super::manifest_arguments::{DeviceArguments, ManifestArguments, RemoteArguments};
use super::manual_arguments::{CompletionsArguments, ManArguments};
use super::model_arguments::{ExportArguments, PredictArguments};
use super::run_arguments::RunArguments;
use super::runs_folder::RunsFolder;
use super::target::TargetArguments;

const AFTER_HELP: &str = "\
Start with:  pipe init, then pipe run pipeline.toml
Errors:      each has a code, such as manifest::unknown_key; pipe explain CODE says more about it
Exit codes:  0 done, 1 a step failed or a check found something, 2 the manifest, corpora.toml or the
             command line is wrong, 3 the cache cannot be used, 70 memory was refused or pipe has a
             defect, 130 interrupted, 143 terminated, 129 hung up, 131 quit";

/// Runs pipelines for speech emotion recognition from TOML manifests. Every result is cached by content: running
/// again costs only what changed.
#[derive(Parser)]
#[command(name = "pipe", version = VERSION, about, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Subcommand,
    /// Options of every subcommand.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every subcommand.
#[derive(Args)]
pub struct Common {
    /// Folder of the cache: `cache` in the root of the project by default, which is the nearest folder above the manifest, or
    /// above the current folder, with corpora.toml or .pipe.
    #[arg(long = "cache", global = true, value_name = "FOLDER")]
    pub(super) cache_given: Option<PathBuf>,
    /// The same once it is known where the project is.
    #[arg(skip)]
    pub cache: PathBuf,
    /// The root of the project, once that is known.
    #[arg(skip)]
    pub root: PathBuf,
    /// A corpora.toml, or the folder that holds the corpora. By default corpora.toml is searched for from the
    /// manifest's folder upwards.
    #[arg(long, global = true, value_name = "PATH")]
    pub corpora: Option<PathBuf>,
    /// Print JSON, one object per line, instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Raise a limit on what a manifest may ask for, such as variants=200000. An error about a limit names it.
    #[arg(long = "limit", global = true, value_name = "NAME=NUMBER", value_parser = parse_limit)]
    limits: Vec<LimitArgument>,
}

impl Common {
    /// The options that a process has to be given so that it works as this one, but for `--json`.
    pub fn words(&self) -> Vec<OsString> {
        let Self {
            cache_given: _,
            cache,
            root: _,
            corpora,
            json: _,
            limits,
        } = self;
        let mut words: Vec<OsString> = vec!["--cache".into(), cache.into()];
        if let Some(corpora) = corpora {
            words.extend(["--corpora".into(), corpora.into()]);
        }
        for limit in limits {
            words.extend(["--limit".into(), limit.to_string().into()]);
        }
        words
    }
}

impl Common {
    /// What manifests may ask for.
    pub fn limits(&self) -> Limits {
        limits_of(&self.limits)
    }
}

/// What to do.
#[derive(clap::Subcommand)]
pub enum Subcommand {
    /// Bring every step of a manifest up to date.
    Run(RunArguments),
    /// Follow a run that was handed to a cluster to its end, as `pipe run` does.
    Attach(HandedInArguments),
    /// End all jobs of a run that was handed to a cluster. Results that are done stay.
    Cancel(HandedInArguments),
    /// Do one step of a manifest, whose inputs are in the cache, as a job of a cluster does. The result goes into the cache
    /// alone.
    Step(StepArguments),
    /// Record what a run depended on and produced, so that later runs can be held to it.
    Lock(LockArguments),
    /// Put a run into one file for others, or unpack one.
    Bundle(BundleArguments),
    /// Run what is in a bundle with your own recordings, and say whether the results are identical.
    Reproduce(ReproduceArguments),
    /// Show what `run` would do, without doing it.
    Plan(PlanArguments),
    /// Explain why steps ran, or would run: which parameter or file changed, from what to what.
    Why(WhyArguments),
    /// Write the report of a manifest that has been run: one HTML page, Markdown, CSV and JSON.
    Report(ReportArguments),
    /// List earlier runs: when they ran, what changed, what accuracy they reached.
    Runs(RunsArguments),
    /// Compare two runs or steps: parameters, data, metrics, prediction flips.
    Diff(DiffArguments),
    /// Say which step of which run made a file, and from what, back to the recordings.
    Whence(WhenceArguments),
    /// Show a step: its parameters, tables, learning curves, confusion matrices.
    Show(ShowArguments),
    /// List the utterances of a step, and with --json where their features are stored, for programs that read them.
    Items(ItemsArguments),
    /// Draw the steps of a manifest.
    Graph(GraphArguments),
    /// Predict the emotions in recordings with a trained model.
    Predict(PredictArguments),
    /// Write a trained model as ONNX, and its model card.
    Export(ExportArguments),
    /// List the known corpora, or check copies against the official counts.
    Corpora(CorporaArguments),
    /// Say what makes results on recordings misleading, before anything trains: speakers and copies in several splits,
    /// broken recordings, contradicting labels, facts that give the class away. Exits with 1 if it finds an error.
    Audit(AuditArguments),
    /// Inspect, verify, prune or shrink the cache; keep runs in it; exchange results with a remote one.
    Cache(CacheArguments),
    /// Check this machine, this folder and the cache: limits, locks, clock, disk, permissions, corpora, device. Says what to
    /// do about what it finds, and exits with 1 if runs would fail.
    Doctor(DoctorArguments),
    /// Trust the manifests of a folder: they may start programs, and name files outside of their project.
    Trust(TrustArguments),
    /// Explain an error by its code: what it means and why, an example, and what to do.
    Explain(ExplainArguments),
    /// Describe the stage kinds and their parameters.
    Schema(SchemaArguments),
    /// Write a manifest, or a project, to start from.
    Init(InitArguments),
    /// Print what a shell needs to complete commands: in bash, source <(pipe completions bash).
    Completions(CompletionsArguments),
    /// Write the manual of all commands into a folder.
    Man(ManArguments),
}

/// Arguments of `runs`.
#[derive(Args)]
pub struct RunsArguments {
    /// Only runs of this manifest: its name or its path.
    #[arg(value_name = "MANIFEST")]
    pub manifest: Option<String>,
    /// List all runs; the latest 20 of each manifest by default.
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `diff`.
#[derive(Args)]
pub struct DiffArguments {
    /// A run: demo:3 by its number, demo the latest, demo~1 the one before. Or a step of one: demo:3/test. Given alone,
    /// it is compared with the run before it.
    #[arg(value_name = "A")]
    pub before: String,
    /// The run or step to compare it with.
    #[arg(value_name = "B")]
    pub after: Option<String>,
    /// List every utterance and prediction that differs.
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `whence`.
#[derive(Args)]
pub struct WhenceArguments {
    /// The file, wherever it was copied to: only its content counts.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Arguments of `show`.
#[derive(Args)]
pub struct ShowArguments {
    /// A step, a run and a step (demo train), a step of a run (demo:3/train), or a run (demo:3). A part of a step's
    /// name is enough.
    #[arg(value_name = "[RUN] STEP", num_args = 1..=2, required = true)]
    pub names: Vec<String>,
    /// Show the log of the run instead: what it decided and when, such as why steps ran. Of a step, its part of it.
    #[arg(long)]
    pub log: bool,
}

/// Arguments of `plan`.
#[derive(Args)]
pub struct PlanArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// The steps that it is about.
    #[command(flatten)]
    pub target: TargetArguments,
    /// Where the run is to compute.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// The remote cache.
    #[command(flatten)]
    pub remote: RemoteArguments,
}

/// Arguments of `why`.
#[derive(Args)]
pub struct WhyArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Where the run is to compute.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// Only this step.
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
}

/// Arguments of `report`.
#[derive(Args)]
pub struct ReportArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Where the run computed.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// Folder to write into, instead of that under `runs`.
    #[arg(long, short, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Also print what each fold of a cross-validation reaches.
    #[arg(long)]
    pub folds: bool,
    /// Where results appear.
    #[command(flatten)]
    pub runs: RunsFolder,
}

/// Arguments of `lock`.
#[derive(Args)]
pub struct LockArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Where the run computed.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// The file to write, instead of NAME.lock.toml beside the manifest.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `items`.
#[derive(Args)]
pub struct ItemsArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// The step, such as fbank.
    #[arg(value_name = "STEP")]
    pub step: String,
    /// Where the run computed.
    #[command(flatten)]
    pub device: DeviceArguments,
}

/// Arguments of `graph`.
#[derive(Args)]
pub struct GraphArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// The language of the drawing.
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub format: GraphFormat,
    /// Draw every step; by default more than 60 steps are drawn as stages.
    #[arg(long, conflicts_with = "collapse")]
    pub all: bool,
    /// Draw stages, each with the number of its variants, however few there are.
    #[arg(long)]
    pub collapse: bool,
}

/// The language of a drawing.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
}

/// Arguments of `doctor`.
#[derive(Args)]
pub struct DoctorArguments {
    /// Where results appear.
    #[command(flatten)]
    pub runs: RunsFolder,
    /// The remote cache.
    #[command(flatten)]
    pub remote: RemoteArguments,
}

/// Arguments of `trust`.
#[derive(Args)]
pub struct TrustArguments {
    /// The folder, with all folders in it but unpacked bundles, each of which has to be trusted itself. Without it, the
    /// trusted folders are listed.
    #[arg(value_name = "FOLDER", required_if_eq("remove", "true"))]
    pub folder: Option<PathBuf>,
    /// Trust the folder no longer.
    #[arg(long)]
    pub remove: bool,
}

/// Arguments of `explain`.
#[derive(Args)]
pub struct ExplainArguments {
    /// The code of an error, such as manifest::unknown_key, or the family before the colons; all codes by default.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// Arguments of `schema`.
#[derive(Args)]
pub struct SchemaArguments {
    /// One stage kind; all by default.
    #[arg(value_name = "KIND")]
    pub kind: Option<String>,
}

/// Arguments of `init`.
#[derive(Args)]
pub struct InitArguments {
    /// The manifest to write, which ends in .toml and must not exist; or the folder of a new project, with a manifest,
    /// corpora.toml and .gitignore.
    #[arg(value_name = "MANIFEST|FOLDER", default_value = "pipeline.toml")]
    pub path: PathBuf,
}
