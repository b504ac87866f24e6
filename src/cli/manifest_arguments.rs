//! Arguments that all commands share which take a manifest.

use std::path::PathBuf;

use clap::Args;
use pipe_nn::model::DeviceChoice;

/// A manifest and what is changed in it.
#[derive(Args)]
pub struct ManifestArguments {
    /// The manifest.
    #[arg(value_name = "MANIFEST")]
    pub manifest: PathBuf,
    /// Change a value: stage.key=value, or vars.name=value.
    #[arg(long = "set", value_name = "STAGE.KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Use the corpora that exist and leave out the others, instead of failing. Every table then says which are
    /// missing.
    #[arg(long)]
    pub present: bool,
    /// Read every input file again, whatever its size and times say. Needed only where a change can leave both as they
    /// were, for example after the clock was set back.
    #[arg(long)]
    pub rehash: bool,
    /// Let the manifest name files outside of its project, though you have not trusted it with `pipe trust`.
    #[arg(long)]
    pub allow_paths: bool,
}

/// Where trainings and evaluations compute.
#[derive(Args)]
pub struct DeviceArguments {
    /// Where trainings and evaluations compute: cpu, cuda (the first CUDA device), cuda:N, several such as
    /// cuda:0,cuda:2, cuda:all, or auto (the first CUDA device, or the CPU without one). Several share the trainings
    /// among them and give the same results as one. Results of the CPU and of CUDA are cached separately.
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: DeviceChoice,
    /// Multiply in TF32 on the CUDA device: faster and less exact. Results are cached separately from those without it.
    #[arg(long)]
    pub tf32: bool,
}

/// The remote cache.
#[derive(Args)]
pub struct RemoteArguments {
    /// The object store behind the cache: s3://BUCKET/PREFIX, gs://..., az://..., https://... of a WebDAV server, or
    /// file:///FOLDER; none goes without. By default the one of `[cache]` in your configuration.
    #[arg(long, value_name = "URL")]
    pub remote: Option<String>,
}
