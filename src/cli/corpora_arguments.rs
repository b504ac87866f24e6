//! What can be said to `corpora` and `audit`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `corpora`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CorporaArguments {
    /// What to do with them; without it, they are listed or checked.
    #[command(subcommand)]
    pub command: Option<CorporaCommand>,
    /// Corpora to check; all that are present by default.
    #[arg(value_name = "CORPUS")]
    pub names: Vec<String>,
}

/// What to do with corpora.
#[derive(clap::Subcommand)]
pub enum CorporaCommand {
    /// Draft the entry of corpora.toml for a folder of recordings or a table of them.
    Add(CorporaAddArguments),
}

/// Arguments of `corpora add`.
#[derive(Args)]
pub struct CorporaAddArguments {
    /// The folder of the corpus, or its table.
    #[arg(value_name = "FOLDER|TABLE")]
    pub path: PathBuf,
    /// The name of the corpus; by default that of its folder.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Append the entry to corpora.toml instead of printing it.
    #[arg(long)]
    pub write: bool,
}

/// Arguments of `audit`.
#[derive(Args)]
pub struct AuditArguments {
    /// A manifest, whose recordings are audited with their splits; or a corpus of corpora.toml, without splits.
    #[arg(value_name = "MANIFEST|CORPUS")]
    pub what: PathBuf,
    /// Change a value of the manifest: stage.key=value, or vars.name=value.
    #[arg(long = "set", value_name = "STAGE.KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Use the corpora that exist and leave out the others, instead of failing.
    #[arg(long)]
    pub present: bool,
    /// Let the manifest name files outside of its project, though you have not trusted it with `pipe trust`.
    #[arg(long)]
    pub allow_paths: bool,
}
