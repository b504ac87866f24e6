//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

const AFTER_HELP: &str = "\
Start with:  pipe init, then pipe run pipeline.toml
Exit codes:  0 done, 1 a step failed or a check found something, 2 the manifest, corpora.toml or the
             command line is wrong, 3 the cache cannot be used, 130 interrupted, 143 terminated";

/// Runs pipelines for speech emotion recognition from TOML manifests. Every result is cached by content: running
/// again costs only what changed.
#[derive(Parser)]
#[command(name = "pipe", version, about, max_term_width = 100, after_help = AFTER_HELP)]
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
    /// Folder of the cache.
    #[arg(long, global = true, value_name = "FOLDER", default_value = "cache")]
    pub cache: PathBuf,
    /// A corpora.toml, or the folder that holds the corpora. By default corpora.toml is searched from the manifest's
    /// folder upwards.
    #[arg(long, global = true, value_name = "PATH")]
    pub corpora: Option<PathBuf>,
    /// Print JSON, one object a line, instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(clap::Subcommand)]
pub enum Subcommand {
    /// Bring every step of a manifest up to date.
    Run(RunArguments),
    /// Show what `run` would do, without doing it.
    Plan(ManifestArguments),
    /// Tell why steps ran, or would run: which parameter or file changed, from what to what.
    Why(WhyArguments),
    /// Draw the steps of a manifest.
    Graph(GraphArguments),
    /// List the known corpora, or check copies against the official counts.
    Corpora(CorporaArguments),
    /// Look after the cache.
    Cache(CacheArguments),
    /// Describe the stage kinds and their parameters.
    Schema(SchemaArguments),
    /// Write a manifest to start from.
    Init(InitArguments),
}

/// A manifest and what is changed in it.
#[derive(Args)]
pub struct ManifestArguments {
    /// The manifest.
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// Change a value: stage.key=value, or vars.name=value.
    #[arg(long = "set", value_name = "STAGE.KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Read every input file again, whatever its size and times say.
    #[arg(long)]
    pub rehash: bool,
}

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Cores to use; all by default.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Memory that steps running side by side may need together, such as 8GB; what is available by default. One step
    /// always runs, whatever it needs.
    #[arg(long, value_name = "SIZE", value_parser = super::size::parse_bytes)]
    pub memory: Option<u64>,
    /// Where training and evaluation compute.
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    pub device: Device,
    /// Use no vector instructions that only some processors have. Results have the same bits either way, so this only
    /// proves it, slowly; the records of the steps name it.
    #[arg(long)]
    pub portable: bool,
    /// Folder under which results appear.
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    pub runs: PathBuf,
}

/// Where training and evaluation compute.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// The processor.
    Cpu,
}

/// Arguments of `why`.
#[derive(Args)]
pub struct WhyArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Only this step.
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
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
}

/// The language of a drawing.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
}

/// Arguments of `corpora`.
#[derive(Args)]
pub struct CorporaArguments {
    /// Corpora to check; all that are present by default.
    #[arg(value_name = "CORPUS")]
    pub names: Vec<String>,
}

/// Arguments of `cache`.
#[derive(Args)]
pub struct CacheArguments {
    /// What to do.
    #[command(subcommand)]
    pub action: CacheAction,
}

/// What to do with the cache.
#[derive(clap::Subcommand)]
pub enum CacheAction {
    /// Show what uses how much disk.
    Du,
    /// Read everything and compare it with its digest; what is damaged is taken out and made again when needed.
    Verify,
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
    /// The file to write; it must not exist.
    #[arg(value_name = "MANIFEST", default_value = "pipeline.toml")]
    pub manifest: PathBuf,
}
