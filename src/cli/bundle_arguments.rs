//! Arguments of `pipe bundle` and `pipe reproduce`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::bundle::BundleLimits;
use pipe_stages::byte_size::parse_size;

use super::manifest_arguments::{DeviceArguments, ManifestArguments};

/// Arguments of `bundle`.
#[derive(Args)]
pub struct BundleArguments {
    /// What to do.
    #[command(subcommand)]
    pub action: BundleAction,
}

impl BundleArguments {
    /// The manifest that is put into a bundle.
    pub fn manifest(&self) -> Option<&Path> {
        match &self.action {
            BundleAction::Export(options) => Some(&options.manifest.manifest),
            BundleAction::Import(_) => None,
        }
    }
}

/// What to do with a bundle.
#[derive(clap::Subcommand)]
pub enum BundleAction {
    /// Put a manifest that has been run into one file: with what it includes and names, its lock file, the entries of
    /// corpora.toml that it uses, tables of its data, and the results. The same content gives the same bytes.
    Export(ExportBundleArguments),
    /// Check every digest in a bundle and unpack it. Its programs start only once its folder is trusted by `pipe trust`,
    /// and its results never enter the cache.
    Import(ImportBundleArguments),
}

/// Arguments of `bundle export`.
#[derive(Args)]
pub struct ExportBundleArguments {
    /// The manifest.
    #[command(flatten)]
    pub manifest: ManifestArguments,
    /// Where the run computed.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// The file to write, such as RUN.tar.zst; with --ro-crate the folder, which must not exist.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// Write a folder with a description that other tools read: a Workflow Run RO-Crate.
    #[arg(long)]
    pub ro_crate: bool,
    /// Sign the bundle with a secret key of minisign: the signature goes beside it, as FILE.minisig.
    #[arg(long, value_name = "SECRET_KEY_FILE", conflicts_with = "ro_crate")]
    pub sign: Option<PathBuf>,
    /// Add the features that steps keep.
    #[arg(long)]
    pub features: bool,
    /// Add the recordings and what names them, such as tables, where the licences of their corpora let them be passed on.
    #[arg(long)]
    pub audio: bool,
}

/// Arguments of `bundle import`.
#[derive(Args)]
pub struct ImportBundleArguments {
    /// The bundle.
    #[arg(value_name = "FILE")]
    pub bundle: PathBuf,
    /// The folder to unpack into, which must not exist; by default the name of the bundle, without its ending.
    #[arg(long, short, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// How much it may hold, such as 100GB.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "16GB")]
    pub max_size: u64,
    /// How many files it may hold.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub max_files: u64,
    /// Who must have signed the bundle, with minisign: a public key, or a file with one, such as minisign.pub. Without the
    /// right signature nothing is unpacked.
    #[arg(long, value_name = "KEY")]
    pub public_key: Option<String>,
    /// The signature; FILE.minisig by default.
    #[arg(long, value_name = "FILE", requires = "public_key")]
    pub signature: Option<PathBuf>,
}

impl ImportBundleArguments {
    /// How much the bundle may hold.
    pub fn limits(&self) -> BundleLimits {
        BundleLimits {
            bytes: self.max_size,
            files: self.max_files,
        }
    }
}

/// Arguments of `reproduce`.
#[derive(Args)]
pub struct ReproduceArguments {
    /// The bundle, and where it is unpacked.
    #[command(flatten)]
    pub bundle: ImportBundleArguments,
    /// Where trainings and evaluations compute.
    #[command(flatten)]
    pub device: DeviceArguments,
    /// Change a value, to see what comes of it: stage.key=value, or vars.name=value.
    #[arg(long = "set", value_name = "STAGE.KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Let `command` stages start their programs. Without it, a bundle with programs is refused.
    #[arg(long)]
    pub allow_commands: bool,
    /// Run programs in a sandbox of bubblewrap, as `pipe run --sandbox` does.
    #[arg(long)]
    pub sandbox: bool,
    /// Cores to use; all by default.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
}
