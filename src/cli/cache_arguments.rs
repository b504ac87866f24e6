//! Arguments of `pipe cache`.

use clap::{ArgGroup, Args};

use super::manifest_arguments::{DeviceArguments, ManifestArguments, RemoteArguments};

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
    /// Show disk usage.
    Du,
    /// Read everything, compare it with its digest, and list what is damaged, was made from something damaged, or is
    /// unreadable. Exits with 1 if there is any; with --repair only if something could not be repaired.
    Verify(VerifyArguments),
    /// Remove what no run needs: unfinished work and checkpoints of all but the latest runs, files without a record and
    /// links to them in the folders of runs; with --keep-runs also earlier runs and their results, items of item-wise stages
    /// included. Removes nothing if a record cannot be read.
    Prune(PruneArguments),
    /// Shrink the cache to a size, or remove what is older than an age. Results of the last runs of each manifest, of
    /// pinned runs and in lock files stay. Unfinished work and checkpoints of finished trainings go first, then results of
    /// earlier runs, oldest first. Exits with 1 if what has to stay is larger than the size. Removes nothing if a record cannot be
    /// read.
    Gc(GcArguments),
    /// Keep a run and its results until it is unpinned, whatever is pruned or collected; without a name, list pinned runs.
    Pin(PinArguments),
    /// Let a pinned run go.
    Unpin(UnpinArguments),
    /// Send results of a manifest that are in the cache to the remote one, whatever runs do with it. Exits with 1 if some
    /// are not there then.
    Push(ExchangeArguments),
    /// Fetch all results of a manifest that the remote cache has, without computing anything. Exits with 1 if it could not
    /// be asked.
    Pull(ExchangeArguments),
}

/// Arguments of `cache gc`.
#[derive(Args)]
#[command(group = ArgGroup::new("bound").args(["max_size", "max_age"]).required(true).multiple(true))]
pub struct GcArguments {
    /// What the cache may take, such as 20GB; a number without a unit is one of bytes.
    #[arg(long, value_name = "SIZE", value_parser = pipe_stages::byte_size::parse_size)]
    pub max_size: Option<u64>,
    /// Remove what the runs that stay do not need and was written more than DAYS days ago.
    #[arg(long, value_name = "DAYS")]
    pub max_age: Option<u64>,
    /// How many runs of each manifest stay.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_kept_runs)]
    pub keep_runs: u64,
    /// Only report what would be removed.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `cache push` and `cache pull`.
#[derive(Args)]
pub struct ExchangeArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Where the run computes, or computed.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// The remote cache.
    #[command(flatten)]
    pub remote: RemoteArguments,
}

/// Arguments of `cache pin`.
#[derive(Args)]
pub struct PinArguments {
    /// The run: demo:3 by its number, demo the latest, demo~1 the one before.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Arguments of `cache unpin`.
#[derive(Args)]
pub struct UnpinArguments {
    /// The run, as `pipe cache pin` lists it.
    #[arg(value_name = "RUN")]
    pub run: String,
}

/// Arguments of `cache verify`.
#[derive(Args)]
pub struct VerifyArguments {
    /// Remove what is damaged or was made from it, so that the next run recomputes what it needs. What cannot be read is left alone.
    #[arg(long)]
    pub repair: bool,
}

/// Arguments of `cache prune`.
#[derive(Args)]
pub struct PruneArguments {
    /// Keep this many runs of each manifest and their results; all of them by default.
    #[arg(long, value_name = "N", value_parser = parse_kept_runs)]
    pub keep_runs: Option<u64>,
    /// Leave alone what was written in the last DAYS days.
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    pub older_than: u64,
    /// Only report what would be removed.
    #[arg(long)]
    pub dry_run: bool,
}

/// How many runs of each manifest stay.
fn parse_kept_runs(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err(
            "the latest run of each manifest always stays, so it is 1 or more; to start over, remove the folder of the cache"
                .into(),
        ),
        Ok(count) => Ok(count),
        Err(_) => Err("it is a number of runs, 1 or more".into()),
    }
}
